#include "sim/explore/team.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "sim/base/check.h"

enum { TICK_NS = 10 * 1000 * 1000, TICKS_A_TELL = 10, NS_PER_S = 1000 * 1000 * 1000 };

struct slot {
    bool is_finished;
    enum team_outcome outcome;
    struct error error;
};

struct team {
    const struct search_options *options;
    const struct team_job *job;
    atomic_bool is_stopping; /* Time is out, somebody interrupts, or nothing more is wanted. */
    sig_atomic_t cut;        /* The same, for runs. */

    pthread_mutex_t mutex; /* Guards what follows. */
    pthread_cond_t room, changed;
    struct slot *slots;
    uint32_t slot_count;
    uint64_t next;   /* The next piece to hand out. */
    uint64_t merged; /* Pieces merged. */
    bool is_closed;  /* Nothing is merged any more. */
    bool has_failed;
    struct error error; /* Of the first piece that failed. */
    enum search_end end;
    uint32_t working_count;
};

uint32_t team_slot_count(const struct search_options *options)
{
    return options->threads * TEAM_SLOTS_A_THREAD;
}

bool team_is_stopping(const struct team *team)
{
    return atomic_load_explicit(&team->is_stopping, memory_order_relaxed);
}

const volatile sig_atomic_t *team_cut(const struct team *team)
{
    return &team->cut;
}

static void stop(struct team *team)
{
    atomic_store(&team->is_stopping, true);
    __atomic_store_n(&team->cut, 1, __ATOMIC_RELAXED);
}

static bool is_interrupted(const struct team *team)
{
    const volatile sig_atomic_t *flag = team->options->interrupted;
    return flag != NULL && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

static int64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Notice that time is out or that somebody interrupts. */
static void look_outside(struct team *team)
{
    const struct search_options *options = team->options;
    if (team_is_stopping(team))
        return;
    bool is_asked_to = is_interrupted(team);
    if (!is_asked_to && (options->stop_at_ns == 0 || clock_now_ns() < options->stop_at_ns))
        return;
    team->end = is_asked_to ? SEARCH_INTERRUPTED : SEARCH_OUT_OF_TIME;
    stop(team);
}

/* Merge what can be merged; the mutex is held. */
static void merge_ready(struct team *team)
{
    while (!team->is_closed && team->merged < team->next) {
        uint32_t index = (uint32_t)(team->merged % team->slot_count);
        struct slot *slot = &team->slots[index];
        if (!slot->is_finished)
            return;
        slot->is_finished = false;
        if (slot->outcome != TEAM_DONE) {
            team->is_closed = true;
            team->has_failed = slot->outcome == TEAM_FAILED;
            if (team->has_failed)
                team->error = slot->error;
            else if (!team_is_stopping(team))
                team->end = SEARCH_INTERRUPTED; /* A run saw the signal first. */
        } else {
            team->is_closed = !team->job->merge(team->job->context, team->merged, index);
            team->merged++;
        }
        if (team->is_closed)
            stop(team);
    }
}

/* Take the next piece. False: there is none, or no more are wanted. */
static bool take(struct team *team, uint64_t *piece)
{
    pthread_mutex_lock(&team->mutex);
    while (!team_is_stopping(team) && team->next < team->job->piece_count &&
           team->next >= team->merged + team->slot_count)
        pthread_cond_wait(&team->room, &team->mutex);
    bool is_taken = !team_is_stopping(team) && team->next < team->job->piece_count;
    if (is_taken)
        *piece = team->next++;
    pthread_mutex_unlock(&team->mutex);
    return is_taken;
}

static void *work(void *context)
{
    struct team *team = context;
    const struct team_job *job = team->job;
    void *worker = job->open(job->context, team);
    struct error error;
    uint64_t piece;
    while (take(team, &piece)) {
        uint32_t index = (uint32_t)(piece % team->slot_count);
        error.message[0] = '\0';
        enum team_outcome outcome = job->work(job->context, worker, team, piece, index, &error);
        /* An engine that is a process may be ended by the signal itself. */
        if (outcome == TEAM_FAILED && (error.code == ERROR_INTERRUPTED || is_interrupted(team)))
            outcome = TEAM_ABANDONED;
        pthread_mutex_lock(&team->mutex);
        team->slots[index].outcome = outcome;
        if (outcome == TEAM_FAILED)
            team->slots[index].error = error;
        team->slots[index].is_finished = true;
        merge_ready(team);
        pthread_cond_broadcast(&team->room);
        pthread_mutex_unlock(&team->mutex);
    }
    job->close(job->context, worker);
    pthread_mutex_lock(&team->mutex);
    team->working_count--;
    pthread_cond_broadcast(&team->room);
    pthread_cond_signal(&team->changed);
    pthread_mutex_unlock(&team->mutex);
    return NULL;
}

static void tell(struct team *team)
{
    if (team->job->tell != NULL)
        team->job->tell(team->job->context);
}

/* Look at clock and signal until the last worker has stopped, and tell people. */
static void watch(struct team *team)
{
    struct timespec wake;
    clock_gettime(CLOCK_MONOTONIC, &wake);
    pthread_mutex_lock(&team->mutex);
    for (uint32_t tick = 1; team->working_count > 0; tick++) {
        wake.tv_nsec += TICK_NS;
        if (wake.tv_nsec >= NS_PER_S) {
            wake.tv_nsec -= NS_PER_S;
            wake.tv_sec++;
        }
        int status = 0;
        while (team->working_count > 0 && status != ETIMEDOUT)
            status = pthread_cond_timedwait(&team->changed, &team->mutex, &wake);
        look_outside(team);
        if (team_is_stopping(team))
            pthread_cond_broadcast(&team->room);
        if (tick % TICKS_A_TELL == 0)
            tell(team);
    }
    tell(team);
    pthread_mutex_unlock(&team->mutex);
}

static void init_team(struct team *team, struct arena *arena)
{
    team->slot_count = team_slot_count(team->options);
    team->slots = arena_take_array(arena, team->slot_count, sizeof *team->slots);
    atomic_init(&team->is_stopping, false);
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->room, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&team->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Start the workers and wait for the last one. A thread that the system does not give is done
 * without: the result is the same. */
static uint32_t run_workers(struct team *team, pthread_t *threads)
{
    uint32_t started = 0;
    team->working_count = team->options->threads;
    while (started < team->options->threads &&
           pthread_create(&threads[started], NULL, work, team) == 0)
        started++;
    pthread_mutex_lock(&team->mutex);
    team->working_count -= team->options->threads - started;
    pthread_mutex_unlock(&team->mutex);
    watch(team);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return started;
}

bool team_run(const struct search_options *options, const struct team_job *job,
              enum search_end *end, struct error *error)
{
    CHECK(options->threads >= 1 && options->threads <= SEARCH_THREADS_MAX);
    struct arena *arena = arena_create("a search", 0);
    struct team *team = arena_take(arena, sizeof *team);
    team->options = options;
    team->job = job;
    init_team(team, arena);
    look_outside(team);
    uint32_t started =
        run_workers(team, arena_take_array(arena, options->threads, sizeof(pthread_t)));
    bool is_good = started > 0 && !team->has_failed;
    if (started == 0)
        error_set(error, ERROR_INTERNAL, "the system gives no thread to work on");
    else if (team->has_failed && error != NULL)
        *error = team->error;
    if (is_good)
        *end = team->merged == job->piece_count ? SEARCH_DONE : team->end;
    pthread_cond_destroy(&team->changed);
    pthread_cond_destroy(&team->room);
    pthread_mutex_destroy(&team->mutex);
    arena_destroy(arena);
    return is_good;
}
