#include "models/rcesim/command.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/engines/conformance/conformance.h"
#include "models/engines/conformance/history.h"
#include "models/engines/engines.h"
#include "models/engines/message.h"
#include "models/engines/transcript.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/replayed.h"
#include "reports/table.h"
#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum option_key {
    KEY_OUTPUT = 'o',
    KEY_CONFIG = 512,
    KEY_STEPS,
    KEY_SEED,
    KEY_ONLY,
    KEY_HISTORY,
    KEY_JSON
};

/* Inputs of all walks together: a few seconds in this program, and in one of its own. */
enum { STEPS_INSIDE = 30000, STEPS_OUTSIDE = 3000, STEPS_LARGEST = 1000000000, SUBJECTS = 2 };

/* Inputs of a list that are shown on the console. */
enum { SHOWN_MAX = 40 };

enum { LINE_ROOM_BYTES = MESSAGE_INPUT_MAX_BYTES + MESSAGE_PLAN_MAX_BYTES };

struct options {
    struct arena *arena;
    const char *engine, *config; /* NULL: no config */
    const char *history;         /* what to compare with instead; NULL: nothing */
    const char *output;          /* prefix of histories; NULL: none */
    uint64_t steps;              /* 0: as many as usual */
    uint64_t seed;
    const char *of_walks; /* an option that a history has no use for; NULL: none was given */
    bool is_only[CONFORMANCE_COUNT], has_only, is_json;
};

/* What was checked, and what came out. */
struct outcome {
    const struct options *options;
    struct conformance_subject subjects[SUBJECTS];
    struct rce_options settings[SUBJECTS];
    struct conformance_report report;
    bool is_interrupted;
};

static void parse_only(const struct argp_state *state, struct options *options, const char *text)
{
    const char *names[CONFORMANCE_COUNT];
    for (int p = 0; p < CONFORMANCE_COUNT; p++) {
        names[p] = conformance_name((enum conformance_property)p);
        if (strcmp(names[p], text) == 0) {
            options->is_only[p] = options->has_only = true;
            return;
        }
    }
    const char *closest = text_closest(text, names, CONFORMANCE_COUNT);
    if (closest == NULL)
        argp_error(state, "--only: there is no property \"%s\"; --help lists them", text);
    argp_error(state, "--only: there is no property \"%s\"; did you mean \"%s\"?", text, closest);
}

static void parse_config(const struct argp_state *state, struct options *options, const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root))
        argp_error(state, "--config takes a JSON object such as '{\"poll\": 30}'%s%s",
                   root == NULL ? ": " : "", root == NULL ? error.text : "");
    char *compact = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    options->config = arena_copy_text(options->arena, compact);
    free(compact);
    json_decref(root);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_CONFIG: parse_config(state, options, argument); return 0;
    case KEY_STEPS:
        options->of_walks = "--steps";
        options->steps = options_number(state, "--steps", argument, 1, STEPS_LARGEST);
        return 0;
    case KEY_SEED:
        options->of_walks = "--seed";
        options->seed = options_number(state, "--seed", argument, 0, INT64_MAX);
        return 0;
    case KEY_ONLY:
        options->of_walks = "--only";
        parse_only(state, options, argument);
        return 0;
    case KEY_HISTORY: options->history = argument; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_OUTPUT:
        options->of_walks = "--output";
        options->output = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (options->engine != NULL)
            argp_error(state, "one engine at a time: \"%s\" is too many", argument);
        options->engine = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->engine == NULL)
            argp_error(state, "an engine is missing: NAME, plugin:PATH or command:WORDS");
        if (options->history != NULL && options->of_walks != NULL)
            argp_error(state, "--history and %s do not go together", options->of_walks);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"config", KEY_CONFIG, "JSON", 0,
         "The engine's own settings, an object (default: {}, or what the history says)", 1},
        {"only", KEY_ONLY, "PROPERTY", 0,
         "Only this one; may be given several times: total, allowed, time, end, pure, digest, "
         "save, damage, interleave, persist, deadline, stray",
         1},
        {"steps", KEY_STEPS, "N", 0,
         "Inputs of all walks together (default: 30000; 3000 for a command)", 1},
        {"seed", KEY_SEED, "N", 0, "Another seed, other walks (default: 1)", 1},
        {"history", KEY_HISTORY, "FILE|DIR", 0,
         "Instead, feed the inputs of a recorded history, or of all in a folder (*.jsonl; `rcesim "
         "run --record` writes them), and show the first answer that differs",
         2},
        {"output", KEY_OUTPUT, "PREFIX", 0,
         "Also write the inputs of each failure to PREFIX-PROPERTY.jsonl, a history", 2},
        {"json", KEY_JSON, NULL, 0, "Print JSON instead of a table", 2},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "ENGINE",
        .doc =
            "Try whether an engine keeps what models/rce/rce.h promises for it. ENGINE is given as "
            "for --engine: NAME, plugin:PATH or command:WORDS. Small worlds drive it, some of them "
            "badly; what it does against the contract is shown with the shortest list of inputs "
            "that was found for it."
            "\vExit status 10: a property does not hold, or an answer differs from the history; "
            "11: "
            "there was no answer to compare with; 3: the engine cannot be started, or the history "
            "cannot be read. What holds was tried, not proven. An engine in this program, linked "
            "or a plugin, runs in a child of it, so its crash is a finding.",
    };
    command_parse(&argp, argc, argv, options);
}

