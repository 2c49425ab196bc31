/* What came of a drive, in the form in which a simulated wave is told. What nobody on this side of
 * the service can know is 0, or without a value. */
#include <string.h>

#include "models/testbed/drive_parts.h"
#include "models/vmc/model.h"
#include "models/vmc/tally.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

struct accounts {
    struct drive *drive;
    struct record *record;
    int64_t peak_calls;
};

static size_t column_named(const char *name)
{
    for (size_t i = 0; i < vmc_model.row_column_count; i++)
        if (strcmp(vmc_model.row_columns[i].name, name) == 0)
            return i;
    CHECK_UNREACHABLE("a column that the model does not have");
}

static void take_minute(void *context, int64_t minute, int64_t calls)
{
    struct accounts *accounts = context;
    series_add(&accounts->record->series[SERIES_REQUESTS_OFFERED], minute * UNITS_MIN,
               (uint32_t)calls);
    if (calls > accounts->peak_calls)
        accounts->peak_calls = calls;
}

static enum vmc_cause cause_of(const int64_t *values)
{
    int64_t cause = values[STORE_TRUE_CAUSE];
    if (values[STORE_STATUS] != STORE_FAILED)
        return CAUSE_NEVER_ENDED;
    return cause >= 0 && cause < CAUSE_COUNT ? (enum vmc_cause)cause : CAUSE_OTHER;
}

static uint64_t violations_of(const int64_t *values)
{
    return (uint64_t)values[STORE_TRUE_VIOLATIONS] & ((UINT64_C(1) << VIOLATION_COUNT) - 1);
}

/* The times and counts of a row that both sides know, under the names of its columns. */
static void fill_row(const struct drive_workflow *workflow, uint32_t index, int64_t *cells)
{
    static const struct {
        const char *column;
        enum store_value value;
    } same[] = {
        {"started", STORE_STARTED_AT},  {"triggered", STORE_TRIGGERED_AT},
        {"ended", STORE_ENDED_AT},      {"calls", STORE_CALLS},
        {"reads", STORE_READS},         {"retries", STORE_RETRIES},
        {"throttled", STORE_THROTTLED}, {"ignored_callbacks", STORE_IGNORED},
        {"crashes", STORE_RESUMED},
    };
    const int64_t *values = workflow->values;
    bool is_failed = values[STORE_STATUS] == STORE_FAILED;
    for (size_t i = 0; i < vmc_model.row_column_count; i++)
        cells[i] = ROW_NONE;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        int64_t value = values[same[i].value];
        cells[column_named(same[i].column)] = value >= 0 ? value : ROW_NONE;
    }
    int64_t hosts = 0, temporary_hosts = 0;
    for (uint32_t i = 0; i < workflow->plan.clusters_count; i++) {
        hosts += workflow->plan.clusters[i].hosts_count;
        temporary_hosts += workflow->plan.clusters[i].temporary_host;
    }
    cells[column_named("workflow")] = index;
    cells[column_named("clusters")] = workflow->plan.clusters_count;
    cells[column_named("hosts")] = hosts;
    cells[column_named("temporary_hosts")] = temporary_hosts;
    cells[column_named("status")] = values[STORE_STATUS] == STORE_SUCCEEDED ? RCE_SUCCEEDED
                                    : is_failed                             ? RCE_FAILED
                                                                            : RCE_RUNNING;
    cells[column_named("failed_at_first")] = is_failed;
    if (values[STORE_ENDED_AT] >= 0)
        cells[column_named("duration")] = values[STORE_ENDED_AT] - values[STORE_STARTED_AT];
    if (values[STORE_STATUS] != STORE_SUCCEEDED)
        cells[column_named("cause")] = cause_of(values);
    if (values[STORE_TRUE_EARLY] >= 0) {
        cells[column_named("early_trigger")] = values[STORE_TRUE_EARLY];
        cells[column_named("duplicates")] = values[STORE_TRUE_DUPLICATES];
        cells[column_named("violations")] = __builtin_popcountll(violations_of(values));
        cells[column_named("hosts_left_over")] = values[STORE_TRUE_HOSTS];
    }
    if (!is_failed)
        return;
    cells[column_named("reason")] = values[STORE_REASON];
    cells[column_named("operation")] = values[STORE_OPERATION];
    if (values[STORE_CLUSTER] < RCE_CLUSTERS_MAX)
        cells[column_named("cluster")] = values[STORE_CLUSTER];
    if (values[STORE_HOST] < RCE_HOSTS_MAX)
        cells[column_named("host")] = values[STORE_HOST];
}

