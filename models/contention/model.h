/* model.h - N clients and one versioned row: what a back-off policy is worth under contention.
 *
 * Each client wants to update the row once. It reads the version, and writes with it; the write is
 * accepted if the version is still the same, which makes it the next one, and refused otherwise. A
 * refused client waits as its policy says (models/rce/retry.h, the code that the engine runs),
 * reads again and writes again, until it has succeeded or its policy gives up.
 *
 *     client    read ->          -> write ->           done, or wait and read again
 *     database          version            version + 1, or a conflict
 *               hop         hop  hop           hop
 *
 * A write can be refused only because another client's was accepted since the read, and every
 * client's is accepted once at most, so N clients have at most N (N - 1) / 2 conflicts whatever the
 * policy: a run always ends. Checked: the version at the end is the number of clients that
 * succeeded; calls are successes and conflicts.
 *
 * A unit is a client. "Calls" are write attempts, as in the article; each comes after one read, so
 * messages to the database are twice as many. Parameters: struct contention_parameters.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, and the
 * simulator published with it (aws-samples/aws-arch-backoff-simulator): all clients begin at once,
 * a hop takes |N(10, 2)|, the database no time; base 5, cap 2000, first v = 10.
 */
#ifndef MODELS_CONTENTION_MODEL_H
#define MODELS_CONTENTION_MODEL_H

#include "models/contention/config.h"
#include "sim/experiment/model.h"
#include "sim/kernel/trace.h"

enum contention_metric {
    CONTENTION_FAILURE_RATE,
    CONTENTION_CALLS,
    CONTENTION_CONFLICTS,
    CONTENTION_COMPLETION_TIME,
    CONTENTION_PEAK_CALLS,
    CONTENTION_METRIC_COUNT
};

enum { CONTENTION_HISTOGRAM_DURATION, CONTENTION_HISTOGRAM_COUNT };

enum contention_column {
    CONTENTION_COLUMN_CLIENT,
    CONTENTION_COLUMN_STATUS,
    CONTENTION_COLUMN_VERSION,
    CONTENTION_COLUMN_CALLS,
    CONTENTION_COLUMN_WAITED,
    CONTENTION_COLUMN_ENDED,
    CONTENTION_COLUMN_COUNT
};

enum contention_status {
    CONTENTION_RUNNING,
    CONTENTION_SUCCEEDED,
    CONTENTION_GAVE_UP,
};

/* What is drawn; the entity is the client, the occurrence the attempt (1, 2, ...). Numbers are part
 * of every result: append, never renumber. */
enum contention_purpose {
    CONTENTION_PURPOSE_HOP_READ = 512,        /* to the database */
    CONTENTION_PURPOSE_HOP_READ_ANSWER = 513, /* and back */
    CONTENTION_PURPOSE_HOP_WRITE = 514,
    CONTENTION_PURPOSE_HOP_WRITE_ANSWER = 515,
    CONTENTION_PURPOSE_SERVICE_READ = 516,
    CONTENTION_PURPOSE_SERVICE_WRITE = 517,
    CONTENTION_PURPOSE_ENTROPY = 518, /* jitter: the policy's, not the world's */
};

extern const struct model contention_model;

/* What the trace records mean: hand it to trace_create. The subject of a record is the client. */
enum contention_trace {
    CONTENTION_TRACE_READ = TRACE_TYPE_MODEL_FIRST, /* version; attempt */
    CONTENTION_TRACE_ACCEPTED,                      /* new version; attempt */
    CONTENTION_TRACE_CONFLICT,                      /* version that the row has; attempt */
    CONTENTION_TRACE_WAIT,                          /* how long; attempt */
    CONTENTION_TRACE_GAVE_UP,                       /* attempts made */
    CONTENTION_TRACE_TYPE_COUNT
};
extern const struct trace_type contention_trace_types[CONTENTION_TRACE_TYPE_COUNT];

#endif
