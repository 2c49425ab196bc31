#include "models/rcesim/run/alongside.h"

#include <stdlib.h>

#include "models/rcesim/command.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/run/closeness.h"
#include "models/rcesim/run/single.h"
#include "models/testbed/onlooker.h"
#include "models/testbed/pacer.h"
#include "models/testbed/testbed.h"
#include "models/vmc/model.h"
#include "sim/base/units.h"
#include "sim/stats/quantile.h"

/* How long after the beginning of its turn the driver came to an input, of the machine's time: what
 * comes meanwhile waits as long. The least is the zero. */
enum { LAGS_MAX = 1 << 20 };

struct lags {
    double values_ns[LAGS_MAX]; /* later ones take the places of the first */
    size_t count;
};

/* All that is gathered on the way. */
struct gathering {
    const struct alongside *alongside;
    struct arena *arena;
    struct vmc_config world; /* without what only a simulated engine suffers */
    struct vmc_parameters parameters;
    struct fidelity_side *others, *same, *live;
    struct carriage *carriage;
    struct fidelity_workflow *workflows; /* [workflows_count] */
    uint32_t *failed_counts;             /* [waves_count], of the other waves */
    struct lags *lags;
    struct alongside_report *report;
};

/* What the rows of the simulated wave say of calls. */
static void keep_simulated_calls(void *context, const struct model_run *run, const int64_t *values)
{
    struct gathering *gathering = context;
    (void)run;
    size_t workflow = (size_t)values[single_column(&vmc_model, "workflow")];
    gathering->workflows[workflow].simulated_calls = values[single_column(&vmc_model, "calls")];
}

static bool simulate_one(struct gathering *gathering, struct arena *arena, uint32_t replication,
                         struct fidelity_side *side, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    const struct vmc_parameters *parameters = &gathering->parameters;
    const void *settings =
        parameters->settings != NULL ? parameters->settings : parameters->options;
    const struct onlooker onlooker = {.engine = parameters->engine,
                                      .settings = settings,
                                      .watch = fidelity_watch,
                                      .context = side};
    struct onlooker_engine *watched = onlooker_create(arena, &onlooker);
    struct vmc_parameters mine = *parameters;
    mine.engine = onlooker_engine(watched);
    mine.settings = onlooker_settings(watched);
    bool is_same = side == gathering->same;
    struct model_sink sink = {.context = gathering, .row = keep_simulated_calls};
    const struct closeness wave = {.configuration = alongside->configuration,
                                   .parameters = &mine,
                                   .replication = replication,
                                   .interrupted = alongside->interrupted};
    const struct record *record;
    fidelity_next_wave(side);
    if (!closeness_simulate(&wave, is_same ? &sink : NULL, arena, &record, error))
        return false;
    for (uint32_t i = 0; is_same && i < record->unit_count; i++)
        gathering->workflows[i].simulated_failed = record_is_failed(record, i);
    if (!is_same) {
        uint32_t wave_index = replication - alongside->replication - 1;
        gathering->failed_counts[wave_index] = (uint32_t)record->values[METRIC_FAILURE_RATE];
        gathering->report->other_count += record->unit_count;
        gathering->report->other_failed_count += gathering->failed_counts[wave_index];
    }
    return true;
}

/* Is there memory for the steps of so many waves like the first one? */
static bool check_memory(const struct gathering *gathering, struct error *error)
{
    const double gib = 1024.0 * 1024 * 1024;
    uint32_t waves = gathering->alongside->waves_count;
    double steps = (double)gathering->same->steps_count;
    double needed = FIDELITY_STEP_BYTES * steps * waves;
    double available = 0.9 * configure_memory_available_bytes();
    if (needed <= available)
        return true;
    return error_set(error, ERROR_USAGE,
                     "%u simulated waves of %.0f steps need about %.1f GiB of memory, and %.1f GiB "
                     "are free; take fewer --waves or a smaller fleet",
                     waves, steps, needed / gib, available / gib);
}

