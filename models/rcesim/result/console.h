/* console.h - what `run` says to a person: tables on standard output. */
#ifndef MODELS_RCESIM_RESULT_CONSOLE_H
#define MODELS_RCESIM_RESULT_CONSOLE_H

#include "models/rcesim/result/outcome.h"
#include "models/rcesim/result/tables.h"
#include "reports/table.h"
#include "sim/experiment/experiment.h"

/* The groups of metrics that have a table of their own. */
extern const struct tables_group console_causes, console_invariants;

/* Print the outcome; `directory` is where the result is, or NULL. */
void console_print(const struct outcome *outcome, const char *directory, const struct page *page);

/* One line for the progress: "before 18.2 %, after 0.4 %". */
const char *console_estimate(char *text, size_t size_bytes,
                             const struct experiment_variant *variants,
                             const struct experiment_progress *progress);

#endif
