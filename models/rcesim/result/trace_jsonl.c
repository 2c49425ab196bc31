#include "models/rcesim/result/trace_jsonl.h"

#include <string.h>

#include "models/rce/rce.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"

static void write_line(json_t *value, FILE *file)
{
    CHECK(value != NULL);
    json_dumpf(value, file, JSON_COMPACT);
    putc('\n', file);
    json_decref(value);
}

static void add_entity(json_t *line, uint32_t entity)
{
    uint32_t cluster = entity_cluster(entity), host = entity_host(entity);
    json_object_set_new(line, "sddc", json_integer(entity_sddc(entity)));
    if (cluster == ENTITY_NO_CLUSTER)
        return;
    json_object_set_new(line, "cluster", json_integer(cluster));
    if (host == ENTITY_TEMPORARY_HOST)
        json_object_set_new(line, "host", json_string("temporary"));
    else if (host != ENTITY_NO_HOST)
        json_object_set_new(line, "host", json_integer(host));
}

static void write_record(const struct trace_document *document, size_t which,
                         const struct trace_record *record, FILE *file)
{
    const struct trace_type *type = trace_type_of(document->traces[which], record->type);
    CHECK(type != NULL);
    json_t *line = json_pack("{s:I, s:s, s:s}", "time_ns", (json_int_t)record->time_ns, "variant",
                             document->variants[which], "kind", trace_kind(document->arena, type));
    CHECK(line != NULL);
    add_entity(line, record->subject);
    json_t *fields = trace_fields(type, record, document->arena);
    json_object_update(line, fields);
    json_decref(fields);
    write_line(line, file);
}

static void write_head(const struct trace_document *document, FILE *file)
{
    json_t *line = json_pack("{s:s, s:i}", "kind", "trace", "schema_version", TRACE_SCHEMA_VERSION);
    json_t *identity = trace_identity(document), *variants = json_array();
    CHECK(line != NULL);
    json_object_update(line, identity);
    json_decref(identity);
    for (size_t i = 0; i < document->count; i++)
        json_array_append_new(variants, json_string(document->variants[i]));
    json_object_set_new(line, "variants", variants);
    write_line(line, file);
}

void trace_jsonl_write(const struct trace_document *document, FILE *file)
{
    CHECK(document->count == 1 || document->count == 2);
    size_t at[2] = {0, 0};
    write_head(document, file);
    for (;;) {
        const struct trace_record *next = NULL;
        size_t which = 0;
        for (size_t i = 0; i < document->count; i++) {
            const struct trace_record *record = at[i] < trace_count(document->traces[i])
                                                    ? trace_at(document->traces[i], at[i])
                                                    : NULL;
            if (record != NULL && (next == NULL || record->time_ns < next->time_ns)) {
                next = record;
                which = i;
            }
        }
        if (next == NULL)
            return;
        at[which]++;
        write_record(document, which, next, file);
    }
}

static json_t *names_schema(const char *const *names)
{
    json_t *list = json_array();
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        json_array_append_new(list, json_string(names[i]));
    return json_pack("{s:o}", "enum", list);
}

static json_t *type_schema(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *value_schema(const struct trace_type *type, int index)
{
    switch (type->shown_as[index]) {
    case TRACE_VALUE_UNUSED: break;
    case TRACE_VALUE_NAME: return names_schema(type->names[index]);
    case TRACE_VALUE_COUNT_OF:
    case TRACE_VALUE_DURATION_NS:
    case TRACE_VALUE_TIME_NS: return type_schema("integer");
    case TRACE_VALUE_HEX: return type_schema("string");
    }
    CHECK_UNREACHABLE("a value that is shown");
}

/* What trace_fields makes of values that mean different things in different records. */
static void fix_schema(const struct trace_type *type, json_t *properties)
{
    static const char *const outcomes[] = {"succeeded", "failed", NULL};
    if (strcmp(type->name, "input") == 0) {
        json_object_set_new(properties, "result", names_schema(rce_result_names));
        json_object_del(properties, "detail");
        json_object_set_new(properties, "outcome", names_schema(outcomes));
        json_object_set_new(properties, "timer", type_schema("integer"));
        json_object_set_new(properties, "task", type_schema("integer"));
    }
    if (strcmp(type->name, "service answers") == 0)
        json_object_set_new(properties, "state",
                            json_pack("{s:s, s:{s:o, s:o, s:o}, s:b}", "type", "object",
                                      "properties", "cluster_ready", type_schema("boolean"),
                                      "in_maintenance", type_schema("boolean"), "updated",
                                      type_schema("boolean"), "additionalProperties", 0));
}

static json_t *line_schema(const struct trace_type *type, struct arena *arena)
{
    json_t *properties = json_pack("{s:o, s:o, s:{s:s}, s:o, s:o, s:{s:[o, {s:s}]}}", "time_ns",
                                   type_schema("integer"), "variant", type_schema("string"), "kind",
                                   "const", trace_kind(arena, type), "sddc", type_schema("integer"),
                                   "cluster", type_schema("integer"), "host", "anyOf",
                                   type_schema("integer"), "const", "temporary");
    CHECK(properties != NULL);
    for (int i = 0; i < TRACE_VALUE_COUNT; i++)
        if (type->shown_as[i] != TRACE_VALUE_UNUSED)
            json_object_set_new(properties, trace_field_name(arena, type, i),
                                value_schema(type, i));
    fix_schema(type, properties);
    return json_pack("{s:s, s:s, s:o, s:[s, s, s, s], s:b}", "title", type->name, "type", "object",
                     "properties", properties, "required", "time_ns", "variant", "kind", "sddc",
                     "additionalProperties", 0);
}

static json_t *head_schema(void)
{
    json_t *properties = json_pack(
        "{s:{s:s}, s:{s:i}, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:o}}", "kind", "const", "trace",
        "schema_version", "const", TRACE_SCHEMA_VERSION, "version", type_schema("string"),
        "scenario", type_schema("string"), "scenario_hash", type_schema("string"), "seed",
        type_schema("integer"), "replication", type_schema("integer"), "workflow",
        type_schema("integer"), "variants", "type", "array", "items", type_schema("string"));
    CHECK(properties != NULL);
    return json_pack("{s:s, s:s, s:o, s:[s, s], s:b}", "title", "the first line", "type", "object",
                     "properties", properties, "required", "kind", "schema_version",
                     "additionalProperties", 0);
}

json_t *trace_jsonl_schema(struct arena *arena)
{
    json_t *kinds = json_array();
    json_array_append_new(kinds, head_schema());
    for (size_t i = 0; i < vmc_trace_type_count; i++)
        if (vmc_trace_types[i].name != NULL)
            json_array_append_new(kinds, line_schema(&vmc_trace_types[i], arena));
    json_t *schema = json_pack(
        "{s:s, s:s, s:s, s:o}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
        "rcesim trace --format jsonl", "description",
        "One line of the story of a workflow. Times are ns since the start of the replication. "
        "Without host it is about the cluster, without cluster about the SDDC.",
        "oneOf", kinds);
    CHECK(schema != NULL);
    return schema;
}
