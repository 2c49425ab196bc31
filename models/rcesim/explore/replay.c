#include "models/rcesim/explore/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/format/configure_engine.h"
#include "models/rcesim/format/relative.h"
#include "models/vmc/model.h"
#include "sim/base/units.h"
#include "sim/kernel/trace.h"
#include "sim/scenario/place.h"

bool replay_read(struct schedule *schedule, struct arena *arena, const char *file,
                 struct error *error)
{
    struct source source = {.name = file};
    if (!source_read(&source, arena, SCHEDULE_SIZE_MAX_BYTES, error))
        return error_context(error, "%s", file);
    /* Some editors begin with a byte order mark. */
    static const char mark[] = "\xef\xbb\xbf";
    size_t skipped = source.size_bytes >= 3 && memcmp(source.text, mark, 3) == 0 ? 3 : 0;
    return schedule_parse(schedule, arena, &vmc_model, file, source.text + skipped,
                          source.size_bytes - skipped, error);
}

/* The expectation of the command line takes the place of the schedule's. */
static bool read_expectation(struct schedule *schedule, const char *text, struct error *error)
{
    if (text == NULL)
        return true;
    schedule->signature = 0;
    schedule->expectation = SCHEDULE_EXPECT_FAIL;
    if (strcmp(text, "passes") == 0)
        schedule->expectation = SCHEDULE_EXPECT_PASS;
    if (strcmp(text, "passes") == 0 || strcmp(text, "fails") == 0)
        return true;
    if (strncmp(text, "fails ", 6) == 0 &&
        signature_parse(text + 6, vmc_model.explore, &schedule->signature))
        return true;
    return error_set(error, ERROR_USAGE,
                     "--expect takes passes, fails, or \"fails\" and how, as explore prints it; "
                     "not \"%s\"",
                     text);
}

static const char *scenario_file(const struct replay *replay, const struct replay_request *request)
{
    const char *named = replay->schedule.scenario;
    if (request->scenario != NULL || named == NULL)
        return request->scenario;
    if (*named == '/')
        return named;
    const char *folder = relative_folder_of(replay->arena, request->file);
    bool is_here = strcmp(folder, ".") == 0;
    return arena_print(replay->arena, "%s%s", is_here ? "" : folder, named);
}

/* What the schedule sets, then the command line: an engine first, and --set has the last word. */
static bool collect_overrides(const struct replay *replay, const struct replay_request *request,
                              const char *file, struct options_list *overrides, struct error *error)
{
    struct arena *arena = replay->arena;
    const char *engine;
    for (size_t i = 0; i < replay->schedule.set_count; i++)
        options_list_add(overrides, arena, replay->schedule.sets[i]);
    if (request->engine != NULL) {
        if (!configure_engine_override(&engine, arena, file, request->engine, error))
            return false;
        options_list_add(overrides, arena, engine);
    }
    for (size_t i = 0; request->overrides != NULL && i < request->overrides->count; i++)
        options_list_add(overrides, arena, request->overrides->items[i]);
    return true;
}

static bool load(struct replay *replay, const struct replay_request *request, struct error *error)
{
    const struct schedule *schedule = &replay->schedule;
    const char *file = scenario_file(replay, request);
    struct options_list overrides = {0};
    if (file == NULL)
        return error_set(error, ERROR_SCENARIO,
                         "%s: names no scenario; add a line \"scenario FILE\", or give --scenario",
                         request->file);
    struct scope_request scope = {
        .file = file,
        .overrides = &overrides,
        .variant = request->variant != NULL ? request->variant : schedule->variant,
    };
    if (!collect_overrides(replay, request, file, &overrides, error))
        return false;
    if (scope_load(&replay->scope, replay->arena, &scope, error))
        return true;
    if (error->code == ERROR_USAGE && request->variant == NULL && schedule->variant != NULL) {
        struct error problem = *error;
        return schedule_complain(schedule, schedule->variant_place, error, "%s", problem.message);
    }
    return error_context(error, "%s", request->file);
}

/* Are scenario and engine those that the schedule was made for? */
static bool check_hashes(const struct replay *replay, struct error *error)
{
    const struct schedule *schedule = &replay->schedule;
    const struct scope *scope = &replay->scope;
    static const char remedy[] =
        "replay it with --tolerant, or find it again with `rcesim explore`";
    if (schedule->engine != NULL && strcmp(schedule->engine, scope->engine) != 0)
        return schedule_complain(schedule, schedule->engine_place, error,
                                 "the variant runs the engine %s now; %s", scope->engine, remedy);
    if (schedule->has_digest && schedule->engine_digest != scope->digest)
        return schedule_complain(schedule, schedule->engine_place, error,
                                 "the engine is not the one that the schedule was made for (digest "
                                 "%016" PRIx64 " now); %s",
                                 scope->digest, remedy);
    if (schedule->has_hash && schedule->hash != scope->hash)
        return schedule_complain(schedule, schedule->hash_place, error,
                                 "the scenario has changed since the schedule was made (hash "
                                 "%016" PRIx64 " now); %s",
                                 scope->hash, remedy);
    return true;
}

