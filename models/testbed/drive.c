#include "models/testbed/drive.h"

#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "models/testbed/drive_parts.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum {
    WAIT_MAX_MS = 1000,
    TELLING_WAIT_MS = 500, /* before the first repetition; twice as long before each further one */
    TELLING_WAIT_MAX_MS = 8000,
    TELLING_PATIENCE_S = 30, /* when there is nothing else left to do */
    GOODBYE_TIMEOUT_MS = 3000,
    CALLBACKS_ASKED_EACH_S = 2,
    CLOCK_KEPT_EACH_S = 60, /* so that the next life knows how long nobody was here */
};

static bool fail(struct drive *drive)
{
    drive->has_failed = true;
    return false;
}

bool drive_is_interrupted(const struct drive *drive)
{
    const volatile sig_atomic_t *flag = drive->settings->interrupted;
    return flag != NULL && *flag != 0;
}

/* A simulated service says what it knows. */
static void take_truth(struct drive *drive, struct drive_workflow *workflow,
                       const struct dialect_answer *answer)
{
    struct dialect_truth truth;
    int64_t *values = workflow->values;
    if (!is_good_status(answer->status))
        return;
    enum dialect_told told = dialect_read_truth(&truth, vmc_violation_names, VIOLATION_COUNT,
                                                answer->body, answer->size_bytes);
    drive->unusable_count += told == DIALECT_TOLD_RUBBISH;
    if (told != DIALECT_TOLD)
        return;
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (strcmp(vmc_cause_names[i], truth.cause) == 0)
            values[STORE_TRUE_CAUSE] = i;
    values[STORE_TRUE_EARLY] = truth.early_trigger;
    values[STORE_TRUE_DUPLICATES] = truth.duplicates;
    values[STORE_TRUE_VIOLATIONS] = truth.violations;
    values[STORE_TRUE_HOSTS] = truth.temporary_hosts;
}

/* Is it still the same service, and do callbacks still come here? Asked now and then, and as soon
 * as somebody answers after a silence. One that does not list callbacks is asked how it is: all
 * that counts is that it answers. */
static void ask_callbacks(struct drive *drive)
{
    struct dialect_request request;
    int64_t clock_ns = pacer_clock_ns();
    bool is_due = drive->is_in_doubt ||
                  clock_ns - drive->callbacks_asked_real_ns > CALLBACKS_ASKED_EACH_S * UNITS_S;
    if (drive->is_asking_callbacks || !is_due)
        return;
    drive->is_asking_callbacks = true;
    drive->is_in_doubt = false;
    drive->callbacks_asked_real_ns = clock_ns;
    if (drive->are_callbacks_listed)
        dialect_ask_callbacks(&request);
    else
        dialect_ask_health(&request);
    drive_look(drive);
    drive_send(drive, &(struct client_tag){.kind = DRIVE_ASK_CALLBACKS}, &request);
}

/* One that was started again has forgotten where callbacks go, and with that every task. */
static void take_callbacks(struct drive *drive, const struct dialect_answer *answer)
{
    char url[DIALECT_URL_SIZE_BYTES];
    drive->is_asking_callbacks = false;
    if (!drive->are_callbacks_listed || answer->status != 200 ||
        !dialect_read_callbacks(url, drive->settings->client, answer->body, answer->size_bytes) ||
        drive_is_our_url(drive, url))
        return;
    error_set(drive->error, ERROR_IO,
              url[0] == '\0' ? "the service at %s was started again in the middle of the wave: it "
                               "has forgotten its tasks and where callbacks go. To begin anew, "
                               "remove the state in %s"
                             : "at %s somebody else has taken the callbacks of this drive; it can "
                               "be gone on with from %s once that is over",
              drive->settings->url,
              drive->settings->state_path != NULL ? drive->settings->state_path : "memory");
    fail(drive);
}

static void tell_later(struct drive *drive, uint32_t index)
{
    uint32_t doublings = drive->workflows[index].untaken_count++;
    int64_t wait_ms = TELLING_WAIT_MS;
    while (doublings-- > 0 && wait_ms < TELLING_WAIT_MAX_MS)
        wait_ms *= 2;
    double wait_ns = (double)(wait_ms * UNITS_MS) * drive->pacer.speed;
    sim_schedule(drive->agenda, &(struct sim_event){.time_ns = drive->now_ns + (int64_t)wait_ns,
                                                    .subject = index,
                                                    .kind = DRIVE_EVENT_TELL});
}

