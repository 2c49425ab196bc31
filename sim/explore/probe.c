#include "sim/explore/probe.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/kernel/trace.h"

const char *const probe_scope_names[PROBE_SCOPE_COUNT] = {
    [PROBE_ALL] = "all",
    [PROBE_SAFETY] = "safety",
    [PROBE_FAILURE] = "failure",
};

bool probe_scope_parse(const char *text, enum probe_scope *scope)
{
    for (int i = 0; i < PROBE_SCOPE_COUNT; i++)
        if (strcmp(text, probe_scope_names[i]) == 0) {
            *scope = (enum probe_scope)i;
            return true;
        }
    return false;
}

struct probe {
    struct probe_options options;
    struct arena *kept;    /* Lives as long as the probe. */
    struct arena *scratch; /* Reset before each run. */
    struct record *record;
    struct oracle_table *table;
    struct oracle_override *overrides; /* [room] */
    size_t room;
    struct oracle_watch watch;
    struct probe_result result; /* Of the run that is going on. */
};

struct probe *probe_create(const struct probe_options *options)
{
    const struct model *model = options->model;
    CHECK(model->explore != NULL);
    struct arena *kept = arena_create("explorer", 0);
    struct probe *probe = arena_take(kept, sizeof *probe);
    *probe = (struct probe){.options = *options, .kept = kept};
    probe->scratch = arena_create("explored run", 0);
    probe->record = record_create(
        kept, (struct record_shape){.unit_max = model->units_max(options->parameters),
                                    .metric_count = (uint32_t)model->metric_count,
                                    .histogram_count = (uint32_t)model->histogram_count,
                                    .series_count = (uint32_t)model->series_count});
    probe->table = oracle_table_create(kept, NULL, 0, NULL);
    oracle_watch_init(&probe->watch, kept);
    return probe;
}

void probe_destroy(struct probe *probe)
{
    if (probe == NULL)
        return;
    arena_destroy(probe->scratch);
    arena_destroy(probe->kept);
}

const struct probe_options *probe_options(const struct probe *probe)
{
    return &probe->options;
}

static bool counts(const struct probe *probe, const struct model_finding *finding)
{
    const struct probe_options *options = &probe->options;
    bool is_safety = finding->kind < options->model->explore->safety_count;
    if (options->scope == (is_safety ? PROBE_FAILURE : PROBE_SAFETY))
        return false;
    return options->unit == MODEL_ALL_UNITS || options->unit == finding->unit;
}

/* Keep a finding; of one instant the broken invariants stand first. */
static void keep_finding(void *context, const struct model_run *run,
                         const struct model_finding *finding)
{
    (void)run;
    struct probe *probe = context;
    struct probe_result *result = &probe->result;
    uint32_t safety_count = probe->options.model->explore->safety_count;
    if (!counts(probe, finding))
        return;
    uint32_t at = result->finding_count++;
    if (at >= PROBE_FINDINGS_MAX)
        return;
    while (at > 0 && finding->kind < safety_count &&
           result->findings[at - 1].kind >= safety_count &&
           result->findings[at - 1].at_ns == finding->at_ns) {
        result->findings[at] = result->findings[at - 1];
        at--;
    }
    result->findings[at] = *finding;
}

static bool fill_table(struct probe *probe, const struct deviation *deviations, size_t count,
                       struct error *error)
{
    if (count > probe->room) {
        probe->room = 2 * count;
        probe->overrides = arena_take_array(probe->kept, probe->room, sizeof *probe->overrides);
    }
    for (size_t i = 0; i < count; i++)
        probe->overrides[i] = (struct oracle_override){.name = deviations[i].name,
                                                       .kind = ORACLE_OVERRIDE_VALUE,
                                                       .value = deviations[i].value};
    return oracle_table_refill(probe->table, probe->overrides, count, error);
}

