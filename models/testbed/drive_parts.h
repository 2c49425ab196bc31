/* drive_parts.h - what the files of drive.h share; private to them.
 *
 *   drive.c          the loop, the end
 *   drive_begin.c    what the service is asked first, the clock
 *   drive_restore.c  what the state file says, checked, and taken up again
 *   drive_silence.c  is anybody there?
 *   drive_engine.c   workflows: inputs to the engine, its actions
 *   drive_account.c  what came of it as a record and rows
 */
#ifndef MODELS_TESTBED_DRIVE_PARTS_H
#define MODELS_TESTBED_DRIVE_PARTS_H

#include "models/testbed/client.h"
#include "models/testbed/drive.h"
#include "models/testbed/pacer.h"
#include "models/testbed/receiver.h"
#include "models/testbed/store.h"
#include "models/vmc/port.h"
#include "sim/chance/oracle.h"
#include "sim/kernel/sim.h"

/* What a request is for, and what waits for its time. */
enum drive_request_kind { DRIVE_ASK, DRIVE_TELL_START, DRIVE_TELL_END, DRIVE_ASK_CALLBACKS };
enum drive_event_kind { DRIVE_EVENT_TIMER, DRIVE_EVENT_START, DRIVE_EVENT_TELL };

struct drive_workflow {
    struct rce_plan plan;
    void *block;               /* NULL until it is made */
    struct sim_handle *timers; /* [rce_timers_count] */
    int64_t values[STORE_VALUE_COUNT];
    enum dialect_begun begun; /* as the service said at the start */
    bool is_dirty;            /* values have changed since they were put last */
    bool is_telling;          /* a telling is under way, or waits to be repeated */
    uint32_t untaken_count;   /* tellings in a row that the service has not taken */
};

/* Since the service has last given a sign of life: an answer, a callback. */
struct drive_silence {
    int64_t heard_real_ns;  /* that was then, on the machine's clock */
    int64_t turned_real_ns; /* the last turn of the loop, on the machine's clock */
    bool is_nobody_there;   /* a connection was refused since */
    bool is_look_open;      /* it was asked since for what it answers at once */
    int64_t began_at_ns;    /* the first of both, in simulated time */
    int64_t lasted_ns;      /* from then on, of the machine's, as far as this process was awake */
};

/* What leaves after the next commit. */
struct drive_parcel {
    struct client_tag tag;
    struct dialect_request request;
};

struct drive {
    const struct drive_settings *settings;
    struct arena *arena;
    struct error *error; /* of the run */
    bool has_failed;
    bool has_begun;            /* a workflow, and that is committed */
    bool is_registered;        /* the service may know where callbacks go */
    bool are_callbacks_listed; /* and says so */
    bool is_silent;            /* the last request had no answer */
    bool is_in_doubt;          /* somebody answers after a silence: is it still the same service? */
    bool is_asking_callbacks;  /* or, where they are not listed, whether anybody is there */
    struct drive_silence silence;
    int64_t callbacks_asked_real_ns; /* when that was asked last, on the machine's clock */
    struct store *store;
    struct client *client;
    struct receiver *receiver;
    struct pacer pacer;
    int64_t now_ns;
    int64_t begun_at_ns;   /* the first start */
    int64_t asked_real_ns; /* of the last request of the start, on the machine's clock */
    int64_t away_ns;       /* of the machine's: since the last commit of an earlier life */
    bool is_clock_lost;
    struct sim *agenda; /* timers and starts, by simulated time */
    int timer_fd;
    struct oracle oracle;
    struct vmc_live *schedule; /* tells when an SDDC is due */
    const struct rce_engine *engine;
    const void *engine_settings;
    void *process;
    bool is_upgrade;       /* the states are those of another engine */
    bool is_engine_unkept; /* the state file does not name this one yet */
    struct rce_actions actions;
    void *saved; /* [saved_room_bytes] */
    size_t saved_room_bytes;
    struct drive_workflow *workflows; /* [workflows_count] */
    uint32_t workflows_count, next_start, running_count, ended_count, failed_count, told_count;
    bool is_start_planned;
    uint32_t *dirty; /* [dirty_count], of workflows */
    uint32_t dirty_count;
    struct drive_parcel *parcels; /* [parcels_count] */
    uint32_t parcels_count, parcels_room;
    struct receiver_post **taken; /* [taken_count], to be acknowledged */
    uint32_t taken_count, taken_room;
    int64_t quiet_since_real_ns; /* no workflow is left, on the machine's clock; 0: some are */
    int64_t minute; /* of simulated time, that calls_in_minute counts and nothing has kept yet */
    int64_t calls_in_minute;
    uint64_t inputs_count, commits_count, calls_count, starts_count, unusable_count;
    uint64_t unreachable_count;
    int64_t committed_real_ns; /* of the last commit, on the machine's clock */
    uint64_t timers_count;
    int64_t timer_late_max_ns;
    double timer_late_sum_ns;
};

static inline bool is_good_status(int status)
{
    return status >= 200 && status < 300;
}

/* False, here and below: the run is over, and drive->error says why. */

/* drive.c */
bool drive_is_interrupted(const struct drive *drive);
bool drive_is_over(const struct drive *drive);

/* drive_begin.c */
bool drive_begin(struct drive *drive);
bool drive_is_our_url(const struct drive *drive, const char *url);
void drive_warn(const struct drive *drive, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* drive_restore.c: read everything, then (with the clock going) tell the engine. */
bool drive_restore(struct drive *drive);
bool drive_go_on(struct drive *drive);

/* drive_silence.c */
void drive_hear(struct drive *drive);
void drive_hear_nobody(struct drive *drive);
void drive_look(struct drive *drive);
bool drive_bear_silence(struct drive *drive);
bool drive_is_gone(const struct drive *drive);

/* drive_engine.c */
bool drive_engine_begin(struct drive *drive);
void drive_engine_end(struct drive *drive);
bool drive_make_block(struct drive *drive, uint32_t index);
bool drive_start(struct drive *drive, uint32_t index);
bool drive_feed(struct drive *drive, uint32_t index, struct rce_input *input);
bool drive_feed_kind(struct drive *drive, uint32_t index, enum rce_input_kind kind);
bool drive_persist(struct drive *drive, uint32_t index);
void drive_start_due(struct drive *drive);
void drive_mark(struct drive *drive, uint32_t index);
void drive_send(struct drive *drive, const struct client_tag *tag,
                const struct dialect_request *request);
void drive_tell(struct drive *drive, uint32_t index);
bool drive_keep_minute(struct drive *drive);

/* drive_account.c */
bool drive_account(struct drive *drive, struct drive_outcome *outcome);

#endif