/* One that refuses to know need not be told; one that cannot take it now is told again. */
static void take_telling(struct drive *drive, const struct client_tag *tag,
                         const struct dialect_answer *answer)
{
    struct drive_workflow *workflow = &drive->workflows[tag->workflow];
    if (answer->status == 0 || answer->status >= 500 || answer->status == 429) {
        tell_later(drive, tag->workflow);
        return;
    }
    workflow->is_telling = false;
    workflow->untaken_count = 0;
    if (tag->kind == DRIVE_TELL_END) {
        take_truth(drive, workflow, answer);
        workflow->values[STORE_TOLD] = STORE_TOLD_END;
        drive->told_count++;
    } else {
        workflow->values[STORE_TOLD] = STORE_TOLD_START;
    }
    drive_mark(drive, tag->workflow);
    drive_tell(drive, tag->workflow);
}

static void take_answer(void *context, const struct client_tag *tag,
                        const struct dialect_answer *answer)
{
    struct drive *drive = context;
    struct drive_workflow *workflow = &drive->workflows[tag->workflow];
    struct rce_input input = {.kind = RCE_INPUT_RESPONSE,
                              .request = tag->request,
                              .operation = tag->operation,
                              .cluster = tag->cluster,
                              .host = tag->host};
    if (drive->has_failed)
        return;
    drive->unreachable_count += answer->was_never_sent;
    if (drive->is_silent && answer->status != 0)
        drive->is_in_doubt = drive->are_callbacks_listed;
    drive->is_silent = answer->status == 0;
    if (answer->status != 0)
        drive_hear(drive);
    if (answer->is_nobody_there)
        drive_hear_nobody(drive);
    switch ((enum drive_request_kind)tag->kind) {
    case DRIVE_ASK_CALLBACKS: take_callbacks(drive, answer); return;
    case DRIVE_ASK:
        if (!dialect_read_answer(&input, tag->operation, answer, drive->pacer.speed))
            drive->unusable_count++;
        workflow->values[STORE_THROTTLED] += input.result == RCE_THROTTLED;
        workflow->values[STORE_ACCEPTED] += input.result == RCE_ACCEPTED;
        drive_mark(drive, tag->workflow);
        drive_feed(drive, tag->workflow, &input);
        return;
    case DRIVE_TELL_START:
    case DRIVE_TELL_END: take_telling(drive, tag, answer); return;
    }
}

/* Feed a callback; it is acknowledged with the next commit. Callbacks for others, and for what has
 * not begun here, are none of ours. */
static void take_post(void *context, struct receiver_post *post, const char *body,
                      size_t size_bytes)
{
    struct drive *drive = context;
    struct rce_input input;
    uint32_t sddc;
    drive_hear(drive);
    if (!dialect_read_webhook(&input, &sddc, body, size_bytes)) {
        drive->unusable_count++;
        receiver_answer(drive->receiver, post, 400);
        return;
    }
    if (drive->taken_count == drive->taken_room) {
        uint32_t room = drive->taken_room == 0 ? 64 : drive->taken_room * 2;
        struct receiver_post **wider = arena_take_array(drive->arena, room, sizeof *wider);
        if (drive->taken_count > 0)
            memcpy(wider, drive->taken, drive->taken_count * sizeof(struct receiver_post *));
        drive->taken = wider;
        drive->taken_room = room;
    }
    drive->taken[drive->taken_count++] = post;
    if (sddc < drive->workflows_count)
        drive_feed(drive, sddc, &input);
}

static void take_event(struct drive *drive, const struct sim_event *event)
{
    switch ((enum drive_event_kind)event->kind) {
    case DRIVE_EVENT_TIMER: {
        int64_t late_ns = drive->now_ns - event->time_ns;
        drive->timers_count++;
        drive->timer_late_sum_ns += (double)late_ns;
        if (late_ns > drive->timer_late_max_ns)
            drive->timer_late_max_ns = late_ns;
        drive_feed(drive, event->subject,
                   &(struct rce_input){.kind = RCE_INPUT_TIMER,
                                       .timer = (uint32_t)event->a,
                                       .cluster = RCE_NO_CLUSTER,
                                       .host = RCE_NO_HOST});
        return;
    }
    case DRIVE_EVENT_START: drive->is_start_planned = false; return;
    case DRIVE_EVENT_TELL:
        drive->workflows[event->subject].is_telling = false;
        drive_tell(drive, event->subject);
        return;
    }
}

