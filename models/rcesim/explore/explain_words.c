#include "models/rcesim/explore/explain_words.h"

#include <inttypes.h>
#include <string.h>

#include "models/rce/rce.h"
#include "models/rcesim/explore/explain_domain.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "models/vmc/purpose.h"
#include "sim/base/units.h"

struct explain_words explain_words_of(struct arena *arena, const struct trace *trace)
{
    struct explain_words words = {.arena = arena};
    for (size_t i = 0; i < trace_count(trace); i++) {
        uint32_t cluster = entity_cluster(trace_at(trace, i)->subject);
        if (cluster != ENTITY_NO_CLUSTER && cluster > 0)
            words.has_clusters = true;
    }
    return words;
}

const char *explain_who(const struct explain_words *words, uint32_t entity)
{
    uint32_t cluster = entity_cluster(entity), host = entity_host(entity);
    if (cluster == ENTITY_NO_CLUSTER)
        return "the SDDC";
    if (host == ENTITY_NO_HOST)
        return words->has_clusters ? arena_print(words->arena, "cluster %" PRIu32, cluster)
                                   : "the cluster";
    const char *of =
        words->has_clusters ? arena_print(words->arena, " of cluster %" PRIu32, cluster) : "";
    if (host == ENTITY_TEMPORARY_HOST)
        return arena_print(words->arena, "the temporary host%s", of);
    return arena_print(words->arena, "host %" PRIu32 "%s", host, of);
}

const char *explain_lane(const struct explain_words *words, uint32_t entity)
{
    uint32_t cluster = entity_cluster(entity), host = entity_host(entity);
    if (cluster == ENTITY_NO_CLUSTER)
        return "SDDC";
    if (host == ENTITY_NO_HOST)
        return words->has_clusters ? arena_print(words->arena, "c%" PRIu32, cluster) : "cluster";
    if (words->has_clusters)
        return host == ENTITY_TEMPORARY_HOST
                   ? arena_print(words->arena, "c%" PRIu32 " tmp", cluster)
                   : arena_print(words->arena, "c%" PRIu32 " h%" PRIu32, cluster, host);
    return host == ENTITY_TEMPORARY_HOST ? "temp."
                                         : arena_print(words->arena, "host %" PRIu32, host);
}

const char *explain_request(const struct explain_words *words, uint64_t operation, uint32_t entity)
{
    static const char *const of[RCE_OPERATION_COUNT] = {
        [RCE_UPGRADE_CONTROL_PLANE] = "the upgrade of the control plane",
        [RCE_BACKUP] = "the backup of ",
        [RCE_ADD_HOST] = "a temporary host",
        [RCE_READ_CLUSTER] = "the state of ",
        [RCE_READ_HOST] = "the state of ",
        [RCE_ENTER_MAINTENANCE] = "maintenance of ",
        [RCE_UPDATE_HOST] = "the update of ",
        [RCE_EXIT_MAINTENANCE] = "the end of maintenance of ",
        [RCE_REMOVE_HOST] = "the removal of the temporary host",
        [RCE_UPGRADE_NETWORK] = "the upgrade of the network",
    };
    if (operation >= RCE_OPERATION_COUNT)
        return "something";
    bool has_target = of[operation][strlen(of[operation]) - 1] == ' ';
    return arena_print(words->arena, "%s%s", of[operation],
                       has_target ? explain_who(words, entity) : "");
}

const char *explain_clock(struct arena *arena, int64_t at_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    units_print_clock(text, at_ns);
    return arena_print(arena, "%.*s", (int)strcspn(text, "."), text);
}

const char *explain_duration(struct arena *arena, int64_t duration_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    if (duration_ns >= 10 * UNITS_S)
        duration_ns = duration_ns / UNITS_S * UNITS_S;
    else if (duration_ns >= 10 * UNITS_MS)
        duration_ns = duration_ns / UNITS_MS * UNITS_MS;
    return arena_copy_text(arena, units_print_duration(text, duration_ns));
}

const char *explain_deviation_clause(const struct explain_words *words,
                                     const struct explain_deviation *deviation)
{
    struct arena *arena = words->arena;
    struct draw_name name = deviation->deviation.name;
    const struct purpose *purpose = purpose_find(vmc_purposes, name.purpose);
    const char *what = purpose == NULL
                           ? "a draw"
                           : purpose->name; /* Regions and processes are no part of an SDDC. */
    char path[64];
    vmc_model.explore->entity_print(path, sizeof path, name.purpose, name.entity);
    const char *who = strncmp(path, "sddc", 4) != 0 ? arena_copy_text(arena, path)
                                                    : explain_who(words, name.entity);
    bool is_provisioning =
        name.purpose >= PURPOSE_LAUNCH && name.purpose <= PURPOSE_OUTAGE_DURATION;
    if (is_provisioning && !words->has_clusters)
        who = "the temporary host";
    if (!deviation->is_asked)
        return arena_print(arena, "%s (%s) never came to it", what, who);
    const struct oracle_asked *asked = &deviation->asked;
    switch (asked->kind) {
    case ORACLE_DELAY:
        return arena_print(arena, "%s (%s) was %s instead of %s", what, who,
                           explain_duration(arena, asked->value),
                           explain_duration(arena, deviation->typical));
    case ORACLE_HAPPENS:
        return arena_print(arena, "%s (%s) %s", what, who,
                           asked->value != 0 ? "happened" : "did not happen");
    case ORACLE_COUNT:
    case ORACLE_PICK:
        return arena_print(arena, "%s (%s) was %" PRId64 " instead of %" PRId64, what, who,
                           asked->value, deviation->typical);
    case ORACLE_TIE:
        return arena_print(arena, "an event of %s came later than others of its instant", who);
    case ORACLE_UNIFORM:
    case ORACLE_ENTROPY: break;
    }
    return arena_print(arena, "%s (%s) was not typical", what, who);
}

