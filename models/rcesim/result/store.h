/* store.h - the result directory of `run`: what files it has, and what is in them.
 *
 *     summary.json             everything that was estimated, with its intervals
 *     replications.tsv         one row per replication and variant: all that was counted
 *     workflows.tsv            one row per workflow, of the replications asked for
 *     causes.tsv               failures by ground-truth cause
 *     new-failures.tsv         workflows that failed only in a later variant, with their command
 *     scenario.resolved.yaml   the scenario with every value; itself a scenario
 *     records.rcesim           everything, exactly, for --extend, merge and compare (stored.h)
 *
 * and what render.h makes of the outcome (bundle.h): report.json, report.html, report.md, charts.
 *
 * Times are seconds. The bytes depend on the scenario and the seed only.
 */
#ifndef MODELS_RCESIM_RESULT_STORE_H
#define MODELS_RCESIM_RESULT_STORE_H

#include <stdbool.h>

#include "models/rcesim/result/outcome.h"
#include "reports/directory.h"
#include "sim/base/error.h"

/* The file that marks a folder as ours. */
#define STORE_MARK "summary.json"

/* The file with the records. */
#define STORE_RECORDS "records.rcesim"

/* Write all files but those of the report. */
bool store_write(struct directory *directory, const struct outcome *outcome, struct error *error);

#endif
