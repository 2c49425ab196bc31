#include "models/vmc/world.h"

#include <string.h>

static const char *const target_names[] = {"sddc", "cluster", "temporary-host", "host"};
enum { TARGET_SDDC, TARGET_CLUSTER, TARGET_TEMPORARY_HOST, TARGET_HOST, TARGET_COUNT };

const struct row_column vmc_attempt_columns[] = {
    [ATTEMPT_WORKFLOW] = {.name = "workflow",
                          .doc = "index of the SDDC",
                          .kind = ROW_COUNT,
                          .role = ROW_IDENTIFIER},
    [ATTEMPT_OPERATION] = {.name = "operation",
                           .doc = "what was asked for",
                           .kind = ROW_NAME,
                           .names = rce_operation_names,
                           .name_count = RCE_OPERATION_COUNT},
    [ATTEMPT_TARGET] = {.name = "target",
                        .doc = "what it was asked for",
                        .kind = ROW_NAME,
                        .names = target_names,
                        .name_count = TARGET_COUNT},
    [ATTEMPT_CLUSTER] = {.name = "cluster", .doc = "which cluster", .kind = ROW_COUNT},
    [ATTEMPT_HOST] = {.name = "host", .doc = "which of its planned hosts", .kind = ROW_COUNT},
    [ATTEMPT_NUMBER] = {.name = "attempt",
                        .doc = "number of the request for this operation on this target, from 1 on",
                        .kind = ROW_COUNT},
    [ATTEMPT_SENT] = {.name = "sent", .doc = "since the start of the wave", .kind = ROW_TIME_NS},
    [ATTEMPT_ANSWERED] = {.name = "answered",
                          .doc = "when the engine had the answer, or gave up waiting for it; none "
                                 "if it had crashed meanwhile",
                          .kind = ROW_TIME_NS},
    [ATTEMPT_RESULT] = {.name = "result",
                        .doc = "how it was answered",
                        .kind = ROW_NAME,
                        .names = rce_result_names,
                        .name_count = RCE_RESULT_COUNT},
    [ATTEMPT_TASK] = {.name = "task", .doc = "the task that it was accepted as", .kind = ROW_COUNT},
    [ATTEMPT_HAS_KEY] = {.name = "has_key",
                         .doc = "it carried an idempotency key",
                         .kind = ROW_FLAG},
};

void attempts_note_sent(struct world *world, uint32_t slot)
{
    if (slot >= world->sent_room) {
        int64_t *wider = arena_take_array(world->arena, world->requests_room, sizeof *wider);
        if (world->sent_room > 0)
            memcpy(wider, world->sent_at_ns, world->sent_room * sizeof *wider);
        world->sent_at_ns = wider;
        world->sent_room = world->requests_room;
    }
    world->sent_at_ns[slot] = world->now_ns;
}

static int64_t target_of(const struct request *request)
{
    if (request->cluster == RCE_NO_CLUSTER)
        return TARGET_SDDC;
    if (request->host == RCE_NO_HOST)
        return TARGET_CLUSTER;
    return request->host == RCE_TEMPORARY_HOST ? TARGET_TEMPORARY_HOST : TARGET_HOST;
}

void attempts_write(struct world *world, uint32_t slot, bool is_heard)
{
    const struct request *request = &world->requests[slot];
    int64_t target = target_of(request);
    CHECK(slot < world->sent_room);
    const int64_t values[VMC_ATTEMPT_COLUMN_COUNT] = {
        [ATTEMPT_WORKFLOW] = request->sddc,
        [ATTEMPT_OPERATION] = request->operation,
        [ATTEMPT_TARGET] = target,
        [ATTEMPT_CLUSTER] = target == TARGET_SDDC ? ROW_NONE : request->cluster,
        [ATTEMPT_HOST] = target == TARGET_HOST ? request->host : ROW_NONE,
        [ATTEMPT_NUMBER] = request->attempt,
        [ATTEMPT_SENT] = world->sent_at_ns[slot],
        [ATTEMPT_ANSWERED] = is_heard ? world->now_ns : ROW_NONE,
        [ATTEMPT_RESULT] = request->result,
        [ATTEMPT_TASK] = request->task != 0 ? (int64_t)request->task : ROW_NONE,
        [ATTEMPT_HAS_KEY] = request->key != 0,
    };
    world->run->sink->attempt(world->run->sink->context, world->run, values);
}
