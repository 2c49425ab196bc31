/* estimate.h - numbers of a metric, for people and for files.
 *
 * Whoever shows an estimate goes through this, so that a share is a percentage, a duration has a
 * readable unit, and what is not known is a word, everywhere alike. In files durations are seconds.
 * Texts lie in the arena.
 */
#ifndef MODELS_RCESIM_RESULT_ESTIMATE_H
#define MODELS_RCESIM_RESULT_ESTIMATE_H

#include <jansson.h>

#include "reports/tsv.h"
#include "sim/base/arena.h"
#include "sim/experiment/model.h"
#include "sim/experiment/summary.h"
#include "sim/stats/interval.h"

/* The value as files have it: seconds for a duration. */
double estimate_in_unit(enum metric_unit unit, double value);

/* "count" or "s"; "proportion", "per unit", "total" or "per replication"; "known", "no data" or
 * "not estimable". */
const char *estimate_unit_name(enum metric_unit unit);
const char *estimate_metric_unit(const struct metric *metric); /* Or "share", of a proportion. */
const char *estimate_kind_name(enum metric_kind kind);
const char *estimate_state_name(enum interval_state state);

/* The key of a bound for nothing seen: "upper_bound" of the share of units, or
 * "upper_bound_replications" of the share of replications that see any. */
const char *estimate_bound_key(const struct metric *metric);

/* An interval, a metric with all its intervals, a difference. The caller owns the value. */
json_t *estimate_json(const struct interval *interval, enum metric_unit unit);
json_t *estimate_metric_json(const struct metric *metric, const struct summary_metric *summary);
json_t *estimate_difference_json(const struct summary_difference *difference,
                                 enum metric_unit unit);

/* Three cells: estimate, low, high; what is not known is empty. */
void estimate_cells(struct tsv *tsv, const struct interval *interval, enum metric_unit unit);

/* "95 % interval" */
const char *estimate_interval_title(struct arena *arena, double confidence);

/* "10,980" */
const char *estimate_count_text(struct arena *arena, double count);

/* A number of a metric in the form that suits it: "18.3 %", "1.57 h", "163.2". */
const char *estimate_value_text(struct arena *arena, const struct metric *metric, double value);

/* "[17.9, 18.7] %", or the word for what is not known. */
const char *estimate_interval_text(struct arena *arena, const struct metric *metric,
                                   const struct interval *interval);

/* "0 of n" is an upper bound, never "0 %": "< 0.05 %". */
const char *estimate_rate_text(struct arena *arena, const struct metric *metric,
                               const struct summary_metric *summary);

/* A difference with its sign, in percentage points for shares: "-17.9", "+1.57 h". */
const char *estimate_signed_text(struct arena *arena, const struct metric *metric, double value);

/* "-17.9 [-18.6, -17.2]"; "-17.9 [?]" where it has no limits; or "no data". */
const char *estimate_change_text(struct arena *arena, const struct metric *metric,
                                 const struct interval *interval);

#endif
