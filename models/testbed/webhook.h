/* webhook.h - callbacks on their way: POSTs to the URLs that clients have registered.
 *
 * One thread. Each client has a lane of its own: a queue, and up to WEBHOOK_AT_ONCE POSTs at a
 * time, so that nobody waits for somebody else's receiver.
 *
 *     delivered -> fresh -> under way -> taken (2xx)
 *                    late <-'  (answered otherwise, or not at all)
 *
 * A callback that is not answered by a 2xx is sent again, after 50 ms, 100 ms, ... up to 1 s; fresh
 * ones go first. A client that does not answer at all is left alone for as long, and then asked
 * with one POST at a time until it answers. Who registers (again) gets at once what waits, but
 * nothing that waited when the name was removed.
 *
 * A callback is given up WEBHOOK_PATIENCE_S after it was due; at once if the address that is
 * connected to must not be called, or its client is removed; and if there is no room: the queue
 * holds WEBHOOK_QUEUE_MAX (about 60 MB) in all, and a client may have as many as are still free, so
 * that one that takes nothing leaves half of it to the others. All of that is counted, and told
 * (once a registration, and WEBHOOK_NOTICES_MAX times in all). What the scenario loses never comes
 * here.
 *
 * Nothing is followed: no redirect, no proxy, http and https only, and what counts is the address
 * that is connected to, whatever a name stood for before.
 *
 * Cost: of a wake-up, that of the lanes and of what is sent, however much waits.
 */
#ifndef MODELS_TESTBED_WEBHOOK_H
#define MODELS_TESTBED_WEBHOOK_H

#include "models/testbed/rest.h"
#include "sim/base/error.h"

enum {
    WEBHOOK_AT_ONCE = 32,
    WEBHOOK_PATIENCE_S = 600,
    WEBHOOK_ANSWER_PATIENCE_S = 10,
    WEBHOOK_QUEUE_MAX = 100000,
    WEBHOOK_NOTICES_MAX = 100
};

struct webhook_options {
    struct guard_reach reach;         /* where to; networks are not copied */
    struct rest_gauges *gauges;       /* counted in atomically */
    void (*notice)(const char *line); /* called from the thread; NULL: nobody wants to know */
    int64_t patience_ns;              /* with a callback; 0: WEBHOOK_PATIENCE_S */
    int64_t answer_patience_ns;       /* with one POST; 0: WEBHOOK_ANSWER_PATIENCE_S */
    uint32_t queue_max;               /* 0: WEBHOOK_QUEUE_MAX */
};

struct webhook;

/* Make the queue; its memory lies in an arena of its own, which ends with `arena`. */
struct webhook *webhook_create(struct arena *arena);

/* The three below may be called from any thread, and come back at once. Nothing is sent to a client
 * that is not registered. */

/* Callbacks of this client go to this URL from now on. False, and nothing has changed: too many
 * that were removed still end. */
bool webhook_register(struct webhook *webhook, const char *client, const char *url);
void webhook_remove(struct webhook *webhook, const char *client);
void webhook_deliver(struct webhook *webhook, const struct rest_delivery *delivery);

/* Start the thread, before anything else is called but webhook_create; stop it: what is under way
 * is given up. ERROR_IO. */
bool webhook_start(struct webhook *webhook, const struct webhook_options *options,
                   struct error *error);
void webhook_stop(struct webhook *webhook);

#endif
