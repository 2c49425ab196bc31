/* dist.h - distributions of delays and numbers, drawn by their quantile function.
 *
 * A variate is Q(u) = inf{x : P(X <= x) >= u} of one uniform u. Q never decreases, so a larger u is
 * a longer delay whatever the distribution: two variants that share u stay coupled when a parameter
 * changes, and an explorer can turn a delay by turning one number. A distribution is made once, by
 * parsing text into an arena; it is immutable from then on and may be shared by threads.
 *
 *     30min                             constant(30min)
 *     uniform(45min, 60min)             uniform(min=45min, max=60min)
 *     exponential(mean=5s)
 *     lognormal(median=15min, sigma=0.45)   lognormal(median=120ms, p95=900ms)
 *     lognormal(mu=4.15, sigma=1.4, unit=min)
 *     normal(mean=10ms, sigma=1ms)
 *     weibull(shape=2.2, scale=83s)
 *     gamma(shape=4, scale=10s)         gamma(shape=4, mean=40s)
 *     triangular(min=1min, mode=2min, max=5min)
 *     discrete(1=0.62, 2=0.25, 3=13%)   each value with its probability; they sum to 1
 *     quantiles(0%=5s, 50%=20s, 100%=2min)  a measured shape; straight lines between the points
 *     empirical(file=a.csv, column=seconds, unit=s, min=30s, where=suite!=vm_only,
 *               censored=note==Timed Out, censored_at=30min)
 *     mixture(0.95=lognormal(median=4min, sigma=0.6), 0.05=uniform(20min, 40min))
 *     truncate(DIST, min=1min, max=2h)  the part of DIST between the limits, made whole again
 *     shift(DIST, by=30s)               scale(DIST, by=1.5)
 *
 * Arguments are `name=value`, or values alone in the order shown; values that are distributions may
 * be nested (at most 8 deep). Nothing in the grammar needs ": ", so every distribution is a plain
 * YAML scalar in block style (inside { } and [ ] it needs quotes, because of its commas).
 *
 * normal() ends 8.25 sigma from its mean, beyond which no draw comes; where that is below 0, a
 * duration wants truncate(normal(...), min=0s).
 *
 * empirical() draws from the rows of a CSV file with a header. `where=COLUMN==TEXT` and
 * `where=COLUMN!=TEXT` choose rows (several must all hold; one TEXT may be in double quotes), `min`
 * and `max` leave out smaller and larger values. Rows for which `censored` holds lasted at least as
 * long as `censored_at` (or, without it, as their own value): they enter by the Kaplan-Meier
 * estimate, and what mass is left beyond the last event is put at the largest time (Efron).
 *
 * Units: durations carry one in every argument and come out as ns; numbers carry none. Limits: a
 * drawn duration is at least 0 and at most DIST_DURATION_MAX_NS. Accuracy: README.md.
 */
#ifndef SIM_CHANCE_DIST_H
#define SIM_CHANCE_DIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/base/units.h"

/* A hundred years: adding a delay to any clock that a simulation reaches cannot overflow. */
#define DIST_DURATION_MAX_NS (36500 * UNITS_D)

enum dist_dimension {
    DIST_DURATION, /* Values are ns; in text each carries a unit. */
    DIST_NUMBER,   /* Values are bare numbers. */
};

struct dist_options {
    enum dist_dimension dimension;
    bool allow_negative;        /* Otherwise a distribution that can be below 0 is an error. */
    const char *base_directory; /* Where relative file names start; NULL: where the process is. */
};

struct dist;

/* Parse the whole of `text` into `arena` (which the result lives in; the text is not kept). On
 * failure return NULL, set `error` (ERROR_SCENARIO, or ERROR_IO for a file that cannot be read) and
 * `*error_at` (may be NULL) to the byte offset in `text` that the message is about. */
const struct dist *dist_parse(struct arena *arena, const char *text,
                              const struct dist_options *options, size_t *error_at,
                              struct error *error);

/* Return the canonical text, which lives as long as the distribution. It parses (with the same
 * options) to a distribution that draws the same bits, and prints the same again. */
const char *dist_print(const struct dist *dist);

/* Return Q(u) for 0 < u < 1, in ns for a duration. Never NaN; not clamped or rounded. */
double dist_quantile(const struct dist *dist, double u);

/* Return Q(u) rounded to a whole microsecond (so that a last-bit difference between math libraries
 * very rarely shows), in 0 .. DIST_DURATION_MAX_NS. CHECKs the dimension. */
int64_t dist_duration_ns(const struct dist *dist, double u);

/* Return Q(u) of a number rounded to the nearest whole one (halves up), within +-2^53. */
int64_t dist_count(const struct dist *dist, double u);

/* Return dist_duration_ns or dist_count, by the dimension, of u = 1/2. O(1) for what was parsed. */
int64_t dist_typical(const struct dist *dist);

/* Return P(X <= x). */
double dist_cdf(const struct dist *dist, double x);

/* Return P(X >= x), accurate where it is tiny. */
double dist_tail(const struct dist *dist, double x);

/* Return the expected value; may be INFINITY. Before any rounding and clamping. O(1). */
double dist_mean(const struct dist *dist);

/* Return the ends of the support; the upper one may be INFINITY. O(1). */
double dist_min(const struct dist *dist);
double dist_max(const struct dist *dist);

/* Is there only one value? */
bool dist_is_constant(const struct dist *dist);

enum dist_dimension dist_dimension(const struct dist *dist);

#endif
