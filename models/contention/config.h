/* config.h - everything that clients contending for one row can be told, as plain data.
 *
 * A NULL distribution is a constant 0; distributions are immutable and shared by all threads.
 *
 * Units: ns. Limit: CONTENTION_CLIENTS_MAX, because calls may grow with the square of the clients.
 */
#ifndef MODELS_CONTENTION_CONFIG_H
#define MODELS_CONTENTION_CONFIG_H

#include <stdint.h>

#include "models/rce/rce.h"
#include "sim/chance/dist.h"

enum { CONTENTION_CLIENTS_MAX = 10000 };

struct contention_config {
    uint32_t clients_count;     /* 1 .. CONTENTION_CLIENTS_MAX, all of which begin at time 0 */
    const struct dist *hop;     /* one way through the network, drawn anew for each message */
    const struct dist *service; /* the database's work on one request; one request at a time */
};

/* What one variant runs: a shared world and a policy of its own. This is `parameters` of the model.
 * A policy that never waits has base 0 and a large attempts_max: without it, base 0 is "do not try
 * again" (rce.h). */
struct contention_parameters {
    const struct contention_config *world;
    struct rce_retry_policy policy;
};

#endif
