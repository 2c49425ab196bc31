/* drive.h - an engine against a service behind HTTP, in (scaled) real time.
 *
 *     service --- answers, webhooks ---> input --> engine --> actions
 *        ^                                                      |
 *        |      SEND <--- commit to the state file <--- PERSIST +
 *        +--------+
 *
 * It is the driver of rce.h with a real clock: one process and one thread for all workflows of a
 * wave. Whatever has come meanwhile (answers, callbacks, timers that are due) is fed to the engine,
 * what its steps persist is committed together, and only then their requests leave and webhooks are
 * acknowledged. So a kill -9 at any moment loses nothing that somebody else has seen: what was not
 * committed was not sent, and a callback that was not taken up is delivered again by the service.
 *
 * After a restart each workflow is loaded from what was committed last and told RESUMED, or made
 * anew and told START where nothing was; timers are set by the engine; answers to what was asked
 * before find nobody, because their connections are gone. The clock goes on as if it had not been
 * away. Another engine may take the workflows over (`may_upgrade`): they are loaded as rce.h has it
 * under "State versions", and told ENGINE_CHANGED.
 *
 * What only a simulated service knows (the true cause of a failure, early triggers, duplicates,
 * broken invariants, hosts left over) is in the record if it tells it when a workflow has ended;
 * any other service's causes are `other`, and the rest is 0.
 *
 * Times are simulated ns, and 0 is the service's: its clock is asked at each start, and taken to
 * have been read halfway between the request and the answer; so outages, schedules and maintenance
 * windows fall on the same instants on both sides, as near as half a round trip times the speed.
 * What was due before that starts at once. A service that does not tell its clock (no admin
 * resource, or none for this token) is warned of; 0 is then the first start.
 *
 * Nobody else's callbacks are taken away: where the name of the client is registered with a URL
 * that is not of this state file, the drive is refused before it has changed anything. A start that
 * fails before the first workflow has begun leaves no file and no registration.
 *
 * Limits: DRIVE_... below; those of rce.h.
 */
#ifndef MODELS_TESTBED_DRIVE_H
#define MODELS_TESTBED_DRIVE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/testbed/receiver.h"
#include "models/vmc/config.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/record.h"
#include "sim/experiment/result.h"

enum { DRIVE_CONNECTIONS_DEFAULT = 256, DRIVE_CONNECTIONS_MAX = 4096 };

/* What the disk is asked for with each commit. */
enum drive_durability {
    DRIVE_DURABLE_FULL,    /* survives the machine's crash */
    DRIVE_DURABLE_PROCESS, /* survives that of this process */
};

struct drive_progress {
    int64_t now_ns;
    uint32_t workflows_count, started_count, ended_count, failed_count;
    uint64_t calls_count;
};

struct drive_settings {
    /* Engine, settings, options; of the world only the wave's schedule and the width of bins. A
     * rollout and crashes are the world's, and are left aside. */
    const struct vmc_parameters *parameters;
    uint64_t seed;
    uint32_t replication; /* names the engine's entropy and the schedule's draws, as in a run */
    const char *url;      /* of the service: "http://127.0.0.1:8080", no slash at the end */
    const char *token;    /* of the service; NULL: none */
    double speed;         /* simulated seconds in one of the machine's; 0: ask the service */
    const char *listen;   /* where webhooks arrive: "127.0.0.1:0", 0 for any free port */
    const char
        *callback_base; /* how the service reaches that: "http://host:1234"; NULL: as it is */
    const char *client; /* the name to register by; one for each drive of a service */
    int64_t request_timeout_ns; /* simulated; but never less than two seconds of the machine's */
    uint32_t connections_max;   /* 0: DRIVE_CONNECTIONS_DEFAULT */
    const char *state_path;     /* SQLite; NULL: in memory, nothing survives */
    enum drive_durability durability;
    const char *identity; /* Of what is driven, one line: a state file of another one is refused. */
    const char *engine_identity;              /* By what, one line; NULL: it is the only one. */
    bool may_upgrade;                         /* The state may be that of another engine. */
    const volatile sig_atomic_t *interrupted; /* may be NULL */
    /* Called with every step, after it was accepted; may be NULL. */
    void (*watch)(void *context, uint32_t workflow, const struct rce_input *input,
                  const struct rce_actions *actions);
    /* Called with a sentence that whoever reads the result should know; may be NULL. */
    void (*warn)(void *context, const char *text);
    /* Called about once a second of the machine's; may be NULL. */
    void (*progress)(void *context, const struct drive_progress *progress);
    /* Called with each commit, before anything leaves: what is written beside the state file is to
     * be brought as far. May be NULL. */
    void (*committed)(void *context);
    void *context;
};

/* What came of it. */
struct drive_outcome {
    const struct record *record;  /* of vmc_model, in the arena; see above */
    const struct row_table *rows; /* one row a workflow, columns of vmc_model */
    uint64_t starts_count;        /* times that this state file was begun or gone on with */
    uint64_t resumed_count;       /* workflows taken up again, over all of them */
    uint64_t inputs_count, commits_count;
    bool is_truth_known;               /* of all workflows that have ended */
    uint64_t unusable_count;           /* answers and callbacks that were none, in this process */
    uint64_t unreachable_count;        /* requests that found nobody, in this process */
    struct receiver_refusals refusals; /* by the receiver of callbacks, in this process */
    int64_t timer_late_max_ns; /* how much later than asked for a timer fired, in this process */
    double timer_late_mean_ns;
    double speed;
};

/* Drive the wave to its end. ERROR_INTERRUPTED: the state file has all that is needed to go on;
 * ERROR_IO: the service or the state file; ERROR_SCENARIO: the service's fleet is not that of the
 * parameters; ERROR_INTERNAL: the engine broke its contract. The outcome lies in the arena. */
bool drive_run(struct arena *arena, const struct drive_settings *settings,
               struct drive_outcome *outcome, struct error *error);

#endif