bool drive_keep_minute(struct drive *drive)
{
    if (drive->calls_in_minute == 0)
        return true;
    int64_t calls = drive->calls_in_minute;
    drive->calls_in_minute = 0;
    return store_add_calls(drive->store, drive->minute, calls, drive->error) || fail(drive);
}

static bool put_changes(struct drive *drive)
{
    struct timespec real;
    int64_t clock_ns = pacer_clock_ns();
    bool is_clock_due = drive->commits_count > 0 &&
                        clock_ns - drive->committed_real_ns > CLOCK_KEPT_EACH_S * UNITS_S;
    if (drive->dirty_count == 0 && !store_is_open(drive->store) && !is_clock_due)
        return true;
    for (uint32_t i = 0; i < drive->dirty_count; i++) {
        struct drive_workflow *workflow = &drive->workflows[drive->dirty[i]];
        struct store_workflow line = {.number = drive->dirty[i]};
        memcpy(line.values, workflow->values, sizeof line.values);
        workflow->is_dirty = false;
        if (!store_put(drive->store, &line, drive->error))
            return fail(drive);
    }
    drive->dirty_count = 0;
    clock_gettime(CLOCK_REALTIME, &real);
    if (!drive_keep_minute(drive) ||
        !store_put_number(drive->store, "clock_ns", drive->now_ns, drive->error) ||
        !store_put_number(drive->store, "clock_real_ns",
                          (int64_t)real.tv_sec * UNITS_S + real.tv_nsec, drive->error) ||
        !store_commit(drive->store, drive->error))
        return fail(drive);
    drive->commits_count++;
    drive->has_begun = drive->next_start > 0;
    drive->committed_real_ns = clock_ns;
    return true;
}

/* Everything that was decided becomes durable, then visible. */
static bool flush(struct drive *drive)
{
    if (drive->has_failed || !put_changes(drive))
        return false;
    if (drive->settings->committed != NULL)
        drive->settings->committed(drive->settings->context);
    for (uint32_t i = 0; i < drive->parcels_count; i++)
        client_send(drive->client, &drive->parcels[i].request, &drive->parcels[i].tag);
    for (uint32_t i = 0; i < drive->taken_count; i++)
        receiver_answer(drive->receiver, drive->taken[i], 204);
    drive->parcels_count = drive->taken_count = 0;
    return true;
}

