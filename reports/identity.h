/* identity.h - what a result must say about itself so that somebody else can get it again.
 *
 * Stands under every table and chart and in every file that has room for it: version, scenario and
 * its hash, seed, replications, and the command in a normal form. What must not change the bytes of
 * a result is not in it: no number of threads, no output path, no date.
 */
#ifndef REPORTS_IDENTITY_H
#define REPORTS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "sim/base/arena.h"

struct identity {
    const char *program, *version;
    const char *scenario; /* Its name. */
    uint64_t scenario_hash;
    uint64_t seed;
    uint32_t replications;         /* Carried out (of measured data: 0) ... */
    uint32_t replications_planned; /* ... of so many: fewer if it was interrupted. */
    bool is_cut_short;             /* Interrupted in another way: not all settings were reached. */
    uint64_t schedules;            /* Of an exploration, which has no replications: those run. */
    const char *command;           /* In a normal form. */
};

/* The sentence that goes with every figure of a simulation. */
extern const char *const identity_caveat;

/* Was nothing simulated, because the result describes measured data? */
static inline bool identity_is_of_data(const struct identity *identity)
{
    return identity->replications == 0 && identity->replications_planned == 0 &&
           identity->schedules == 0;
}

/* The sentence about what is uncertain beside what intervals cover: identity_caveat, or that of
 * measured data, or of schedules. */
const char *identity_caveat_of(const struct identity *identity);

/* Was the run cut short? */
static inline bool identity_is_partial(const struct identity *identity)
{
    return identity->is_cut_short || identity->replications < identity->replications_planned;
}

/* One line: "rcesim 0.1, scenario phase2-race (hash 0123456789abcdef), seed 1, 200 replications".
 * A partial result says so. Lives in the arena. */
const char *identity_line(const struct identity *identity, struct arena *arena);

/* The same as a JSON object, which the caller owns. */
json_t *identity_json(const struct identity *identity);

/* Write a JSON value as text: indented, keys in the order of insertion, reals to 12 digits, a
 * newline at the end. Errors of writing are left to whoever closes the file. */
void identity_write_json(const json_t *value, FILE *file);

#endif
