/* Going on where the last process stopped: what the state file says is checked first, because
 * others may have edited it, or the disk. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/testbed/drive_parts.h"
#include "models/vmc/tally.h"
#include "sim/base/units.h"

static bool fail(struct drive *drive)
{
    drive->has_failed = true;
    return false;
}

/* Sums over all workflows stay far below what 64 bits hold. */
#define COUNT_MAX (INT64_C(1) << 40)

/* Between what each value of a workflow lies. */
static const struct {
    int64_t low, high;
} ranges[STORE_VALUE_COUNT] = {
    [STORE_STATUS] = {STORE_WAITING, STORE_FAILED},
    [STORE_STARTED_AT] = {-1, VMC_LIVE_TIME_MAX_NS},
    [STORE_TRIGGERED_AT] = {-1, VMC_LIVE_TIME_MAX_NS},
    [STORE_ENDED_AT] = {-1, VMC_LIVE_TIME_MAX_NS},
    [STORE_REASON] = {0, RCE_REASON_COUNT - 1},
    [STORE_OPERATION] = {0, RCE_OPERATION_COUNT - 1},
    [STORE_CLUSTER] = {0, UINT8_MAX},
    [STORE_HOST] = {0, UINT8_MAX},
    [STORE_CALLS] = {0, COUNT_MAX},
    [STORE_READS] = {0, COUNT_MAX},
    [STORE_RETRIES] = {0, COUNT_MAX},
    [STORE_THROTTLED] = {0, COUNT_MAX},
    [STORE_IGNORED] = {0, COUNT_MAX},
    [STORE_INPUTS] = {0, UINT32_MAX},
    [STORE_RESUMED] = {0, COUNT_MAX},
    [STORE_ACCEPTED] = {0, COUNT_MAX},
    [STORE_TOLD] = {STORE_TOLD_NOTHING, STORE_TOLD_START},
    [STORE_TRUE_CAUSE] = {-1, CAUSE_COUNT - 1},
    [STORE_TRUE_EARLY] = {-1, 1},
    [STORE_TRUE_DUPLICATES] = {-1, UINT16_MAX},
    [STORE_TRUE_VIOLATIONS] = {-1, (INT64_C(1) << VIOLATION_COUNT) - 1},
    [STORE_TRUE_HOSTS] = {-1, RCE_CLUSTERS_MAX},
};

/* Do times and what was told of the end fit how far the workflow is? */
static bool is_consistent(const int64_t *values)
{
    bool has_started = values[STORE_STATUS] != STORE_WAITING;
    bool has_ended = values[STORE_STATUS] > STORE_RUNNING;
    bool is_truth_whole = values[STORE_TRUE_EARLY] < 0 ||
                          (values[STORE_TRUE_DUPLICATES] >= 0 &&
                           values[STORE_TRUE_VIOLATIONS] >= 0 && values[STORE_TRUE_HOSTS] >= 0);
    return (values[STORE_STARTED_AT] >= 0) == has_started &&
           (values[STORE_ENDED_AT] >= 0) == has_ended &&
           (!has_ended || values[STORE_ENDED_AT] >= values[STORE_STARTED_AT]) &&
           (values[STORE_TOLD] != STORE_TOLD_END || has_ended) &&
           (values[STORE_TOLD] == STORE_TOLD_NOTHING || has_started) && is_truth_whole;
}

static bool check_line(const struct drive *drive, const struct store_workflow *line,
                       struct error *error)
{
    char what[160];
    if (line->number >= drive->workflows_count) {
        snprintf(what, sizeof what, "workflow %" PRIu32 " is none of this drive's %" PRIu32,
                 line->number, drive->workflows_count);
        return store_refuse(drive->store, error, what);
    }
    for (int i = 0; i < STORE_VALUE_COUNT; i++) {
        if (line->values[i] >= ranges[i].low && line->values[i] <= ranges[i].high)
            continue;
        snprintf(what, sizeof what, "\"%s\" of workflow %" PRIu32 " is %" PRId64,
                 store_value_name((enum store_value)i), line->number, line->values[i]);
        return store_refuse(drive->store, error, what);
    }
    snprintf(what, sizeof what, "status and times of workflow %" PRIu32 " contradict each other",
             line->number);
    return is_consistent(line->values) || store_refuse(drive->store, error, what);
}

