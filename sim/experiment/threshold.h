/* threshold.h - what a scenario demands of its result, as text: "failure_rate(after) < 1%".
 *
 *     threshold = sum relation sum | sum "within" sum ".." sum
 *     relation  = "<" | "<=" | ">" | ">=" | "=="
 *     sum       = [sign] product { sign product }              sign = "+" | "-"
 *     product   = factor { ("*" | "/") factor }                of quantities at most one
 *     factor    = NUMBER | quantity | "(" sum ")"
 *     quantity  = claim | ("value" | "lower" | "upper") "(" sum ")"
 *     claim     = METRIC [of] | ("mean" | "median" | pSHARE) "(" HISTOGRAM [of] ")"
 *               | ("new_failures" | "fixed_failures") of
 *     of        = "(" VARIANT ")"                    may be left out where there is one variant
 *
 * So a threshold is linear: sums of quantities, each times a number, on both sides. A ratio is
 * written the other way round: "p95(duration(after)) < 1.1 * p95(duration(before))".
 *
 * Quantities. A metric is what summary.h estimates (a total is compared per replication). pSHARE is
 * a quantile of all units of all replications ("p95", "p99.9"; p0 and p100, the least and the
 * greatest, only inside of value()). new_failures(v) is the share of units that fail in v and not
 * in the first variant, fixed_failures(v) the other way round: failure_rate of v minus that of the
 * first is the one minus the other.
 *
 * Numbers: "15%" or "0.15" for a share, "90min" for a duration (0 needs no unit), else plain. A
 * number without a unit takes that of what stands beside it; a percentage is a factor too ("110% *
 * p95(...)"). Shares, durations and counts do not mix.
 *
 * What is judged. The quantities of both sides are brought to one: the left side where the right is
 * a number, else left minus right against 0. A quantity without value, lower or upper means the
 * true value, and the demand is judged by an interval: inside PASS, outside FAIL, else
 * INCONCLUSIVE; INCONCLUSIVE too where there is no interval. The interval is
 *   - of one metric its headline (summary.h), scaled;
 *   - of several the paired t interval of their sum over replications, which share their worlds.
 *     What too few replications have seen (or have not) brings its own interval instead: both with
 *     so much more confidence that together they have it (Bonferroni);
 *   - of one quantile that of duration.h; of more, or with a mean of a histogram, the bootstrap
 *     percentile interval over replications. Both are widened by the resolution of histograms.
 * value() is the estimate of the sample, lower() and upper() the ends of the interval of what they
 * hold: numbers of the sample, judged as they are; an end that is not known is INCONCLUSIVE. Beside
 * a true value they count as constants.
 * "==" without value() is about the sample: both sides are equal in every replication (one metric
 * == 0: nothing was seen); an upper bound of what may have been missed is in the result. Only with
 * sums of metrics and without a constant, because no interval is one number.
 * `within` with limits that are not numbers asks both questions; the worse answer counts.
 * No samples: FAIL, whatever is asked.
 *
 * Limits: so many terms and bounds as the enum says, nesting 8 deep; factors up to 1e15, numbers up
 * to 1e30. Judging costs nothing beside the reduction, except with histograms: some ms for 200
 * replications.
 *
 * Source of the form: thresholds of k6, except that a threshold without samples is not met.
 */
#ifndef SIM_EXPERIMENT_THRESHOLD_H
#define SIM_EXPERIMENT_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/model.h"
#include "sim/experiment/summary.h"

enum { THRESHOLD_TERMS_MAX = 24, THRESHOLD_BOUNDS_MAX = 4 };

enum threshold_relation {
    THRESHOLD_BELOW,    /* <  */
    THRESHOLD_AT_MOST,  /* <= */
    THRESHOLD_ABOVE,    /* >  */
    THRESHOLD_AT_LEAST, /* >= */
    THRESHOLD_EQUAL,    /* == */
    THRESHOLD_WITHIN,   /* within low..high, both included */
};

/* What kind of number both sides are. */
enum threshold_dimension {
    THRESHOLD_NUMBER, /* A count, or a mean of counts. */
    THRESHOLD_SHARE,
    THRESHOLD_DURATION, /* ns */
};

