/* trace_jsonl.h - stories as JSON lines: one record a line, in the order in which things happened.
 *
 *     {"kind": "trace", "schema_version": 1, "version": ..., "workflow": 7}
 *     {"time_ns": 15240000000000, "variant": "before", "kind": "engine-asks", "sddc": 7,
 *      "cluster": 0, "host": 1, "operation": "enter-maintenance", "attempt": 1}
 *
 * The first line says what the story is of. Numbers are only what is a number: operations, results,
 * states and reasons have names. Times are ns since the start of the replication. `host` is a
 * number or "temporary"; a record about a cluster has no host, one about the SDDC no cluster.
 *
 * The schema is made from the same table of types as the lines, and names every field.
 */
#ifndef MODELS_RCESIM_RESULT_TRACE_JSONL_H
#define MODELS_RCESIM_RESULT_TRACE_JSONL_H

#include <stdio.h>

#include "models/rcesim/result/trace_document.h"

/* Write all lines; two variants are merged by time. Errors of writing are the caller's to find. */
void trace_jsonl_write(const struct trace_document *document, FILE *file);

/* JSON Schema of one line; the caller owns it. */
json_t *trace_jsonl_schema(struct arena *arena);

#endif