static void add_series(struct record *record, const int64_t *values)
{
    struct series *series = record->series;
    bool is_failed = values[STORE_STATUS] == STORE_FAILED;
    bool has_ended = values[STORE_ENDED_AT] >= 0;
    if (values[STORE_STARTED_AT] >= 0)
        series_add(&series[SERIES_STARTED], values[STORE_STARTED_AT], 1);
    if (values[STORE_TRIGGERED_AT] >= 0) {
        series_add(&series[SERIES_TRIGGERED], values[STORE_TRIGGERED_AT], 1);
        series_add(&series[SERIES_TRIGGERED_FAILED], values[STORE_TRIGGERED_AT], is_failed);
        series_add(&series[SERIES_TRIGGERED_UNDECIDED], values[STORE_TRIGGERED_AT], !has_ended);
    }
    if (!has_ended)
        return;
    series_add(&series[SERIES_ENDED], values[STORE_ENDED_AT], 1);
    series_add(&series[SERIES_DECIDED], values[STORE_ENDED_AT], 1);
    series_add(&series[SERIES_DECIDED_FAILED], values[STORE_ENDED_AT], is_failed);
}

static void add_truth(struct record *record, const int64_t *values)
{
    int64_t *sums = record->values;
    sums[METRIC_EARLY_TRIGGER_RATE] += values[STORE_TRUE_EARLY];
    sums[METRIC_DUPLICATE_TRIGGERS] += values[STORE_TRUE_DUPLICATES];
    sums[METRIC_HOSTS_LEFT_OVER] += values[STORE_TRUE_HOSTS];
    for (int i = 0; i < VIOLATION_COUNT; i++) {
        int64_t is_broken = (int64_t)(violations_of(values) >> i & 1);
        sums[METRIC_FIRST_VIOLATION + i] += is_broken;
        sums[METRIC_VIOLATIONS] += is_broken;
    }
}

static void add_workflow(struct record *record, uint32_t index, const int64_t *values)
{
    int64_t *sums = record->values;
    bool has_ended = values[STORE_ENDED_AT] >= 0;
    int64_t duration_ns = values[STORE_ENDED_AT] - values[STORE_STARTED_AT];
    sums[METRIC_API_CALLS] += values[STORE_CALLS];
    sums[METRIC_API_READS] += values[STORE_READS];
    sums[METRIC_RETRIES] += values[STORE_RETRIES];
    sums[METRIC_THROTTLED] += values[STORE_THROTTLED];
    sums[METRIC_CALLBACKS_IGNORED] += values[STORE_IGNORED];
    sums[METRIC_RESUMED] += values[STORE_RESUMED];
    if (has_ended)
        histogram_add(&record->histograms[HISTOGRAM_DURATION], duration_ns);
    if (values[STORE_STATUS] == STORE_FAILED)
        histogram_add(&record->histograms[HISTOGRAM_TIME_TO_FAILURE], duration_ns);
    if (values[STORE_STATUS] != STORE_SUCCEEDED) {
        record_set_failed(record, index);
        sums[METRIC_FAILURE_RATE]++;
        sums[METRIC_FIRST_CAUSE + cause_of(values)]++;
    }
    if (values[STORE_TRUE_EARLY] >= 0)
        add_truth(record, values);
    add_series(record, values);
}

