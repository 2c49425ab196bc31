#include "models/rcesim/explore/hunt.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "models/rcesim/explore/explain_story.h"
#include "models/rcesim/format/relative.h"
#include "models/vmc/model.h"
#include "reports/figure.h"
#include "reports/identity.h"
#include "reports/tsv.h"
#include "reports/words.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/explore/signature.h"

static struct arena *arena_of(const struct hunt *hunt)
{
    return hunt->study.arena;
}

struct identity hunt_identity(const struct hunt *hunt)
{
    struct identity identity = study_identity(hunt->scope.configuration, hunt->command, 0);
    identity.schedules = hunt_run_count(hunt);
    identity.is_cut_short = hunt->is_partial;
    return identity;
}

/* "1 deviation" */
static const char *size_text(const struct hunt *hunt, const struct hunt_finding *item)
{
    uint32_t count = item->is_shrunk ? item->shrunk.count - item->shrunk.shape_count
                                     : item->found.deviation_count;
    if (count == 0)
        return "no deviation: the typical world fails";
    return arena_print(arena_of(hunt), "%" PRIu32 " deviation%s", count, count == 1 ? "" : "s");
}

static const char *count_text(const struct hunt *hunt, uint64_t count)
{
    char text[FIGURE_SIZE_BYTES];
    return arena_copy_text(arena_of(hunt), figure_count(text, (int64_t)count));
}

const char *hunt_finding_title(const struct hunt *hunt, uint32_t index)
{
    const struct hunt_finding *item = &hunt->items[index];
    return arena_print(arena_of(hunt), "%" PRIu32 ". %s", index + 1, item->signature);
}

const char *hunt_bound_text(const struct hunt *hunt, const struct hunt_finding *item)
{
    double bound = item->has_bound ? item->bound.bound : 0;
    if (!(bound > 0))
        return NULL;
    /* Never more than it is, but for the last bits of what a product of probabilities comes to. */
    double unit = pow(10, floor(log10(bound)) - 2);
    return arena_print(arena_of(hunt), "%.3g %%", 100 * unit * floor(bound / unit * (1 + 1e-9)));
}

/* What is known of it: how often, how small, how probable. */
static const char *facts_text(const struct hunt *hunt, const struct hunt_finding *item)
{
    struct arena *arena = arena_of(hunt);
    const char *text = size_text(hunt, item);
    if (!hunt->request.has_replication)
        text = arena_print(arena, "%s; %s run%s failed like this", text,
                           count_text(hunt, item->found.count), item->found.count == 1 ? "" : "s");
    if (!item->is_shrunk)
        text = arena_print(arena, "%s; neither shrunk nor explained (see --shrink)", text);
    if (item->is_shrunk && item->shrunk.is_minimal && item->shrunk.count > 0)
        text = arena_print(arena,
                           "%s; minimal: with one deviation less, or one of them a step "
                           "nearer to typical, it passes",
                           text);
    if (item->is_shrunk && !hunt->is_partial && !item->shrunk.is_complete)
        text = arena_print(arena, "%s; shrinking stopped after %s runs (see --shrink-runs)", text,
                           count_text(hunt, hunt->request.shrink_run_max));
    else if (item->is_shrunk && !hunt->is_partial && !item->shrunk.is_polished &&
             item->shrunk.count > item->shrunk.shape_count)
        text = arena_print(arena,
                           "%s; not all of the smaller and likelier ones were tried (see "
                           "--shrink-runs)",
                           text);
    const char *bound = hunt_bound_text(hunt, item);
    if (bound != NULL)
        text = arena_print(arena,
                           "%s; at least %s of the worlds of this topology fail like this "
                           "(%g %% confidence)",
                           text, bound, 100 * item->bound.confidence);
    return text;
}

