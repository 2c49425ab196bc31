#include "models/rcesim/explore/explain_domain.h"

#include <string.h>

#include "models/rce/rce.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/kernel/history.h"

enum explain_role explain_role_of(const struct trace_record *record)
{
    static const char *const names[ROLE_COUNT] = {
        [ROLE_EVENT] = "event",
        [ROLE_INPUT] = "input",
        [ROLE_TIMER] = "engine sets timer",
        [ROLE_ASK] = "engine asks",
        [ROLE_NOTE] = "engine notes",
        [ROLE_ENDED] = "workflow ended",
        [ROLE_ANSWER] = "service answers",
        [ROLE_TASK] = "task",
        [ROLE_HOST] = "host",
        [ROLE_CLUSTER] = "cluster",
        [ROLE_CALLBACK] = "callback",
        [ROLE_VIOLATION] = "INVARIANT BROKEN",
        [ROLE_TRUTH] = "ground truth",
        [ROLE_CRASHED] = "engine crashed",
        [ROLE_RESUMED] = "workflow resumed",
        [ROLE_UNHEARD] = "answer lost",
        [ROLE_GIVEN_UP] = "workflow given up",
    };
    if (record->type >= vmc_trace_type_count || vmc_trace_types[record->type].name == NULL)
        return ROLE_OTHER;
    const char *name = vmc_trace_types[record->type].name;
    for (int i = ROLE_OTHER + 1; i < ROLE_COUNT; i++)
        if (names[i][0] == name[0] && strcmp(names[i], name) == 0)
            return (enum explain_role)i;
    return ROLE_OTHER;
}

uint32_t explain_operation_of(const struct trace_record *record)
{
    switch (explain_role_of(record)) {
    case ROLE_ASK:
    case ROLE_ANSWER:
    case ROLE_TASK:
    case ROLE_CALLBACK:
    case ROLE_UNHEARD: return (uint32_t)record->values[0];
    case ROLE_INPUT:
    case ROLE_NOTE: return (uint32_t)record->values[1];
    case ROLE_ENDED: return (uint32_t)record->values[2];
    case ROLE_OTHER:
    case ROLE_EVENT:
    case ROLE_TIMER:
    case ROLE_HOST:
    case ROLE_CLUSTER:
    case ROLE_VIOLATION:
    case ROLE_TRUTH:
    case ROLE_CRASHED:
    case ROLE_RESUMED:
    case ROLE_GIVEN_UP:
    case ROLE_COUNT: break;
    }
    return RCE_OPERATION_COUNT;
}

/* Names say the same in every run, and so do the number of an attempt and what a read found.
 * Numbers of tasks and keys, times and counts do not. */
static uint64_t key(const struct trace_record *record)
{
    enum explain_role role = explain_role_of(record);
    if (role == ROLE_EVENT || role == ROLE_INPUT || role == ROLE_TIMER)
        return 0;
    const struct trace_type *type =
        record->type < vmc_trace_type_count ? &vmc_trace_types[record->type] : NULL;
    uint64_t hash = history_fold(HISTORY_EMPTY, (uint64_t)record->type << 32 | record->subject);
    for (int i = 0; type != NULL && i < TRACE_VALUE_COUNT; i++) {
        bool is_meant = type->shown_as[i] == TRACE_VALUE_NAME || (role == ROLE_ASK && i == 1) ||
                        (role == ROLE_ANSWER && i == 3);
        if (is_meant)
            hash = history_fold(hash, record->values[i] << 2 | (uint64_t)i);
    }
    return hash == 0 ? 1 : hash;
}

/* What happens to a host and what is asked for it are stories of their own, and so is each
 * operation: a backup and a host on its way have nothing to do with each other. */
static uint64_t lane(const struct trace_record *record)
{
    enum explain_role role = explain_role_of(record);
    uint32_t operation = explain_operation_of(record);
    uint32_t story = operation < RCE_OPERATION_COUNT ? ROLE_COUNT + operation : (uint32_t)role;
    return (uint64_t)record->subject << 32 | story;
}

/* States are those of hosts, and of tasks by their numbers: an answer that names a task is news of
 * it too. */
static uint64_t state(const struct trace_record *record)
{
    enum explain_role role = explain_role_of(record);
    if (role == ROLE_HOST)
        return (uint64_t)record->subject << 32 | 1;
    bool is_task = role == ROLE_TASK || (role == ROLE_ANSWER && record->values[1] == RCE_ACCEPTED);
    if (is_task && record->values[2] != 0)
        return (uint64_t)entity_sddc(record->subject) << 32 | (record->values[2] & 0xffff) << 8 | 2;
    return 0;
}