static bool simulate_all(struct gathering *gathering, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    for (uint32_t i = 0; i <= alongside->waves_count; i++) {
        struct arena *arena = arena_create("wave", 0);
        bool is_good = simulate_one(gathering, arena, alongside->replication + i,
                                    i == 0 ? gathering->same : gathering->others, error);
        arena_destroy(arena);
        if (!is_good || (i == 0 && !check_memory(gathering, error)))
            return false;
    }
    return true;
}

/* What the driver's rows and record say. */
static void keep_live(struct gathering *gathering, const struct drive_outcome *outcome)
{
    const struct row_table *rows = outcome->rows;
    size_t workflow_column = single_column(&vmc_model, "workflow");
    size_t calls_column = single_column(&vmc_model, "calls");
    size_t ended_column = single_column(&vmc_model, "ended");
    size_t status_column = single_column(&vmc_model, "status");
    for (size_t i = 0; i < rows->row_count; i++) {
        const int64_t *values = &rows->values[i * rows->column_count];
        struct fidelity_workflow *workflow = &gathering->workflows[(size_t)values[workflow_column]];
        workflow->live_calls = values[calls_column];
        workflow->live_failed = values[status_column] != RCE_SUCCEEDED;
        if (values[ended_column] > gathering->report->wave_ns)
            gathering->report->wave_ns = values[ended_column];
    }
    gathering->report->timer_late_max_ns = outcome->timer_late_max_ns;
    gathering->report->timer_late_mean_ns = outcome->timer_late_mean_ns;
}

static void keep_truth(struct gathering *gathering, struct vmc_live *live)
{
    const struct alongside *alongside = gathering->alongside;
    uint64_t replayed =
        carriage_replay(gathering->carriage, &gathering->parameters, alongside->configuration->seed,
                        alongside->replication, vmc_live_now_ns(live));
    gathering->report->world =
        replayed == vmc_live_history_hash(live) ? FIDELITY_WORLD_SAME : FIDELITY_WORLD_OTHER;
    const struct record *truth = vmc_live_close(live, NULL, NULL);
    gathering->report->early_count =
        (uint64_t)truth->values[METRIC_FIRST_CAUSE + CAUSE_EARLY_TRIGGER];
    gathering->report->violations_count = truth->values[METRIC_VIOLATIONS];
}

/* The driver has one context for all that it tells. */
static void watch_live(void *context, uint32_t workflow, const struct rce_input *input,
                       const struct rce_actions *actions)
{
    struct gathering *gathering = context;
    struct lags *lags = gathering->lags;
    double turn_ns = (double)input->now_ns / gathering->alongside->speed;
    lags->values_ns[lags->count++ % LAGS_MAX] = (double)pacer_clock_ns() - turn_ns;
    fidelity_watch(gathering->live, workflow, input, actions);
    carriage_watch(gathering->carriage, workflow, input, actions);
}

static void show_live(void *context, const struct drive_progress *progress)
{
    const struct gathering *gathering = context;
    if (gathering->alongside->progress != NULL)
        gathering->alongside->progress(gathering->alongside->context, progress);
}

static bool drive_live(struct gathering *gathering, const char *url, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    const struct drive_settings settings = {
        .parameters = &gathering->parameters,
        .seed = alongside->configuration->seed,
        .replication = alongside->replication,
        .url = url,
        .speed = alongside->speed,
        .listen = "127.0.0.1:0",
        .client = "validate-live",
        .request_timeout_ns = 30 * UNITS_MIN,
        .identity = "validate-live",
        .interrupted = alongside->interrupted,
        .watch = watch_live,
        .progress = show_live,
        .context = gathering,
    };
    struct drive_outcome outcome;
    struct lateness_watch *watch = lateness_start(gathering->arena);
    struct arena *arena = arena_create("drive", 0);
    int64_t start_ns = pacer_clock_ns();
    bool is_good = drive_run(arena, &settings, &outcome, error);
    gathering->report->real_ns = pacer_clock_ns() - start_ns;
    gathering->report->lateness = lateness_stop(watch, alongside->shift_real_ns);
    if (is_good)
        keep_live(gathering, &outcome);
    arena_destroy(arena);
    return is_good;
}