/* What the run says about each item. An item whose draw was used although no other answer was open
 * is one that the scenario leaves no choice about. */
static void judge(struct replay *replay)
{
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(replay->probe, &asked_count);
    const struct schedule *schedule = &replay->schedule;
    replay->states =
        arena_take_array(replay->arena, schedule->item_count + 1, sizeof *replay->states);
    for (size_t i = 0; i < schedule->item_count; i++) {
        enum schedule_state state = schedule_judge(&schedule->items[i], asked, asked_count, NULL);
        if (state == SCHEDULE_UNUSED && !probe_is_unused(replay->probe, i))
            state = SCHEDULE_IMPOSSIBLE;
        replay->states[i] = state;
        replay->misfit_count += state != SCHEDULE_USED;
    }
}

static const struct oracle_asked *asked_for(const struct replay *replay, size_t index)
{
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(replay->probe, &asked_count), *found;
    schedule_judge(&replay->schedule.items[index], asked, asked_count, &found);
    return found;
}

static const char *form_text(enum schedule_form form)
{
    static const char *const texts[SCHEDULE_FORM_COUNT] = {
        [SCHEDULE_DURATION] = "a duration such as 25min40s",
        [SCHEDULE_FLAG] = "yes or no",
        [SCHEDULE_NUMBER] = "a whole number",
        [SCHEDULE_FRACTION] = "a fraction such as 0.25",
        [SCHEDULE_BITS] = "bits such as 0x1f",
    };
    return texts[form];
}

/* Perhaps the draw is there, for somebody else. */
static const char *unused_text(const struct replay *replay, size_t index)
{
    const struct draw_name *name = &replay->schedule.items[index].deviation.name;
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(replay->probe, &asked_count);
    char entity[64];
    for (uint32_t i = 0; i < asked_count; i++)
        if (asked[i].name.purpose == name->purpose)
            return arena_print(
                replay->arena, "is never asked in this run; did you mean %s %s @%" PRIu32 "?",
                vmc_model.explore->entity_print(entity, sizeof entity, name->purpose,
                                                asked[i].name.entity),
                purpose_find(vmc_model.purposes, name->purpose)->name, asked[i].name.occurrence);
    return "is never asked in this run";
}

const char *replay_misfit(const struct replay *replay, size_t index)
{
    const struct oracle_asked *asked = asked_for(replay, index);
    int64_t value = replay->schedule.items[index].deviation.value;
    switch (replay->states[index]) {
    case SCHEDULE_USED: return "fits";
    case SCHEDULE_UNUSED: return unused_text(replay, index);
    case SCHEDULE_FORM_WRONG:
        return arena_print(replay->arena, "has to be %s", form_text(schedule_form_of(asked->kind)));
    case SCHEDULE_IMPOSSIBLE:
        return asked == NULL ? "leaves no choice in this scenario"
                             : "cannot have this value in this scenario";
    case SCHEDULE_TYPICAL: return "is typical, so it does not deviate";
    case SCHEDULE_MISMATCH:
        return arena_print(replay->arena, "has the probability %.3g in this scenario",
                           oracle_asked_tail(asked, value));
    }
    return "";
}

/* The first thing that strictness refuses, or that makes no sense anywhere. A probability is
 * information: it is said, and no more. */
static bool check_items(const struct replay *replay, bool is_tolerant, struct error *error)
{
    const struct schedule *schedule = &replay->schedule;
    for (size_t i = 0; i < schedule->item_count; i++) {
        const struct schedule_item *item = &schedule->items[i];
        bool is_of_value = replay->states[i] == SCHEDULE_FORM_WRONG ||
                           replay->states[i] == SCHEDULE_IMPOSSIBLE ||
                           replay->states[i] == SCHEDULE_TYPICAL;
        bool is_refused = replay->states[i] == SCHEDULE_FORM_WRONG ||
                          (!is_tolerant && replay->states[i] != SCHEDULE_USED &&
                           replay->states[i] != SCHEDULE_MISMATCH);
        if (is_refused)
            return schedule_complain(schedule, is_of_value ? item->value_place : item->place, error,
                                     "this draw %s", replay_misfit(replay, i));
    }
    return true;
}

static bool has_expected_end(const struct replay *replay)
{
    const struct schedule *schedule = &replay->schedule;
    switch (schedule->expectation) {
    case SCHEDULE_EXPECT_NOTHING: return true;
    case SCHEDULE_EXPECT_PASS: return replay->result.finding_count == 0;
    case SCHEDULE_EXPECT_FAIL:
        return schedule->signature == 0 ? replay->result.finding_count > 0
                                        : probe_result_has(&replay->result, schedule->signature);
    }
    return false;
}

