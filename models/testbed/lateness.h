/* lateness.h - how late the machine is, by somebody who takes short naps and looks when he wakes.
 *
 * It is what every thread of the testbed has to put up with. What counts is what falls due at a
 * random moment: in a stall of length l it is late by anything up to l. Only one nap sees the
 * stall, though it may last for hundreds; so each counts for as long as it lasts, not as one of
 * many.
 *
 * Units: ns of the machine's time.
 *
 * Source of the trap: G. Tene, "How NOT to Measure Latency" (coordinated omission).
 */
#ifndef MODELS_TESTBED_LATENESS_H
#define MODELS_TESTBED_LATENESS_H

#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

struct lateness {
    uint64_t naps_count;
    int64_t median_ns, p99_ns, p999_ns, max_ns;
    int64_t stalls_ns; /* all that were longer than the room and than a nap, together */
};

struct lateness_watch;

/* Start a thread that takes naps. The arena has to live until lateness_stop. NULL: there is no
 * thread to be had. */
struct lateness_watch *lateness_start(struct arena *arena);

/* Stop it. Lateness up to `room_ns` is no stall. Of a NULL watch all is 0. */
struct lateness lateness_stop(struct lateness_watch *watch, int64_t room_ns);

/* Of what falls due at a random moment, that share is later than the result; `sorted` are how late
 * each nap of `nap_ns` ended, in ascending order. Never below the quantile of the naps. O(n). */
double lateness_but_for(double share, const double *sorted, size_t count, double nap_ns);

#endif