static bool run_live(struct gathering *gathering, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    struct vmc_config world = gathering->world;
    struct vmc_parameters parameters = gathering->parameters;
    if (alongside->service_world != NULL)
        world = *alongside->service_world;
    world.crash = (struct vmc_crash){0};
    parameters.world = &world;
    const struct testbed_options options = {.parameters = &parameters,
                                            .seed = alongside->configuration->seed,
                                            .replication = alongside->replication,
                                            .listen = "127.0.0.1:0",
                                            .speed = alongside->speed,
                                            .title = "validate-live",
                                            .watch = carriage_rest_watch(gathering->carriage),
                                            .version = command_version};
    struct arena *arena = arena_create("service", 0);
    struct testbed *testbed;
    bool is_good = testbed_start(&testbed, arena, &options, error);
    if (is_good) {
        is_good = drive_live(gathering, testbed_url(testbed), error);
        struct vmc_live *live = testbed_stop(testbed);
        if (is_good)
            keep_truth(gathering, live);
    }
    arena_destroy(arena);
    return is_good;
}

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* The lag of all but one input in a thousand. */
static int64_t lag_ns(struct lags *lags)
{
    size_t count = lags->count < LAGS_MAX ? lags->count : LAGS_MAX;
    double least_ns = 0, value_ns = 0;
    qsort(lags->values_ns, count, sizeof lags->values_ns[0], by_value);
    quantile_sample(lags->values_ns, count, 0, &least_ns);
    quantile_sample(lags->values_ns, count, 0.999, &value_ns);
    return (int64_t)(value_ns - least_ns);
}

/* What was latest, and how late that was but for one in a thousand. */
static int64_t find_cause(const struct alongside *alongside, struct alongside_report *report)
{
    const double speed = alongside->speed;
    const int64_t late_ns[] = {
        [ALONGSIDE_THREADS] = (int64_t)((double)report->lateness.p999_ns * speed),
        [ALONGSIDE_DRIVER] = (int64_t)((double)report->lag_ns * speed),
        [ALONGSIDE_REQUESTS] = report->carriage.requests.p999_ns,
        [ALONGSIDE_CALLBACKS] = report->carriage.callbacks.p999_ns,
    };
    report->cause = ALONGSIDE_THREADS;
    for (int i = ALONGSIDE_DRIVER; i <= ALONGSIDE_CALLBACKS; i++)
        if (late_ns[i] > late_ns[report->cause])
            report->cause = (enum alongside_cause)i;
    return late_ns[report->cause];
}

/* How late the machine was. */
static void find_lateness(struct gathering *gathering)
{
    const struct alongside *alongside = gathering->alongside;
    struct alongside_report *report = gathering->report;
    double speed = alongside->speed;
    report->shift_ns = (int64_t)((double)alongside->shift_real_ns * speed);
    report->lag_ns = lag_ns(gathering->lags);
    carriage_tell(gathering->carriage, &report->carriage);
    report->late_ns = find_cause(alongside, report);
    report->worst_ns = (int64_t)((double)(report->lateness.stalls_ns + report->lag_ns) * speed) +
                       report->carriage.requests.max_ns + report->carriage.callbacks.max_ns;
}

/* The calls of a wave. */
struct calls {
    struct fidelity_workflow *workflows; /* whose delayed_calls they are; NULL: they are added up */
    double sum;
};

static void take_calls(void *context, const struct model_run *run, const int64_t *values)
{
    struct calls *calls = context;
    int64_t count = values[single_column(&vmc_model, "calls")];
    (void)run;
    calls->sum += (double)count;
    if (calls->workflows != NULL)
        calls->workflows[(size_t)values[single_column(&vmc_model, "workflow")]].delayed_calls =
            count;
}

