#include "models/rce/state.h"

#include "models/rce/rce_check.h"

enum {
    TRACK_SIZE_BYTES = 8 * (4 + RCE_EARLY_COUNT) + 4 + 6 * 2 + 5,
    HEADER_SIZE_BYTES = 4 + 4 + 8 + 4 + 5,
    CHECKSUM_SIZE_BYTES = 8,
};

enum rce_operation rce_step_operation(enum rce_step step)
{
    switch (step) {
    case RCE_STEP_CONTROL_PLANE: return RCE_UPGRADE_CONTROL_PLANE;
    case RCE_STEP_NETWORK: return RCE_UPGRADE_NETWORK;
    case RCE_STEP_BACKUP: return RCE_BACKUP;
    case RCE_STEP_ADD_HOST: return RCE_ADD_HOST;
    case RCE_STEP_PRECHECK: return RCE_READ_CLUSTER;
    case RCE_STEP_SETTLE:
    case RCE_STEP_ENTER: return RCE_ENTER_MAINTENANCE;
    case RCE_STEP_UPDATE: return RCE_UPDATE_HOST;
    case RCE_STEP_EXIT: return RCE_EXIT_MAINTENANCE;
    case RCE_STEP_REMOVE: return RCE_REMOVE_HOST;
    case RCE_STEP_NONE:
    case RCE_STEP_CLUSTERS:
    case RCE_STEP_JOIN:
    case RCE_STEP_END: break;
    }
    RCE_CHECK(false);
    return RCE_READ_CLUSTER;
}

bool rce_step_is_mutating(enum rce_step step)
{
    switch (step) {
    case RCE_STEP_CONTROL_PLANE:
    case RCE_STEP_NETWORK:
    case RCE_STEP_BACKUP:
    case RCE_STEP_ADD_HOST:
    case RCE_STEP_ENTER:
    case RCE_STEP_UPDATE:
    case RCE_STEP_EXIT:
    case RCE_STEP_REMOVE: return true;
    case RCE_STEP_NONE:
    case RCE_STEP_CLUSTERS:
    case RCE_STEP_JOIN:
    case RCE_STEP_SETTLE:
    case RCE_STEP_PRECHECK:
    case RCE_STEP_END: break;
    }
    return false;
}

size_t rce_state_size_bytes(const struct rce_plan *plan)
{
    return sizeof(struct rce_workflow) + rce_tracks_count(plan) * sizeof(struct rce_track);
}

static void check_plan(const struct rce_plan *plan, const struct rce_options *options)
{
    RCE_CHECK(plan->workflow <= RCE_WORKFLOW_MAX);
    RCE_CHECK(plan->clusters_count >= 1 && plan->clusters_count <= RCE_CLUSTERS_MAX);
    for (uint32_t i = 0; i < plan->clusters_count; i++)
        RCE_CHECK(plan->clusters[i].hosts_count >= 1 &&
                  plan->clusters[i].hosts_count <= RCE_HOSTS_MAX);
    RCE_CHECK(options->clusters_at_once >= 1 &&
              options->clusters_at_once <= RCE_CLUSTERS_AT_ONCE_MAX);
    for (int i = 0; i < RCE_OPERATION_COUNT; i++)
        RCE_CHECK(options->deadline_ns[i] > 0);
    RCE_CHECK(options->settle_ns >= 0);
    RCE_CHECK(options->retry_after_ns > 0);
}

void rce_state_init(void *block, const struct rce_plan *plan, const struct rce_options *options)
{
    check_plan(plan, options);
    struct rce_workflow *workflow = block;
    __builtin_memset(workflow, 0, rce_state_size_bytes(plan));
    workflow->plan = plan;
    workflow->options = options;
    for (uint32_t i = 0; i < rce_tracks_count(plan); i++)
        workflow->tracks[i].wait_at_ns = RCE_NEVER;
}

/* Places in the saved form. Written out byte by byte, and with a
 * pointer of their own (bytes may alias anything), so that compilers see one store or load. */
struct writer {
    uint8_t *at;
};
struct reader {
    const uint8_t *at;
};

static void put_8(struct writer *writer, uint8_t value)
{
    *writer->at++ = value;
}

static void put_16(struct writer *writer, uint16_t value)
{
    uint8_t *at = writer->at;
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    writer->at += 2;
}

static void put_32(struct writer *writer, uint32_t value)
{
    uint8_t *at = writer->at;
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
    writer->at += 4;
}