static void print_deviations(const struct hunt *hunt, const struct hunt_finding *item,
                             const struct page *page)
{
    struct arena *arena = arena_of(hunt);
    for (size_t i = 0; item->is_shrunk && i < item->schedule.item_count; i++) {
        const struct schedule_item *deviation = &item->schedule.items[i];
        const char *text =
            schedule_print_deviation(arena, &vmc_model, &deviation->deviation, deviation->form);
        if (deviation->probability >= 0)
            text = arena_print(arena, "%s  p=%.3g%s", text, deviation->probability,
                               i < item->shrunk.shape_count ? " (topology)" : "");
        char note[SCHEDULE_NOTE_SIZE_BYTES];
        if (schedule_note(note, &vmc_model, &deviation->deviation.name) != NULL)
            text = arena_print(arena, "%s  # %s", text, note);
        /* A paragraph would make one blank of two. */
        if (table_text_width(text) + 5 <= (size_t)page->width)
            page_put(page->file, arena_print(arena, "     %s\n", text));
        else
            page_paragraph(page, 5, text);
    }
}

/* So many are told on the console; the others are in their files. */
enum { STORIES_PRINTED = 3 };

static void print_finding(const struct hunt *hunt, uint32_t index, const char *directory,
                          const struct page *page)
{
    struct arena *arena = arena_of(hunt);
    const struct hunt_finding *item = &hunt->items[index];
    page_title(page, arena_print(arena, "%s%s", hunt_finding_title(hunt, index),
                                 item->is_safety ? " (a broken invariant)" : ""));
    if (item->is_explained && index < STORIES_PRINTED) {
        page_paragraph(page, 3, item->story.sentence);
        if (item->story.doom != NULL && *item->story.doom != '\0')
            page_paragraph(page, 3, item->story.doom);
    }
    print_deviations(hunt, item, page);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 3, facts_text(hunt, item));
    page_style(page, PAGE_PLAIN);
    if (item->is_shrunk && directory != NULL)
        page_command(
            page, 3,
            arena_print(arena, "rcesim replay %s --trace",
                        options_quote(arena, arena_print(arena, "%s/finding-%" PRIu32 ".sched",
                                                         directory, index + 1))));
}

static const char *verdict_text(const struct hunt *hunt)
{
    struct arena *arena = arena_of(hunt);
    const char *subject =
        arena_print(arena, "%s, variant %s", scenario_name(hunt->scope.configuration->scenario),
                    hunt->scope.variant_name);
    if (hunt->request.has_replication)
        return arena_print(arena, "%s: why a workflow of replication %" PRIu32 " failed", subject,
                           hunt->request.replication);
    if (hunt->item_count == 0)
        return arena_print(arena, "%s: nothing found", subject);
    return arena_print(arena, "%s: %" PRIu32 " way%s to fail", subject, hunt->item_count,
                       hunt->item_count == 1 ? "" : "s");
}

static void print_head(const struct hunt *hunt, const struct page *page)
{
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, verdict_text(hunt));
    page_style(page, PAGE_PLAIN);
    page_paragraph(page, 0,
                   arena_print(arena_of(hunt), "%s; %s run%s", hunt->scope_words,
                               count_text(hunt, hunt_run_count(hunt)),
                               hunt_run_count(hunt) == 1 ? "" : "s"));
    if (!hunt->is_partial)
        return;
    page_style(page, PAGE_UNSURE);
    page_paragraph(page, 0, "INTERRUPTED: a partial result; what was found stands.");
    page_style(page, PAGE_PLAIN);
}

