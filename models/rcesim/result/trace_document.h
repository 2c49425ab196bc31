/* trace_document.h - stories of one workflow for other programs: what they are of, and the fields
 * of a record as JSON, which all formats share. */
#ifndef MODELS_RCESIM_RESULT_TRACE_DOCUMENT_H
#define MODELS_RCESIM_RESULT_TRACE_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "sim/base/arena.h"
#include "sim/kernel/trace.h"

enum { TRACE_SCHEMA_VERSION = 1 };

/* The same workflow in one or two variants. */
struct trace_document {
    const struct trace *const *traces; /* [count] */
    const char *const *variants;       /* [count] */
    size_t count;
    const char *version, *scenario;
    uint64_t scenario_hash, seed;
    uint32_t replication, workflow;
    struct arena *arena;
};

/* "engine-asks": the kind of a record, from the name of its type. In the arena. */
const char *trace_kind(struct arena *arena, const struct trace_type *type);

/* The values of a record under their names: names where there are names, "at_ns" for times; what is
 * not there or says nothing for this record is left out. The caller owns the value. */
json_t *trace_fields(const struct trace_type *type, const struct trace_record *record,
                     struct arena *arena);

/* The name of the field for a value of a type. In the arena. */
const char *trace_field_name(struct arena *arena, const struct trace_type *type, int index);

/* "identity": version, scenario, hash, seed, replication, workflow. The caller owns the value. */
json_t *trace_identity(const struct trace_document *document);

#endif
