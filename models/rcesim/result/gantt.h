/* gantt.h - the critical part of one failed workflow as bars on lanes.
 *
 *     engine          [add-host, backup ][enter-maintenance (waits for a callback)          ]
 *     cluster         [not ready                  ][ready                                   ]
 *     temporary host  [provisioning     ][connected][ready                                  ]
 *     host 0          [ready                                                                ]
 *
 * Out of a whole upgrade only the cluster in which it failed matters, and of that only the time
 * from what went wrong to the end. So the failed workflow sets a frame (cluster, time, moments),
 * and the same frame is laid over other variants of the same workflow, which live in the same
 * world.
 *
 * Pure: everything comes from the traces. Times are ns since the start of the wave.
 */
#ifndef MODELS_RCESIM_RESULT_GANTT_H
#define MODELS_RCESIM_RESULT_GANTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/kernel/trace.h"

struct gantt_bar {
    const char *lane;
    const char *state;
    int64_t from_ns, to_ns;
};

struct gantt_moment {
    const char *label;
    int64_t at_ns;
};

enum { GANTT_MOMENTS_MAX = 2, GANTT_HOSTS_MAX = 8 };

struct gantt_frame {
    uint32_t cluster;    /* In which it failed; ENTITY_NO_CLUSTER: in none. */
    uint32_t host_count; /* Hosts 0 to host_count - 1 are known; the first GANTT_HOSTS_MAX have a
                            lane. */
    int64_t from_ns, to_ns;
    int64_t origin_ns;  /* The time that counts as 0... */
    const char *origin; /* ...and what happened then: "the temporary host was asked for". */
    struct gantt_moment moments[GANTT_MOMENTS_MAX]; /* What went wrong, and the end. */
    size_t moment_count;
};

/* Find the frame of a workflow that failed. Returns false where the trace has no failure. */
bool gantt_find_frame(const struct trace *trace, struct gantt_frame *frame);

/* Another life of the same workflow may have come to more hosts of the cluster: they get lanes too,
 * because that they were never reached is part of the picture. */
void gantt_count_hosts(const struct trace *trace, struct gantt_frame *frame);

struct gantt_bars {
    const struct gantt_bar *bars; /* [count], lane by lane from top to bottom */
    size_t count;
};

/* Cut the bars of a workflow out of its trace; they lie in the arena. */
struct gantt_bars gantt_cut(struct arena *arena, const struct trace *trace,
                            const struct gantt_frame *frame);

#endif
