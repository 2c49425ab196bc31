/* interval.h - an estimate with its confidence interval, or the reason why there is none.
 *
 * Never a NaN: where there is nothing to estimate from, or too little for an interval, the state
 * says so, and the numbers that are not there are 0 and not to be printed.
 */
#ifndef SIM_STATS_INTERVAL_H
#define SIM_STATS_INTERVAL_H

#include <stdbool.h>

enum interval_state {
    INTERVAL_NO_DATA,       /* Neither an estimate nor limits. */
    INTERVAL_NOT_ESTIMABLE, /* An estimate without limits, as from a single replication. */
    INTERVAL_KNOWN,
};

struct interval {
    enum interval_state state;
    double low;
    double estimate;
    double high;
    double confidence;  /* 0.95, of the two-sided interval. */
    const char *method; /* Static text: "t over replications". */
    /* Units of one cluster were taken as independent, because too little was seen to tell how alike
     * they are. Where they are alike, as in an outage that fails a whole wave, it is too narrow. */
    bool assumes_independence;
};

static inline bool interval_is_known(const struct interval *interval)
{
    return interval->state == INTERVAL_KNOWN;
}

static inline bool interval_has_estimate(const struct interval *interval)
{
    return interval->state != INTERVAL_NO_DATA;
}

#endif
