#include "models/rcesim/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/enrich.h"
#include "models/rcesim/result/render.h"
#include "reports/directory.h"
#include "reports/manifest.h"
#include "sim/base/text.h"

enum option_key { KEY_OUTPUT = 'o', KEY_QUIET = 'q', KEY_ONLY = 512, KEY_PNG, KEY_WITH, KEY_FORCE };

struct options {
    struct arena *arena;
    const char *folder;
    const char *output; /* NULL: the folder itself. */
    struct options_list only, with;
    bool has_png, is_forced, is_quiet;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_OUTPUT: options->output = argument; return 0;
    case KEY_FORCE: options->is_forced = true; return 0;
    case KEY_QUIET: options->is_quiet = true; return 0;
    case KEY_PNG: options->has_png = true; return 0;
    case KEY_ONLY: options_list_add(&options->only, options->arena, argument); return 0;
    case KEY_WITH: options_list_add(&options->with, options->arena, argument); return 0;
    case ARGP_KEY_ARG:
        if (options->folder != NULL)
            argp_error(state, "one folder at a time");
        options->folder = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->folder == NULL)
            argp_error(state, "the folder of a result is missing");
        if (options->output != NULL && options->only.count > 0)
            argp_error(state, "--only draws into the folder of the result, so it does not go with "
                              "--output: the other pictures would be missing there");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"only", KEY_ONLY, "CHART", 0,
         "Draw only this chart again; may be given several times. The pages are made in any case",
         1},
        {"png", KEY_PNG, NULL, 0, "Draw every chart as PNG as well", 1},
        {"with", KEY_WITH, "DIR", 0,
         "Put what a study found into the page: the result of explore, ablate, sweep, policies, "
         "calibrate or fit; may be given several times",
         1},
        {"output", KEY_OUTPUT, "DIR", 0, "Write to another folder (default: into the result)", 1},
        {"force", KEY_FORCE, NULL, 0, "Replace a report that is there, with --output", 1},
        {"quiet", KEY_QUIET, NULL, 0, "No notices", 1},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "DIR",
        .doc =
            "Make the pages and the charts of a result again, from its folder alone: report.html "
            "and report.md from report.json, and each chart from its .tsv."
            "\vWords can be edited in report.json and data in the .tsv files first; the .gp "
            "files are written again. What `rcesim explore -o DIR/explore` has left is put into "
            "the "
            "page. Exit status 5: a picture is missing because gnuplot is "
            "missing or failed; the pages are written and say so.",
    };
    command_parse(&argp, argc, argv, options);
}

static bool check_only(const struct options *options, const struct manifest *manifest,
                       struct error *error)
{
    for (size_t i = 0; i < options->only.count; i++) {
        const char *name = options->only.items[i];
        if (manifest_find_chart(manifest, name) != NULL)
            continue;
        const char **names =
            arena_take_array(options->arena, manifest->chart_count + 1, sizeof *names);
        const char *list = "";
        for (size_t k = 0; k < manifest->chart_count; k++) {
            names[k] = manifest->charts[k]->name;
            list = arena_print(options->arena, "%s%s%s", list, k > 0 ? ", " : "", names[k]);
        }
        const char *closest = text_closest(name, names, manifest->chart_count);
        if (closest != NULL)
            return error_set(error, ERROR_USAGE,
                             "--only: there is no chart \"%s\"; did you mean \"%s\"?", name,
                             closest);
        return error_set(error, ERROR_USAGE, "--only: there is no chart \"%s\"; there are: %s",
                         name, list);
    }
    return true;
}

static bool read_all(const struct options *options, struct manifest **manifest, struct error *error)
{
    struct manifest *run;
    if (!manifest_read_all(&run, options->arena, options->folder, error))
        return false;
    for (size_t i = 0; i < options->with.count; i++) {
        struct manifest *study;
        if (!manifest_read_all(&study, options->arena, options->with.items[i], error) ||
            !enrich(run, study, options->with.items[i], error))
            return error_context(error, "--with");
    }
    *manifest = run;
    return check_only(options, run, error);
}

static bool write_elsewhere(const struct options *options, struct render_job *job,
                            struct render_report *report, struct error *error)
{
    const struct directory_target target = {
        .path = options->output, .mark = MANIFEST_FILE, .replace = options->is_forced};
    if (!directory_open(&job->directory, options->arena, &target, error))
        return false;
    if (render(job, report, error))
        return directory_commit(job->directory, error);
    directory_discard(job->directory);
    return false;
}

static int report(const struct options *options)
{
    struct manifest *manifest = NULL;
    struct render_report drawn = {0};
    struct error error;
    if (!read_all(options, &manifest, &error))
        return options_fail(&error);
    struct process_patience patience = {
        .interrupted = interrupt_catch(),
        .notice = options->is_quiet ? NULL : "rcesim: drawing the charts",
    };
    struct render_job job = {
        .manifest = manifest,
        .folder = options->output == NULL ? options->folder : NULL,
        .is_source_there = options->output == NULL && options->with.count == 0,
        .has_png = options->has_png,
        .only = &options->only,
        .patience = &patience,
    };
    bool is_written = options->output != NULL ? write_elsewhere(options, &job, &drawn, &error)
                                              : render(&job, &drawn, &error);
    if (!is_written)
        return options_fail(&error);
    printf("Report: %s/%s\n", options->output != NULL ? options->output : options->folder,
           RENDER_PAGE);
    fflush(stdout);
    bool is_drawn = render_complain(&drawn);
    if (*patience.interrupted != 0)
        return INTERRUPT_STATUS;
    return is_drawn ? 0 : ERROR_CHART;
}

/* What was explored into the folder of the result (`explore -o DIR/explore`) belongs to its page.
 */
static void add_exploration(struct options *options)
{
    const char *folder = arena_print(options->arena, "%s/explore", options->folder);
    if (access(arena_print(options->arena, "%s/findings.json", folder), R_OK) == 0)
        options_list_add(&options->with, options->arena, folder);
}

int command_report(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.arena = arena};
    parse_options(&options, argc, argv);
    add_exploration(&options);
    int status = report(&options);
    arena_destroy(arena);
    return status;
}