enum threshold_quantity {
    THRESHOLD_METRIC,
    THRESHOLD_QUANTILE,
    THRESHOLD_MEAN,
    THRESHOLD_NEW_FAILURES,
    THRESHOLD_FIXED_FAILURES,
    THRESHOLD_BOUND, /* lower(...) or upper(...) of a sum */
};

struct threshold_term {
    double coefficient;
    enum threshold_quantity quantity;
    bool is_value;    /* value(...): the estimate alone */
    bool is_upper;    /* Of a bound. */
    uint32_t index;   /* Of the metric, the histogram or (bound) the sum in `bounded`. */
    uint32_t variant; /* Not of a bound. */
    double share;     /* Of a quantile, in [0, 1]. */
};

/* Some of the threshold's terms, and a number. */
struct threshold_sum {
    double constant;
    uint32_t term_first;
    uint32_t term_count;
};

/* Plain data: may be copied. */
struct threshold {
    const char *text; /* As it was written; not copied. */
    enum threshold_dimension dimension;
    /* As written, but a number alone on the left has changed sides with what was on the right. */
    enum threshold_relation relation;
    struct threshold_sum left;
    struct threshold_sum low;  /* What it is compared with; the lower limit of `within`. */
    struct threshold_sum high; /* The upper limit of `within`, else as low. */
    struct threshold_sum bounded[THRESHOLD_BOUNDS_MAX]; /* What lower() and upper() hold. */
    uint32_t bound_count;
    uint32_t term_count;
    struct threshold_term terms[THRESHOLD_TERMS_MAX];
};

/* The names that a threshold may use. */
struct threshold_names {
    const struct model *model;
    const char *const *variants;
    size_t variant_count;
};

/* Parse `text`, which must outlive the threshold. On failure set `error` (ERROR_SCENARIO), and
 * `*error_at` (may be NULL) to the offset of the character where it went wrong. */
bool threshold_parse(struct threshold *threshold, const char *text,
                     const struct threshold_names *names, size_t *error_at, struct error *error);

enum threshold_verdict { THRESHOLD_PASS, THRESHOLD_FAIL, THRESHOLD_INCONCLUSIVE };

/* What the interval of a result is an interval of. */
enum threshold_subject {
    THRESHOLD_LEFT, /* The side with the quantities; the other is a number. */
    THRESHOLD_LEFT_MINUS_RIGHT,
    THRESHOLD_LEFT_MINUS_LOW,  /* `within`: against its lower limit, */
    THRESHOLD_LEFT_MINUS_HIGH, /* or against its upper one. */
};

/* What an upper bound is a share of. */
enum threshold_bound_of { THRESHOLD_OF_UNITS, THRESHOLD_OF_REPLICATIONS };

struct threshold_result {
    enum threshold_verdict verdict;
    enum threshold_dimension dimension;
    enum threshold_subject subject;
    const char *reason; /* "the interval is inside"; static, or from the arena. */
    /* What it was judged by. "No data": there are no samples. Otherwise the estimate is known; the
     * limits too if the verdict rests on them. */
    struct interval interval;
    bool is_sample; /* Judged by the estimate, because only numbers of the sample were asked for. */
    /* What the interval was held against: one limit twice, or both of `within`. Both 0 where there
     * are no samples. */
    double low;
    double high;
    bool has_upper_bound; /* "==" was asked of true values. */
    /* One-sided, with the summary's confidence: at most this share of units or of replications is
     * not as demanded. */
    double upper_bound;
    enum threshold_bound_of bound_of;
};

/* Judge. The same result gives the same bits whatever else is judged. The arena is for the
 * reason. Without records (a summary of independent results) single metrics can be judged only. */
struct threshold_result threshold_judge(const struct threshold *threshold,
                                        const struct summary *summary, struct arena *arena);

/* "PASS", "FAIL", "INCONCLUSIVE". */
const char *threshold_verdict_name(enum threshold_verdict verdict);

/* "left minus right"; "" for the left side alone. */
const char *threshold_subject_text(enum threshold_subject subject);

/* The verdict of both together: FAIL before INCONCLUSIVE before PASS. */
enum threshold_verdict threshold_worse(enum threshold_verdict a, enum threshold_verdict b);

#endif