/* Engines behave differently with and without their fixes, so they are tried with both. */
static void make_settings(struct rce_options settings[SUBJECTS])
{
    for (int i = 0; i < SUBJECTS; i++)
        rce_options_init(&settings[i]);
    struct rce_options *fixed = &settings[1];
    fixed->precheck = true;
    fixed->precheck_scope = RCE_PRECHECK_EVERY_HOST;
    fixed->retry = true;
    fixed->retry_policy.attempts_max = 6;
    fixed->retry_policy.jitter = RCE_JITTER_FULL;
    fixed->key_scope = RCE_KEY_PER_TASK;
    fixed->settle_ns = 5 * UNITS_MIN;
}

static bool open_subjects(struct outcome *outcome, struct error *error)
{
    static const char *const labels[SUBJECTS] = {"no fix", "every fix"};
    const struct options *options = outcome->options;
    struct engine_spec spec;
    if (!engine_spec_parse(&spec, options->arena, options->engine, error))
        return false;
    spec.config = options->config;
    spec.interrupted = interrupt_flag();
    make_settings(outcome->settings);
    for (int i = 0; i < SUBJECTS; i++) {
        struct conformance_subject *subject = &outcome->subjects[i];
        *subject =
            (struct conformance_subject){.options = &outcome->settings[i], .label = labels[i]};
        if (!engine_open(&subject->engine, options->arena, &spec, subject->options, error))
            return false;
    }
    return true;
}

static bool is_wanted(const struct options *options, enum conformance_property property)
{
    return !options->has_only || options->is_only[property];
}

static void check(struct outcome *outcome)
{
    const struct options *options = outcome->options;
    bool is_inside = outcome->subjects[0].engine->kind != ENGINE_COMMAND;
    struct conformance_job job = {.subjects = outcome->subjects,
                                  .subjects_count = SUBJECTS,
                                  .seed = options->seed,
                                  .inputs_max = options->steps,
                                  .is_interrupted = interrupt_catch()};
    if (options->steps == 0)
        job.inputs_max = is_inside ? STEPS_INSIDE : STEPS_OUTSIDE;
    for (int p = 0; p < CONFORMANCE_COUNT; p++)
        job.is_wanted[p] = is_wanted(options, (enum conformance_property)p);
    conformance_check(&job, options->arena, &outcome->report);
    outcome->is_interrupted = *job.is_interrupted != 0;
}

/* What came out, for people */

static const char *verdict_name(enum conformance_verdict verdict)
{
    switch (verdict) {
    case CONFORMANCE_HOLDS: return "holds";
    case CONFORMANCE_FAILS: return "fails";
    case CONFORMANCE_UNCHECKED: return "unchecked";
    }
    return "unknown";
}

static enum page_style verdict_style(enum conformance_verdict verdict)
{
    switch (verdict) {
    case CONFORMANCE_HOLDS: return PAGE_GOOD;
    case CONFORMANCE_FAILS: return PAGE_BAD;
    case CONFORMANCE_UNCHECKED: return PAGE_UNSURE;
    }
    return PAGE_PLAIN;
}

