#include "models/rcesim/result/verdict.h"

#include <stdio.h>
#include <string.h>

#include "models/rcesim/run/single.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

/* The next record of a type from `*at` on, which moves behind it; NULL: there is none. */
static const struct trace_record *find_record(const struct trace *trace, const char *type_name,
                                              size_t *at)
{
    while (*at < trace_count(trace)) {
        const struct trace_record *record = trace_at(trace, (*at)++);
        const struct trace_type *type = trace_type_of(trace, record->type);
        if (type != NULL && strcmp(type->name, type_name) == 0)
            return record;
    }
    return NULL;
}

static const struct trace_record *find_first(const struct trace *trace, const char *type_name)
{
    size_t at = 0;
    return find_record(trace, type_name, &at);
}

/* "04:35:10": the milliseconds stand in the story. */
static const char *clock_text(struct arena *arena, int64_t time_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    units_print_clock(text, time_ns);
    return arena_print(arena, "%.*s", (int)strcspn(text, "."), text);
}

/* A duration in whole seconds like the clock, or exactly where it is shorter than ten. */
static const char *duration_text(struct arena *arena, int64_t duration_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    if (duration_ns >= 10 * UNITS_S)
        duration_ns = duration_ns / UNITS_S * UNITS_S;
    return arena_copy_text(arena, units_print_duration(text, duration_ns));
}

/* "of cluster 0 host 1", with a blank before it; nothing for the SDDC, which stands in the title of
 * the story. */
static const char *place_text(struct arena *arena, const char *of, uint32_t entity)
{
    uint32_t cluster = entity_cluster(entity), host = entity_host(entity);
    if (cluster == ENTITY_NO_CLUSTER)
        return "";
    if (host == ENTITY_NO_HOST)
        return arena_print(arena, " %s cluster %u", of, cluster);
    if (host == ENTITY_TEMPORARY_HOST)
        return arena_print(arena, " %s the temporary host of cluster %u", of, cluster);
    return arena_print(arena, " %s cluster %u host %u", of, cluster, host);
}

/* What the engine gave as its reason, as the end of a sentence about the step. */
static const char *reason_text(struct arena *arena, enum rce_reason reason, int64_t deadline_ns)
{
    switch (reason) {
    case RCE_REASON_NONE: return "failed";
    case RCE_REASON_DEADLINE:
        return arena_print(arena, "passed its deadline after %s",
                           duration_text(arena, deadline_ns));
    case RCE_REASON_TASK_FAILED: return "was carried out and failed";
    case RCE_REASON_THROTTLED: return "was throttled, and there was no retry left";
    case RCE_REASON_UNAVAILABLE: return "met an unavailable service, and there was no retry left";
    case RCE_REASON_NOT_READY: return "was refused because the cluster was not ready";
    case RCE_REASON_REFUSED: return "was refused";
    case RCE_REASON_UNKNOWN: return "got no answer, and there was no retry left";
    }
    check_failed(__FILE__, __LINE__, "a known reason");
}

static int64_t row_value(const struct verdict_source *source, const char *column)
{
    size_t index = single_column(&vmc_model, column);
    CHECK(index < vmc_model.row_column_count);
    return source->row[index];
}

/* What really happened, after "failed": the cause by its name for people. */
static const char *truth_text(struct arena *arena, const struct verdict_source *source)
{
    const struct trace_record *truth = find_first(source->trace, "ground truth");
    if (truth == NULL || truth->values[0] >= CAUSE_COUNT)
        return "";
    const char *label = vmc_model.metrics[METRIC_FIRST_CAUSE + truth->values[0]].label;
    int64_t margin_ns = row_value(source, "trigger_margin");
    if (truth->values[0] == CAUSE_EARLY_TRIGGER && margin_ns != ROW_NONE && margin_ns < 0)
        return arena_print(arena, " In truth: %s (asked %s too early).", label,
                           duration_text(arena, -margin_ns));
    return arena_print(arena, " In truth: %s.", label);
}

static const char *success_text(struct arena *arena, const struct verdict_source *source,
                                int64_t ended_at_ns)
{
    const char *text =
        arena_print(arena, "Succeeded at %s, after %s.", clock_text(arena, ended_at_ns),
                    duration_text(arena, row_value(source, "duration")));
    int64_t margin_ns = row_value(source, "trigger_margin");
    if (margin_ns == ROW_NONE)
        return text;
    bool is_early = margin_ns < 0;
    return arena_print(arena, "%s Maintenance was asked for %s %s the temporary host was ready.",
                       text, duration_text(arena, is_early ? -margin_ns : margin_ns),
                       is_early ? "before" : "after");
}

static const char *end_text(struct arena *arena, const struct verdict_source *source)
{
    const struct trace_record *end = find_first(source->trace, "workflow ended");
    if (end == NULL)
        return "Never ended: the engine waits for nothing that could still come.";
    if (end->values[0] == 0)
        return success_text(arena, source, end->time_ns);
    enum rce_operation operation = (enum rce_operation)end->values[2];
    CHECK(end->values[2] < RCE_OPERATION_COUNT);
    return arena_print(arena, "Failed at %s: %s%s %s.%s", clock_text(arena, end->time_ns),
                       rce_operation_name(operation), place_text(arena, "of", end->subject),
                       reason_text(arena, (enum rce_reason)end->values[1],
                                   source->options->deadline_ns[operation]),
                       truth_text(arena, source));
}

const char *verdict_text(struct arena *arena, const struct verdict_source *source)
{
    const char *text = end_text(arena, source);
    const struct trace_record *broken;
    size_t at = 0;
    while ((broken = find_record(source->trace, "INVARIANT BROKEN", &at)) != NULL) {
        CHECK(broken->values[0] < VIOLATION_COUNT);
        text = arena_print(arena, "%s Invariant broken at %s%s: %s.", text,
                           clock_text(arena, broken->time_ns),
                           place_text(arena, "in", broken->subject),
                           vmc_model.metrics[METRIC_FIRST_VIOLATION + broken->values[0]].label);
    }
    return text;
}
