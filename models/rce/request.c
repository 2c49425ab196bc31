#include "models/rce/request.h"

#include "models/rce/plan.h"
#include "models/rce/rce_check.h"

void rce_count_up(uint16_t *counter)
{
    if (*counter < UINT16_MAX)
        ++*counter;
}

struct rce_retry_failure rce_request_failure(const struct rce_turn *turn,
                                             enum rce_retry_cause cause)
{
    const struct rce_input *input = turn->input;
    return (struct rce_retry_failure){
        .cause = cause,
        .now_ns = input->now_ns,
        .retry_after_ns = input->kind == RCE_INPUT_RESPONSE ? input->retry_after_ns : 0,
        .entropy = input->entropy,
    };
}

enum rce_retry_cause rce_request_cause(enum rce_result result)
{
    switch (result) {
    case RCE_THROTTLED: return RCE_RETRY_THROTTLED;
    case RCE_ACCEPTED:
    case RCE_STATE:
    case RCE_UNKNOWN: return RCE_RETRY_UNKNOWN;
    case RCE_UNAVAILABLE:
    case RCE_NOT_READY:
    case RCE_REFUSED: break;
    }
    return RCE_RETRY_ERROR;
}

int64_t rce_request_spacing_ns(const struct rce_turn *turn, struct rce_track *track,
                               const struct rce_retry_policy *policy, uint16_t count)
{
    struct rce_retry retry = {.previous_ns = track->previous_ns, .attempts = count};
    bool is_answer = turn->input->kind == RCE_INPUT_RESPONSE;
    struct rce_retry_failure failure = rce_request_failure(
        turn, is_answer ? rce_request_cause(turn->input->result) : RCE_RETRY_UNKNOWN);
    track->previous_ns = rce_retry_delay_ns(policy, &retry, &failure);
    return track->previous_ns;
}

static uint32_t next_request(struct rce_turn *turn)
{
    RCE_CHECK(turn->workflow->requests_count < UINT32_MAX);
    return ++turn->workflow->requests_count;
}

/* The key: workflow | cluster (5 bits) | host (5) | operation (4) | scope (2) | number (16), never
 * 0 because scope and number are not both. Read in hexadecimal, the left half is the workflow and
 * the last four digits are the number. */
static uint64_t key_of(const struct rce_turn *turn, const struct rce_track *track)
{
    const uint32_t none = 31, temporary = 30;
    enum rce_key_scope scope = turn->workflow->options->key_scope;
    uint64_t number = 0;
    switch (scope) {
    case RCE_KEY_NONE: return 0;
    case RCE_KEY_PER_ATTEMPT: number = track->asked; break;
    case RCE_KEY_PER_TASK: number = track->generation; break;
    case RCE_KEY_PER_WORKFLOW: break;
    case RCE_KEY_PER_OPERATION: number = 1; break;
    }
    uint32_t cluster = rce_plan_cluster(turn->workflow, track);
    uint32_t host = rce_plan_host(track);
    uint32_t cluster_code = cluster == RCE_NO_CLUSTER ? none : cluster;
    uint32_t host_code = host == RCE_TEMPORARY_HOST ? temporary : host == RCE_NO_HOST ? none : host;
    if (scope == RCE_KEY_PER_OPERATION)
        cluster_code = host_code = none;
    uint32_t operation = (uint32_t)rce_step_operation((enum rce_step)track->step);
    uint32_t target = cluster_code << 11 | host_code << 6 | operation << 2 | ((uint32_t)scope & 3);
    return turn->workflow->plan->workflow << 32 | (uint64_t)target << 16 | number;
}

/* How long an enter-maintenance request may stay silent: `retry_after_ns` for the first, and for
 * those that follow as much longer as the policy spaces retries. */
static int64_t silence_ns(const struct rce_turn *turn, struct rce_track *track)
{
    const struct rce_options *options = turn->workflow->options;
    if (track->tries <= 1)
        return options->retry_after_ns;
    return rce_add_saturating(
        options->retry_after_ns,
        rce_request_spacing_ns(turn, track, &options->retry_policy, (uint16_t)(track->tries - 1)));
}

bool rce_request_is_watched(const struct rce_turn *turn, const struct rce_track *track)
{
    return turn->workflow->options->retry && track->step == RCE_STEP_ENTER;
}

void rce_request_ask(struct rce_turn *turn, struct rce_track *track)
{
    rce_turn_persist(turn);
    rce_count_up(&track->asked);
    rce_count_up(&track->tries);
    track->polls = 0;
    track->phase = RCE_PHASE_ASKING;
    track->request = next_request(turn);
    struct rce_action send = rce_turn_about(turn, track, RCE_SEND);
    send.attempt = track->asked;
    send.request = track->request;
    send.key = key_of(turn, track);
    rce_turn_add(turn, &send);
    if (rce_request_is_watched(turn, track))
        rce_turn_set_wait(turn, track, silence_ns(turn, track));
    else
        rce_turn_cancel_wait(turn, track);
}

static void send_read(struct rce_turn *turn, struct rce_track *track, enum rce_operation operation)
{
    rce_turn_persist(turn);
    bool is_host = operation == RCE_READ_HOST;
    uint16_t *attempts = is_host ? &track->host_reads : &track->cluster_reads;
    rce_count_up(attempts);
    track->phase = is_host ? RCE_PHASE_READING_HOST : RCE_PHASE_READING_CLUSTER;
    track->request = next_request(turn);
    rce_turn_add(turn, &(struct rce_action){
                           .kind = RCE_SEND,
                           .operation = operation,
                           .cluster = rce_plan_cluster(turn->workflow, track),
                           .host = is_host ? track->host : RCE_NO_HOST,
                           .attempt = *attempts,
                           .request = track->request,
                       });
    rce_turn_set_wait(turn, track, turn->workflow->options->retry_after_ns);
}

void rce_request_read_host(struct rce_turn *turn, struct rce_track *track)
{
    rce_count_up(&track->polls);
    send_read(turn, track, RCE_READ_HOST);
}

void rce_request_read_cluster(struct rce_turn *turn, struct rce_track *track)
{
    send_read(turn, track, RCE_READ_CLUSTER);
}

void rce_request_poll(struct rce_turn *turn, struct rce_track *track)
{
    rce_count_up(&track->polls);
    send_read(turn, track, track->asked > 0 ? RCE_READ_HOST : RCE_READ_CLUSTER);
}
