/* kim_nelson.h - which of several systems has the least mean? Drop losers as soon as it is safe.
 *
 * All systems are observed side by side, one replication after another, and may share their worlds
 * (common random numbers): only differences are looked at. After a first stage of n0 replications
 * every difference has a variance; from then on, at r replications, system i stays in the race
 * while
 *
 *     mean_i(r) <= mean_l(r) + W_il(r) for every l that is still in it,
 *     W_il(r) = max(0, delta / (2 r) (h^2 S_il^2 / delta^2 - r)),
 *
 * with S_il^2 the larger of the first stage's variance and that of all replications so far. So the
 * continuation region is a triangle that closes at r = h^2 S_il^2 / delta^2. The promise: if the
 * best mean is better than every other by at least the *indifference zone* delta, it is chosen with
 * probability at least 1 - error. Where others are within delta of the best, one of those may be
 * chosen, and is good enough by what the user said. A system that is out is not better than another
 * by more than delta; nothing says that it is worse. The promise holds for normally distributed
 * observations, such as means over many units; the correlation between the systems may be anything.
 *
 *     eta = ((2 error / (k - 1))^(-2 / (n0 - 1)) - 1) / 2        h^2 = 2 eta (n0 - 1)
 *
 * Rare events are not normal. A policy that loses every twentieth wave whole shows nothing of it in
 * a third of all first stages of 20, and its S^2 is next to 0. Two things protect:
 *   - S^2 grows with what is seen later (the original has that of the first stage alone);
 *   - where two systems differ by `range_width` R in one replication at most, l drops i only when
 *
 *         Pr(Poisson(seen + r (D + delta) / R) <= seen) <= error / 4 / (k - 1),
 *         D = mean_i(r) - mean_l(r),  seen = r S_il^2 / R^2:
 *
 *     to be worse than i by delta after all, l would need D + delta more harm than it showed, so
 *     many more events of the greatest size, which are the rarest to do it; and so many would have
 *     been seen. Systems that are far apart part at once. Two that never differ need
 *     log(4 (k - 1) / error) R / delta replications: 877 for a delta of 0.5 % and an error of 5 %.
 * Without a range nothing bounds what one event may do. So where two systems differed in fewer than
 * KIM_NELSON_SEEN_MIN replications, or never by another amount, and by less than delta, neither is
 * dropped before an event that comes in KIM_NELSON_RARE_SHARE of the replications would have been
 * seen but for error / (k - 1): 299 replications for 2 systems and an error of 5 %.
 *
 * With a range the triangle has half of the error, the unseen a quarter for each look at it;
 * looking again and again takes the rest. In simulated races (kim_nelson_test) of a policy that
 * loses up to 20 % of the waves whole against a steady one that is better by more than delta, the
 * wrong one was chosen in 4.4 % at most; by the triangle alone in up to 85 %.
 *
 * Deterministic: the same observations in the same order give the same decision; exactly equal
 * means are decided for the lower index. Systems that are out need no more observations.
 *
 * Limits: 2 systems at least, n0 >= 2, 0 < error < 1/2, delta > 0, R = 0 or R >= delta
 * (checked).
 * Source: S.-H. Kim, B. L. Nelson, "A fully sequential procedure for indifference-zone selection in
 * simulation", ACM TOMACS 11 (2001) 251 (with c = 1), here for the least mean. Variances that are
 * updated: the same, "On the asymptotic validity of fully sequential selection procedures for
 * steady-state simulation", Operations Research 54 (2006) 475.
 */
#ifndef SIM_STATS_KIM_NELSON_H
#define SIM_STATS_KIM_NELSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

enum { KIM_NELSON_SEEN_MIN = 5 };
#define KIM_NELSON_RARE_SHARE 0.01

struct kim_nelson_options {
    size_t system_count;       /* k */
    uint32_t first_stage;      /* n0, replications before anybody may be dropped. */
    double error;              /* Greatest probability of a wrong choice: 0.05. */
    double indifference_width; /* delta, in the unit of the observations. */
    /* R, the greatest difference of two systems in one replication: 1 for shares. 0: no bound, and
     * protected against unseen events only where hardly anything was seen. */
    double range_width;
};

struct kim_nelson;

/* Return the constants of the procedure. With a range the error in them is half of that asked for.
 */
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

/* Replications after which it will have decided at the latest, by the variances so far; 0 in the
 * first stage. Falls as systems drop out, rises where something new is seen. */
uint64_t kim_nelson_replication_max(const struct kim_nelson *race);

/* How a system was dropped. */
struct kim_nelson_exit {
    uint64_t replication_count; /* After so many; 0: it is in the race. */
    size_t by;                  /* The system that was better by the widest margin. */
    bool is_tie;                /* It was not: their means were equal to the end. */
};
struct kim_nelson_exit kim_nelson_exit_of(const struct kim_nelson *race, size_t system);

#endif