static const char *capabilities_text(struct arena *arena, const struct rce_engine *table)
{
    static const struct {
        uint32_t bit;
        const char *word;
    } words[] = {{RCE_CAN_SAVE, "save"}, {RCE_CAN_LOAD, "load"}, {RCE_CAN_DIGEST, "digest"}};
    const char *text = "";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((table->capabilities & words[i].bit) != 0)
            text = arena_print(arena, "%s%s%s", text, *text == '\0' ? "" : ", ", words[i].word);
    return *text == '\0' ? "none" : text;
}

/* A line of the protocol: the plan, or an input. */
static struct message_text begin_line(const struct outcome *outcome, const struct rce_plan *plan)
{
    struct message_text text = {.bytes = arena_take(outcome->options->arena, LINE_ROOM_BYTES),
                                .room_bytes = LINE_ROOM_BYTES - 1};
    message_write_begin(&text, 1, plan);
    return text;
}

static struct message_text step_line(const struct outcome *outcome, const struct rce_input *input)
{
    struct message_text text = {.bytes = arena_take(outcome->options->arena, LINE_ROOM_BYTES),
                                .room_bytes = LINE_ROOM_BYTES - 1};
    message_write_step(&text, 1, input);
    return text;
}

/* Break a line of JSON after commas; where there is none it is too long. */
static void print_line(const struct page *page, const struct message_text *text)
{
    enum { INDENT = 2, FURTHER = 6 };
    size_t size_bytes = text->size_bytes - 1; /* without its newline */
    size_t at = 0;
    int indent = INDENT;
    while (at < size_bytes) {
        size_t room = (size_t)(page->width - indent);
        size_t left = size_bytes - at, length = left;
        if (left > room) {
            length = room;
            while (length > 0 && text->bytes[at + length - 1] != ',')
                length--;
            length = length > 0 ? length : room;
        }
        fprintf(page->file, "%*s%.*s\n", indent, "", (int)length, text->bytes + at);
        at += length;
        indent = FURTHER;
    }
}

static void print_finding(const struct outcome *outcome, const struct page *page,
                          enum conformance_property property)
{
    struct arena *arena = outcome->options->arena;
    const struct conformance_finding *finding = outcome->report.results[property].finding;
    putc('\n', page->file);
    page_style(page, PAGE_BAD);
    fprintf(page->file, "%s", conformance_name(property));
    page_style(page, PAGE_PLAIN);
    putc('\n', page->file);
    page_paragraph(page, 2, finding->text);
    page_paragraph(page, 2,
                   arena_print(arena, "With %s, after %u input%s (%u when it was found):",
                               outcome->subjects[finding->subject].label, finding->count,
                               finding->count == 1 ? "" : "s", finding->count_before));
    struct message_text line = begin_line(outcome, finding->plan);
    print_line(page, &line);
    for (uint32_t i = 0; i < finding->count; i++) {
        bool is_shown =
            finding->count <= SHOWN_MAX || i < SHOWN_MAX / 2 || i >= finding->count - SHOWN_MAX / 2;
        if (i == SHOWN_MAX / 2 && !is_shown)
            fprintf(page->file, "  (%u more; --output writes all of them)\n",
                    finding->count - SHOWN_MAX);
        if (!is_shown)
            continue;
        line = step_line(outcome, &finding->inputs[i]);
        print_line(page, &line);
    }
}

static void print_table(const struct outcome *outcome, const struct page *page)
{
    struct table *table = table_create(outcome->options->arena);
    table_add_column(table, "property", TABLE_LEFT);
    table_add_column(table, "result", TABLE_LEFT);
    table_add_column(table, "the engine", TABLE_LEFT);
    table_add_column(table, "tries", TABLE_RIGHT);
    for (int p = 0; p < CONFORMANCE_COUNT; p++) {
        const struct conformance_result *result = &outcome->report.results[p];
        if (!is_wanted(outcome->options, (enum conformance_property)p))
            continue;
        table_add(table, conformance_name((enum conformance_property)p));
        table_add_styled(table, verdict_name(result->verdict), verdict_style(result->verdict));
        table_add(table, conformance_clause((enum conformance_property)p));
        table_print_cell(table, "%llu", (unsigned long long)result->tries);
    }
    table_print(table, page);
}

