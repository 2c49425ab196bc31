/* trace_chrome.h - stories in the trace event format of Chrome: opens in Perfetto (ui.perfetto.dev)
 * and in chrome://tracing.
 *
 *     process  engine (before)      a track an SDDC, cluster, host: the steps, as long as the
 *                                   engine was at them; requests, and callbacks that arrive
 *              service (before)     the same tracks: answers, tasks that run, callbacks sent
 *              platform (before)    states of hosts; clusters that are ready or not
 *
 * Arrows (flows) lead from a request to its answer, and on to the callback of its task. What has a
 * length is a complete event ("X"), and those of a track nest or follow each other; what has none
 * and carries an arrow is one of length 0, anything else an instant ("i"). What has not ended when
 * the story does ends with it. Times are microseconds since the start of the replication, and
 * events stand in their order.
 *
 * Source: Google, "Trace Event Format".
 */
#ifndef MODELS_RCESIM_RESULT_TRACE_CHROME_H
#define MODELS_RCESIM_RESULT_TRACE_CHROME_H

#include <stdio.h>

#include "models/rcesim/result/trace_document.h"

/* Write everything. Errors of writing are the caller's to find. */
void trace_chrome_write(const struct trace_document *document, FILE *file);

#endif