static bool carry_out(struct replay *replay, bool is_tolerant, struct error *error)
{
    const struct schedule *schedule = &replay->schedule;
    struct probe_options options = scope_probe(&replay->scope, NULL);
    options.scope = schedule->scope;
    options.engine = replay->scope.engine;
    options.asks_order = true;
    options.slack_ns = schedule->slack_ns;
    replay->probe = probe_create(&options);
    replay->deviations = schedule_deviations(replay->arena, schedule);
    if (!probe_is_repeatable(replay->probe, replay->deviations, schedule->item_count, error))
        return error_context(error, "%s", replay->file);
    replay->result = *probe_last(replay->probe);
    judge(replay);
    if (!check_items(replay, is_tolerant, error))
        return false;
    replay->holds = has_expected_end(replay);
    return true;
}

bool replay_open(struct replay *out, struct arena *arena, const struct replay_request *request,
                 struct error *error)
{
    struct replay replay = {.arena = arena, .file = request->file};
    bool is_good = replay_read(&replay.schedule, arena, request->file, error) &&
                   read_expectation(&replay.schedule, request->expectation, error) &&
                   load(&replay, request, error) &&
                   (request->is_tolerant || check_hashes(&replay, error)) &&
                   carry_out(&replay, request->is_tolerant, error);
    if (is_good)
        *out = replay;
    else
        replay_close(&replay);
    return is_good;
}

void replay_close(struct replay *replay)
{
    if (replay->probe != NULL)
        probe_destroy(replay->probe);
    replay->probe = NULL;
}

const char *replay_outcome(const struct replay *replay)
{
    if (replay->result.finding_count == 0)
        return "passes";
    const struct model_explore *explore = vmc_model.explore;
    const struct model_finding *finding = &replay->result.findings[0];
    /* The one that is expected, where it is there. */
    for (uint32_t i = 0; i < replay->result.finding_count && i < PROBE_FINDINGS_MAX; i++)
        if (finding_signature(&replay->result.findings[i]) == replay->schedule.signature)
            finding = &replay->result.findings[i];
    char signature[SIGNATURE_TEXT_SIZE_BYTES], clock[UNITS_TEXT_SIZE_BYTES], entity[64];
    return arena_print(
        replay->arena, "fails: %s, at %s in %s",
        signature_print(signature, sizeof signature, explore, finding_signature(finding)),
        units_print_clock(clock, finding->at_ns),
        explore->entity_print(entity, sizeof entity, 0, finding->entity));
}

bool replay_trace(struct replay *replay, struct trace **trace, struct error *error)
{
    struct trace_options options = {
        .level = TRACE_STEP,
        .types = vmc_trace_types,
        .type_count = vmc_trace_type_count,
    };
    struct trace *made = trace_create(replay->arena, &options);
    struct probe_extra extra = {
        .trace = made,
        .trace_unit = replay->result.finding_count == 0 ? 0 : replay->result.findings[0].unit,
    };
    struct probe_result result;
    if (!probe_run_with(replay->probe, replay->deviations, replay->schedule.item_count, &extra,
                        &result, error))
        return false;
    *trace = made;
    return true;
}

static const char *expectation_text(const struct replay *replay)
{
    const struct schedule *schedule = &replay->schedule;
    char text[SIGNATURE_TEXT_SIZE_BYTES];
    if (schedule->expectation == SCHEDULE_EXPECT_PASS)
        return "it was to pass";
    if (schedule->signature == 0)
        return "it was to fail";
    return arena_print(replay->arena, "it was to fail with: %s",
                       signature_print(text, sizeof text, vmc_model.explore, schedule->signature));
}

void replay_print(const struct replay *replay, const struct page *page)
{
    struct arena *arena = replay->arena;
    const struct schedule *schedule = &replay->schedule;
    const char *outcome = replay_outcome(replay);
    page_style(page, replay->holds ? PAGE_PLAIN : PAGE_STRONG);
    if (schedule->expectation == SCHEDULE_EXPECT_NOTHING)
        page_paragraph(page, 0, arena_print(arena, "%s: %s", replay->file, outcome));
    else if (replay->holds)
        page_paragraph(page, 0, arena_print(arena, "%s: as expected, %s", replay->file, outcome));
    else
        page_paragraph(
            page, 0,
            arena_print(arena, "%s: %s; but %s", replay->file, outcome, expectation_text(replay)));
    page_style(page, PAGE_PLAIN);
    for (size_t i = 0; i < schedule->item_count; i++)
        if (replay->states[i] != SCHEDULE_USED)
            page_paragraph(page, 2,
                           arena_print(arena, "line %" PRIu32 ", %s: %s",
                                       schedule->items[i].place.line,
                                       schedule_print_deviation(arena, &vmc_model,
                                                                &schedule->items[i].deviation,
                                                                schedule->items[i].form),
                                       replay_misfit(replay, i)));
}
