/* Is anybody there? A service that is gone for good must not look like a wave that failed.
 *
 * An outage of the scenario is answers (503), or connections that are closed, and no silence: the
 * list of callbacks, which is asked for every two seconds, is no part of the simulated world, and
 * neither is GET /healthz, which is asked of a service that does not list them. What says that the
 * service lives is any answer (a 404, too) and any callback.
 */
#include "models/testbed/drive_parts.h"
#include "sim/base/units.h"

enum {
    NOBODY_PATIENCE_S = 10, /* connections are refused */
    SILENCE_PATIENCE_S = 60,
    TURN_MAX_S = 2, /* a longer one was slept through: nobody could have been heard */
};

void drive_hear(struct drive *drive)
{
    drive->silence = (struct drive_silence){.heard_real_ns = pacer_clock_ns(),
                                            .turned_real_ns = drive->silence.turned_real_ns};
}

static bool is_silent(const struct drive_silence *silence)
{
    return silence->is_nobody_there || silence->is_look_open;
}

/* Nothing was heard since the last workflow has ended, so it may have ended because of that. Later
 * silence costs nothing but what the service would have been told. */
bool drive_is_gone(const struct drive *drive)
{
    const struct drive_silence *silence = &drive->silence;
    int64_t quiet_ns = drive->quiet_since_real_ns;
    return is_silent(silence) && (quiet_ns == 0 || silence->heard_real_ns < quiet_ns);
}

static void begin(struct drive *drive)
{
    if (!is_silent(&drive->silence))
        drive->silence.began_at_ns = drive->now_ns;
}

/* The list of callbacks, or /healthz, is asked for with what leaves next. Behind as many others as
 * may be under way at once it would wait for them, and tell nothing. */
void drive_look(struct drive *drive)
{
    if (client_room(drive->client) <= drive->parcels_count)
        return;
    begin(drive);
    drive->silence.is_look_open = true;
}

static bool give_up(struct drive *drive)
{
    const struct drive_silence *silence = &drive->silence;
    const char *state = drive->settings->state_path;
    char lasted[UNITS_TEXT_SIZE_BYTES], since[UNITS_TEXT_SIZE_BYTES];
    error_set(drive->error, ERROR_IO,
              "the service at %s is gone: %s for %s, since %s of simulated time. Start it again in "
              "the state that it had, and the same command goes on from %s; if it has lost that, "
              "remove the state to begin anew",
              drive->settings->url,
              silence->is_nobody_there ? "nobody was there" : "it has answered nothing",
              units_print_rough_duration(lasted, silence->lasted_ns),
              units_print_clock(since, silence->began_at_ns), state != NULL ? state : "memory");
    drive->has_failed = true;
    return false;
}

/* A connection was refused. Only this, again and again, tells that nobody is there: between two of
 * them nothing may have been asked. */
void drive_hear_nobody(struct drive *drive)
{
    begin(drive);
    drive->silence.is_nobody_there = true;
    if (drive_is_gone(drive) && drive->silence.lasted_ns > NOBODY_PATIENCE_S * UNITS_S)
        give_up(drive);
}

/* Once a turn, after everything that has come was heard. */
bool drive_bear_silence(struct drive *drive)
{
    struct drive_silence *silence = &drive->silence;
    int64_t clock_ns = pacer_clock_ns(), turn_ns = clock_ns - silence->turned_real_ns;
    silence->turned_real_ns = clock_ns;
    if (drive->has_failed || !is_silent(silence))
        return !drive->has_failed;
    silence->lasted_ns += turn_ns < TURN_MAX_S * UNITS_S ? turn_ns : TURN_MAX_S * UNITS_S;
    bool is_asked = silence->is_look_open || drive->quiet_since_real_ns != 0;
    if (drive_is_gone(drive) && is_asked && silence->lasted_ns > SILENCE_PATIENCE_S * UNITS_S)
        return give_up(drive);
    return true;
}
