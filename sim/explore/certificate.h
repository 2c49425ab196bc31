/* certificate.h - how far a search has looked, exactly.
 *
 * "Nothing was found" is worth what was looked at. A certificate says for each search what it
 * covered: the scope (the caller's words: "one SDDC, one cluster, two hosts"), the grid, the draws,
 * the count of schedules with each number of deviations, which of them were run and which decided
 * without a run and why, and where it stopped. For the random searches it gives an upper limit
 * (Clopper-Pearson, one-sided) of the failure rate under the distribution of that search, which is
 * no statement about the rate in the model, and says so.
 */
#ifndef SIM_EXPLORE_CERTIFICATE_H
#define SIM_EXPLORE_CERTIFICATE_H

#include "sim/explore/exhaustive.h"
#include "sim/explore/order.h"
#include "sim/explore/random.h"

#define CERTIFICATE_CONFIDENCE 0.95

/* All that was looked at; NULL for searches that were not made. */
struct certificate {
    const char *scope;   /* "one SDDC, one cluster, two hosts" */
    const char *counted; /* What counts as failing: "broken invariants" or "any failed workflow". */
    const struct model *model;
    bool is_typical_run; /* The typical world has been run. */
    bool is_typical_failing;
    const struct exhaustive_options *exhaustive_options;
    const struct exhaustive_result *exhaustive;
    const struct random_result *random;
    const struct order_result *order;
    int64_t slack_ns;
    const struct findings *findings;
};

/* Does everything that was looked at pass? */
bool certificate_is_clean(const struct certificate *certificate);

/* The upper limit of the failure rate under the distribution of a random search. */
double certificate_limit(uint64_t failed_count, uint64_t run_count);

/* Print the whole of it for people, in lines of at most 80 columns, into the arena. */
const char *certificate_print(const struct certificate *certificate, struct arena *arena);
/* The first sentence only. */
const char *certificate_sentence(const struct certificate *certificate, struct arena *arena);

#endif