/* Bring one workflow back as it was committed. */
static bool take_back(void *context, const struct store_workflow *line, struct error *error)
{
    struct drive *drive = context;
    char what[160];
    if (!check_line(drive, line, error))
        return false;
    int64_t status = line->values[STORE_STATUS];
    struct drive_workflow *workflow = &drive->workflows[line->number];
    memcpy(workflow->values, line->values, sizeof workflow->values);
    drive->calls_count += (uint64_t)line->values[STORE_CALLS];
    if (status != STORE_WAITING && line->number >= drive->next_start)
        drive->next_start = line->number + 1;
    drive->running_count += status == STORE_RUNNING;
    drive->ended_count += status > STORE_RUNNING;
    drive->failed_count += status == STORE_FAILED;
    drive->told_count += line->values[STORE_TOLD] == STORE_TOLD_END;
    if (status != STORE_RUNNING || line->state == NULL)
        return true;
    if (!drive_make_block(drive, line->number))
        return false;
    if (drive->engine->load(workflow->block, drive->process, &workflow->plan,
                            drive->engine_settings, line->state, line->state_size_bytes))
        return true;
    workflow->block = NULL;
    snprintf(what, sizeof what, "engine \"%s\" %s cannot load workflow %" PRIu32 " from it",
             drive->engine->name, drive->engine->version, line->number);
    if (drive->is_upgrade)
        return error_set(error, ERROR_IO,
                         "%s; %s is left as it is, and the engine that wrote it can go on", what,
                         drive->settings->state_path);
    return store_refuse(drive->store, error, what);
}

/* Workflows start in order: one that waits has none behind it that does not. */
static bool are_starts_whole(struct drive *drive)
{
    char what[80];
    for (uint32_t i = 0; i < drive->next_start; i++) {
        snprintf(what, sizeof what, "it has nothing of workflow %" PRIu32, i);
        if (drive->workflows[i].values[STORE_STATUS] == STORE_WAITING)
            return store_refuse(drive->store, drive->error, what);
    }
    return true;
}

/* Does the service know of what was begun there, and of nothing else? One that was started again
 * has forgotten its tasks, and one that somebody else has used is not as it was at the start. */
static bool is_same_service(struct drive *drive)
{
    for (uint32_t i = 0; i < drive->workflows_count; i++) {
        const struct drive_workflow *workflow = &drive->workflows[i];
        bool was_begun = workflow->values[STORE_TOLD] != STORE_TOLD_NOTHING ||
                         workflow->values[STORE_ACCEPTED] > 0;
        if (workflow->begun == DIALECT_NOT_BEGUN && was_begun)
            return error_set(drive->error, ERROR_IO,
                             "the service at %s does not know of workflow %u, which was begun "
                             "before: it is another one, or was started again. To begin anew, "
                             "remove the state in %s",
                             drive->settings->url, i, drive->settings->state_path);
        if (workflow->begun == DIALECT_BEGUN && workflow->values[STORE_STATUS] == STORE_WAITING)
            return error_set(drive->error, ERROR_IO,
                             "workflow %u was begun at %s by somebody else; start the service "
                             "again, or go on with the state of whoever did it",
                             i, drive->settings->url);
    }
    return true;
}

/* May the engine have what another one wrote? Of the same name its format tells; of another name,
 * load does. */
static bool can_take_over(const struct rce_engine *engine, const char *name, int64_t version)
{
    return strcmp(engine->name, name) != 0 || (version >= (int64_t)engine->state_version_oldest &&
                                               version <= (int64_t)engine->state_version);
}

static const char *engine_identity(const struct drive *drive)
{
    const char *identity = drive->settings->engine_identity;
    return identity != NULL ? identity : "";
}

