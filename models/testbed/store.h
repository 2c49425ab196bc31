/* store.h - what a drive must not forget, in a SQLite file.
 *
 *     workflow   one line each: how far it is, what was counted, the state as PERSIST saved it
 *     minute     requests in each minute of simulated time
 *     about      identity, the clock, how often it was begun, the name of the webhook
 *
 * Everything that belongs together is one transaction: begun by the first put, ended by
 * store_commit. Until that nothing of it is there after a crash. The journal is a write-ahead log;
 * with `is_synchronous` each commit waits for the disk. One process at a time: a second one that
 * opens the same file is refused for as long as the first one lives, and no longer.
 *
 * The values of a workflow are columns under their names, so that people can ask the file. What
 * comes out of it is not trusted: a value of another type is an error, and what a value may be is
 * the reader's to check (store_refuse). Nobody but the owner may read the file, because the name of
 * the webhook is a secret.
 */
#ifndef MODELS_TESTBED_STORE_H
#define MODELS_TESTBED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

/* Times are simulated ns; -1: not yet. */
enum store_value {
    STORE_STATUS, /* enum store_status */
    STORE_STARTED_AT,
    STORE_TRIGGERED_AT, /* maintenance was first asked for */
    STORE_ENDED_AT,
    STORE_REASON, /* of failure: enum rce_reason, rce_operation, and the target */
    STORE_OPERATION,
    STORE_CLUSTER,
    STORE_HOST,
    STORE_CALLS,
    STORE_READS,
    STORE_RETRIES,
    STORE_THROTTLED,
    STORE_IGNORED,
    STORE_INPUTS, /* names the next entropy */
    STORE_RESUMED,
    STORE_ACCEPTED, /* requests that the service has taken */
    STORE_TOLD,     /* enum store_told: what the service knows of it */
    /* What a simulated service answers to that; -1: not known. */
    STORE_TRUE_CAUSE, /* enum vmc_cause, of a failure */
    STORE_TRUE_EARLY,
    STORE_TRUE_DUPLICATES,
    STORE_TRUE_VIOLATIONS, /* bits of enum vmc_violation */
    STORE_TRUE_HOSTS,      /* left over */
};
enum { STORE_VALUE_COUNT = STORE_TRUE_HOSTS + 1 };

/* The name of its column. */
const char *store_value_name(enum store_value value);

enum store_status { STORE_WAITING, STORE_RUNNING, STORE_SUCCEEDED, STORE_FAILED };
enum store_told { STORE_TOLD_NOTHING, STORE_TOLD_END, STORE_TOLD_START };

struct store;

/* Open or make the file; NULL: in memory. A file of something else, of another identity, or one
 * that is in use is refused and left as it is. The store is closed with the arena, without a
 * commit. ERROR_IO. */
bool store_open(struct store **store, struct arena *arena, const char *path, bool is_synchronous,
                const char *identity, struct error *error);

/* One workflow as it was committed last. `state` is NULL if nothing was persisted. */
struct store_workflow {
    uint32_t number;
    int64_t values[STORE_VALUE_COUNT];
    const void *state; /* good until the callback returns */
    size_t state_size_bytes;
};

/* Go through all workflows that were ever put, by number. False as soon as `each` says so. */
bool store_read(struct store *store,
                bool (*each)(void *context, const struct store_workflow *workflow,
                             struct error *error),
                void *context, struct error *error);

/* Put the values of a workflow, with its state or (NULL) without touching that. */
bool store_put(struct store *store, const struct store_workflow *workflow, struct error *error);

/* Facts under a name. `number` and `text` are left alone where there is none; one that is of the
 * other kind, or a negative number, is an error. Texts lie in the arena. */
bool store_put_number(struct store *store, const char *name, int64_t number, struct error *error);
bool store_put_text(struct store *store, const char *name, const char *text, struct error *error);
bool store_get_number(struct store *store, const char *name, int64_t *number, struct error *error);
bool store_get_text(struct store *store, const char *name, const char **text, struct error *error);

/* Add to the requests of a minute, counted from 0; and go through all minutes. Minutes are at most
 * `minute_max`, requests of one at most UINT32_MAX; others are an error. `each` may be NULL. */
bool store_add_calls(struct store *store, int64_t minute, int64_t calls, struct error *error);
bool store_read_calls(struct store *store, int64_t minute_max,
                      void (*each)(void *context, int64_t minute, int64_t calls), void *context,
                      struct error *error);

/* Was the file made by this store_open, and has nobody else written into it? In memory: no. */
bool store_is_new(const struct store *store);

/* Close it, and remove the file with what SQLite has put beside it. */
void store_discard(struct store *store);

/* Complain of what was read: it says `what`, which no drive writes. Returns false. ERROR_IO. */
bool store_refuse(const struct store *store, struct error *error, const char *what);

/* Is something put and not committed? */
bool store_is_open(const struct store *store);
bool store_commit(struct store *store, struct error *error);

#endif
