#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "models/rcesim/result/console.h"
#include "models/rcesim/result/contrast.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/summary_json.h"
#include "models/rcesim/result/tables.h"
#include "models/rcesim/study/study.h"
#include "reports/identity.h"
#include "sim/base/check.h"

enum option_key { KEY_VARIANT = 512, KEY_METRIC, KEY_JSON };

struct options {
    struct arena *arena;
    struct contrast_request request;
    int path_count;
    struct options_list metrics;
    bool is_json;
};

static const double confidence = 0.95;

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_VARIANT:
        options_list_add(&options->request.variants, options->arena, argument);
        return 0;
    case KEY_METRIC: options_list_add(&options->metrics, options->arena, argument); return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case ARGP_KEY_ARG:
        if (options->path_count == 2)
            argp_error(state, "two results at a time: \"%s\" is too many", argument);
        options->request.paths[options->path_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->path_count < 2)
            argp_error(state, "two results are wanted, as `rcesim run` leaves them");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"variant", KEY_VARIANT, "A:B", 0,
         "Compare variant A of the first result with B of the second; may be given several times "
         "(default: those of the same name, else the last of each)",
         1},
        {"metric", KEY_METRIC, "NAME", 0,
         "Show only this metric, and its difference; may be given several times (default: all "
         "that is not 0)",
         1},
        {"json", KEY_JSON, NULL, 0, "Print JSON instead of tables", 3},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "DIR_A[@VARIANT] DIR_B[@VARIANT]",
        .doc = "Compare two results that `rcesim run` has left: replication by replication where "
               "seed, world and version are the same, else as samples that share nothing. "
               "Differences are first minus second.",
    };
    command_parse(&argp, argc, argv, options);
}

static const char *variant_of(const struct contrast *contrast, const struct contrast_pair *pair,
                              int side)
{
    return contrast->stored[side].result->variants[pair->variants[side]].name;
}

/* For the command that shows a new failure. */
struct looking {
    const struct contrast *contrast;
    const struct contrast_pair *pair;
    struct arena *arena;
};

static const char *look_at(const void *context, const struct tables_failure *failure)
{
    const struct looking *looking = context;
    const struct stored *stored = looking->contrast->stored;
    const char *first = variant_of(looking->contrast, looking->pair, 0);
    const char *later = variant_of(looking->contrast, looking->pair, 1);
    /* Both stories side by side only where one scenario has both variants. */
    bool is_one_scenario = strcmp(stored[0].commands.trace, stored[1].commands.trace) == 0 &&
                           strcmp(first, later) != 0;
    const char *beside =
        is_one_scenario ? arena_print(looking->arena, " --beside --variant %s", first) : "";
    return arena_print(
        looking->arena, "%s%s --variant %s --replication %" PRIu32 " --workflow %" PRIu32,
        stored[1].commands.trace, beside, later, failure->replication, failure->unit);
}

static const char *list_of(struct arena *arena, const struct options_list *list)
{
    const char *text = "";
    for (size_t i = 0; i < list->count; i++)
        text = arena_print(arena, "%s%s%s", text, i > 0 ? "; " : "", list->items[i]);
    return text;
}

static void print_side(const struct contrast *contrast, int side, struct arena *arena,
                       const struct page *page)
{
    const struct stored *stored = &contrast->stored[side];
    const struct result *result = stored->result;
    page_paragraph(page, 0,
                   arena_print(arena,
                               "%c: %s, %" PRIu32 " replication%s from %" PRIu32
                               " on, seed %" PRIu64 ", rcesim %s",
                               "AB"[side], contrast -> paths[side], result -> replication_count,
                               result -> replication_count == 1 ? "" : "s",
                               result->first_replication, result->seed,
                               stored->label.program_version));
    if (!result->is_partial)
        return;
    page_style(page, PAGE_UNSURE);
    page_paragraph(page, 3,
                   arena_print(arena, "A PARTIAL result: %" PRIu32 " of %" PRIu32 " replications.",
                               result->replication_count, result->replications_planned));
    page_style(page, PAGE_PLAIN);
}

