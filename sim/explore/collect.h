/* collect.h - from a run that failed to an entry in the table of findings. Private to sim/explore.
 */
#ifndef SIM_EXPLORE_COLLECT_H
#define SIM_EXPLORE_COLLECT_H

#include "sim/explore/findings.h"

/* Purposes of sim that the searches draw with; see sim/chance/README.md. */
enum { COLLECT_PURPOSE_RANDOM = 42, COLLECT_PURPOSE_ORDER = 43 };

/* A schedule with what the table wants to know about it. */
struct collected {
    struct deviation *deviations; /* In the order of deviation_compare. */
    uint32_t count;
    double tail_log10;
};

/* log10 of the tail of an answer, at least -300, to six digits: values are rounded to microseconds,
 * so what is equally likely is so only nearly. */
double collect_tail_log10(const struct oracle_asked *asked, int64_t value);

/* Write down what deviated in the last run of `probe`, in the arena. */
struct collected collect_schedule(const struct probe *probe, struct arena *arena);

/* Count a failing run of a search, and keep its schedule if it is the best. */
void collect_finding(struct findings *findings, enum search_kind kind, uint64_t run,
                     const struct collected *schedule, const struct probe_result *result);

#endif