static const char *rare_text(const struct hunt *hunt)
{
    struct arena *arena = arena_of(hunt);
    const struct rare_result *rare = &hunt->rare;
    const struct interval *probability = &rare->probability;
    char share[FIGURE_SIZE_BYTES], range[FIGURE_SIZE_BYTES], times[FIGURE_SIZE_BYTES];
    if (!interval_is_known(probability))
        return arena_print(arena,
                           "Too few of %s weighted runs fail (%s) for an estimate; the probability "
                           "that a world fails is at most %s.",
                           count_text(hunt, rare->run_count), count_text(hunt, rare->hit_count),
                           figure_share(share, rare->upper));
    const char *text = arena_print(
        arena,
        "%s of the worlds fail, %s (%g %% confidence; %s runs by importance sampling on %u ways to "
        "fail, effective sample size %.0f). Plain Monte Carlo would need %s times as many runs for "
        "this width.",
        figure_share(share, probability->estimate),
        figure_share_interval(range, probability->low, probability->high),
        100 * hunt->scope.configuration->confidence, count_text(hunt, rare->run_count),
        rare->schedule_count, rare->effective_sample_size,
        figure_number(times, rare->variance_ratio));
    return arena_print(arena, "%s Other ways to fail add at most %s.", text,
                       figure_share(share, rare->stray_upper));
}

/* The certificate, but for its longest part, the list of draws, where a file has it. */
static void print_certificate(const struct hunt *hunt, const char *directory,
                              const struct page *page)
{
    struct arena *arena = arena_of(hunt);
    bool is_left_out = false;
    for (const char *line = certificate_print(&hunt->certificate, arena); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        bool is_draws = directory != NULL && strncmp(line, "draws ", 6) == 0;
        if (is_draws)
            page_put(page->file,
                     arena_print(arena, "draws       listed in %s/certificate.txt\n", directory));
        is_left_out = is_draws || (is_left_out && *line == ' ');
        if (!is_left_out)
            page_put(page->file, arena_print(arena, "%.*s\n", (int)length, line));
        line += length + (line[length] == '\n');
    }
}

void hunt_print(const void *context, const char *directory, const struct page *page)
{
    const struct hunt *hunt = context;
    struct arena *arena = arena_of(hunt);
    print_head(hunt, page);
    for (uint32_t i = 0; i < hunt->item_count; i++)
        print_finding(hunt, i, directory, page);
    if (hunt->has_rare) {
        page_title(page, "How probable it is");
        page_paragraph(page, 3, rare_text(hunt));
    }
    if (!hunt->request.has_replication) {
        page_title(page, "What was looked at");
        print_certificate(hunt, directory, page);
    }
    putc('\n', page->file);
    if (directory != NULL)
        page_put(page->file, arena_print(arena, "Result: %s\n", directory));
    struct identity identity = hunt_identity(hunt);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0, identity_line(&identity, arena));
    page_command(page, 0, identity.command);
    page_paragraph(page, 0, identity_caveat_of(&identity));
    page_style(page, PAGE_PLAIN);
}

static json_t *hex_json(uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, value);
    return json_string(text);
}

static json_t *deviations_json(const struct hunt *hunt, const struct hunt_finding *item)
{
    json_t *list = json_array();
    for (size_t i = 0; i < item->schedule.item_count; i++) {
        const struct schedule_item *deviation = &item->schedule.items[i];
        json_t *json = json_pack("{s:s}", "text",
                                 schedule_print_deviation(arena_of(hunt), &vmc_model,
                                                          &deviation->deviation, deviation->form));
        if (deviation->probability >= 0)
            json_object_set_new(json, "probability", json_real(deviation->probability));
        json_object_set_new(json, "topology", json_boolean(i < item->shrunk.shape_count));
        json_array_append_new(list, json);
    }
    return list;
}