static bool simulate_delayed(struct gathering *gathering, const struct closeness_delays *delays,
                             bool is_mean, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    struct alongside_report *report = gathering->report;
    struct calls calls = {.workflows = is_mean ? gathering->workflows : NULL};
    struct model_sink sink = {.context = &calls, .row = take_calls};
    const struct closeness wave = {.configuration = alongside->configuration,
                                   .parameters = &gathering->parameters,
                                   .replication = alongside->replication,
                                   .interrupted = alongside->interrupted};
    const struct record *record;
    struct arena *arena = arena_create("delayed", 0);
    bool is_good = closeness_simulate_delayed(&wave, delays, &sink, arena, &record, error);
    arena_destroy(arena);
    double mean = calls.sum / report->workflows_count;
    if (mean < report->delayed_calls_least || report->delayed_calls_most == 0)
        report->delayed_calls_least = mean;
    if (mean > report->delayed_calls_most)
        report->delayed_calls_most = mean;
    return is_good;
}

/* The same draws in worlds that carry what is said as slowly as was measured: on average, and up to
 * the worst. The average is that of reads, as it is they that are repeated. */
static bool simulate_delays(struct gathering *gathering, struct error *error)
{
    const struct alongside_report *report = gathering->report;
    const struct carriage_times *requests = &report->carriage.requests;
    const struct carriage_times *callbacks = &report->carriage.callbacks;
    int64_t timer_ns = (int64_t)report->timer_late_mean_ns;
    const struct carriage_times *polls =
        report->carriage.reads.count > 0 ? &report->carriage.reads : requests;
    const struct closeness_delays delays[] = {
        {(int64_t)polls->mean_ns, (int64_t)callbacks->mean_ns, timer_ns},
        {0, 0, 0},
        {requests->p99_ns, callbacks->p99_ns, timer_ns},
        {requests->max_ns, callbacks->max_ns, report->timer_late_max_ns},
    };
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
        if (!simulate_delayed(gathering, &delays[i], i == 0, error))
            return false;
    return true;
}

/* Whom time alone can have decided. */
static bool find_close(struct gathering *gathering, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    const struct alongside_report *report = gathering->report;
    struct closeness closeness = {.configuration = alongside->configuration,
                                  .parameters = &gathering->parameters,
                                  .replication = alongside->replication,
                                  .late_ns = report->reach_ns,
                                  .interrupted = alongside->interrupted};
    bool *is_close = arena_take_array(gathering->arena, report->workflows_count, sizeof *is_close);
    if (closeness.late_ns > 0 && !closeness_find(&closeness, is_close, error))
        return false;
    for (uint32_t i = 0; i < report->workflows_count; i++)
        gathering->workflows[i].is_close = is_close[i];
    closeness.late_ns = report->worst_ns;
    if (report->worst_ns > report->reach_ns && !closeness_find(&closeness, is_close, error))
        return false;
    for (uint32_t i = 0; i < report->workflows_count; i++)
        gathering->workflows[i].is_within_worst = is_close[i];
    return true;
}

static void describe_world(const struct gathering *gathering)
{
    const struct vmc_config *world = &gathering->world;
    const struct vmc_service *service = &world->service;
    bool has_limit = service->limit_reads.rate_per_s > 0 || service->limit_writes.rate_per_s > 0 ||
                     service->limit_add_host.rate_per_s > 0 || service->queue.rate_per_s > 0;
    bool is_at_once = world->wave.schedule == VMC_START_AT_ONCE || world->wave.spread_ns == 0;
    gathering->report->is_herd = has_limit && is_at_once && world->fleet.sddcs_count > 1;
    if (world->provisioning.configure != NULL)
        gathering->report->window_ns = dist_typical(world->provisioning.configure);
}

/* The speed at which it should be in time: such a lateness is less than half of the shortest kind
 * of step then, or what came at most is carried in half of the time, so that nothing waits. */
