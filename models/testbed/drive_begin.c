/* How a drive begins: what is asked of the service before its first workflow, and the clock. */
#include "models/testbed/drive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "models/testbed/drive_parts.h"
#include "models/testbed/guard.h"
#include "models/testbed/webhook.h"
#include "sim/base/units.h"

enum {
    CONNECT_PATIENCE_S = 5,   /* a service that is just being started */
    START_TIMEOUT_MS = 30000, /* of the requests before the first workflow */
    TIMEOUT_MIN_MS = 2000,
    LATE_SHARE = 10, /* one in so many workflows that are late already is worth a word */
};

static bool fail(struct drive *drive)
{
    drive->has_failed = true;
    return false;
}

void drive_warn(const struct drive *drive, const char *format, ...)
{
    va_list arguments;
    char text[600];
    if (drive->settings->warn == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    drive->settings->warn(drive->settings->context, text);
}

/* Ask, for some time also one that is not there yet. The service has read the request about
 * halfway between sending it and the answer. */
static bool ask_service(struct drive *drive, const struct dialect_request *request,
                        struct dialect_answer *answer)
{
    for (int second = 0;; second++) {
        int64_t before_ns = pacer_clock_ns();
        if (client_ask(drive->client, drive->arena, request, answer, drive->error)) {
            drive->asked_real_ns = before_ns + (pacer_clock_ns() - before_ns) / 2;
            return true;
        }
        bool is_interrupted = drive_is_interrupted(drive);
        if (!answer->was_never_sent || second >= CONNECT_PATIENCE_S || is_interrupted)
            break;
        sleep(1);
    }
    if (drive_is_interrupted(drive))
        error_set(drive->error, ERROR_INTERRUPTED, "interrupted");
    return fail(drive);
}

static bool complain_about(struct drive *drive, const struct dialect_request *request, int status)
{
    error_set(drive->error, ERROR_IO, "%s answers %d to %s %s%s", drive->settings->url, status,
              request->method, request->path,
              status == 401 ? "; it wants a token, or another one" : "");
    return fail(drive);
}

static bool ask_fleet(struct drive *drive)
{
    const struct vmc_config *world = drive->settings->parameters->world;
    uint32_t sddcs_count = world->fleet.sddcs_count, read_count = 0;
    drive->workflows_count = sddcs_count;
    drive->workflows =
        arena_take_array(drive->arena, drive->workflows_count, sizeof *drive->workflows);
    drive->dirty = arena_take_array(drive->arena, drive->workflows_count, sizeof *drive->dirty);
    struct dialect_fleet *fleet = arena_take(drive->arena, sizeof *fleet);
    while (read_count < drive->workflows_count) {
        struct dialect_request request;
        struct dialect_answer answer;
        dialect_ask_fleet(&request, read_count);
        if (!ask_service(drive, &request, &answer))
            return false;
        if (answer.status != 200)
            return complain_about(drive, &request, answer.status);
        if (!dialect_read_fleet(fleet, drive->arena, answer.body, answer.size_bytes, drive->error))
            return fail(drive);
        if (fleet->sddcs_count != sddcs_count || fleet->plans_count == 0) {
            error_set(drive->error, ERROR_SCENARIO,
                      "the service at %s has %" PRIu32 " SDDCs and the scenario %" PRIu32
                      "; give both the same scenario, or --set fleet.sddcs=%" PRIu32,
                      drive->settings->url, fleet->sddcs_count, sddcs_count, fleet->sddcs_count);
            return fail(drive);
        }
        if (fleet->plans[0].workflow != read_count) {
            error_set(drive->error, ERROR_IO,
                      "the service at %s answers with SDDC %llu first to GET %s; it has to take "
                      "\"offset\" as openapi.json has it",
                      drive->settings->url, (unsigned long long)fleet->plans[0].workflow,
                      request.path);
            return fail(drive);
        }
        for (uint32_t i = 0; i < fleet->plans_count && read_count < drive->workflows_count; i++) {
            drive->workflows[read_count].plan = fleet->plans[i];
            drive->workflows[read_count++].begun = fleet->are_begun[i];
        }
    }
    return true;
}

/* What the service says of its clock; `*is_told` false: nothing. */
static bool ask_clock(struct drive *drive, struct dialect_clock *clock, bool *is_told)
{
    const struct drive_settings *settings = drive->settings;
    struct dialect_request request;
    struct dialect_answer answer;
    dialect_ask_clock(&request);
    if (!ask_service(drive, &request, &answer))
        return false;
    *clock = (struct dialect_clock){.speed = 1};
    *is_told = answer.status == 200 && dialect_read_clock(clock, answer.body, answer.size_bytes);
    if (clock->is_stepped) {
        error_set(drive->error, ERROR_USAGE,
                  "the clock of %s stands still (--step), and an engine is driven in real time",
                  settings->url);
        return fail(drive);
    }
    if (*is_told && clock->now_ns >= VMC_LIVE_TIME_MAX_NS) {
        error_set(drive->error, ERROR_IO,
                  "the clock of %s (GET /admin/clock) is at %lld ns, beyond the end of time (%lld "
                  "ns)",
                  settings->url, (long long)clock->now_ns, (long long)VMC_LIVE_TIME_MAX_NS);
        return fail(drive);
    }
    double speed = settings->speed > 0 ? settings->speed : clock->speed;
    if (*is_told && speed != clock->speed)
        drive_warn(drive,
                   "the service's clock goes at speed %g and this drive at %g, so what happens at "
                   "a time there happens at another one here",
                   clock->speed, speed);
    clock->speed = speed;
    if (speed >= PACER_SPEED_MIN && speed <= PACER_SPEED_MAX)
        return true;
    error_set(drive->error, ERROR_USAGE, "a speed of %g is not between %g and %g", speed,
              PACER_SPEED_MIN, PACER_SPEED_MAX);
    return fail(drive);
}

static bool is_secret(const char *text)
{
    return strlen(text) == RECEIVER_SECRET_SIZE_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == RECEIVER_SECRET_SIZE_BYTES - 1;
}

static bool open_receiver(struct drive *drive)
{
    char drawn[RECEIVER_SECRET_SIZE_BYTES];
    const char *secret = NULL;
    if (!store_get_text(drive->store, "secret", &secret, drive->error))
        return fail(drive);
    if (secret != NULL && !is_secret(secret)) {
        store_refuse(drive->store, drive->error, "\"secret\" is none");
        return fail(drive);
    }
    if (secret == NULL) {
        if (!receiver_draw_secret(drawn, drive->error) ||
            !store_put_text(drive->store, "secret", drawn, drive->error))
            return fail(drive);
        secret = drawn;
    }
    return receiver_create(&drive->receiver, drive->arena, drive->settings->listen, secret,
                           drive->error) ||
           fail(drive);
}

bool drive_is_our_url(const struct drive *drive, const char *url)
{
    return guard_has_path(url, receiver_path(drive->receiver));
}

/* Who registers under a name that is taken, takes away somebody else's callbacks. An earlier life
 * of this state file is known by the secret in its URL; its address may have been another. */
static bool is_name_free(struct drive *drive)
{
    const char *client = drive->settings->client, *service = drive->settings->url;
    struct dialect_request request;
    struct dialect_answer answer;
    char url[DIALECT_URL_SIZE_BYTES];
    dialect_ask_callbacks(&request);
    if (!ask_service(drive, &request, &answer))
        return false;
    drive->are_callbacks_listed =
        answer.status == 200 && dialect_read_callbacks(url, client, answer.body, answer.size_bytes);
    if (!drive->are_callbacks_listed || url[0] == '\0' || drive_is_our_url(drive, url))
        return true;
    const char *host = strstr(url, "://");
    int length = host != NULL ? (int)(host + 3 - url + (ptrdiff_t)strcspn(host + 3, "/")) : 0;
    error_set(drive->error, ERROR_IO,
              "callbacks of \"%s\" go to %.*s, which is not this drive: another one is running "
              "there, or was killed. Go on with the state of that one, or name this one "
              "(--client NAME); if nobody is there any more, DELETE %s/v1/callbacks/%s",
              client, length, url, service, client);
    return fail(drive);
}

/* The secret is kept before it is told, so that the next life knows its own URL. */
static bool register_receiver(struct drive *drive)
{
    const struct drive_settings *settings = drive->settings;
    struct dialect_request request;
    struct dialect_answer answer;
    const char *base =
        settings->callback_base != NULL ? settings->callback_base : receiver_base(drive->receiver);
    const char *url = arena_print(drive->arena, "%s%s", base, receiver_path(drive->receiver));
    if (!dialect_register(&request, settings->client, url)) {
        error_set(drive->error, ERROR_USAGE, "%s is too long for a URL", url);
        return fail(drive);
    }
    if (!is_name_free(drive))
        return false;
    if (!store_commit(drive->store, drive->error))
        return fail(drive);
    drive->is_registered = true; /* Also if the answer is lost. */
    if (!ask_service(drive, &request, &answer))
        return false;
    return is_good_status(answer.status) || complain_about(drive, &request, answer.status);
}

static int64_t real_now_ns(void)
{
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    return (int64_t)real.tv_sec * UNITS_S + real.tv_nsec;
}

/* What the state file says of the clock. */
struct kept_clock {
    int64_t now_ns, real_ns; /* when it was committed last; real -1: never */
    int64_t begun_at_ns;     /* the first start */
    int64_t is_service;      /* its 0 is the service's */
};

static bool read_kept_clock(struct drive *drive, struct kept_clock *kept)
{
    *kept = (struct kept_clock){.real_ns = -1};
    if (!store_get_number(drive->store, "clock_ns", &kept->now_ns, drive->error) ||
        !store_get_number(drive->store, "clock_real_ns", &kept->real_ns, drive->error) ||
        !store_get_number(drive->store, "begun_at_ns", &kept->begun_at_ns, drive->error) ||
        !store_get_number(drive->store, "clock_is_service", &kept->is_service, drive->error))
        return fail(drive);
    if (kept->now_ns <= VMC_LIVE_TIME_MAX_NS &&
        (kept->real_ns < 0 || kept->begun_at_ns <= kept->now_ns))
        return true;
    store_refuse(drive->store, drive->error, "\"clock_ns\" is no time");
    return fail(drive);
}

/* What the clock shows at an instant of the machine's. */
struct clock_reading {
    int64_t at_ns, real_ns;
};

static struct clock_reading service_reading(const struct drive *drive,
                                            const struct dialect_clock *told)
{
    return (struct clock_reading){
        .at_ns = told->now_ns,
        .real_ns = drive->asked_real_ns,
    };
}

/* From where it was committed last, as if it had gone on meanwhile. */
static struct clock_reading kept_reading(const struct drive *drive, const struct kept_clock *kept,
                                         double speed)
{
    int64_t left_ns = VMC_LIVE_TIME_MAX_NS - kept->now_ns;
    double gone_ns = (double)drive->away_ns * speed;
    return (struct clock_reading){
        .at_ns = kept->now_ns + (gone_ns < (double)left_ns ? (int64_t)gone_ns : left_ns),
        .real_ns = pacer_clock_ns(),
    };
}

/* Let the clock go on from there, but never back behind what was committed. */
static void set_clock(struct drive *drive, struct clock_reading from, int64_t least_ns,
                      double speed)
{
    int64_t clock_ns = pacer_clock_ns();
    drive->pacer = pacer_start(speed, false, from.real_ns);
    pacer_jump(&drive->pacer, from.at_ns, from.real_ns);
    if (pacer_now_ns(&drive->pacer, clock_ns) < least_ns)
        pacer_jump(&drive->pacer, least_ns, clock_ns);
    drive->now_ns = pacer_now_ns(&drive->pacer, clock_ns);
}

/* Set the clock: to that of the service if it tells it; else it goes on from where it was committed
 * last, or begins. Whose it is, is decided once for each state. */
static bool start_clock(struct drive *drive, const struct dialect_clock *told, bool is_told)
{
    struct kept_clock kept;
    if (!read_kept_clock(drive, &kept))
        return false;
    int64_t real_ns = real_now_ns();
    bool is_first = kept.real_ns < 0;
    bool can_be_service = is_first || kept.is_service != 0;
    bool is_service = is_told && can_be_service;
    drive->is_clock_lost = !is_told && can_be_service;
    drive->away_ns = !is_first && real_ns > kept.real_ns ? real_ns - kept.real_ns : 0;
    set_clock(drive,
              is_service ? service_reading(drive, told) : kept_reading(drive, &kept, told->speed),
              kept.now_ns, told->speed);
    drive->begun_at_ns = is_first ? drive->now_ns : kept.begun_at_ns;
    if (!is_first)
        return true;
    return (store_put_number(drive->store, "begun_at_ns", drive->begun_at_ns, drive->error) &&
            store_put_number(drive->store, "clock_is_service", is_service, drive->error)) ||
           fail(drive);
}

/* What whoever looks at the result should know about its times. */
static void warn_of_time(struct drive *drive)
{
    const struct vmc_wave *wave = &drive->settings->parameters->world->wave;
    char away[UNITS_TEXT_SIZE_BYTES], now[UNITS_TEXT_SIZE_BYTES];
    uint32_t late_count = 0;
    if (drive->is_clock_lost)
        drive_warn(drive,
                   "the service does not tell its clock (GET /admin/clock), so time counts from "
                   "the start of this drive, and outages, schedules and maintenance windows of "
                   "the scenario need not fall on the same instants there");
    if (drive->away_ns > WEBHOOK_PATIENCE_S * UNITS_S)
        drive_warn(drive,
                   "nobody was here for %s: a service like `rcesim serve` gives callbacks up "
                   "after %d minutes; what was lost the engine finds out by its deadlines and "
                   "by reading",
                   units_print_rough_duration(away, drive->away_ns), WEBHOOK_PATIENCE_S / 60);
    if (drive->starts_count > 1 || wave->schedule == VMC_START_AT_ONCE)
        return;
    while (late_count < drive->workflows_count &&
           vmc_live_due_ns(drive->schedule, late_count) < drive->now_ns)
        late_count++;
    if (late_count > 1 && late_count > drive->workflows_count / LATE_SHARE)
        drive_warn(drive,
                   "the service's clock is at %s, and %" PRIu32 " of %" PRIu32
                   " workflows are late already; they start at once. For a wave as in `rcesim "
                   "run` start the service and the drive together",
                   units_print_clock(now, drive->now_ns), late_count, drive->workflows_count);
}

static bool count_start(struct drive *drive)
{
    int64_t count = (int64_t)drive->starts_count + 1;
    drive->starts_count = (uint64_t)count;
    return store_put_number(drive->store, "starts", count, drive->error) || fail(drive);
}

static bool read_starts(struct drive *drive)
{
    int64_t count = 0;
    if (!store_get_number(drive->store, "starts", &count, drive->error))
        return fail(drive);
    if (count > UINT32_MAX) {
        store_refuse(drive->store, drive->error, "\"starts\" is no count");
        return fail(drive);
    }
    drive->starts_count = (uint64_t)count;
    return true;
}

static bool open_all(struct drive *drive)
{
    const struct drive_settings *settings = drive->settings;
    const struct client_settings client = {
        .url = settings->url,
        .token = settings->token,
        .connections_max =
            settings->connections_max != 0 ? settings->connections_max : DRIVE_CONNECTIONS_DEFAULT,
        .timeout_ms = START_TIMEOUT_MS,
        .interrupted = settings->interrupted,
    };
    drive->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (drive->timer_fd < 0) {
        error_set(drive->error, ERROR_IO, "the system gives no timer: %s", strerror(errno));
        return fail(drive);
    }
    if (!client_create(&drive->client, drive->arena, &client, drive->error) ||
        !store_open(&drive->store, drive->arena, settings->state_path,
                    settings->durability == DRIVE_DURABLE_FULL, settings->identity, drive->error))
        return fail(drive);
    return open_receiver(drive);
}

bool drive_begin(struct drive *drive)
{
    const struct drive_settings *settings = drive->settings;
    const struct vmc_port nobody = {0};
    struct dialect_clock clock;
    bool is_told;
    drive->oracle = oracle_make(settings->seed, settings->replication, NULL, NULL);
    drive->schedule = vmc_live_create(drive->arena, settings->parameters, settings->seed,
                                      settings->replication, &nobody);
    drive->agenda = sim_create(drive->arena, NULL);
    if (!open_all(drive) || !read_starts(drive) || !ask_fleet(drive) ||
        !drive_engine_begin(drive) || !drive_restore(drive) ||
        !ask_clock(drive, &clock, &is_told) || !start_clock(drive, &clock, is_told))
        return false;
    if (drive_is_over(drive))
        return true;
    if (!register_receiver(drive) || !count_start(drive))
        return false;
    double timeout_ms = (double)settings->request_timeout_ns / clock.speed / (double)UNITS_MS;
    client_set_timeout(drive->client, timeout_ms < TIMEOUT_MIN_MS ? TIMEOUT_MIN_MS
                                      : timeout_ms < 1e12         ? (int64_t)timeout_ms
                                                                  : INT64_C(1000000000000));
    warn_of_time(drive);
    return drive_go_on(drive);
}
