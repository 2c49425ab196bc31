/* survival.h - how long until it ends, and how: Kaplan-Meier and cumulative incidence.
 *
 * What is still open when the observation stops is censored: all that is known is that it lasted
 * longer. What failed is not censored, it has ended in another way and will never be done. So there
 * are two kinds of end that compete, and at every time
 *
 *     survival + done + failed = 1
 *
 * `survival` is the share still open (Kaplan-Meier for any end), `done` and `failed` are cumulative
 * incidences (Aalen-Johansen): the shares that have ended that way. With one kind of end this is
 * plain Kaplan-Meier.
 *
 * Ties: all ends at one time see the same number at risk, and what is censored at that time is
 * still at risk. After the last observation, if that was a censored one, nothing is known.
 *
 * Units: integral ns, so ties are exact. Limits: at_ns >= 0 (checked). Observations of one
 * replication are not independent: the limits then are too narrow (resample replications with
 * bootstrap.h). Before any censoring the incidences are plain shares, and proportion.h has their
 * intervals.
 *
 * Source: J. D. Kalbfleisch, R. L. Prentice, The Statistical Analysis of Failure Time Data, 2nd
 * ed., sections 1.4 and 8.2; R. Brookmeyer, J. Crowley, Biometrics 38 (1982) 29; the tests use the
 * 6-MP data of E. J. Freireich et al., Blood 21 (1963) 699.
 */
#ifndef SIM_STATS_SURVIVAL_H
#define SIM_STATS_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/stats/interval.h"

enum survival_end {
    SURVIVAL_CENSORED, /* Still open when last seen. */
    SURVIVAL_DONE,
    SURVIVAL_FAILED,
};

struct survival_observation {
    int64_t at_ns; /* Since its own beginning. */
    enum survival_end end;
};

/* What holds from `at_ns` on until the next step; one for each time with an end. */
struct survival_step {
    int64_t at_ns;
    uint64_t at_risk_count; /* Just before. */
    uint64_t done_count;    /* At this time. */
    uint64_t failed_count;
    double survival;
    double done; /* Cumulative, as failed. */
    double failed;
    double greenwood; /* Sum of d / (n (n - d)) over the steps that left anything open. */
};

struct survival {
    uint64_t observation_count;
    int64_t last_at_ns;                /* Of all observations; 0 for none. */
    size_t step_count;                 /* 0 if nothing ended. */
    const struct survival_step *steps; /* [step_count], ascending */
};

/* Estimate from observations[count] in any order. The result lies in the arena; the observations
 * are not kept. O(count log count). */
const struct survival *
survival_create(struct arena *arena, const struct survival_observation *observations, size_t count);

/* Set what holds at a time >= 0: before the first end a step with survival 1 and no counts. Returns
 * false where nothing is known: no observations, or after a last one that was censored. */
bool survival_step_at(const struct survival *survival, int64_t at_ns, struct survival_step *step);

/* Return the share still open at a time with log-log limits, which stay within (0, 1). "Not
 * estimable" while it is 1 and once it is 0; "no data" where survival_step_at knows nothing. */
struct interval survival_interval(const struct survival *survival, int64_t at_ns,
                                  double confidence);

/* Set the least time by which `share` in (0, 1] has ended, in whatever way: the median at 0.5.
 * Returns false where the observations do not reach that far. (R averages over the flat piece where
 * the share is met exactly; this takes its beginning.) */
bool survival_quantile(const struct survival *survival, double share, int64_t *at_ns);

/* Where the observations reach far enough; an upper limit often is not there. */
struct survival_limits {
    bool has_low, has_high;
    int64_t low_ns, high_ns;
};

/* Return the limits of that quantile (Brookmeyer and Crowley): the times at which the log-log
 * limits of the share still open cross 1 - share, in (0, 1). */
struct survival_limits survival_quantile_limits(const struct survival *survival, double share,
                                                double confidence);

#endif