static double advise_speed(const struct alongside *alongside, const struct alongside_report *report)
{
    const struct fidelity_answer *answer = &report->answer;
    double shortest_s = 0, carried = 0;
    for (size_t i = 0; i < answer->operations_count; i++) {
        double median_s = answer->operations[i].simulated_median_s;
        if (answer->operations[i].is_tested && (shortest_s == 0 || median_s < shortest_s))
            shortest_s = median_s;
    }
    double told = shortest_s / 2 * (double)UNITS_S / (double)(report->late_ns + 1);
    if (report->cause == ALONGSIDE_REQUESTS)
        carried = 1 / (2 * report->carriage.requests.load);
    if (report->cause == ALONGSIDE_CALLBACKS)
        carried = 1 / (2 * report->carriage.callbacks.load);
    double share = carried > told ? carried : told;
    return alongside->speed * (share > 0 && share < 0.5 ? share : 0.5);
}

static bool compare(struct gathering *gathering, struct error *error)
{
    const struct alongside *alongside = gathering->alongside;
    struct alongside_report *report = gathering->report;
    find_lateness(gathering);
    if (!simulate_delays(gathering, error))
        return false;
    const struct fidelity_question question = {.simulated = gathering->others,
                                               .same = gathering->same,
                                               .live = gathering->live,
                                               .service = carriage_steps(gathering->carriage),
                                               .world = report->world,
                                               .calls_least = report->delayed_calls_least,
                                               .calls_most = report->delayed_calls_most,
                                               .workflows = gathering->workflows,
                                               .workflows_count = report->workflows_count,
                                               .failed_counts = gathering->failed_counts,
                                               .waves_count = alongside->waves_count,
                                               .shift_ns = report->shift_ns,
                                               .late_ns = report->late_ns,
                                               .worst_ns = report->worst_ns,
                                               .confidence = alongside->configuration->confidence,
                                               .rate_tolerance = alongside->rate_tolerance,
                                               .calls_tolerance = alongside->calls_tolerance};
    struct arena *arena = arena_create("comparison", 0);
    report->reach_ns = fidelity_reach_ns(arena, &question);
    bool is_good = find_close(gathering, error);
    if (is_good)
        fidelity_compare(arena, &question, &report->answer);
    report->speed_advised = advise_speed(alongside, report);
    arena_destroy(arena);
    return is_good;
}

bool alongside_run(struct arena *arena, const struct alongside *alongside,
                   struct alongside_report *report, struct error *error)
{
    const struct configuration *configuration = alongside->configuration;
    const struct vmc_parameters *parameters =
        configuration->variants[alongside->variant].parameters;
    struct arena *work = arena_create("gathering", 0);
    struct gathering gathering = {.alongside = alongside,
                                  .arena = work,
                                  .world = *parameters->world,
                                  .parameters = *parameters,
                                  .report = report};
    gathering.world.crash = (struct vmc_crash){0};
    gathering.parameters.world = &gathering.world;
    gathering.parameters.rollout = NULL;
    uint32_t count = gathering.world.fleet.sddcs_count;
    gathering.others = fidelity_waves_create(work, count);
    gathering.same = fidelity_side_create(work, count);
    gathering.live = fidelity_side_create(work, count);
    gathering.workflows = arena_take_array(arena, count, sizeof *gathering.workflows);
    gathering.carriage = carriage_create(count);
    gathering.lags = arena_take(work, sizeof *gathering.lags);
    gathering.failed_counts =
        arena_take_array(work, alongside->waves_count, sizeof *gathering.failed_counts);
    *report = (struct alongside_report){.workflows = gathering.workflows, .workflows_count = count};
    describe_world(&gathering);
    bool is_good = simulate_all(&gathering, error) && run_live(&gathering, error) &&
                   compare(&gathering, error);
    carriage_destroy(gathering.carriage);
    arena_destroy(work);
    return is_good;
}