bool probe_run_with(struct probe *probe, const struct deviation *deviations, size_t count,
                    const struct probe_extra *extra, struct probe_result *result,
                    struct error *error)
{
    const struct probe_options *options = &probe->options;
    if (!fill_table(probe, deviations, count, error))
        return false;
    struct oracle_steering steering = {
        .base = extra->is_drawn ? ORACLE_DRAWN : ORACLE_TYPICAL,
        .chooser = extra->chooser,
        .watch = extra->is_unwatched ? NULL : &probe->watch,
        .typical_from_event = extra->typical_from_event,
    };
    uint32_t replication = extra->has_replication ? extra->replication : options->replication;
    struct oracle oracle =
        oracle_make(options->seed, replication, count > 0 ? probe->table : NULL, NULL);
    oracle.steering = &steering;
    struct model_sink sink = {.context = probe,
                              .finding = keep_finding,
                              .trace = extra->trace,
                              .trace_unit = extra->trace_unit};
    struct model_probe how = {.asks_order = options->asks_order,
                              .slack_ns = options->slack_ns,
                              .event_max = options->event_max,
                              .hashes_memory = extra->hashes_memory};
    struct model_run run = {.parameters = options->parameters,
                            .variant = options->variant,
                            .replication = replication,
                            .oracle = &oracle,
                            .arena = probe->scratch,
                            .sink = &sink,
                            .interrupted = options->interrupted,
                            .probe = &how};
    arena_reset(probe->scratch);
    oracle_watch_clear(&probe->watch);
    probe->result.finding_count = 0;
    if (!options->model->run(&run, probe->record, error))
        return false;
    if (options->asks_order && options->slack_ns == 0)
        oracle_watch_drop_lone_ties(&probe->watch);
    probe->result.history_hash = probe->record->history_hash;
    probe->result.event_count = probe->record->event_count;
    probe->result.unused_count = (uint32_t)oracle_table_unused_count(probe->table);
    *result = probe->result;
    return true;
}

bool probe_run(struct probe *probe, const struct deviation *deviations, size_t count,
               struct probe_result *result, struct error *error)
{
    return probe_run_with(probe, deviations, count, &(struct probe_extra){.trace = NULL}, result,
                          error);
}

const struct oracle_asked *probe_asked(const struct probe *probe, uint32_t *count)
{
    *count = probe->watch.count;
    return probe->watch.items;
}

const struct probe_result *probe_last(const struct probe *probe)
{
    return &probe->result;
}

bool probe_is_unused(const struct probe *probe, size_t index)
{
    return oracle_table_uses(probe->table, index) == 0;
}

static bool is_same_finding(const struct model_finding *a, const struct model_finding *b)
{
    return a->kind == b->kind && a->step == b->step && a->state == b->state &&
           a->entity == b->entity && a->unit == b->unit && a->at_ns == b->at_ns &&
           a->event_count == b->event_count;
}

static bool is_same_result(const struct probe_result *a, const struct probe_result *b)
{
    if (a->history_hash != b->history_hash || a->event_count != b->event_count ||
        a->finding_count != b->finding_count || a->unused_count != b->unused_count)
        return false;
    for (uint32_t i = 0; i < a->finding_count && i < PROBE_FINDINGS_MAX; i++)
        if (!is_same_finding(&a->findings[i], &b->findings[i]))
            return false;
    return true;
}

bool probe_blame(const struct probe_options *options, struct error *error)
{
    return options->engine != NULL &&
           error_context(error, "engine %s is not repeatable", options->engine);
}

bool probe_is_repeatable(struct probe *probe, const struct deviation *deviations, size_t count,
                         struct error *error)
{
    struct probe_result first, second;
    if (!probe_run(probe, deviations, count, &first, error) ||
        !probe_run(probe, deviations, count, &second, error))
        return false;
    if (is_same_result(&first, &second))
        return true;
    error_set(error, ERROR_INTERNAL,
              "the same schedule ran twice and came out differently (history %016llx with "
              "%llu events, then %016llx with %llu): the engine does not depend on its "
              "inputs alone, so nothing found about it could be replayed",
              (unsigned long long)first.history_hash, (unsigned long long)first.event_count,
              (unsigned long long)second.history_hash, (unsigned long long)second.event_count);
    return probe_blame(&probe->options, error);
}

uint64_t probe_signature(const struct probe_result *result)
{
    return result->finding_count == 0 ? 0 : finding_signature(&result->findings[0]);
}

bool probe_result_has(const struct probe_result *result, uint64_t signature)
{
    for (uint32_t i = 0; i < result->finding_count && i < PROBE_FINDINGS_MAX; i++)
        if (finding_signature(&result->findings[i]) == signature)
            return true;
    return false;
}

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int deviation_compare(const void *a, const void *b)
{
    const struct draw_name *x = &((const struct deviation *)a)->name;
    const struct draw_name *y = &((const struct deviation *)b)->name;
    if (x->entity != y->entity)
        return compare(x->entity, y->entity);
    if (x->purpose != y->purpose)
        return compare(x->purpose, y->purpose);
    return compare(x->occurrence, y->occurrence);
}
