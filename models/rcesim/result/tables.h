/* tables.h - a summary in tables for people: what `run` and `compare` have in common.
 *
 * Nothing is wider than the page but a command that is to be pasted. What is not known is a word or
 * a "-" that the line below the table explains.
 */
#ifndef MODELS_RCESIM_RESULT_TABLES_H
#define MODELS_RCESIM_RESULT_TABLES_H

#include <stdint.h>

#include "reports/table.h"
#include "sim/base/arena.h"
#include "sim/experiment/summary.h"

/* One failed unit that passes in the first variant. */
struct tables_failure {
    uint32_t variant;
    uint32_t replication; /* As the experiment numbers them. */
    uint32_t unit;
};

struct tables {
    const struct summary *summary;
    const struct page *page;
    struct arena *arena;
    /* Return the command that shows a new failure, in the arena; NULL: nobody knows one. */
    const char *(*look)(const void *context, const struct tables_failure *failure);
    const void *look_context;
    const char *all_new_failures; /* The file that has all of them; NULL: none. */
};

/* Failed units and their rate, by variant. */
void tables_print_failures(const struct tables *tables);

/* Every later variant against the first: the difference, what else is said of it, and the first few
 * new failures by name. Nothing for a single variant. */
void tables_print_differences(const struct tables *tables);

/* The metrics of a group that are not 0 everywhere, or a sentence if all are. */
struct tables_group {
    const char *name;
    const char *title;
    const char *nothing;
};

void tables_print_group(const struct tables *tables, const struct tables_group *group);

/* The metrics of no group. */
void tables_print_figures(const struct tables *tables);

/* The figures of these metrics alone. */
void tables_print_chosen(const struct tables *tables, const size_t *metrics, size_t count);

/* Differences of single metrics, by index: metrics[count]. */
void tables_print_metrics(const struct tables *tables, const size_t *metrics, size_t count);

/* Quantiles of every histogram, a table each. */
void tables_print_durations(const struct tables *tables);

/* "95 %" */
const char *tables_confidence(const struct tables *tables);

#endif