static void put_64(struct writer *writer, uint64_t value)
{
    uint8_t *at = writer->at;
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
    at[4] = (uint8_t)(value >> 32);
    at[5] = (uint8_t)(value >> 40);
    at[6] = (uint8_t)(value >> 48);
    at[7] = (uint8_t)(value >> 56);
    writer->at += 8;
}

static uint8_t take_8(struct reader *reader)
{
    return *reader->at++;
}

static uint16_t take_16(struct reader *reader)
{
    const uint8_t *at = reader->at;
    reader->at += 2;
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t take_32(struct reader *reader)
{
    const uint8_t *at = reader->at;
    reader->at += 4;
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t take_64(struct reader *reader)
{
    const uint8_t *at = reader->at;
    reader->at += 8;
    return at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    /* Multiply and fold, constants of splitmix64; for telling states apart, not for security. */
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 30;
    hash *= 0xbf58476d1ce4e5b9u;
    return hash ^ hash >> 27;
}

static uint64_t checksum(const uint8_t *bytes, size_t size_bytes)
{
    struct reader reader = {bytes};
    uint64_t hash = size_bytes;
    size_t left = size_bytes;
    for (; left >= 8; left -= 8)
        hash = mix(hash, take_64(&reader));
    uint64_t tail = 0;
    for (size_t i = 0; i < left; i++)
        tail |= (uint64_t)reader.at[i] << (8 * i);
    return mix(hash, tail);
}

/* What of a plan has to be the same for a saved state to make sense. */
static uint64_t plan_shape(const struct rce_plan *plan)
{
    uint64_t hash = mix(plan->workflow, plan->clusters_count);
    for (uint32_t i = 0; i < plan->clusters_count; i++)
        hash = mix(hash,
                   (uint64_t)plan->clusters[i].hosts_count << 1 | plan->clusters[i].temporary_host);
    return hash;
}

static size_t saved_size_bytes(const struct rce_plan *plan)
{
    return HEADER_SIZE_BYTES + rce_tracks_count(plan) * (size_t)TRACK_SIZE_BYTES +
           CHECKSUM_SIZE_BYTES;
}

static void put_header(struct writer *writer, const struct rce_workflow *workflow)
{
    put_32(writer, RCE_STATE_VERSION);
    put_32(writer, workflow->plan->clusters_count);
    put_64(writer, plan_shape(workflow->plan));
    put_32(writer, workflow->requests_count);
    put_8(writer, workflow->status);
    put_8(writer, workflow->reason);
    put_8(writer, workflow->failed_track);
    put_8(writer, workflow->clusters_begun);
    put_8(writer, workflow->clusters_ended);
}

static void put_track(struct writer *writer, const struct rce_track *track)
{
    put_64(writer, (uint64_t)track->began_at_ns);
    put_64(writer, (uint64_t)track->wait_at_ns);
    put_64(writer, (uint64_t)track->previous_ns);
    put_64(writer, track->task);
    for (int i = 0; i < RCE_EARLY_COUNT; i++)
        put_64(writer, track->early_task[i]);
    put_32(writer, track->request);
    put_16(writer, track->asked);
    put_16(writer, track->host_reads);
    put_16(writer, track->cluster_reads);
    put_16(writer, track->tries);
    put_16(writer, track->polls);
    put_16(writer, track->generation);
    put_8(writer, track->step);
    put_8(writer, track->phase);
    put_8(writer, track->host);
    put_8(writer, track->early_failed);
    put_8(writer, track->deadline_is_set);
}

static void take_track(struct reader *reader, struct rce_track *track)
{
    *track = (struct rce_track){.began_at_ns = (int64_t)take_64(reader)};
    track->wait_at_ns = (int64_t)take_64(reader);
    track->previous_ns = (int64_t)take_64(reader);
    track->task = take_64(reader);
    for (int i = 0; i < RCE_EARLY_COUNT; i++)
        track->early_task[i] = take_64(reader);
    track->request = take_32(reader);
    track->asked = take_16(reader);
    track->host_reads = take_16(reader);
    track->cluster_reads = take_16(reader);
    track->tries = take_16(reader);
    track->polls = take_16(reader);
    track->generation = take_16(reader);
    track->step = take_8(reader);
    track->phase = take_8(reader);
    track->host = take_8(reader);
    track->early_failed = take_8(reader);
    track->deadline_is_set = take_8(reader) != 0;
}

size_t rce_state_save(const void *block, void *bytes, size_t size_bytes)
{
    const struct rce_workflow *workflow = block;
    size_t needed = saved_size_bytes(workflow->plan);
    if (size_bytes < needed)
        return needed;
    struct writer writer = {bytes};
    put_header(&writer, workflow);
    for (uint32_t i = 0; i < rce_tracks_count(workflow->plan); i++)
        put_track(&writer, &workflow->tracks[i]);
    put_64(&writer, checksum(bytes, needed - CHECKSUM_SIZE_BYTES));
    RCE_CHECK(writer.at == (uint8_t *)bytes + needed);
    return needed;
}

enum { BIT_IDLE = 1u << RCE_PHASE_IDLE };

/* The phases that a step can be in, as bits. */
static uint32_t phases_of(enum rce_step step)
{
    const uint32_t asking = 1u << RCE_PHASE_ASKING | 1u << RCE_PHASE_WAITING |
                            1u << RCE_PHASE_BACKING_OFF | 1u << RCE_PHASE_SPENT;
    const uint32_t reading = 1u << RCE_PHASE_READING_HOST | 1u << RCE_PHASE_READ_PAUSE;
    switch (step) {
    case RCE_STEP_NONE:
    case RCE_STEP_CLUSTERS:
    case RCE_STEP_JOIN:
    case RCE_STEP_END: return BIT_IDLE;
    case RCE_STEP_CONTROL_PLANE:
    case RCE_STEP_NETWORK:
    case RCE_STEP_BACKUP:
    case RCE_STEP_ADD_HOST:
    case RCE_STEP_EXIT:
    case RCE_STEP_REMOVE: return asking;
    case RCE_STEP_ENTER:
    case RCE_STEP_UPDATE: return asking | reading;
    case RCE_STEP_PRECHECK:
        return reading | 1u << RCE_PHASE_READING_CLUSTER | 1u << RCE_PHASE_POLL_PAUSE |
               1u << RCE_PHASE_SPENT;
    case RCE_STEP_SETTLE: return 1u << RCE_PHASE_SETTLING;
    }
    return 0;
}

/* The steps that a track can run, as bits. */
static uint32_t steps_of(uint32_t track_index, const struct rce_plan *plan)
{
    const uint32_t both = 1u << RCE_STEP_NONE | 1u << RCE_STEP_END;
    if (track_index == 0)
        return both | 1u << RCE_STEP_CONTROL_PLANE | 1u << RCE_STEP_CLUSTERS |
               1u << RCE_STEP_NETWORK;
    if (track_index % 2 == 0)
        return both | 1u << RCE_STEP_BACKUP;
    uint32_t steps = both | 1u << RCE_STEP_JOIN | 1u << RCE_STEP_SETTLE | 1u << RCE_STEP_PRECHECK |
                     1u << RCE_STEP_ENTER | 1u << RCE_STEP_UPDATE | 1u << RCE_STEP_EXIT;
    if (plan->clusters[(track_index - 1) / 2].temporary_host)
        steps |= 1u << RCE_STEP_ADD_HOST | 1u << RCE_STEP_REMOVE;
    return steps;
}

static bool is_answer_awaited(enum rce_phase phase)
{
    return phase == RCE_PHASE_ASKING || phase == RCE_PHASE_READING_HOST ||
           phase == RCE_PHASE_READING_CLUSTER;
}

/* Is the wait timer set where something hangs on it, and only where it can do something? */
static bool is_sound_wait(const struct rce_track *track, enum rce_phase phase)
{
    bool is_set = track->wait_at_ns != RCE_NEVER;
    switch (phase) {
    case RCE_PHASE_IDLE:
    case RCE_PHASE_SPENT: return !is_set;
    case RCE_PHASE_ASKING:
    case RCE_PHASE_WAITING: return !is_set || track->step == RCE_STEP_ENTER;
    case RCE_PHASE_BACKING_OFF:
    case RCE_PHASE_READING_HOST:
    case RCE_PHASE_READ_PAUSE:
    case RCE_PHASE_READING_CLUSTER:
    case RCE_PHASE_POLL_PAUSE:
    case RCE_PHASE_SETTLING: return is_set;
    }
    return false;
}

static bool is_sound_track(const struct rce_workflow *workflow, uint32_t index)
{
    const struct rce_track *track = &workflow->tracks[index];
    if (track->step >= RCE_STEP_COUNT || track->phase >= RCE_PHASE_COUNT)
        return false;
    if ((steps_of(index, workflow->plan) >> track->step & 1) == 0 ||
        (phases_of((enum rce_step)track->step) >> track->phase & 1) == 0)
        return false;
    uint32_t hosts_count =
        index % 2 == 1 ? workflow->plan->clusters[(index - 1) / 2].hosts_count : 1;
    if (track->host >= hosts_count || track->early_failed >> RCE_EARLY_COUNT != 0)
        return false;
    enum rce_phase phase = (enum rce_phase)track->phase;
    bool needs_deadline = phase != RCE_PHASE_IDLE && phase != RCE_PHASE_SETTLING;
    if (track->deadline_is_set != needs_deadline)
        return false;
    if (track->request > workflow->requests_count ||
        (track->request != 0) != is_answer_awaited(phase))
        return false;
    return is_sound_wait(track, phase);
}

/* Is the whole state one that the engine could be in, as far as it relies on it? */
static bool is_sound(const struct rce_workflow *workflow)
{
    uint32_t tracks_count = rce_tracks_count(workflow->plan);
    if (workflow->status > RCE_FAILED || workflow->reason >= RCE_REASON_COUNT ||
        workflow->failed_track >= tracks_count)
        return false;
    if (workflow->clusters_begun > workflow->plan->clusters_count ||
        workflow->clusters_ended > workflow->clusters_begun ||
        workflow->clusters_begun - workflow->clusters_ended > RCE_CLUSTERS_AT_ONCE_MAX)
        return false;
    uint32_t ended = 0;
    for (uint32_t i = 0; i < tracks_count; i++) {
        bool has_begun = i == 0 || (i - 1) / 2 < workflow->clusters_begun;
        uint8_t step = workflow->tracks[i].step;
        if (!is_sound_track(workflow, i) || (!has_begun && step != RCE_STEP_NONE))
            return false;
        if (i > 0 && has_begun && step == RCE_STEP_NONE)
            return false;
        ended += i % 2 == 1 && step == RCE_STEP_END;
    }
    uint8_t failed_step = workflow->tracks[workflow->failed_track].step;
    if (workflow->status == RCE_FAILED && phases_of((enum rce_step)failed_step) == BIT_IDLE)
        return false;
    return ended == workflow->clusters_ended;
}

bool rce_state_load(void *block, const struct rce_plan *plan, const struct rce_options *options,
                    const void *bytes, size_t size_bytes)
{
    check_plan(plan, options);
    struct reader reader = {bytes};
    if (size_bytes != saved_size_bytes(plan) || take_32(&reader) != RCE_STATE_VERSION ||
        take_32(&reader) != plan->clusters_count || take_64(&reader) != plan_shape(plan))
        return false;
    size_t body_bytes = size_bytes - CHECKSUM_SIZE_BYTES;
    struct reader end = {(const uint8_t *)bytes + body_bytes};
    if (take_64(&end) != checksum(bytes, body_bytes))
        return false;

    /* The block must stay untouched if the bytes turn out not to fit, and the largest is small
     * enough for the stack. */
    union {
        struct rce_workflow workflow;
        uint8_t room[sizeof(struct rce_workflow) +
                     (1 + RCE_TRACKS_PER_CLUSTER * RCE_CLUSTERS_MAX) * sizeof(struct rce_track)];
    } loaded;
    struct rce_workflow *workflow = &loaded.workflow;
    rce_state_init(workflow, plan, options);
    workflow->requests_count = take_32(&reader);
    workflow->status = take_8(&reader);
    workflow->reason = take_8(&reader);
    workflow->failed_track = take_8(&reader);
    workflow->clusters_begun = take_8(&reader);
    workflow->clusters_ended = take_8(&reader);
    for (uint32_t i = 0; i < rce_tracks_count(plan); i++)
        take_track(&reader, &workflow->tracks[i]);
    if (!is_sound(workflow))
        return false;
    __builtin_memcpy(block, workflow, rce_state_size_bytes(plan));
    return true;
}

uint64_t rce_state_digest(const void *block)
{
    const struct rce_workflow *workflow = block;
    uint8_t bytes[HEADER_SIZE_BYTES > TRACK_SIZE_BYTES ? HEADER_SIZE_BYTES : TRACK_SIZE_BYTES];
    struct writer writer = {bytes};
    put_header(&writer, workflow);
    uint64_t hash = checksum(bytes, HEADER_SIZE_BYTES);
    for (uint32_t i = 0; i < rce_tracks_count(workflow->plan); i++) {
        writer.at = bytes;
        put_track(&writer, &workflow->tracks[i]);
        hash = mix(hash, checksum(bytes, TRACK_SIZE_BYTES));
    }
    return hash;
}