/* What shrinking made of it, added to the finding. */
static void add_shrunk(const struct hunt *hunt, const struct hunt_finding *item, uint32_t index,
                       json_t *json)
{
    const struct shrink_result *shrunk = &item->shrunk;
    json_t *runs = json_object();
    for (int i = 0; i < SHRINK_PHASE_COUNT; i++)
        json_object_set_new(runs, shrink_phase_names[i],
                            json_integer((json_int_t)shrunk->run_counts[i]));
    const char *file = arena_print(arena_of(hunt), "finding-%" PRIu32 ".sched", index + 1);
    json_object_set_new(json, "schedule", json_string(file));
    json_object_set_new(json, "deviation_count",
                        json_integer((json_int_t)(shrunk->count - shrunk->shape_count)));
    json_object_set_new(json, "deviations", deviations_json(hunt, item));
    json_object_set_new(json, "units", json_integer((json_int_t)shrunk->unit_count));
    json_object_set_new(json, "minimal", json_boolean(shrunk->is_minimal));
    json_object_set_new(json, "polished", json_boolean(shrunk->is_polished));
    json_object_set_new(json, "shrink_runs", runs);
    if (!item->is_explained)
        return;
    const struct doom *doom = &item->story.explanation.doom;
    json_object_set_new(json, "sentence", json_string(item->story.sentence));
    json_object_set_new(json, "doom",
                        json_pack("{s:I, s:I, s:I}", "at_ns", (json_int_t)doom->at_ns,
                                  "detected_at_ns", (json_int_t)doom->detected_at_ns,
                                  "blind_wait_ns", (json_int_t)doom->blind_ns));
}

static json_t *finding_json(const struct hunt *hunt, uint32_t index)
{
    const struct hunt_finding *item = &hunt->items[index];
    const struct model_explore *explore = vmc_model.explore;
    const struct model_finding *finding =
        item->is_shrunk ? &item->shrunk.finding : &item->found.finding;
    char entity[64];
    json_t *json = json_pack(
        "{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:I, s:I}", "signature", item->signature, "kind",
        explore->finding_names[finding->kind], "safety", item->is_safety, "step",
        signature_step_name(explore, finding->step), "state", explore->state_names[finding->state],
        "entity", explore->entity_print(entity, sizeof entity, 0, finding->entity), "found_by",
        hunt->request.has_replication ? "replication" : search_kind_names[item->found.kept_search],
        "runs", (json_int_t)item->found.count, "at_ns", (json_int_t)finding->at_ns);
    CHECK(json != NULL);
    if (item->has_bound)
        json_object_set_new(json, "probability_at_least",
                            json_pack("{s:f, s:f, s:I, s:I}", "value", item->bound.bound,
                                      "confidence", item->bound.confidence, "runs",
                                      (json_int_t)item->bound.run_count, "failed",
                                      (json_int_t)item->bound.hit_count));
    if (item->is_shrunk)
        add_shrunk(hunt, item, index, json);
    return json;
}

static json_t *searches_json(const struct hunt *hunt)
{
    const uint64_t counts[] = {
        [HUNT_EXHAUSTIVE] = hunt->exhaustive.runs_total,
        [HUNT_RANDOM] = hunt->random.run_count,
        [HUNT_ORDER] = hunt->order.run_count,
    };
    json_t *json = json_object();
    for (int i = 0; i < HUNT_SEARCH_COUNT; i++)
        if (hunt->is_made[i])
            json_object_set_new(json, hunt_search_names[i],
                                json_pack("{s:I}", "runs", (json_int_t)counts[i]));
    json_t *exhaustive = json_object_get(json, hunt_search_names[HUNT_EXHAUSTIVE]);
    if (exhaustive != NULL) {
        json_object_set_new(exhaustive, "bound", json_integer(hunt->exhaustive.bound));
        json_object_set_new(exhaustive, "schedules",
                            json_integer((json_int_t)exhaustive_schedule_count(&hunt->exhaustive)));
        json_object_set_new(exhaustive, "complete",
                            json_boolean(exhaustive_is_complete(&hunt->exhaustive)));
    }
    return json;
}

