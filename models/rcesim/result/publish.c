#include "models/rcesim/result/publish.h"

#include <stdio.h>

#include "models/rcesim/command.h"
#include "models/rcesim/result/console.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/result/judged.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/store.h"
#include "reports/junit.h"
#include "reports/output.h"
#include "reports/process.h"

/* Write the whole directory, or nothing. A missing chart is no failure of the directory. */
static bool write_result(const struct directory_target *target, const struct outcome *outcome,
                         const struct process_patience *patience, struct store_drawing *drawing,
                         struct error *error)
{
    struct directory *directory;
    if (!directory_open(&directory, outcome->arena, target, error))
        return false;
    if (!store_write(directory, outcome, error) ||
        !store_draw(directory, outcome, patience, drawing, error)) {
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

static int status_of(const struct outcome *outcome, bool is_interrupted, bool is_drawn)
{
    if (outcome->result->is_partial || is_interrupted)
        return INTERRUPT_STATUS;
    int status = command_verdict_status(outcome->verdict);
    return status != 0 || is_drawn ? status : ERROR_CHART;
}

bool publication_check(const struct publication *publication, struct error *error)
{
    return directory_check(&publication->target, error) &&
           (publication->junit == NULL || output_check(publication->junit, error));
}

/* The thresholds for CI. */
static bool write_junit(const struct publication *publication, const struct outcome *outcome,
                        struct error *error)
{
    if (publication->junit == NULL)
        return true;
    const struct configuration *configuration = outcome->configuration;
    size_t count = configuration->threshold_count;
    struct junit_case *cases = arena_take_array(outcome->arena, count + 1, sizeof *cases);
    for (size_t i = 0; i < count; i++)
        cases[i] = judged_case(outcome->arena, outcome->result->model,
                               &configuration->thresholds[i], &outcome->thresholds[i]);
    const struct junit_property properties[] = {
        {"question", configuration->question},
        {"identity", identity_line(&outcome->identity, outcome->arena)},
        {"command", outcome->identity.command},
    };
    struct junit_suite suite = {
        .name = arena_print(outcome->arena, "rcesim.%s", outcome->identity.scenario),
        .properties = properties,
        .property_count = sizeof properties / sizeof properties[0],
        .cases = cases,
        .case_count = count,
    };
    return junit_write(publication->junit, &suite, error);
}

int publication_publish(const struct publication *publication)
{
    const struct result *result = publication->result;
    /* The simulation's Ctrl-C was for the simulation; one more is for the drawing. */
    struct process_patience patience = {
        .interrupted = interrupt_catch(),
        .notice = publication->is_quiet ? NULL : "rcesim: drawing the chart",
    };
    const struct outcome *outcome = outcome_create(publication->arena, publication->configuration,
                                                   result, &publication->commands);
    struct error error;
    struct store_drawing drawing = {0};
    struct directory_target target = publication->target;
    if (result->is_partial)
        interrupt_spare(&target, publication->arena);
    bool is_written = write_result(&target, outcome, &patience, &drawing, &error);
    print_result(publication->is_json, outcome, is_written ? target.path : NULL);
    fflush(stdout); /* So that messages come after it where both go to one place. */
    if (!is_written)
        return options_fail(&error);
    if (!write_junit(publication, outcome, &error))
        return options_fail(&error);
    if (!drawing.is_drawn)
        fprintf(stderr, "rcesim: no chart: %s\n", drawing.reason.message);
    return status_of(outcome, *patience.interrupted != 0, drawing.is_drawn);
}