/* How many properties ended so. */
static int count(const struct outcome *outcome, enum conformance_verdict verdict)
{
    int found = 0;
    for (int p = 0; p < CONFORMANCE_COUNT; p++)
        found += outcome->report.results[p].verdict == verdict;
    return found;
}

static void print_reasons(const struct outcome *outcome, const struct page *page)
{
    bool is_first = true;
    for (int p = 0; p < CONFORMANCE_COUNT; p++) {
        const struct conformance_result *result = &outcome->report.results[p];
        if (result->reason == NULL || !is_wanted(outcome->options, (enum conformance_property)p))
            continue;
        if (is_first)
            putc('\n', page->file);
        is_first = false;
        page_paragraph(
            page, 2,
            arena_print(outcome->options->arena, "%s%s: %s.",
                        conformance_name((enum conformance_property)p),
                        result->verdict == CONFORMANCE_HOLDS ? " (in part)" : " (unchecked)",
                        result->reason));
    }
}

static void print_outcome(const struct outcome *outcome)
{
    struct page page = page_of(stdout);
    struct arena *arena = outcome->options->arena;
    const struct conformance_report *report = &outcome->report;
    const struct rce_engine *table = outcome->subjects[0].engine->table;
    page_title(&page, outcome->subjects[0].engine->label);
    page_paragraph(&page, 0,
                   arena_print(arena,
                               "Capabilities: %s. Walks: %llu, %llu inputs; %llu ended "
                               "with DONE, %llu with FAIL.%s",
                               capabilities_text(arena, table), (unsigned long long)report->walks,
                               (unsigned long long)report->inputs, (unsigned long long)report->done,
                               (unsigned long long)report->failed,
                               outcome->is_interrupted ? " Interrupted." : ""));
    putc('\n', stdout);
    print_table(outcome, &page);
    print_reasons(outcome, &page);
    for (int p = 0; p < CONFORMANCE_COUNT; p++)
        if (report->results[p].verdict == CONFORMANCE_FAILS)
            print_finding(outcome, &page, (enum conformance_property)p);
    putc('\n', stdout);
    page_paragraph(
        &page, 0,
        arena_print(
            arena, "%d of %d properties hold as far as they were tried; %d failed, %d unchecked.%s",
            count(outcome, CONFORMANCE_HOLDS), CONFORMANCE_COUNT, count(outcome, CONFORMANCE_FAILS),
            count(outcome, CONFORMANCE_UNCHECKED),
            report->done == 0 ? " No walk came to DONE, so much of what the "
                                "engine can do was never seen."
                              : ""));
}

/* For programs */

static json_t *line_json(const struct message_text *text)
{
    return json_loadb(text->bytes, text->size_bytes, 0, NULL);
}

static json_t *finding_json(const struct outcome *outcome,
                            const struct conformance_finding *finding)
{
    json_t *lines = json_array();
    struct message_text line = begin_line(outcome, finding->plan);
    json_array_append_new(lines, line_json(&line));
    for (uint32_t i = 0; i < finding->count; i++) {
        line = step_line(outcome, &finding->inputs[i]);
        json_array_append_new(lines, line_json(&line));
    }
    return json_pack("{s:s, s:s, s:i, s:i, s:o}", "text", finding->text, "options",
                     outcome->subjects[finding->subject].label, "inputs", (int)finding->count,
                     "inputs_when_found", (int)finding->count_before, "lines", lines);
}

static void print_json(const struct outcome *outcome)
{
    const struct conformance_report *report = &outcome->report;
    const struct rce_engine *table = outcome->subjects[0].engine->table;
    json_t *rows = json_array();
    for (int p = 0; p < CONFORMANCE_COUNT; p++) {
        const struct conformance_result *result = &report->results[p];
        json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:s?}", "property",
                                conformance_name((enum conformance_property)p), "claim",
                                conformance_clause((enum conformance_property)p), "result",
                                verdict_name(result->verdict), "tries", (json_int_t)result->tries,
                                "reason", result->reason);
        json_object_set_new(row, "failure",
                            result->verdict == CONFORMANCE_FAILS
                                ? finding_json(outcome, result->finding)
                                : json_null());
        json_array_append_new(rows, row);
    }
    json_t *root = json_pack(
        "{s:i, s:{s:s, s:s, s:s, s:i, s:s}, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "schema_version",
        1, "engine", "label", outcome->subjects[0].engine->label, "name", table->name, "version",
        table->version, "abi", (int)table->abi, "capabilities",
        capabilities_text(outcome->options->arena, table), "seed",
        (json_int_t)outcome->options->seed, "walks", (json_int_t)report->walks, "inputs",
        (json_int_t)report->inputs, "done", (json_int_t)report->done, "failed",
        (json_int_t)report->failed, "is_interrupted", outcome->is_interrupted, "properties", rows);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putc('\n', stdout);
    json_decref(root);
}

