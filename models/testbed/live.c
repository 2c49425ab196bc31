#include "models/testbed/live.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

struct live {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something is due earlier than the pacer sleeps, or the end */
    pthread_t pacer;
    struct rest *rest;
    int64_t sleeps_until_ns; /* of the real clock */
    bool is_ending;
};

static void wait_until(struct live *live, int64_t real_ns)
{
    live->sleeps_until_ns = real_ns;
    if (real_ns == INT64_MAX) {
        pthread_cond_wait(&live->changed, &live->lock);
        return;
    }
    const struct timespec until = {.tv_sec = real_ns / UNITS_S, .tv_nsec = real_ns % UNITS_S};
    pthread_cond_timedwait(&live->changed, &live->lock, &until);
}

static void *pace(void *context)
{
    struct live *live = context;
    pthread_mutex_lock(&live->lock);
    while (!live->is_ending) {
        rest_advance(live->rest, pacer_clock_ns());
        wait_until(live, rest_next_real_ns(live->rest));
    }
    pthread_mutex_unlock(&live->lock);
    return NULL;
}

/* With the arena, because connections may come in until the very end. */
static void destroy(void *context)
{
    struct live *live = context;
    pthread_mutex_destroy(&live->lock);
    pthread_cond_destroy(&live->changed);
}

bool live_start(struct live **out, struct arena *arena, const struct rest_options *options,
                const struct rest_sink *sink, struct error *error)
{
    struct live *live = arena_take(arena, sizeof *live);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&live->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&live->lock, NULL);
    arena_at_end(arena, destroy, live);
    live->rest = rest_create(arena, options, sink);
    int problem = pthread_create(&live->pacer, NULL, pace, live);
    if (problem != 0)
        return error_set(error, ERROR_IO, "cannot start a thread: %s", strerror(problem));
    *out = live;
    return true;
}

bool live_handle(struct live *live, const struct rest_request *request, struct reply *reply)
{
    pthread_mutex_lock(&live->lock);
    int64_t real_ns = pacer_clock_ns();
    rest_advance(live->rest, real_ns);
    bool is_now = rest_handle(live->rest, request, reply, real_ns);
    if (rest_next_real_ns(live->rest) < live->sleeps_until_ns)
        pthread_cond_signal(&live->changed);
    pthread_mutex_unlock(&live->lock);
    return is_now;
}

struct rest_gauges *live_gauges(struct live *live)
{
    return rest_gauges(live->rest);
}

bool live_is_shutdown_asked(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    bool is_asked = rest_is_shutdown_asked(live->rest);
    pthread_mutex_unlock(&live->lock);
    return is_asked;
}

void live_stop(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    rest_advance(live->rest, pacer_clock_ns());
    rest_close(live->rest);
    live->is_ending = true;
    pthread_cond_signal(&live->changed);
    pthread_mutex_unlock(&live->lock);
    pthread_join(live->pacer, NULL);
}

struct rest *live_rest(struct live *live)
{
    return live->rest;
}