static json_t *rare_json(const struct hunt *hunt)
{
    const struct rare_result *rare = &hunt->rare;
    json_t *json =
        json_pack("{s:f, s:f, s:i, s:I, s:I, s:f}", "upper", rare->upper, "upper_of_other_ways",
                  rare->stray_upper, "ways", (int)rare->schedule_count, "runs",
                  (json_int_t)rare->run_count, "failed", (json_int_t)rare->hit_count,
                  "effective_sample_size", rare->effective_sample_size);
    if (interval_is_known(&rare->probability)) {
        json_object_set_new(json, "estimate", json_real(rare->probability.estimate));
        json_object_set_new(json, "low", json_real(rare->probability.low));
        json_object_set_new(json, "high", json_real(rare->probability.high));
        json_object_set_new(json, "variance_ratio", json_real(rare->variance_ratio));
    }
    return json;
}

void hunt_write_json(const void *context, FILE *file)
{
    const struct hunt *hunt = context;
    struct identity identity = hunt_identity(hunt);
    json_t *findings = json_array();
    for (uint32_t i = 0; i < hunt->item_count; i++)
        json_array_append_new(findings, finding_json(hunt, i));
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:s, s:s, s:s, s:o, s:o}", "schema_version", 1, "question",
                  hunt->scope.configuration->question, "identity", identity_json(&identity),
                  "variant", hunt->scope.variant_name, "engine", hunt->scope.engine, "topology",
                  hunt->scope_words, "searches", searches_json(hunt), "findings", findings);
    CHECK(json != NULL);
    json_object_set_new(json, "simulation_hash", hex_json(hunt->scope.hash));
    if (!hunt->request.has_replication)
        json_object_set_new(json, "certificate",
                            json_string(certificate_print(&hunt->certificate, arena_of(hunt))));
    if (hunt->has_rare)
        json_object_set_new(json, "probability", rare_json(hunt));
    identity_write_json(json, file);
    json_decref(json);
}

void hunt_write_tsv(const void *context, FILE *file)
{
    static const char *const header[] = {"finding",   "signature",      "safety",
                                         "runs",      "found_by",       "schedule",
                                         "deviation", "value_and_draw", "probability"};
    const struct hunt *hunt = context;
    struct arena *arena = arena_of(hunt);
    struct tsv tsv = tsv_make(file);
    tsv_header(&tsv, header, sizeof header / sizeof header[0]);
    for (uint32_t i = 0; i < hunt->item_count; i++) {
        const struct hunt_finding *item = &hunt->items[i];
        size_t rows = item->schedule.item_count == 0 ? 1 : item->schedule.item_count;
        for (size_t k = 0; k < rows; k++) {
            const struct schedule_item *deviation =
                item->schedule.item_count == 0 ? NULL : &item->schedule.items[k];
            tsv_count(&tsv, i + 1);
            tsv_text(&tsv, item->signature);
            tsv_count(&tsv, item->is_safety);
            tsv_count(&tsv, (int64_t)item->found.count);
            tsv_text(&tsv, hunt->request.has_replication
                               ? "replication"
                               : search_kind_names[item->found.kept_search]);
            tsv_text(&tsv, item->is_shrunk ? arena_print(arena, "finding-%" PRIu32 ".sched", i + 1)
                                           : NULL);
            tsv_count(&tsv, deviation == NULL ? 0 : (int64_t)k + 1);
            tsv_text(&tsv, deviation == NULL
                               ? NULL
                               : schedule_print_deviation(arena, &vmc_model, &deviation->deviation,
                                                          deviation->form));
            tsv_real(&tsv, deviation == NULL || deviation->probability < 0
                               ? NAN
                               : deviation->probability);
            tsv_end_row(&tsv);
        }
    }
}

void hunt_write_certificate(const void *context, FILE *file)
{
    const struct hunt *hunt = context;
    struct identity identity = hunt_identity(hunt);
    fputs(certificate_print(&hunt->certificate, arena_of(hunt)), file);
    fprintf(file, "\n%s\n%s\n", identity_line(&identity, arena_of(hunt)), identity.command);
}

/* The scenario as it is seen from the folder of the result, which has another name as yet, but the
 * same place. */
