/* schema.h - the table of all keys that a scenario may have: the format, its defaults, its manual.
 *
 * One table gives validation, defaults, `rcesim scenario --document` and `--schema`. What a single
 * field cannot say about itself (shares that must add up, a policy without a base) is checked in
 * configure.c.
 */
#ifndef MODELS_RCESIM_SCHEMA_H
#define MODELS_RCESIM_SCHEMA_H

#include "sim/scenario/schema.h"

extern const struct schema rcesim_schema;

#endif
