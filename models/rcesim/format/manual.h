/* manual.h - the manual of the scenario format: `rcesim scenario --document`.
 *
 * The table of keys prints itself (sim/scenario/schema.h). What a value may be beyond that stands
 * here: distributions with their arguments, thresholds and the metrics that they may name. The
 * examples are exact: a test parses every one of them.
 */
#ifndef MODELS_RCESIM_FORMAT_MANUAL_H
#define MODELS_RCESIM_FORMAT_MANUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "models/rcesim/format/domain.h"
#include "reports/table.h"
#include "sim/base/arena.h"

/* One kind of distribution with an example of it. */
struct manual_dist {
    const char *name;
    const char *example; /* Of durations, or of numbers; `;` separates several. */
    bool is_number;
    const char *doc;
};
extern const struct manual_dist manual_dists[];
extern const size_t manual_dist_count;

/* Examples of thresholds, for variants `before` and `after`. */
struct manual_threshold {
    const char *example;
    const char *doc;
};
extern const struct manual_threshold manual_thresholds[];
extern const size_t manual_threshold_count;

/* Print the metrics of a model, and what thresholds take quantiles of, for people. */
void manual_print_metrics(const struct domain *domain, struct arena *arena,
                          const struct page *page);

/* "`rcesim scenario --metrics --model vmc` lists them": the end of a message about a metric. */
const char *manual_metrics_hint(struct arena *arena, const struct model *model);

/* Print the manual of a model's scenarios as Markdown. */
void manual_print(const struct domain *domain, FILE *out);

#endif
