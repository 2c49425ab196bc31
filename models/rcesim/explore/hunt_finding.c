#include "models/rcesim/explore/hunt_finding.h"

#include <inttypes.h>
#include <string.h>

#include "models/engines/engines.h"
#include "models/vmc/model.h"
#include "sim/base/units.h"

void hunt_finding_name(const struct hunt *hunt, struct hunt_finding *item)
{
    const struct model_explore *explore = hunt->probe.model->explore;
    char text[SIGNATURE_TEXT_SIZE_BYTES];
    item->signature = arena_copy_text(
        hunt->study.arena, signature_print(text, sizeof text, explore, item->found.signature));
    item->is_safety = signature_is_safety(explore, item->found.signature);
}

/* The world of a shrunk schedule: that of the search, or one with fewer SDDCs, which start as
 * densely as before. */
static bool load_scope(const struct hunt *hunt, const struct shrink_result *shrunk,
                       struct scope *scope, struct error *error)
{
    struct arena *arena = hunt->study.arena;
    const struct vmc_config *world = hunt->scope.parameters->world;
    *scope = hunt->scope;
    if (shrunk->unit_count >= world->fleet.sddcs_count)
        return true;
    struct options_list overrides = {0};
    for (size_t i = 0; i < hunt->scope.overrides.count; i++)
        options_list_add(&overrides, arena, hunt->scope.overrides.items[i]);
    const struct vmc_parameters *resized =
        vmc_model.explore->resize(hunt->scope.parameters, shrunk->unit_count, arena);
    char spread[UNITS_TEXT_SIZE_BYTES];
    options_list_add(&overrides, arena,
                     arena_print(arena, "fleet.sddcs=%" PRIu32, shrunk->unit_count));
    options_list_add(&overrides, arena,
                     arena_print(arena, "wave.spread=%s",
                                 units_print_duration(spread, resized->world->wave.spread_ns)));
    struct scope_request request = {
        .file = hunt->scope.file,
        .overrides = &overrides,
        .variant = hunt->scope.variant_name,
    };
    return scope_load(scope, arena, &request, error);
}

/* Settings of the experiment change nothing that a schedule is about. */
static bool is_of_world(const char *override)
{
    return strncmp(override, "experiment.", 11) != 0;
}

static struct schedule make_schedule(const struct hunt *hunt, const struct scope *scope,
                                     const struct hunt_finding *item)
{
    struct arena *arena = hunt->study.arena;
    struct schedule schedule = {
        .scenario = scope->file,
        .has_hash = true,
        .hash = scope->hash,
        .variant = scope->variant_name,
        .engine = scope->engine,
        .has_digest = scope->digest != 0,
        .engine_digest = scope->digest,
        .has_seed = true,
        .seed = scope->configuration->seed,
        .slack_ns = hunt->request.slack_ns,
        .scope = hunt->request.scope,
        .expectation = SCHEDULE_EXPECT_FAIL,
        .signature = item->found.signature,
    };
    schedule.sets = arena_take_array(arena, scope->overrides.count + 1, sizeof *schedule.sets);
    for (size_t i = 0; i < scope->overrides.count; i++)
        if (is_of_world(scope->overrides.items[i]))
            schedule.sets[schedule.set_count++] = scope->overrides.items[i];
    return schedule;
}

bool hunt_is_process(const struct hunt *hunt)
{
    const struct engine *engine =
        configure_find_engine(hunt->scope.configuration, hunt->scope.parameters->options);
    return engine != NULL && engine->kind == ENGINE_COMMAND;
}

bool hunt_is_linked(const struct hunt *hunt)
{
    const struct rce_engine *engine = hunt->scope.parameters->engine;
    return engines_find(engine->name) == engine;
}

/* Run the shrunk schedule twice more in the world that its text describes, loaded anew: so that
 * what is written is what was found. */
static bool check_schedule(const struct hunt *hunt, struct probe *probe, struct hunt_finding *item,
                           struct error *error)
{
    const struct shrink_result *shrunk = &item->shrunk;
    struct probe_result result;
    uint32_t asked_count;
    if (!probe_is_repeatable(probe, shrunk->deviations, shrunk->count, error) ||
        !probe_run(probe, shrunk->deviations, shrunk->count, &result, error))
        return false;
    if (!probe_result_has(&result, item->found.signature))
        return error_set(error, ERROR_INTERNAL,
                         "a shrunk schedule (\"%s\") does not fail in the world that its header "
                         "describes",
                         item->signature);
    const struct oracle_asked *asked = probe_asked(probe, &asked_count);
    item->schedule.items =
        schedule_items(hunt->study.arena, shrunk->deviations, shrunk->count, asked, asked_count);
    item->schedule.item_count = shrunk->count;
    return true;
}

