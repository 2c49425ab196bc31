/* quantity.h - a number with its unit, as scenarios write it: "12min", "0.2%", "50/s", "300".
 *
 * What is needed to go from one value of a scenario to another without knowing the key that it
 * stands at: ranges, constraints and searches work on these, and print what they found as the
 * scenario would have it.
 *
 * A quantity prints to at most 12 significant digits, a duration to the ns.
 */
#ifndef MODELS_RCESIM_STUDY_QUANTITY_H
#define MODELS_RCESIM_STUDY_QUANTITY_H

#include <stdbool.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

enum quantity_kind {
    QUANTITY_NUMBER,
    QUANTITY_SHARE,    /* Written with "%"; the value is 0.02 for "2%". */
    QUANTITY_DURATION, /* The value is ns, exact below 2^53 (104 days). */
    QUANTITY_RATE,     /* The value is per second. */
};

struct quantity {
    enum quantity_kind kind;
    double value;
    const char *suffix; /* Of a rate: "/min", as it was written. Static text. */
};

/* Parse the whole text. Errors (ERROR_USAGE) say what a quantity looks like. */
bool quantity_parse(struct quantity *quantity, const char *text, struct error *error);

/* Print it so that a scenario reads it back. The text lies in the arena. */
const char *quantity_print(struct arena *arena, const struct quantity *quantity);

/* The value as files have it: a duration in seconds. */
double quantity_in_unit(const struct quantity *quantity);

/* "number", "percentage", "duration", "rate". */
const char *quantity_kind_name(enum quantity_kind kind);

/* Round to so many significant digits of what is printed. */
void quantity_round(struct quantity *quantity, int digits);

#endif