/* As files */

static bool write_history(const struct outcome *outcome, enum conformance_property property,
                          struct error *error)
{
    const struct options *options = outcome->options;
    const struct conformance_finding *finding = outcome->report.results[property].finding;
    const struct conformance_subject *subject = &outcome->subjects[finding->subject];
    const char *path =
        arena_print(options->arena, "%s-%s.jsonl", options->output, conformance_name(property));
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
    struct transcript_writer *writer = transcript_write(options->arena, file);
    transcript_put_start(writer, subject->engine->table, subject->options,
                         options->config != NULL ? options->config : "{}");
    transcript_put_begin(writer, 1, finding->plan);
    for (uint32_t i = 0; i < finding->count; i++) {
        struct message_text line = step_line(outcome, &finding->inputs[i]);
        fwrite(line.bytes, 1, line.size_bytes, file);
    }
    bool is_good = !ferror(file);
    if (fclose(file) != 0 || !is_good)
        return error_set(error, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
    return true;
}

/* Comparing with histories */

static bool check_file(const struct options *options, const struct engine_spec *spec,
                       struct replayed *replayed, struct error *error)
{
    FILE *file = fopen(replayed->path, "r");
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot read %s: %s", replayed->path, strerror(errno));
    bool is_good =
        history_check(file, replayed->path, spec, options->arena, &replayed->result, error);
    fclose(file);
    return is_good;
}

static int check_histories(const struct options *options)
{
    struct engine_spec spec;
    struct error error;
    struct replayed *list;
    size_t count;
    bool has_compared = false, differs = false;
    const volatile sig_atomic_t *interrupted = interrupt_catch();
    if (!engine_spec_parse(&spec, options->arena, options->engine, &error) ||
        !replayed_find(options->history, options->arena, &list, &count, &error))
        return options_fail(&error);
    spec.config = options->config;
    spec.interrupted = interrupted;
    for (size_t i = 0; i < count; i++) {
        if (*interrupted != 0)
            return INTERRUPT_STATUS;
        if (!check_file(options, &spec, &list[i], &error))
            return options_fail(&error);
        has_compared = has_compared || list[i].result.compared > 0;
        differs = differs || list[i].result.differs;
    }
    if (*interrupted != 0)
        return INTERRUPT_STATUS;
    if (options->is_json)
        replayed_print_json(list, count);
    else
        replayed_print(list, count, &spec, options->arena);
    if (differs)
        return COMMAND_THRESHOLD_FAILED;
    return has_compared ? 0 : COMMAND_INCONCLUSIVE;
}

int command_check_engine(int argc, char **argv)
{
    struct options options = {.arena = arena_create("check-engine", 0), .seed = 1};
    struct error error;
    parse_options(&options, argc, argv);
    struct outcome *outcome = arena_take(options.arena, sizeof *outcome);
    outcome->options = &options;
    int status = 0;
    if (options.history != NULL) {
        status = check_histories(&options);
        arena_destroy(options.arena);
        return status;
    }
    if (!open_subjects(outcome, &error)) {
        status = options_fail(&error);
        arena_destroy(options.arena);
        return status;
    }
    check(outcome);
    if (options.is_json)
        print_json(outcome);
    else
        print_outcome(outcome);
    for (int p = 0; p < CONFORMANCE_COUNT && options.output != NULL && status == 0; p++)
        if (outcome->report.results[p].verdict == CONFORMANCE_FAILS &&
            !write_history(outcome, (enum conformance_property)p, &error))
            status = options_fail(&error);
    if (status == 0 && outcome->is_interrupted)
        status = INTERRUPT_STATUS;
    if (status == 0 && count(outcome, CONFORMANCE_FAILS) > 0)
        status = COMMAND_THRESHOLD_FAILED;
    arena_destroy(options.arena);
    return status;
}