/* Whose states are these? */
static bool check_engine(struct drive *drive)
{
    const struct drive_settings *settings = drive->settings;
    const struct rce_engine *engine = drive->engine;
    const char *found = NULL, *name = engine->name;
    const char *here = engine_identity(drive);
    int64_t version = engine->state_version;
    if (!store_get_text(drive->store, "engine", &found, drive->error) ||
        !store_get_text(drive->store, "engine_name", &name, drive->error) ||
        !store_get_number(drive->store, "state_version", &version, drive->error))
        return false;
    drive->is_upgrade = found != NULL && strcmp(found, here) != 0;
    if (drive->is_upgrade && !settings->may_upgrade)
        return error_set(drive->error, ERROR_IO,
                         "%s was written by another engine, and is left as it is; name another "
                         "file, or hand its workflows over with --upgrade\n  there: %s\n  here:  "
                         "%s",
                         settings->state_path, found, here);
    if (drive->is_upgrade && !can_take_over(engine, name, version))
        return error_set(drive->error, ERROR_IO,
                         "%s has states of version %" PRId64
                         " of \"%s\", and this one reads %" PRIu32 " to %" PRIu32
                         "; it is left as it is",
                         settings->state_path, version, name, engine->state_version_oldest,
                         engine->state_version);
    drive->is_engine_unkept = found == NULL || drive->is_upgrade;
    return true;
}

/* Now they are this engine's: said in the transaction that has the states as it wrote them. */
static bool keep_engine(struct drive *drive)
{
    const struct rce_engine *engine = drive->engine;
    if (!drive->is_engine_unkept)
        return true;
    return (store_put_text(drive->store, "engine", engine_identity(drive), drive->error) &&
            store_put_text(drive->store, "engine_name", engine->name, drive->error) &&
            store_put_number(drive->store, "state_version", engine->state_version, drive->error)) ||
           fail(drive);
}

static void begin_values(struct drive_workflow *workflow)
{
    int64_t *values = workflow->values;
    values[STORE_STARTED_AT] = values[STORE_TRIGGERED_AT] = values[STORE_ENDED_AT] = -1;
    for (int k = STORE_TRUE_CAUSE; k < STORE_VALUE_COUNT; k++)
        values[k] = -1;
}

/* Everything is loaded before anything is told, because workflows share the engine's process. */
bool drive_restore(struct drive *drive)
{
    for (uint32_t i = 0; i < drive->workflows_count; i++)
        begin_values(&drive->workflows[i]);
    if (!check_engine(drive) || !store_read(drive->store, take_back, drive, drive->error) ||
        !store_read_calls(drive->store, VMC_LIVE_TIME_MAX_NS / UNITS_MIN, NULL, NULL,
                          drive->error) ||
        !are_starts_whole(drive) || !is_same_service(drive))
        return fail(drive);
    drive->has_begun = drive->next_start > 0;
    return true;
}

/* A workflow that was running. What another engine wrote is written anew in the same transaction,
 * so a file never has states of two. */
static void take_up(struct drive *drive, uint32_t index)
{
    struct drive_workflow *workflow = &drive->workflows[index];
    if (workflow->block == NULL) {
        drive_start(drive, index);
        return;
    }
    workflow->values[STORE_RESUMED]++;
    drive_feed_kind(drive, index, drive->is_upgrade ? RCE_INPUT_ENGINE_CHANGED : RCE_INPUT_RESUMED);
    if (drive->is_upgrade && !drive->has_failed)
        drive_persist(drive, index);
}

bool drive_go_on(struct drive *drive)
{
    for (uint32_t i = 0; i < drive->next_start && !drive->has_failed; i++) {
        int64_t *values = drive->workflows[i].values;
        if (values[STORE_TOLD] == STORE_TOLD_NOTHING && drive->workflows[i].begun == DIALECT_BEGUN)
            values[STORE_TOLD] = STORE_TOLD_START; /* The answer was lost. */
        if (values[STORE_STATUS] == STORE_RUNNING)
            take_up(drive, i);
        drive_tell(drive, i);
    }
    drive_start_due(drive);
    return !drive->has_failed && keep_engine(drive);
}
