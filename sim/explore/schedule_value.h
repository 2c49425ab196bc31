/* schedule_value.h - values of deviations as words. Private to schedule*.c. */
#ifndef SIM_EXPLORE_SCHEDULE_VALUE_H
#define SIM_EXPLORE_SCHEDULE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/base/units.h"
#include "sim/explore/schedule.h"

/* Write a value in its form. Returns a text that may be `text`. */
const char *schedule_value_print(char text[UNITS_TEXT_SIZE_BYTES], int64_t value,
                                 enum schedule_form form);

/* Read a value; its form is that of the word. The message has no place. */
bool schedule_value_parse(const char *word, int64_t *value, enum schedule_form *form,
                          struct error *error);

/* Read a whole number of any sign that fits. */
bool schedule_value_parse_count(const char *word, int64_t *count, struct error *error);

#endif