static void print_head(const struct contrast *contrast, struct arena *arena,
                       const struct page *page)
{
    for (int i = 0; i < 2; i++)
        print_side(contrast, i, arena, page);
    page_style(page, PAGE_STRONG);
    if (contrast->is_paired)
        page_paragraph(page, 0,
                       arena_print(arena,
                                   "Paired: the same seed and worlds, replications %" PRIu32
                                   " to %" PRIu32 ".",
                                   contrast->first_replication,
                                   contrast->first_replication + contrast->replication_count - 1));
    else
        page_paragraph(page, 0,
                       arena_print(arena, "Not paired, compared as independent samples: %s.",
                                   list_of(arena, &contrast->reasons)));
    page_style(page, PAGE_PLAIN);
}

/* The metrics to show differences of: those asked for, else every figure that is not 0 on both
 * sides. Takes as many as the model has. */
static size_t choose_metrics(const struct options *options, const struct summary *summary,
                             size_t *metrics)
{
    const struct model *model = summary->result->model;
    size_t count = 0;
    for (size_t i = 0; i < options->metrics.count; i++) {
        metrics[count] = (size_t)result_find_metric(summary->result, options->metrics.items[i]);
        count += metrics[count] != model->failed_metric; /* That has tables of its own. */
    }
    for (size_t i = 0; options->metrics.count == 0 && i < model->metric_count; i++) {
        bool is_seen = summary->variants[0].metrics[i].total != 0 ||
                       summary->variants[1].metrics[i].total != 0;
        if (model->metrics[i].group == NULL && i != model->failed_metric && is_seen)
            metrics[count++] = i;
    }
    return count;
}

/* With --metric, only of those: rates and what follows from them where the failures are among them.
 */
static bool shows_failures(const struct options *options, const struct model *model)
{
    const char *failed = model->metrics[model->failed_metric].name;
    for (size_t i = 0; i < options->metrics.count; i++)
        if (strcmp(options->metrics.items[i], failed) == 0)
            return true;
    return options->metrics.count == 0;
}

static void print_remark(const struct contrast *contrast, const struct contrast_pair *pair,
                         struct arena *arena, const struct page *page)
{
    if (!contrast_is_same(contrast, pair))
        return;
    const char *name = variant_of(contrast, pair, 0);
    bool is_unchanged =
        contrast->stored[0].label.simulation_hash == contrast->stored[1].label.simulation_hash;
    page_style(page, PAGE_UNSURE);
    page_paragraph(
        page, 0,
        is_unchanged
            ? arena_print(arena,
                          "This is %s compared with itself, record by record the same: every "
                          "difference is 0, and says nothing.",
                          name)
            : arena_print(arena,
                          "What was simulated is not the same (an engine, or something in the "
                          "scenario, has changed), but %s is, record by record: every difference "
                          "is 0.",
                          name));
    page_style(page, PAGE_PLAIN);
}

static void print_pair(const struct options *options, const struct contrast *contrast,
                       const struct contrast_pair *pair, const struct page *page)
{
    struct looking looking = {.contrast = contrast, .pair = pair, .arena = options->arena};
    struct tables tables = {
        .summary = pair->summary,
        .page = page,
        .arena = options->arena,
        .look = look_at,
        .look_context = &looking,
    };
    const struct model *model = pair->summary->result->model;
    size_t *metrics = arena_take_array(options->arena, model->metric_count + options->metrics.count,
                                       sizeof *metrics);
    if (contrast->pair_count > 1)
        page_title(page, arena_print(options->arena, "%s against %s",
                                     pair->summary->result->variants[0].name,
                                     pair->summary->result->variants[1].name));
    print_remark(contrast, pair, options->arena, page);
    if (shows_failures(options, model)) {
        tables_print_failures(&tables);
        tables_print_differences(&tables);
    }
    size_t count = choose_metrics(options, pair->summary, metrics);
    if (options->metrics.count > 0 && count > 0) {
        tables_print_chosen(&tables, metrics, count);
        tables_print_metrics(&tables, metrics, count);
    }
    if (options->metrics.count > 0)
        return;
    tables_print_group(&tables, &console_causes);
    tables_print_group(&tables, &console_invariants);
    tables_print_metrics(&tables, metrics, count);
    tables_print_durations(&tables);
}

static void print_tables(const struct options *options, const struct contrast *contrast)
{
    struct page page = page_of(stdout);
    print_head(contrast, options->arena, &page);
    for (size_t i = 0; i < contrast->pair_count; i++)
        print_pair(options, contrast, &contrast->pairs[i], &page);
    putchar('\n');
    page_style(&page, PAGE_FAINT);
    page_paragraph(&page, 0, identity_caveat);
    page_style(&page, PAGE_PLAIN);
}