static bool is_same_cluster(uint32_t a, uint32_t b)
{
    return entity_sddc(a) == entity_sddc(b) && entity_cluster(a) == entity_cluster(b);
}

static bool is_in_maintenance(uint64_t host)
{
    return host == HOST_IS_ENTERING || host == HOST_IS_IN_MAINTENANCE || host == HOST_IS_UPDATING ||
           host == HOST_IS_FAILED || host == HOST_IS_EXITING;
}

/* What keeps a cluster from being ready, or made it so. */
static enum explain_reading reads_readiness(const struct trace_record *host)
{
    bool is_temporary = entity_host(host->subject) == ENTITY_TEMPORARY_HOST;
    uint64_t is = host->values[1];
    if (is_in_maintenance(is) ||
        (is_temporary && (is == HOST_IS_PROVISIONING || is == HOST_IS_CONNECTED)))
        return EXPLAIN_MISSED;
    return is_temporary && is == HOST_IS_READY ? EXPLAIN_DEPENDS : EXPLAIN_INDEPENDENT;
}

static enum explain_reading reads_host(const struct trace_record *record, uint32_t operation,
                                       const struct trace_record *host)
{
    if (!is_same_cluster(record->subject, host->subject))
        return EXPLAIN_INDEPENDENT;
    if (operation == RCE_ENTER_MAINTENANCE || operation == RCE_READ_CLUSTER)
        return reads_readiness(host);
    return record->subject == host->subject ? EXPLAIN_DEPENDS : EXPLAIN_INDEPENDENT;
}

static enum explain_reading reads(const struct trace_record *record,
                                  const struct trace_record *earlier)
{
    enum explain_role role = explain_role_of(record);
    bool is_task = role == ROLE_ANSWER || role == ROLE_TASK || role == ROLE_UNHEARD;
    uint32_t operation = explain_operation_of(record);
    if (explain_role_of(earlier) != ROLE_HOST)
        return is_task && record->values[2] == earlier->values[2] ? EXPLAIN_DEPENDS
                                                                  : EXPLAIN_INDEPENDENT;
    bool begins = role == ROLE_TASK && record->values[1] <= TASK_IS_RUNNING;
    if (begins || (role == ROLE_ANSWER && record->values[1] != RCE_ACCEPTED))
        return reads_host(record, operation, earlier);
    bool is_broken = role == ROLE_VIOLATION && is_same_cluster(record->subject, earlier->subject);
    return is_broken && earlier->values[1] != HOST_IS_READY ? EXPLAIN_DEPENDS : EXPLAIN_INDEPENDENT;
}

static bool is_of_engine(enum explain_role role)
{
    return role == ROLE_CRASHED || role == ROLE_RESUMED || role == ROLE_GIVEN_UP;
}

static bool concerns(const struct trace_record *record, const struct model_finding *finding)
{
    enum explain_role role = explain_role_of(record);
    uint32_t operation = explain_operation_of(record);
    bool is_here = entity_host(finding->entity) == ENTITY_NO_HOST
                       ? entity_cluster(finding->entity) == ENTITY_NO_CLUSTER ||
                             is_same_cluster(record->subject, finding->entity)
                       : record->subject == finding->entity;
    if (is_of_engine(role) || role == ROLE_VIOLATION || role == ROLE_TRUTH || role == ROLE_ENDED)
        return true;
    if (role == ROLE_UNHEARD)
        return is_here;
    return is_here && operation != RCE_OPERATION_COUNT && operation == finding->step;
}

static bool is_note(const struct trace_record *record, const struct model_finding *finding,
                    enum rce_note note)
{
    return explain_role_of(record) == ROLE_NOTE && record->values[0] == note &&
           record->values[1] == finding->step && record->subject == finding->entity;
}

static bool begins(const struct trace_record *record, const struct model_finding *finding)
{
    return is_note(record, finding, RCE_NOTE_STEP_STARTED);
}

static bool completes(const struct trace_record *record, const struct model_finding *finding)
{
    return is_note(record, finding, RCE_NOTE_STEP_ENDED);
}

struct explain_domain explain_domain(void)
{
    return (struct explain_domain){
        .types = vmc_trace_types,
        .type_count = vmc_trace_type_count,
        .key = key,
        .lane = lane,
        .state = state,
        .reads = reads,
        .concerns = concerns,
        .begins = begins,
        .completes = completes,
    };
}
