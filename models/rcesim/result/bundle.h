/* bundle.h - what a run has to say in a postmortem: words, tables and charts, as a manifest.
 *
 * The sections stand in the order in which a postmortem is read: what happened and how sure that
 * is, impact, timeline, root cause, what fixed it, one failure explained, what it costs,
 * assumptions, how to get it again, appendix. A section that would have nothing to say is left out;
 * what is not known is said in words. All numbers come from the outcome.
 *
 * The manifest is a function of the outcome alone, whatever the number of threads, and however the
 * records came together. It is bounded: tables and charts of a fleet of 100,000 are no longer than
 * those of a small one. To explain one failure a replication is simulated again, for at most
 * BUNDLE_EVENTS_MAX events; beyond that the page names the command instead.
 */
#ifndef MODELS_RCESIM_RESULT_BUNDLE_H
#define MODELS_RCESIM_RESULT_BUNDLE_H

#include "models/rcesim/result/outcome.h"
#include "reports/manifest.h"

enum {
    BUNDLE_EVENTS_MAX = 3000000,
    BUNDLE_ROWS_MAX = 160, /* Of a table. */
    BUNDLE_LINES_MAX = 72, /* Of a story. */
};

/* Make the manifest; it lies in the arena of the outcome. */
struct manifest *bundle_create(const struct outcome *outcome);

#endif
