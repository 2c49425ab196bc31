/* receiver.h - where webhooks arrive: a small HTTP server in the thread of its caller.
 *
 * A webhook is answered when its caller says so, not when it has come: what has not been taken up,
 * and committed, must not be acknowledged, because whoever sends it would forget it. Until then its
 * connection waits. Nothing but POST to the one path is taken; the path holds a secret, so that
 * nobody but the service that was told it can make an engine believe in a callback.
 *
 * Limits: RECEIVER_BODY_MAX_BYTES a body (413), RECEIVER_CONNECTIONS_MAX connections. A connection
 * has RECEIVER_TIMEOUT_S seconds for a whole request, however often something of it comes, and as
 * long again for the answer to be taken; then it is told 408 and closed, and so is one that is
 * silent for RECEIVER_SILENCE_S.
 */
#ifndef MODELS_TESTBED_RECEIVER_H
#define MODELS_TESTBED_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

enum {
    RECEIVER_BODY_MAX_BYTES = 16 << 10,
    RECEIVER_CONNECTIONS_MAX = 512,
    RECEIVER_TIMEOUT_S = 10,
    RECEIVER_SILENCE_S = 5,
    RECEIVER_SECRET_SIZE_BYTES = 33, /* 128 bits in hexadecimal */
};

struct receiver;
struct receiver_post; /* one webhook that waits for its answer */

/* Draw a secret for the path from the system's source of randomness. ERROR_IO. */
bool receiver_draw_secret(char secret[RECEIVER_SECRET_SIZE_BYTES], struct error *error);

/* Listen on "ADDRESS:PORT", port 0 for any free one. It is ended with the arena; posts without an
 * answer are then closed. ERROR_USAGE where the address is none, ERROR_IO where it cannot be had.
 */
bool receiver_create(struct receiver **receiver, struct arena *arena, const char *listen,
                     const char *secret, struct error *error);

/* "http://127.0.0.1:41234", and the path with the secret, "/callbacks/...". */
const char *receiver_base(const struct receiver *receiver);
const char *receiver_path(const struct receiver *receiver);

/* To be waited for, readable; and how long at most (-1: for ever). */
int receiver_fd(const struct receiver *receiver);
int receiver_timeout_ms(const struct receiver *receiver);

/* Do what can be done; `posted` is called with each webhook that has come whole. */
void receiver_work(struct receiver *receiver,
                   void (*posted)(void *context, struct receiver_post *post, const char *body,
                                  size_t size_bytes),
                   void *context);

/* Close connections that have had their time at `real_ns` of the machine's clock, which
 * receiver_work does by itself. */
void receiver_cut(struct receiver *receiver, int64_t real_ns);

/* What was refused here, without having been posted to the caller. */
struct receiver_refusals {
    uint64_t too_large_count, too_slow_count;
    uint64_t misdirected_count; /* to another path, or no POST */
};
struct receiver_refusals receiver_refusals(const struct receiver *receiver);

/* Answer one: 204, 400, ... It is gone afterwards; what is answered leaves in receiver_work. */
void receiver_answer(struct receiver *receiver, struct receiver_post *post, int status);

#endif