static bool explain_finding(const struct hunt *hunt, struct probe *probe, struct hunt_finding *item,
                            struct error *error)
{
    const struct shrink_result *shrunk = &item->shrunk;
    struct explain_story_options options = {
        .arena = hunt->study.arena,
        .probe = probe,
        .deviations = shrunk->deviations,
        .count = shrunk->count,
        .has_neighbour = shrunk->has_neighbour,
        .neighbour = shrunk->neighbour,
        .neighbour_count = shrunk->neighbour_count,
        .signature = item->found.signature,
    };
    item->is_explained = explain_story_make(&options, &item->story, error);
    return item->is_explained;
}

static bool bound_finding(const struct hunt *hunt, const struct probe_options *probe,
                          struct hunt_finding *item, struct error *error)
{
    enum { RUNS_OF_OTHERS = 200 };
    struct likelihood_bound_options options = {
        .probe = probe,
        .deviations = item->is_shrunk ? item->shrunk.deviations : item->found.deviations,
        .count = item->is_shrunk ? item->shrunk.count : item->found.deviation_count,
        .signature = item->found.signature,
        .seed = hunt->scope.configuration->seed,
        .run_count = hunt_is_linked(hunt) ? LIKELIHOOD_RUNS_DEFAULT : RUNS_OF_OTHERS,
        .confidence = hunt->scope.configuration->confidence,
        .thread_count = hunt->study.work->thread_count,
    };
    struct error problem;
    item->has_bound = likelihood_bound(&options, &item->bound, &problem);
    /* Interrupted, a finding goes without. */
    return item->has_bound || problem.code == ERROR_INTERRUPTED ||
           error_set(error, problem.code, "%s", problem.message);
}

bool hunt_finding_bound(const struct hunt *hunt, struct hunt_finding *item, struct error *error)
{
    struct probe_options probe = hunt->probe;
    probe.asks_order = probe.asks_order || item->found.kept_search == SEARCH_ORDER;
    return bound_finding(hunt, &probe, item, error);
}

/* Everything that follows from a shrunk schedule. */
static bool finish(struct hunt *hunt, struct hunt_finding *item, bool asks_order,
                   struct error *error)
{
    struct scope scope;
    if (!load_scope(hunt, &item->shrunk, &scope, error))
        return false;
    item->is_shrunk = true;
    item->schedule = make_schedule(hunt, &scope, item);
    struct probe_options options = scope_probe(&scope, &hunt->probe);
    options.unit = MODEL_ALL_UNITS;
    options.asks_order = asks_order;
    struct probe *probe = probe_create(&options);
    bool is_good = check_schedule(hunt, probe, item, error) &&
                   explain_finding(hunt, probe, item, error) &&
                   bound_finding(hunt, &options, item, error);
    probe_destroy(probe);
    return is_good;
}

static struct shrink_options shrink_options(const struct hunt *hunt,
                                            const struct probe_options *probe)
{
    return (struct shrink_options){
        .probe = probe,
        .run_max = hunt->request.shrink_run_max,
        /* The last step, which tells whether it is minimal, must be reached. */
        .polish_run_max = 1 + hunt->request.shrink_run_max * 3 / 10,
        .excluded = hunt->request.excluded,
        .excluded_count = hunt->request.excluded_count,
        .interrupted = hunt->study.interrupted,
    };
}

bool hunt_finding_shrink(struct hunt *hunt, struct hunt_finding *item, struct error *error)
{
    const struct found *found = &item->found;
    struct probe_options probe = hunt->probe;
    probe.asks_order = probe.asks_order || found->kept_search == SEARCH_ORDER;
    struct shrink_options options = shrink_options(hunt, &probe);
    return shrink_schedule(&options, found->deviations, found->deviation_count, found->signature,
                           hunt->study.arena, &item->shrunk, error) &&
           finish(hunt, item, probe.asks_order, error);
}

bool hunt_finding_take(struct hunt *hunt, struct hunt_finding *item, struct error *error)
{
    struct probe_options probe = hunt->probe;
    struct shrink_options options = shrink_options(hunt, &probe);
    struct shrink_replication replication = {
        .seed = hunt->scope.configuration->seed,
        .replication = hunt->request.replication,
        .unit = hunt->request.workflow,
        .signature = LIKELIHOOD_ANY,
    };
    if (!shrink_replication(&options, &replication, hunt->study.arena, &item->shrunk, error))
        return false;
    item->found = (struct found){
        .signature = item->shrunk.signature,
        .finding = item->shrunk.finding,
        .count = 1,
        .deviations = item->shrunk.deviations,
        .deviation_count = item->shrunk.count,
    };
    hunt_finding_name(hunt, item);
    return finish(hunt, item, probe.asks_order, error);
}