static json_t *side_json(const struct contrast *contrast, int side)
{
    const struct stored *stored = &contrast->stored[side];
    const struct result *result = stored->result;
    char world[17];
    snprintf(world, sizeof world, "%016" PRIx64, stored->label.world_hash);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "result",
                     contrast->paths[side], "version", stored->label.program_version, "world_hash",
                     world, "command", stored->commands.run, "seed", (json_int_t)result->seed,
                     "first_replication", (json_int_t)result->first_replication, "replications",
                     (json_int_t)result->replication_count, "replications_planned",
                     (json_int_t)result->replications_planned, "partial", (int)result->is_partial);
}

static json_t *list_json(const struct options_list *list)
{
    json_t *value = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(value, json_string(list->items[i]));
    return value;
}

/* Leave only the chosen metrics in an object that has one member for each metric. */
static void keep_chosen(const struct options *options, const struct model *model, json_t *object)
{
    for (size_t i = 0; i < model->metric_count && options->metrics.count > 0; i++) {
        bool is_chosen = false;
        for (size_t k = 0; k < options->metrics.count; k++)
            is_chosen = is_chosen || strcmp(options->metrics.items[k], model->metrics[i].name) == 0;
        if (!is_chosen)
            json_object_del(object, model->metrics[i].name);
    }
}

static json_t *variant_json(const struct options *options, const struct contrast_pair *pair,
                            uint32_t variant)
{
    const struct model *model = pair->summary->result->model;
    json_t *value = summary_json(pair->summary, variant);
    keep_chosen(options, model, json_object_get(value, "metrics"));
    if (options->metrics.count > 0)
        json_object_clear(json_object_get(value, "histograms"));
    if (variant > 0)
        keep_chosen(options, model,
                    json_object_get(json_object_get(value, "comparison"), "differences"));
    return value;
}

static json_t *pair_json(const struct options *options, const struct contrast *contrast,
                         const struct contrast_pair *pair)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o}", "variant_of_first", variant_of(contrast, pair, 0),
                     "variant_of_second", variant_of(contrast, pair, 1), "with_itself",
                     (int)contrast_is_same(contrast, pair), "first", variant_json(options, pair, 0),
                     "second", variant_json(options, pair, 1));
}

static void print_json(const struct options *options, const struct contrast *contrast)
{
    const struct model *model = contrast->stored[0].result->model;
    json_t *pairs = json_array();
    for (size_t i = 0; i < contrast->pair_count; i++)
        json_array_append_new(pairs, pair_json(options, contrast, &contrast->pairs[i]));
    json_t *value = json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o}", "schema_version", 1, "version",
        command_version, "model", model->name, "unit", model->unit_name, "first",
        side_json(contrast, 0), "second", side_json(contrast, 1), "paired",
        (int)contrast->is_paired, "reasons_against_pairing", list_json(&contrast->reasons),
        "keys_in_which_the_worlds_differ", list_json(&contrast->world_keys), "comparisons", pairs);
    CHECK(value != NULL);
    if (contrast->is_paired)
        json_object_set_new(value, "replications_in_common",
                            json_integer((json_int_t)contrast->replication_count));
    identity_write_json(value, stdout);
    json_decref(value);
}

static bool check_metrics(const struct options *options, const struct contrast *contrast,
                          struct error *error)
{
    size_t metric;
    for (size_t i = 0; i < options->metrics.count; i++)
        if (!study_find_metric(contrast->stored[0].result->model, options->metrics.items[i],
                               &metric, error))
            return error_context(error, "--metric");
    return true;
}

static int compare(struct options *options)
{
    struct contrast contrast;
    struct error error;
    if (!contrast_create(&contrast, options->arena, &options->request, &error))
        return options_fail(&error);
    bool is_good = check_metrics(options, &contrast, &error);
    if (is_good && options->is_json)
        print_json(options, &contrast);
    else if (is_good)
        print_tables(options, &contrast);
    contrast_destroy(&contrast);
    return is_good ? 0 : options_fail(&error);
}

int command_compare(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.arena = arena, .request.confidence = confidence};
    parse_options(&options, argc, argv);
    int status = compare(&options);
    arena_destroy(arena);
    return status;
}
