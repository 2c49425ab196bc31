#include "models/rcesim/run/enough.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/experiment/plan.h"
#include "sim/experiment/summary.h"
#include "sim/experiment/threshold.h"

const char *enough_rule_name(enum stop_rule rule)
{
    switch (rule) {
    case STOP_FIXED: return "fixed";
    case STOP_HALF_WIDTH: return "half_width";
    case STOP_DECIDE: return "decide";
    }
    check_failed(__FILE__, __LINE__, "a known rule");
}

/* What one look at a result says. */
struct look {
    struct plan_demand *demands;
    size_t demand_count;
    const struct plan_demand *hardest; /* NULL where nothing is demanded. */
    bool is_met;
};

static void conclude(struct look *look)
{
    look->is_met = true;
    for (size_t i = 0; i < look->demand_count; i++) {
        const struct plan_demand *demand = &look->demands[i];
        look->is_met = look->is_met && demand->is_met;
        if (look->hardest == NULL || demand->shrink < look->hardest->shrink)
            look->hardest = demand;
    }
}

/* What of the thresholds is decided? Those about the sample are, whatever it is. */
static struct look look_at_thresholds(struct arena *arena,
                                      const struct configuration *configuration,
                                      const struct summary *summary)
{
    size_t count = configuration->threshold_count;
    struct look look = {.demands = arena_take_array(arena, count + 1, sizeof *look.demands)};
    for (size_t i = 0; i < count; i++) {
        const struct threshold *threshold = &configuration->thresholds[i];
        struct threshold_result judged = threshold_judge(threshold, summary, arena);
        bool is_about_sample = judged.is_sample || threshold->relation == THRESHOLD_EQUAL;
        if (!is_about_sample)
            look.demands[look.demand_count++] =
                plan_decision(threshold->text, &judged.interval, judged.low, judged.high);
    }
    conclude(&look);
    return look;
}