static const char *scenario_seen_from(const struct hunt *hunt, const struct directory *directory)
{
    char folder[PATH_MAX], target[PATH_MAX];
    if (realpath(directory_path(directory), folder) == NULL ||
        realpath(hunt->scope.file, target) == NULL)
        return hunt->scope.file;
    return relative_path(arena_of(hunt), folder, target);
}

enum { COMMENT_WIDTH = 90, COMMENT_LINES_MAX = 60 };

static void write_schedule(const struct hunt *hunt, const struct hunt_finding *item,
                           const char *scenario, FILE *file)
{
    struct arena *arena = arena_of(hunt);
    struct schedule schedule = item->schedule;
    const char *comment = item->signature;
    schedule.scenario = scenario;
    if (item->is_explained)
        comment = arena_print(arena, "%s\n%s", comment, item->story.sentence);
    if (item->shrunk.has_neighbour)
        for (uint32_t i = 0; i < item->shrunk.neighbour_count; i++) {
            const struct deviation *neighbour = &item->shrunk.neighbour[i];
            const struct deviation *failing = &item->shrunk.deviations[item->shrunk.neighbour_of];
            if (item->shrunk.neighbour_change == SHRINK_LOWERED &&
                memcmp(&neighbour->name, &failing->name, sizeof neighbour->name) == 0)
                comment = arena_print(
                    arena, "%s\nIt passes with: %s", comment,
                    schedule_print_deviation(arena, &vmc_model, neighbour,
                                             item->schedule.items[item->shrunk.neighbour_of].form));
        }
    struct words_lines lines = words_wrap(arena, comment, COMMENT_WIDTH, COMMENT_LINES_MAX);
    const char *wrapped = "";
    for (size_t i = 0; i < lines.count; i++)
        wrapped = arena_print(arena, "%s%s\n", wrapped, lines.lines[i]);
    schedule_print(&schedule, &vmc_model, wrapped, file);
}

/* What `write` puts into one file. */
struct one_file {
    struct directory *directory;
    const char *name;
    FILE *file;
};

static bool open_file(struct one_file *one, struct arena *arena, struct directory *directory,
                      uint32_t index, const char *ending, struct error *error)
{
    one->directory = directory;
    one->name = arena_print(arena, "finding-%" PRIu32 ".%s", index + 1, ending);
    one->file = directory_create_file(directory, one->name, error);
    return one->file != NULL;
}

static bool close_file(const struct one_file *one, struct error *error)
{
    return directory_close_file(one->directory, one->name, one->file, error);
}

static bool write_story(const struct hunt *hunt, uint32_t index, struct directory *directory,
                        struct error *error)
{
    struct arena *arena = arena_of(hunt);
    const struct explain_story *story = &hunt->items[index].story;
    struct identity identity = hunt_identity(hunt);
    struct one_file one;
    if (!open_file(&one, arena, directory, index, "txt", error))
        return false;
    struct page page = {.file = one.file, .width = 80};
    explain_story_print(story, &page);
    if (!close_file(&one, error) || !open_file(&one, arena, directory, index, "html", error))
        return false;
    explain_story_write_page(story, identity_line(&identity, arena), one.file);
    if (!close_file(&one, error) || !open_file(&one, arena, directory, index, "svg", error))
        return false;
    explain_story_write_svg(story, one.file);
    return close_file(&one, error);
}

bool hunt_write_schedules(const void *context, struct directory *directory, struct error *error)
{
    const struct hunt *hunt = context;
    const char *scenario = scenario_seen_from(hunt, directory);
    for (uint32_t i = 0; i < hunt->item_count; i++) {
        struct one_file one;
        if (!hunt->items[i].is_shrunk)
            continue;
        if (!open_file(&one, arena_of(hunt), directory, i, "sched", error))
            return false;
        write_schedule(hunt, &hunt->items[i], scenario, one.file);
        if (!close_file(&one, error))
            return false;
        if (hunt->items[i].is_explained && !write_story(hunt, i, directory, error))
            return false;
    }
    return true;
}
