#include "models/vmc/model.h"
#include "models/vmc/world.h"

#include <stdio.h>

static const char *const input_names[] = {"start",   "response", "callback",       "timer",
                                          "resumed", "redriven", "engine-changed", NULL};
static const char *const host_names[] = {"absent",
                                         "provisioning",
                                         "connected",
                                         "ready",
                                         "entering maintenance",
                                         "in maintenance",
                                         "updating",
                                         "failed",
                                         "exiting",
                                         "removing",
                                         NULL};
static const char *const task_names[] = {
    "dropped, the cluster is not ready", "waiting", "running", "succeeded", "failed", NULL};
static const char *const callback_names[] = {"sent", "sent late", "lost", "sent again", NULL};
static const char *const ended_names[] = {"succeeded", "failed", NULL};
static const char *const version_names[] = {"old", "new", NULL};
static const char *const scope_names[] = {"process", "worker", "stopped", NULL};
static const char *const source_names[] = {"the start", "what was persisted", NULL};
static const char *const ready_names[] = {"not ready", "ready", NULL};

#define NAME   TRACE_VALUE_NAME
#define COUNT  TRACE_VALUE_COUNT_OF
#define UNUSED TRACE_VALUE_UNUSED

const struct trace_type vmc_trace_types[] = {
    [TRACE_TYPE_EVENT] = {.name = "event",
                          .level = TRACE_DEBUG,
                          .labels = {"kind", "priority", "a", "b"},
                          .shown_as = {COUNT, COUNT, COUNT, COUNT}},
    [STORY_INPUT] = {.name = "input",
                     .level = TRACE_DEBUG,
                     .labels = {"kind", "operation", "result", "detail"},
                     .shown_as = {NAME, NAME, COUNT, COUNT},
                     .names = {input_names, rce_operation_names, NULL, NULL}},
    [STORY_SEND] = {.name = "engine asks",
                    .level = TRACE_STEP,
                    .labels = {"operation", "attempt", "key", NULL},
                    .shown_as = {NAME, COUNT, TRACE_VALUE_HEX, UNUSED},
                    .names = {rce_operation_names}},
    [STORY_NOTE] = {.name = "engine notes",
                    .level = TRACE_STEP,
                    .labels = {"note", "operation", "task", "at"},
                    .shown_as = {NAME, NAME, COUNT, TRACE_VALUE_TIME_NS},
                    .names = {rce_note_names, rce_operation_names}},
    [STORY_TIMER] = {.name = "engine sets timer",
                     .level = TRACE_DEBUG,
                     .labels = {"timer", "at", NULL, NULL},
                     .shown_as = {COUNT, TRACE_VALUE_TIME_NS, UNUSED, UNUSED}},
    [STORY_ENDED] = {.name = "workflow ended",
                     .level = TRACE_STEP,
                     .labels = {"status", "reason", "operation", NULL},
                     .shown_as = {NAME, NAME, NAME, UNUSED},
                     .names = {ended_names, rce_reason_names, rce_operation_names}},
    [STORY_ANSWER] = {.name = "service answers",
                      .level = TRACE_STEP,
                      .labels = {"operation", "result", "task", "state"},
                      .shown_as = {NAME, NAME, COUNT, COUNT},
                      .names = {rce_operation_names, rce_result_names}},
    [STORY_TASK] = {.name = "task",
                    .level = TRACE_STEP,
                    .labels = {"operation", "state", "task", NULL},
                    .shown_as = {NAME, NAME, COUNT, UNUSED},
                    .names = {rce_operation_names, task_names}},
    [STORY_HOST] = {.name = "host",
                    .level = TRACE_STEP,
                    .labels = {"was", "is", "usable hosts", NULL},
                    .shown_as = {NAME, NAME, COUNT, UNUSED},
                    .names = {host_names, host_names}},
    [STORY_READY] = {.name = "cluster",
                     .level = TRACE_STEP,
                     .labels = {"is", NULL, NULL, NULL},
                     .shown_as = {NAME, UNUSED, UNUSED, UNUSED},
                     .names = {ready_names}},
    [STORY_CALLBACK] = {.name = "callback",
                        .level = TRACE_STEP,
                        .labels = {"operation", "fate", "task", "at"},
                        .shown_as = {NAME, NAME, COUNT, TRACE_VALUE_TIME_NS},
                        .names = {rce_operation_names, callback_names}},
    [STORY_VIOLATION] = {.name = "INVARIANT BROKEN",
                         .level = TRACE_STEP,
                         .labels = {"invariant", NULL, NULL, NULL},
                         .shown_as = {NAME, UNUSED, UNUSED, UNUSED},
                         .names = {vmc_violation_names}},
    [STORY_CAUSE] = {.name = "ground truth",
                     .level = TRACE_STEP,
                     .labels = {"cause", NULL, NULL, NULL},
                     .shown_as = {NAME, UNUSED, UNUSED, UNUSED},
                     .names = {vmc_cause_names}},
    [STORY_CHANGED] = {.name = "engine replaced",
                       .level = TRACE_STEP,
                       .labels = {"was", "is", NULL, NULL},
                       .shown_as = {NAME, NAME, UNUSED, UNUSED},
                       .names = {version_names, version_names}},
    [STORY_REDRIVEN] = {.name = "workflow re-driven",
                        .level = TRACE_STEP,
                        .labels = {"engine", NULL, NULL, NULL},
                        .shown_as = {NAME, UNUSED, UNUSED, UNUSED},
                        .names = {version_names}},
    [STORY_CRASHED] = {.name = "engine crashed",
                       .level = TRACE_STEP,
                       .labels = {"scope", "carried out", "left", NULL},
                       .shown_as = {NAME, COUNT, COUNT, UNUSED},
                       .names = {scope_names}},
    [STORY_RESUMED] = {.name = "workflow resumed",
                       .level = TRACE_STEP,
                       .labels = {"engine", "from", "events held", NULL},
                       .shown_as = {NAME, NAME, COUNT, UNUSED},
                       .names = {version_names, source_names}},
    [STORY_UNHEARD] = {.name = "answer lost",
                       .level = TRACE_STEP,
                       .labels = {"operation", "result", "task", NULL},
                       .shown_as = {NAME, NAME, COUNT, UNUSED},
                       .names = {rce_operation_names, rce_result_names}},
    [STORY_GIVEN_UP] = {.name = "workflow given up",
                        .level = TRACE_STEP,
                        .labels = {"crashes in a row", NULL, NULL, NULL},
                        .shown_as = {COUNT, UNUSED, UNUSED, UNUSED}},
};
const size_t vmc_trace_type_count = sizeof vmc_trace_types / sizeof vmc_trace_types[0];