static const char *name_of(const struct trace_record *record, int index)
{
    const struct trace_type *type = &vmc_trace_types[record->type];
    uint64_t count = 0;
    while (type->names[index] != NULL && type->names[index][count] != NULL)
        count++;
    return record->values[index] < count ? type->names[index][record->values[index]] : "unknown";
}

static const char *label_of_answer(const struct explain_words *words,
                                   const struct trace_record *record)
{
    static const char *const results[RCE_RESULT_COUNT] = {
        [RCE_ACCEPTED] = "accepted",
        [RCE_STATE] = "state",
        [RCE_THROTTLED] = "throttled",
        [RCE_UNAVAILABLE] = "unavailable",
        [RCE_NOT_READY] = "refused: cluster not ready",
        [RCE_REFUSED] = "refused",
        [RCE_UNKNOWN] = "the answer is lost",
    };
    uint64_t result = record->values[1], read = record->values[3];
    if (result >= RCE_RESULT_COUNT)
        return "answers";
    const char *operation = name_of(record, 0);
    if (result == RCE_ACCEPTED && record->values[2] != 0)
        return arena_print(words->arena, "accepts %s (task %" PRIu64 ")", operation,
                           record->values[2]);
    if (result != RCE_STATE)
        return arena_print(words->arena, "%s: %s", operation, results[result]);
    if (record->values[0] == RCE_READ_CLUSTER)
        return (read & RCE_STATE_CLUSTER_READY) != 0 ? "says: cluster ready"
                                                     : "says: cluster not ready";
    return (read & RCE_STATE_HOST_IN_MAINTENANCE) != 0 ? "says: in maintenance"
                                                       : "says: not in maintenance";
}

static const char *label_of_note(const struct explain_words *words,
                                 const struct trace_record *record)
{
    const char *operation = name_of(record, 1);
    switch ((enum rce_note)record->values[0]) {
    case RCE_NOTE_STEP_ENDED: return arena_print(words->arena, "%s is done", operation);
    case RCE_NOTE_CALLBACK_IGNORED:
        return arena_print(words->arena, "ignores a callback of %s", operation);
    case RCE_NOTE_RESPONSE_IGNORED: return "ignores an answer";
    case RCE_NOTE_STATE_BELIEVED:
        return arena_print(words->arena, "sees that %s is done", operation);
    case RCE_NOTE_NOT_READY_YET: return "will look again: not ready yet";
    case RCE_NOTE_RETRY: return arena_print(words->arena, "will ask again: %s", operation);
    case RCE_NOTE_RETRIES_SPENT: return arena_print(words->arena, "no retry left: %s", operation);
    case RCE_NOTE_SETTLING: return "waits for things to settle";
    case RCE_NOTE_STEP_STARTED:
    case RCE_NOTE_CALLBACK_BELIEVED:
    case RCE_NOTE_ANSWER_BELIEVED: break;
    }
    return NULL;
}

static const char *label_of_end(const struct explain_words *words,
                                const struct trace_record *record)
{
    return record->values[0] == 0 ? "the workflow is done"
                                  : arena_print(words->arena, "WORKFLOW FAILS: %s in %s",
                                                name_of(record, 1), name_of(record, 2));
}

const char *explain_label(const struct explain_words *words, const struct trace_record *record)
{
    struct arena *arena = words->arena;
    switch (explain_role_of(record)) {
    case ROLE_ASK:
        return record->values[1] > 1 ? arena_print(arena, "asks: %s, attempt %" PRIu64,
                                                   name_of(record, 0), record->values[1])
                                     : arena_print(arena, "asks: %s", name_of(record, 0));
    case ROLE_NOTE: return label_of_note(words, record);
    case ROLE_ENDED: return label_of_end(words, record);
    case ROLE_ANSWER: return label_of_answer(words, record);
    case ROLE_TASK: return arena_print(arena, "%s: %s", name_of(record, 0), name_of(record, 1));
    case ROLE_HOST: return arena_print(arena, "%s -> %s", name_of(record, 0), name_of(record, 1));
    case ROLE_CLUSTER: return record->values[0] != 0 ? "ready" : "not ready";
    case ROLE_CALLBACK:
        return arena_print(arena, "callback %s: %s", name_of(record, 1), name_of(record, 0));
    case ROLE_VIOLATION:
        return arena_print(arena, "INVARIANT BROKEN: %s",
                           record->values[0] < VIOLATION_COUNT
                               ? vmc_model.metrics[METRIC_FIRST_VIOLATION + record->values[0]].label
                               : "unknown");
    case ROLE_CRASHED: return "crashes";
    case ROLE_RESUMED: return arena_print(arena, "resumes from %s", name_of(record, 1));
    case ROLE_UNHEARD: return "nobody hears the answer";
    case ROLE_GIVEN_UP: return "nobody starts it again";
    case ROLE_OTHER: return vmc_trace_types[record->type].name;
    case ROLE_EVENT:
    case ROLE_INPUT:
    case ROLE_TIMER:
    case ROLE_TRUTH:
    case ROLE_COUNT: break;
    }
    return NULL;
}