static struct look look_at_precisions(struct arena *arena,
                                      const struct configuration *configuration,
                                      const struct summary *summary)
{
    const struct stop *stop = &configuration->stop;
    struct look look = {
        .demands = arena_take_array(arena, stop->precision_count + 1, sizeof *look.demands)};
    for (size_t i = 0; i < stop->precision_count; i++) {
        const struct precision *precision = &stop->precisions[i];
        struct threshold_result judged = threshold_judge(&precision->claim, summary, arena);
        look.demands[look.demand_count++] =
            plan_half_width(precision->text, &judged.interval, precision->half_width);
    }
    conclude(&look);
    return look;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Tell people what is to come. The clock is for them alone. */
static void announce(const struct simulation *simulation, uint32_t more_count,
                     double seconds_per_replication, const struct look *look)
{
    if (simulation->work->is_quiet || simulation->is_silent)
        return;
    double seconds = more_count * seconds_per_replication;
    fprintf(stderr, "rcesim: about %" PRIu32 " more replications, %.*f s", more_count,
            seconds < 10 ? 1 : 0, seconds);
    if (look->hardest != NULL)
        fprintf(stderr, ", for %s", look->hardest->text);
    putc('\n', stderr);
}

static bool is_interrupted(const struct simulation *simulation)
{
    return simulation->interrupted != NULL && *simulation->interrupted != 0;
}

static const char *reason_of_decision(struct arena *arena, const struct look *look,
                                      uint32_t pilot_count, uint32_t planned_count,
                                      uint32_t most_count)
{
    if (look->hardest == NULL)
        return "no threshold is about a true value, so the number of the pilot was kept";
    if (look->hardest->shrink == 0)
        return arena_print(arena,
                           "the budget: the pilot saw nothing from which to plan a decision of %s",
                           look->hardest->text);
    if (planned_count == most_count)
        return arena_print(arena, "the budget: %s would need more", look->hardest->text);
    return arena_print(arena,
                       "if a pilot of %" PRIu32 " is right, so many decide each with a "
                       "probability of %.0f %%; the hardest: %s",
                       pilot_count, 100 * PLAN_POWER, look->hardest->text);
}

/* What does the rule of the scenario demand of a result? */
static struct look look_at(struct arena *arena, const struct configuration *configuration,
                           const struct result *result)
{
    const struct summary *summary = summary_create(arena, result, configuration->confidence);
    return configuration->stop.rule == STOP_DECIDE
               ? look_at_thresholds(arena, configuration, summary)
               : look_at_precisions(arena, configuration, summary);
}

/* Plan from worlds that will not be looked at again (plan.h says why). */
static bool plan_by_pilot(const struct simulation *simulation, struct arena *arena,
                          struct enough *report, struct error *error)
{
    const struct stop *stop = &simulation->configuration->stop;
    struct simulation pilot = *simulation;
    pilot.first_replication = PLAN_PILOT_FIRST;
    pilot.replication_count = stop->pilot_count;
    pilot.rows_replication_count = 0;
    pilot.label = "pilot";
    double start_s = seconds_now();
    struct result *seen;
    if (!simulate(&pilot, &seen, error))
        return false;
    double each_s = (seconds_now() - start_s) / stop->pilot_count;
    uint32_t most_count = stop->budget_count - stop->pilot_count;
    uint32_t planned_count = stop->pilot_count;
    if (!is_interrupted(simulation)) {
        struct look look = look_at(arena, simulation->configuration, seen);
        planned_count =
            plan_replication_count(look.demands, look.demand_count, stop->pilot_count, most_count);
        report->is_met = look.hardest == NULL || planned_count < most_count;
        report->reason =
            reason_of_decision(arena, &look, stop->pilot_count, planned_count, most_count);
        announce(simulation, planned_count, each_s, &look);
    }
    result_destroy(seen);
    report->pilot_count = stop->pilot_count;
    report->replication_count = planned_count;
    return true;
}

/* How far the next round goes: as far as is planned, and at least a tenth further, so that rounds
 * do not become many. */
static uint32_t next_count(const struct look *look, uint32_t done_count, uint32_t most_count)
{
    uint32_t planned =
        plan_replication_count(look->demands, look->demand_count, done_count, most_count);
    uint32_t least = done_count + done_count / 10 + 1;
    planned = planned < least ? least : planned;
    return planned > most_count ? most_count : planned;
}

static bool run_half_width(const struct simulation *simulation, struct arena *arena,
                           struct result **result, struct enough *report, struct error *error)
{
    const struct stop *stop = &simulation->configuration->stop;
    uint32_t most_count = stop->budget_count - stop->pilot_count;
    uint32_t until = report->replication_count;
    double start_s = seconds_now();
    report->is_met = false;
    report->reason = NULL;
    for (;;) {
        report->replication_count = until;
        if (!simulate_more(simulation, result, until, error)) {
            result_destroy(*result);
            *result = NULL;
            return false;
        }
        if ((*result)->is_partial)
            return true;
        struct look look = look_at(arena, simulation->configuration, *result);
        report->is_met = look.is_met;
        if (look.is_met || until >= most_count) {
            report->reason = look.is_met ? "all precisions are reached"
                                         : arena_print(arena, "the budget: %s is not reached",
                                                       look.hardest->text);
            return true;
        }
        uint32_t next = next_count(&look, until, most_count);
        announce(simulation, next - until, (seconds_now() - start_s) / until, &look);
        until = next;
    }
}

bool enough_plan(const struct simulation *simulation, struct arena *arena, struct enough *report,
                 struct error *error)
{
    const struct stop *stop = &simulation->configuration->stop;
    *report = (struct enough){.rule = stop->rule};
    switch (stop->rule) {
    case STOP_FIXED:
        report->replication_count = simulation->configuration->replication_count;
        report->is_met = true;
        report->reason = "the number of the scenario";
        return true;
    case STOP_HALF_WIDTH:
    case STOP_DECIDE: return plan_by_pilot(simulation, arena, report, error);
    }
    check_failed(__FILE__, __LINE__, "a known rule");
}

bool enough_run(const struct simulation *simulation, struct arena *arena, struct result **result,
                struct enough *report, struct error *error)
{
    CHECK(*result == NULL || report->rule != STOP_HALF_WIDTH);
    if (report->rule == STOP_HALF_WIDTH)
        return run_half_width(simulation, arena, result, report, error);
    return simulate_more(simulation, result, report->replication_count, error);
}
