#include "models/rcesim/result/publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/command.h"
#include "models/rcesim/result/bundle.h"
#include "models/rcesim/result/console.h"
#include "models/rcesim/result/database.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/result/judged.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/render.h"
#include "models/rcesim/result/store.h"
#include "reports/junit.h"
#include "reports/output.h"
#include "reports/process.h"

/* The thresholds for CI. */
static struct junit_suite suite_of(const struct outcome *outcome)
{
    struct arena *arena = outcome->arena;
    const struct configuration *configuration = outcome->configuration;
    size_t count = configuration->threshold_count;
    struct junit_case *cases = arena_take_array(arena, count + 1, sizeof *cases);
    for (size_t i = 0; i < count; i++)
        cases[i] = judged_case(arena, outcome->result->model, &configuration->thresholds[i],
                               &outcome->thresholds[i]);
    const struct junit_property properties[] = {
        {"question", configuration->question},
        {"identity", identity_line(&outcome->identity, arena)},
        {"command", outcome->identity.command},
    };
    size_t property_count = sizeof properties / sizeof properties[0];
    struct junit_property *kept = arena_take_array(arena, property_count, sizeof *kept);
    memcpy(kept, properties, sizeof properties);
    return (struct junit_suite){
        .name = arena_print(arena, "rcesim.%s", outcome->identity.scenario),
        .properties = kept,
        .property_count = property_count,
        .cases = cases,
        .case_count = count,
    };
}

/* The thresholds as one more file of the result. */
static bool write_own_junit(struct directory *directory, const char *name,
                            const struct outcome *outcome, struct error *error)
{
    struct junit_suite suite = suite_of(outcome);
    FILE *file = directory_create_file(directory, name, error);
    if (file == NULL)
        return false;
    junit_print(file, &suite);
    return directory_close_file(directory, name, file, error);
}

/* The name of the JUnit file where it belongs to the result, else NULL. */
static const char *own_junit(const struct publication *publication)
{
    if (publication->junit == NULL)
        return NULL;
    return directory_own_name(publication->target.path, publication->junit);
}

/* What the drawing of the chart is asked for and says. */
struct drawing {
    const struct process_patience *patience;
    struct render_report *report;
};

/* Write the whole directory, or nothing. A missing chart is no failure of the directory. */
static bool write_result(const struct publication *publication,
                         const struct directory_target *target, const struct outcome *outcome,
                         const struct drawing *drawing, struct error *error)
{
    struct directory *directory;
    const char *junit = own_junit(publication);
    if (!directory_open(&directory, outcome->arena, target, error))
        return false;
    struct render_job job = {
        .manifest = bundle_create(outcome), .directory = directory, .patience = drawing->patience};
    if (!store_write(directory, outcome, error) ||
        (junit != NULL && !write_own_junit(directory, junit, outcome, error)) ||
        !render(&job, drawing->report, error)) {
        directory_discard(directory);
        return false;
    }
    return directory_commit(directory, error);
}

static void print_result(bool is_json, const struct outcome *outcome, const char *directory)
{
    if (is_json) {
        json_t *value = outcome_json(outcome);
        identity_write_json(value, stdout);
        json_decref(value);
        return;
    }
    struct page page = page_of(stdout);
    console_print(outcome, directory, &page);
}

/* A precision that was not reached is as inconclusive as a threshold. */
static bool is_imprecise(const struct outcome *outcome)
{
    const struct enough *enough = outcome->commands.enough;
    return enough != NULL && enough->rule == STOP_HALF_WIDTH && !enough->is_met;
}

static int status_of(const struct outcome *outcome, bool is_interrupted, bool is_drawn)
{
    if (outcome->result->is_partial || is_interrupted)
        return INTERRUPT_STATUS;
    int status = command_verdict_status(outcome->verdict);
    if (status == 0 && is_imprecise(outcome))
        status = COMMAND_INCONCLUSIVE;
    return status != 0 || is_drawn ? status : ERROR_CHART;
}

static bool check_junit(const struct publication *publication, struct error *error)
{
    const char *path = publication->junit;
    if (path == NULL)
        return true;
    if (strcmp(path, "-") == 0)
        return error_set(error, ERROR_USAGE,
                         "--junit takes a file: on standard output the XML would stand among the "
                         "tables");
    const char *name = own_junit(publication);
    const char *within = arena_print(publication->arena, "%s/-", path);
    if (directory_own_name(publication->target.path, within) != NULL)
        return error_set(
            error, ERROR_USAGE,
            "--junit %s is the result directory; name a file, such as %s/thresholds.xml", path,
            path);
    if (name == NULL)
        return output_check(path, error);
    const char *end = strrchr(name, '.');
    if (*name == '.' || end == NULL || strcmp(end, ".xml") != 0 || strchr(name, '\n') != NULL)
        return error_set(error, ERROR_USAGE,
                         "--junit %s: in the result directory itself the name has to end in .xml, "
                         "so that it is none of the result's own",
                         path);
    return true;
}

static bool check_recording(const struct publication *publication, struct error *error)
{
    const struct recording *recording = publication->recording;
    if (recording == NULL)
        return true;
    const char *within = arena_print(publication->arena, "%s/-", recording->target.path);
    if (directory_own_name(publication->target.path, recording->target.path) != NULL ||
        directory_own_name(publication->target.path, within) != NULL ||
        directory_own_name(recording->target.path, publication->target.path) != NULL)
        return error_set(error, ERROR_USAGE,
                         "--record %s: histories need a folder of their own, neither in the result "
                         "directory %s nor around it",
                         recording->target.path, publication->target.path);
    return recording_check(recording, error);
}