static void wait(struct drive *drive)
{
    int fds[] = {receiver_fd(drive->receiver), drive->timer_fd};
    int timeout_ms = receiver_timeout_ms(drive->receiver);
    int64_t next_ns = sim_peek_time_ns(drive->agenda);
    int64_t real_ns = next_ns < 0 ? INT64_MAX : pacer_real_ns(&drive->pacer, next_ns);
    struct itimerspec when = {0};
    if (real_ns != INT64_MAX) {
        when.it_value.tv_sec = (time_t)(real_ns / UNITS_S);
        when.it_value.tv_nsec = (long)(real_ns % UNITS_S) + (real_ns == 0);
    }
    timerfd_settime(drive->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    if (timeout_ms < 0 || timeout_ms > WAIT_MAX_MS)
        timeout_ms = WAIT_MAX_MS;
    client_wait(drive->client, fds, 2, timeout_ms);
}

static void work(struct drive *drive)
{
    struct sim_event event;
    int64_t clock_ns = pacer_clock_ns();
    drive->now_ns = pacer_now_ns(&drive->pacer, clock_ns);
    client_work(drive->client, take_answer, drive);
    receiver_work(drive->receiver, take_post, drive);
    if (!drive_bear_silence(drive))
        return;
    for (int64_t next_ns; (next_ns = sim_peek_time_ns(drive->agenda)) >= 0 &&
                          next_ns <= drive->now_ns && !drive->has_failed;) {
        bool is_there = sim_next(drive->agenda, &event);
        CHECK(is_there);
        take_event(drive, &event);
    }
    drive_start_due(drive);
    ask_callbacks(drive);
}

/* No workflow is under way, and none will begin. */
static bool is_quiet(const struct drive *drive)
{
    bool can_start =
        drive->next_start < drive->workflows_count &&
        vmc_wave_open_ns(&drive->settings->parameters->world->wave, drive->now_ns) != INT64_MAX;
    return drive->running_count == 0 && !can_start;
}

/* Then all that is left is to tell the service, for some time. */
static bool is_telling_vain(const struct drive *drive)
{
    return drive->quiet_since_real_ns != 0 && !drive_is_gone(drive) &&
           pacer_clock_ns() - drive->quiet_since_real_ns > TELLING_PATIENCE_S * UNITS_S;
}

bool drive_is_over(const struct drive *drive)
{
    bool is_all_told = drive->told_count == drive->ended_count && !drive->is_in_doubt &&
                       !drive->is_asking_callbacks;
    return is_quiet(drive) && (is_all_told || is_telling_vain(drive));
}

static void warn_of_untold(const struct drive *drive)
{
    if (drive->told_count < drive->ended_count)
        drive_warn(drive,
                   "the service has not taken how %u of %u workflows ended (POST "
                   "/v1/sddcs/{s}/workflow), and what only it knows of them is missing here%s",
                   drive->ended_count - drive->told_count, drive->ended_count,
                   drive->settings->state_path != NULL
                       ? "; the same command goes on telling it (with --force for the result)"
                       : "");
}

static void tell_progress(struct drive *drive, int64_t *told_at_ns)
{
    int64_t clock_ns = pacer_clock_ns();
    if (drive->settings->progress == NULL || clock_ns - *told_at_ns < UNITS_S)
        return;
    *told_at_ns = clock_ns;
    drive->settings->progress(drive->settings->context,
                              &(struct drive_progress){.now_ns = drive->now_ns,
                                                       .workflows_count = drive->workflows_count,
                                                       .started_count = drive->next_start,
                                                       .ended_count = drive->ended_count,
                                                       .failed_count = drive->failed_count,
                                                       .calls_count = drive->calls_count});
}

static bool loop(struct drive *drive)
{
    int64_t told_at_ns = 0;
    if (is_quiet(drive))
        drive->quiet_since_real_ns = pacer_clock_ns();
    drive_hear(drive);
    while (flush(drive) && !drive_is_over(drive)) {
        if (drive_is_interrupted(drive)) {
            error_set(drive->error, ERROR_INTERRUPTED, "interrupted");
            return fail(drive);
        }
        wait(drive);
        work(drive);
        if (drive->quiet_since_real_ns == 0 && is_quiet(drive))
            drive->quiet_since_real_ns = pacer_clock_ns();
        tell_progress(drive, &told_at_ns);
    }
    return !drive->has_failed;
}

/* Callbacks that are still on their way need not be tried again. It is said also by who was
 * interrupted: a second signal ends the process. */
static void say_goodbye(struct drive *drive)
{
    struct dialect_request request;
    struct dialect_answer answer;
    if (!drive->is_registered)
        return;
    dialect_unregister(&request, drive->settings->client);
    client_set_timeout(drive->client, GOODBYE_TIMEOUT_MS);
    client_ignore_interruption(drive->client);
    client_ask(drive->client, drive->arena, &request, &answer, NULL);
}

/* A start that came to nothing leaves nothing: no workflow was begun, so nothing was promised. */
static void undo(struct drive *drive)
{
    if (drive->store != NULL && !drive->has_begun && store_is_new(drive->store))
        store_discard(drive->store);
}

bool drive_run(struct arena *arena, const struct drive_settings *settings,
               struct drive_outcome *outcome, struct error *error)
{
    struct error own;
    struct drive *drive = arena_take(arena, sizeof *drive);
    drive->settings = settings;
    drive->arena = arena;
    drive->error = error != NULL ? error : &own;
    drive->timer_fd = -1;
    bool is_good = drive_begin(drive) && loop(drive);
    if (is_good)
        warn_of_untold(drive);
    if (is_good || !drive->has_begun)
        say_goodbye(drive);
    if (!is_good)
        undo(drive);
    is_good = is_good && drive_account(drive, outcome);
    if (drive->engine != NULL)
        drive_engine_end(drive);
    if (drive->timer_fd >= 0)
        close(drive->timer_fd);
    return is_good;
}
