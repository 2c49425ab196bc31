/* model.h - the world of SDDCs as a model for experiments. Its parameters: struct vmc_parameters.
 *
 * A unit is a workflow: the upgrade of one SDDC. It fails when its engine says so, or when it never
 * ends. Metrics, causes and invariants are named in tally.h; the columns of a row in rows.c.
 */
#ifndef MODELS_VMC_MODEL_H
#define MODELS_VMC_MODEL_H

#include "models/vmc/config.h"
#include "models/vmc/tally.h"
#include "sim/experiment/model.h"
#include "sim/kernel/trace.h"

extern const struct model vmc_model;

/* What the trace records mean: hand it to trace_create, so that they can be rendered. The subject
 * of a record is an entity (entity.h). */
extern const struct trace_type vmc_trace_types[];
extern const size_t vmc_trace_type_count;

/* Print "SDDC 12, cluster 1, host 3" of an entity. `size_bytes` 48 is enough. */
const char *vmc_entity_print(char *text, size_t size_bytes, uint32_t entity);

/* Bytes that one replication of this configuration is expected to take at most. */
double vmc_memory_estimate_bytes(const struct vmc_config *config);

#endif