void story_tell(struct world *world, enum story_type type, uint32_t entity,
                const uint64_t values[TRACE_VALUE_COUNT])
{
    if (world->trace_sddc != MODEL_ALL_UNITS && world->trace_sddc != entity_sddc(entity))
        return;
    struct trace_record record = {.time_ns = world->now_ns,
                                  .type = (uint16_t)type,
                                  .level = (uint8_t)vmc_trace_types[type].level,
                                  .subject = entity};
    for (int i = 0; i < TRACE_VALUE_COUNT; i++)
        record.values[i] = values[i];
    trace_add(world->trace, &record);
}

const char *vmc_entity_print(char *text, size_t size_bytes, uint32_t entity)
{
    uint32_t sddc = entity_sddc(entity), cluster = entity_cluster(entity);
    if (cluster == ENTITY_NO_CLUSTER)
        snprintf(text, size_bytes, "SDDC %u", sddc);
    else if (entity_host(entity) == ENTITY_NO_HOST)
        snprintf(text, size_bytes, "SDDC %u, cluster %u", sddc, cluster);
    else if (entity_host(entity) == ENTITY_TEMPORARY_HOST)
        snprintf(text, size_bytes, "SDDC %u, cluster %u, temporary host", sddc, cluster);
    else
        snprintf(text, size_bytes, "SDDC %u, cluster %u, host %u", sddc, cluster,
                 entity_host(entity));
    return text;
}
