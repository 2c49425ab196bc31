/* threshold.h - what a scenario demands of its result, as text: "failure_rate(after) < 1%".
 *
 *     threshold  = quantity comparison
 *     quantity   = claim | "value" "(" claim ")"
 *     claim      = METRIC [ "(" VARIANT ")" ]           the variant may be left out if there is one
 *     comparison = ("<" | "<=" | ">" | ">=" | "==") NUMBER | "within" NUMBER ".." NUMBER
 *
 * A plain claim is about the true value, and is judged by the headline interval (summary.h): inside
 * the demand PASS, outside FAIL, else INCONCLUSIVE; without an interval INCONCLUSIVE too. value()
 * asks for the point estimate only. "== 0" is about the sample: nothing was seen; its upper bound
 * is in the result. "==" with another number needs value(). No samples: FAIL, whatever is asked.
 *
 * Numbers: "15%" or "0.15" for a proportion, "90min" for a duration (0 needs no unit), else plain.
 * A total is compared per replication (its mean), see summary.h.
 *
 * Source of the form: thresholds of k6, except that a threshold without samples is not met.
 */
#ifndef SIM_EXPERIMENT_THRESHOLD_H
#define SIM_EXPERIMENT_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/experiment/model.h"
#include "sim/experiment/summary.h"

enum threshold_relation {
    THRESHOLD_BELOW,    /* <  */
    THRESHOLD_AT_MOST,  /* <= */
    THRESHOLD_ABOVE,    /* >  */
    THRESHOLD_AT_LEAST, /* >= */
    THRESHOLD_EQUAL,    /* == */
    THRESHOLD_WITHIN,   /* within low..high, both included */
};

struct threshold {
    const char *text; /* As it was written; not copied. */
    uint32_t metric;  /* Index in the model. */
    uint32_t variant;
    bool is_value; /* value(...) */
    enum threshold_relation relation;
    double low;  /* The number compared with; the lower one of `within`. */
    double high; /* The upper one of `within`, else as low. */
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

struct threshold_result {
    enum threshold_verdict verdict;
    enum metric_kind kind;
    enum metric_unit unit;
    const char *reason;       /* Static text: "the interval is inside the limits". */
    struct interval interval; /* What it was judged by; for value(): the estimate counts. */
    bool has_upper_bound;     /* "== 0" was asked. */
    double upper_bound;       /* summary_metric.upper_bound */
};

struct threshold_result threshold_judge(const struct threshold *threshold,
                                        const struct summary *summary);

/* "PASS", "FAIL", "INCONCLUSIVE". */
const char *threshold_verdict_name(enum threshold_verdict verdict);

/* The verdict of both together: FAIL before INCONCLUSIVE before PASS. */
enum threshold_verdict threshold_worse(enum threshold_verdict a, enum threshold_verdict b);

#endif