/* What a drive cannot see from where it is, or does not know of a wave that has not ended. */
static void mark_unknown(struct record *record, bool is_truth_known)
{
    static const enum vmc_metric never_seen[] = {
        METRIC_CALLBACKS_LOST, METRIC_QUEUE_TIMEOUTS, METRIC_PEAK_CALLS_AFTER_OUTAGE,
        METRIC_RECOVERY_TIME,  METRIC_HOSTS_ADDED,    METRIC_HOSTS_REMOVED,
        METRIC_DETECTED_AT,    METRIC_DEPLOYED_AT,    METRIC_TEMPORARY_HOST_TIME,
        METRIC_ROLLOUT_TIME,   METRIC_ANSWERS_LOST,   METRIC_ASKED_AGAIN};
    static const enum vmc_metric told[] = {METRIC_EARLY_TRIGGER_RATE, METRIC_DUPLICATE_TRIGGERS,
                                           METRIC_HOSTS_LEFT_OVER, METRIC_VIOLATIONS};
    for (size_t i = 0; i < sizeof never_seen / sizeof never_seen[0]; i++)
        record->values[never_seen[i]] = METRIC_NONE;
    if (is_truth_known)
        return;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        record->values[told[i]] = METRIC_NONE;
    for (int i = 0; i < VIOLATION_COUNT; i++)
        record->values[METRIC_FIRST_VIOLATION + i] = METRIC_NONE;
}

static struct record *make_record(const struct drive *drive)
{
    struct record *record =
        record_create(drive->arena, (struct record_shape){.unit_max = drive->workflows_count,
                                                          .metric_count = VMC_METRIC_COUNT,
                                                          .histogram_count = VMC_HISTOGRAM_COUNT,
                                                          .series_count = VMC_SERIES_COUNT});
    record->unit_count = drive->workflows_count;
    for (uint32_t i = 0; i < VMC_SERIES_COUNT; i++)
        record->series[i].bin_ns =
            i >= SERIES_REQUESTS_OFFERED ? UNITS_MIN : drive->settings->parameters->world->bin_ns;
    return record;
}

bool drive_account(struct drive *drive, struct drive_outcome *outcome)
{
    struct accounts accounts = {.drive = drive, .record = make_record(drive)};
    struct record *record = accounts.record;
    uint32_t count = drive->workflows_count;
    int64_t last_end_ns = 0;
    bool is_truth_known = true;
    struct row_table *rows = arena_take(drive->arena, sizeof *rows);
    *rows =
        (struct row_table){.row_count = count,
                           .column_count = vmc_model.row_column_count,
                           .values = arena_take_array(
                               drive->arena, count * vmc_model.row_column_count, sizeof(int64_t))};
    for (uint32_t i = 0; i < count; i++) {
        const struct drive_workflow *workflow = &drive->workflows[i];
        add_workflow(record, i, workflow->values);
        fill_row(workflow, i, &rows->values[i * rows->column_count]);
        if (workflow->values[STORE_ENDED_AT] > last_end_ns)
            last_end_ns = workflow->values[STORE_ENDED_AT];
        record->event_count += (uint64_t)workflow->values[STORE_INPUTS];
        is_truth_known = is_truth_known && workflow->values[STORE_TRUE_EARLY] >= 0;
    }
    if (!store_read_calls(drive->store, VMC_LIVE_TIME_MAX_NS / UNITS_MIN, take_minute, &accounts,
                          drive->error))
        return false;
    record->values[METRIC_PEAK_CALLS_PER_MINUTE] = accounts.peak_calls;
    record->values[METRIC_CRASHES] = drive->starts_count > 0 ? (int64_t)drive->starts_count - 1 : 0;
    record->values[METRIC_WAVE_DURATION] = METRIC_NONE;
    if (drive->ended_count == count)
        record->values[METRIC_WAVE_DURATION] =
            last_end_ns > drive->begun_at_ns ? last_end_ns - drive->begun_at_ns : 0;
    mark_unknown(record, is_truth_known);
    record->history_hash =
        text_hash(rows->values, rows->row_count * rows->column_count * sizeof(int64_t));
    *outcome = (struct drive_outcome){
        .record = record,
        .rows = rows,
        .starts_count = drive->starts_count,
        .resumed_count = (uint64_t)record->values[METRIC_RESUMED],
        .inputs_count = drive->inputs_count,
        .commits_count = drive->commits_count,
        .is_truth_known = is_truth_known,
        .unusable_count = drive->unusable_count,
        .unreachable_count = drive->unreachable_count,
        .refusals = receiver_refusals(drive->receiver),
        .timer_late_max_ns = drive->timer_late_max_ns,
        .timer_late_mean_ns =
            drive->timers_count == 0 ? 0 : drive->timer_late_sum_ns / (double)drive->timers_count,
        .speed = drive->pacer.speed,
    };
    return true;
}