bool publication_check(const struct publication *publication, struct error *error)
{
    return directory_check(&publication->target, error) && check_junit(publication, error) &&
           (publication->database == NULL || database_check(publication->database, error)) &&
           check_recording(publication, error);
}

/* Thresholds that nobody judged must not be taken for some that were met. */
static void note_left_out(const struct publication *publication)
{
    size_t count = publication->configuration->threshold_left_out_count;
    if (count > 0 && !publication->is_quiet)
        fprintf(stderr, "rcesim: %s\n",
                configure_left_out_text(publication->arena, publication->configuration));
}

/* Add the result to the database, if there is to be one and the result is whole. */
static int add_to_database(const struct publication *publication, const struct outcome *outcome)
{
    if (publication->database == NULL)
        return 0;
    struct database_job job = {
        .path = publication->database, .outcome = outcome, .interrupted = interrupt_catch()};
    struct error error;
    bool was_interrupted = outcome->result->is_partial;
    if (!was_interrupted && database_add(&job, &was_interrupted, &error))
        return 0;
    if (!was_interrupted) {
        int status = options_fail(&error);
        fputs("rcesim: the result itself is whole; to add it later: rcesim merge ", stderr);
        page_put(stderr, options_quote(publication->arena, publication->target.path));
        fputs(" -o OTHER --db FILE\n", stderr);
        return status;
    }
    fputs("rcesim: interrupted; as it was: ", stderr);
    page_put(stderr, publication->database);
    putc('\n', stderr);
    return INTERRUPT_STATUS;
}

static void tell_recorded(const struct publication *publication,
                          const struct recording_report *report)
{
    const char *folder = options_quote(publication->arena, publication->recording->target.path);
    fprintf(stderr,
            "rcesim: %zu histor%s of %" PRIu64 " workflow%s, %" PRIu64 " left out, %.1f MiB, in ",
            report->history_count, report->history_count == 1 ? "y" : "ies", report->workflow_count,
            report->workflow_count == 1 ? "" : "s", report->left_out_count,
            (double)report->size_bytes / (1 << 20));
    page_put(stderr, folder);
    fprintf(stderr, "\n  rcesim check-engine ENGINE --history %s\n", folder);
    if (report->shared_count > 0)
        fprintf(stderr,
                "rcesim: of %u variant%s all workflows were recorded, because they share a retry "
                "budget or a limiter\n",
                report->shared_count, report->shared_count == 1 ? "" : "s");
    if (report->cut_count > 0)
        fprintf(stderr, "rcesim: %zu histor%s cut; --record-mib gives room for more\n",
                report->cut_count, report->cut_count == 1 ? "y is" : "ies are");
}

/* Write the histories, if there are to be some and nobody has interrupted so far. */
static int record_histories(const struct publication *publication, bool was_interrupted)
{
    struct recording_report report;
    struct error error;
    if (publication->recording == NULL)
        return 0;
    if (was_interrupted) {
        fprintf(stderr, "rcesim: interrupted; no histories are written\n");
        return INTERRUPT_STATUS;
    }
    interrupt_catch();
    if (!recording_write(publication->recording, publication->result, &report, &error)) {
        if (error.code != ERROR_INTERRUPTED) {
            int status = options_fail(&error);
            fputs("rcesim: no histories are written; the result itself is whole, in ", stderr);
            page_put(stderr, publication->target.path);
            putc('\n', stderr);
            return status;
        }
        fprintf(stderr, "rcesim: interrupted; no histories are written\n");
        return INTERRUPT_STATUS;
    }
    if (!publication->is_quiet)
        tell_recorded(publication, &report);
    return 0;
}

int publication_publish(const struct publication *publication)
{
    const struct result *result = publication->result;
    /* The simulation's Ctrl-C was for the simulation; one more is for the drawing. */
    struct process_patience patience = {
        .interrupted = interrupt_catch(),
        .notice = publication->is_quiet ? NULL : "rcesim: drawing the charts",
    };
    static const volatile sig_atomic_t never_mind = 1;
    if (publication->is_undrawn)
        patience.interrupted = &never_mind;
    const struct outcome *outcome = outcome_create(publication->arena, publication->configuration,
                                                   result, &publication->commands);
    struct error error;
    struct render_report report = {0};
    struct directory_target target = publication->target;
    if (result->is_partial)
        interrupt_spare(&target, publication->arena);
    struct drawing job = {.patience = &patience, .report = &report};
    bool is_written = write_result(publication, &target, outcome, &job, &error);
    print_result(publication->is_json, outcome, is_written ? target.path : NULL);
    fflush(stdout); /* So that messages come after it where both go to one place. */
    if (!is_written)
        return options_fail(&error);
    if (publication->junit != NULL && own_junit(publication) == NULL) {
        struct junit_suite suite = suite_of(outcome);
        if (!junit_write(publication->junit, &suite, &error))
            return options_fail(&error);
    }
    bool was_interrupted =
        result->is_partial || (!publication->is_undrawn && *patience.interrupted != 0);
    int added = add_to_database(publication, outcome);
    if (added == 0)
        added = record_histories(publication, was_interrupted);
    if (added != 0)
        return added;
    note_left_out(publication);
    bool is_drawn = publication->is_undrawn || render_complain(&report);
    return status_of(outcome, was_interrupted, is_drawn);
}
