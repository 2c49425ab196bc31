/* fit.h - which family of distributions describes a sample of delays, and how well.
 *
 * Each family is fitted by maximum likelihood. A right-censored row (timed out) enters with the
 * probability that a delay lasts longer: leaving it out would make every delay look shorter than it
 * is. Families are compared by AICc on one data scale; how far the best one is from the data is
 * another question, answered by the distances KS and AD. Because parameters are estimated from the
 * same data, tables of critical values are wrong for those; their p comes from a parametric
 * bootstrap: samples drawn from the fitted law, censored alike, and fitted again.
 *
 *     KS = sup |F_n - F|              AD = n integral (F_n - F)^2 / (F (1 - F)) dF
 *
 * With censored rows F_n is the Kaplan-Meier estimate, up to the last row that ended, and AD (which
 * needs the whole of F_n) is not estimable.
 *
 * Units: whatever the values are in; lnL and the criteria depend on it. Limits: at least
 * FIT_ENDED_MIN rows that ended, not all equal; values above 0. Up to FIT_POINTS_MAX different
 * values the likelihood is exact; beyond, it is maximised over that many groups of neighbours
 * (which changes estimates by less than a hundredth of their standard error), then evaluated on all
 * rows. A mixture's likelihood has no maximum (a component may shrink onto one value), so each
 * component is at least FIT_SIGMA_SHARE_MIN of the sample's deviation wide.
 *
 * Sources: G. McLachlan, T. Krishnan, "The EM Algorithm and Extensions", 2008; R. Hathaway, Ann.
 * Statist. 13 (1985) 795 (the limit on sigma); W. Stute et al., Metrika 40 (1993) 243 (bootstrap).
 */
#ifndef SIM_CHANCE_FIT_H
#define SIM_CHANCE_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/chance/dist.h"
#include "sim/chance/empirical.h"

enum { FIT_ENDED_MIN = 8, FIT_POINTS_MAX = 1 << 14, FIT_BOOTSTRAP_ROWS_MAX = 20000 };
enum { FIT_COMPONENT_ENDED_MIN = 5 };
#define FIT_SIGMA_SHARE_MIN 0.02

enum fit_family {
    FIT_EXPONENTIAL,
    FIT_LOGNORMAL,
    FIT_WEIBULL,
    FIT_GAMMA,
    FIT_MIXTURE, /* Of two lognormals. */
};
enum { FIT_FAMILY_COUNT = FIT_MIXTURE + 1 };

/* A member of a family. */
struct fit_law {
    enum fit_family family;
    union {
        struct {
            double mean;
        } exponential;
        struct {
            double shape, scale;
        } weibull, gamma;
        /* Lognormal: component 0 alone. Mixture: the weights sum to 1 and mu rises. */
        struct {
            double weight[2], mu[2], sigma[2];
        } normal;
    } as;
};

/* Values with weights, all that a likelihood needs: first those that ended, then the censored. */
struct fit_points {
    size_t count, ended_count;
    const double *values, *logs, *weights;
    double ended_weight, weight;
};

struct fit_sample {
    const struct empirical_time *times; /* Sorted. */
    size_t count, censored_count;
    struct fit_points points;
    struct empirical_estimate estimate; /* Kaplan-Meier, or the plain F_n. */
};

/* A number that may not be there. */
struct fit_number {
    bool is_known;
    double value;
};

struct fit {
    struct fit_law law;
    bool is_found; /* False: no maximum, or none that a scenario can say; nothing else holds. */
    /* A component is as narrow as it may be, or rests on fewer than FIT_COMPONENT_ENDED_MIN rows
     * that ended (only censored ones, perhaps): do not trust the mixture. */
    bool is_at_limit;
    double log_likelihood, aic, bic;
    struct fit_number aicc; /* Needs two more rows than parameters. */
    double ks;
    struct fit_number ad;
    struct fit_number ks_p, ad_p; /* By fit_bootstrap. */
};

/* "exponential", "lognormal", "weibull", "gamma", "mixture". */
const char *fit_family_name(enum fit_family family);
uint32_t fit_family_parameter_count(enum fit_family family);

/* Check and prepare `count` times, which are sorted in place and kept by the sample. Errors
 * (ERROR_SCENARIO): fewer than FIT_ENDED_MIN that ended, a value that is not above 0, all equal. */
bool fit_prepare(struct arena *arena, struct empirical_time *times, size_t count,
                 struct fit_sample *sample, struct error *error);

/* Fit one family; distances included, p not. Up to some seconds for 10^7 rows. */
struct fit fit_family(const struct fit_sample *sample, enum fit_family family);

/* Order by AICc, best first. A mixture at its limit comes behind those: its likelihood is that of
 * the limit. Those that were not found come last. */
void fit_rank(struct fit *fits, size_t count);

struct fit_bootstrap {
    uint64_t seed;
    uint32_t sample_count;
    /* May be NULL: told after each of the samples, `done` of `total`. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *progress_context;
};

/* Find p of the distances of all fits: the share of bootstrap samples that are at least as far, the
 * data counted as one of them. The samples are named draws: the same for every family and order of
 * `fits`. Nothing is known of it afterwards if the sample has more than FIT_BOOTSTRAP_ROWS_MAX rows
 * (any simple family is then far off), or if a tenth of the samples cannot be fitted. */
void fit_bootstrap(const struct fit_sample *sample, struct fit *fits, size_t count,
                   const struct fit_bootstrap *options);

/* P(X <= x), and its logarithm and that of P(X > x), accurate in both tails; x > 0. */
double fit_cdf(const struct fit_law *law, double x);
void fit_log_tails(const struct fit_law *law, double x, double *below, double *above);
double fit_log_density(const struct fit_law *law, double x);

/* The law as a distribution of bare numbers, to draw from; NULL if its parameters are beyond what
 * distributions take. */
const struct dist *fit_dist(struct arena *arena, const struct fit_law *law);

/* The line for a scenario, values being multiples of `unit_ns`: "lognormal(median=11.7min,
 * sigma=0.261)", to `digits` significant digits. Lives in the arena. */
const char *fit_print(struct arena *arena, const struct fit_law *law, double unit_ns, int digits);

/* A duration of so many digits in the largest unit that it fills: "11.7min". */
const char *fit_print_duration(struct arena *arena, double duration_ns, int digits);

/* The word as an argument of empirical(): in double quotes if the grammar needs them. */
const char *fit_print_word(struct arena *arena, const char *word);

#endif
