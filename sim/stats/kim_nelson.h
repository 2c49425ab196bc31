/* kim_nelson.h - which of several systems has the least mean? Drop losers as soon as it is safe.
 *
 * All systems are observed side by side, one replication after another, and may share their worlds
 * (common random numbers): only differences are looked at. After a first stage of n0 replications
 * the variance S_il^2 of every difference is known and kept; from then on, at r replications,
 * system i stays in the race while
 *
 *     mean_i(r) <= mean_l(r) + W_il(r) for every l that is still in it,
 *     W_il(r) = max(0, delta / (2 r) (h^2 S_il^2 / delta^2 - r)),
 *
 * so the continuation region is a triangle that closes at r = h^2 S_il^2 / delta^2. The promise: if
 * the best mean is better than every other by at least the *indifference zone* delta, it is chosen
 * with probability at least 1 - error. Where others are within delta of the best, one of those may
 * be chosen, and is good enough by what the user said. It holds for normally distributed
 * observations, such as means over many units; the correlation between the systems may be anything.
 *
 *     eta = ((2 error / (k - 1))^(-2 / (n0 - 1)) - 1) / 2        h^2 = 2 eta (n0 - 1)
 *
 * Deterministic: the same observations in the same order give the same decision; exactly equal
 * means are decided for the lower index. Systems that are out need no more observations.
 *
 * Limits: 2 systems at least, n0 >= 2, 0 < error < 1/2, delta > 0 (checked).
 * Source: S.-H. Kim, B. L. Nelson, "A fully sequential procedure for indifference-zone selection in
 * simulation", ACM TOMACS 11 (2001) 251 (with c = 1), here for the least mean.
 */
#ifndef SIM_STATS_KIM_NELSON_H
#define SIM_STATS_KIM_NELSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

struct kim_nelson_options {
    size_t system_count;       /* k */
    uint32_t first_stage;      /* n0, replications before anybody may be dropped. */
    double error;              /* Greatest probability of a wrong choice: 0.05. */
    double indifference_width; /* delta, in the unit of the observations. */
};

struct kim_nelson;

/* Return the constants of the procedure. */
double kim_nelson_eta(const struct kim_nelson_options *options);
double kim_nelson_h_squared(const struct kim_nelson_options *options);

/* Start a race in `arena`; k^2 + k tallies. */
struct kim_nelson *kim_nelson_create(struct arena *arena, const struct kim_nelson_options *options);

/* Give it one replication: observations[i] of each system i, finite (checked). Those of systems
 * that are out are not looked at, and after the decision nothing is. Returns true while it wants
 * more. O(k^2). */
bool kim_nelson_add(struct kim_nelson *race, const double *observations);

bool kim_nelson_is_decided(const struct kim_nelson *race);

/* Return the chosen one; before the decision, the one of the systems still in the race that has the
 * least mean so far. */
size_t kim_nelson_best(const struct kim_nelson *race);

/* Is a system still in the race? After the decision only the chosen one is. */
bool kim_nelson_is_in(const struct kim_nelson *race, size_t system);

/* Replications looked at so far. */
uint64_t kim_nelson_replication_count(const struct kim_nelson *race);

/* Replications after which it will have decided at the latest, or 0 in the first stage. Falls as
 * systems drop out. */
uint64_t kim_nelson_replication_max(const struct kim_nelson *race);

/* How a system was dropped. */
struct kim_nelson_exit {
    uint64_t replication_count; /* After so many; 0: it is in the race. */
    size_t by;                  /* The system that was better by the widest margin. */
};
struct kim_nelson_exit kim_nelson_exit_of(const struct kim_nelson *race, size_t system);

#endif
