#include "models/rcesim/result/trace_document.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"

const char *trace_kind(struct arena *arena, const struct trace_type *type)
{
    char *kind = arena_copy_text(arena, type->name);
    for (char *at = kind; *at != '\0'; at++)
        *at = *at == ' ' ? '-' : (char)tolower((unsigned char)*at);
    return kind;
}

const char *trace_field_name(struct arena *arena, const struct trace_type *type, int index)
{
    const char *label = type->labels[index];
    if (strcmp(label, "kind") == 0) /* That is the record's own. */
        return strcmp(type->name, "input") == 0 ? "input" : "event_kind";
    bool is_time = type->shown_as[index] == TRACE_VALUE_TIME_NS ||
                   type->shown_as[index] == TRACE_VALUE_DURATION_NS;
    char *name = arena_print(arena, "%s%s", label, is_time ? "_ns" : "");
    for (char *at = name; *at != '\0'; at++)
        if (*at == ' ')
            *at = '_';
    return name;
}

static json_t *name_json(const struct trace_type *type, int index, uint64_t value)
{
    const char *const *names = type->names[index];
    uint64_t count = 0;
    while (names != NULL && names[count] != NULL)
        count++;
    return value < count ? json_string(names[value]) : json_integer((json_int_t)value);
}

/* NULL: the value says nothing. */
static json_t *value_json(const struct trace_type *type, int index, uint64_t value)
{
    char text[17];
    switch (type->shown_as[index]) {
    case TRACE_VALUE_UNUSED: return NULL;
    case TRACE_VALUE_NAME: return name_json(type, index, value);
    case TRACE_VALUE_COUNT_OF: {
        bool is_none = value == 0 && strcmp(type->labels[index], "task") == 0;
        return is_none ? NULL : json_integer((json_int_t)value);
    }
    case TRACE_VALUE_HEX:
        snprintf(text, sizeof text, "%016" PRIx64, value);
        return value == 0 ? NULL : json_string(text);
    case TRACE_VALUE_DURATION_NS: return json_integer((json_int_t)value);
    case TRACE_VALUE_TIME_NS: return value == 0 ? NULL : json_integer((json_int_t)value);
    }
    CHECK_UNREACHABLE("a known way to show a value");
}

/* What a read found. */
static void add_state(json_t *fields, uint64_t operation, uint64_t state)
{
    json_t *value = json_object();
    if (operation == RCE_READ_CLUSTER) {
        json_object_set_new(value, "cluster_ready",
                            json_boolean((state & RCE_STATE_CLUSTER_READY) != 0));
    } else {
        json_object_set_new(value, "in_maintenance",
                            json_boolean((state & RCE_STATE_HOST_IN_MAINTENANCE) != 0));
        json_object_set_new(value, "updated", json_boolean((state & RCE_STATE_HOST_UPDATED) != 0));
    }
    json_object_set_new(fields, "state", value);
}

/* What the values of an input are depends on its kind. */
static void fix_input(json_t *fields, const struct trace_record *record)
{
    uint64_t kind = record->values[0], result = record->values[2], detail = record->values[3];
    json_object_del(fields, "result");
    json_object_del(fields, "detail");
    if (kind != RCE_INPUT_RESPONSE && kind != RCE_INPUT_CALLBACK)
        json_object_del(fields, "operation");
    if (kind == RCE_INPUT_RESPONSE && result < RCE_RESULT_COUNT)
        json_object_set_new(fields, "result", json_string(rce_result_names[result]));
    if (kind == RCE_INPUT_CALLBACK)
        json_object_set_new(fields, "outcome",
                            json_string(result == RCE_TASK_SUCCEEDED ? "succeeded" : "failed"));
    if (kind == RCE_INPUT_TIMER)
        json_object_set_new(fields, "timer", json_integer((json_int_t)detail));
    else if (detail != 0)
        json_object_set_new(fields, "task", json_integer((json_int_t)detail));
}

json_t *trace_fields(const struct trace_type *type, const struct trace_record *record,
                     struct arena *arena)
{
    json_t *fields = json_object();
    for (int i = 0; i < TRACE_VALUE_COUNT; i++) {
        json_t *value = value_json(type, i, record->values[i]);
        if (value != NULL)
            json_object_set_new(fields, trace_field_name(arena, type, i), value);
    }
    if (strcmp(type->name, "input") == 0)
        fix_input(fields, record);
    if (strcmp(type->name, "service answers") == 0) {
        json_object_del(fields, "state");
        if (record->values[1] == RCE_STATE)
            add_state(fields, record->values[0], record->values[3]);
    }
    if (strcmp(type->name, "workflow ended") == 0 && record->values[0] == 0) {
        json_object_del(fields, "reason");
        json_object_del(fields, "operation");
    }
    return fields;
}

json_t *trace_identity(const struct trace_document *document)
{
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, document->scenario_hash);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "version", document->version, "scenario",
                  document->scenario, "scenario_hash", hash, "seed", (json_int_t)document->seed,
                  "replication", (json_int_t)document->replication, "workflow",
                  (json_int_t)document->workflow);
    CHECK(value != NULL);
    return value;
}
