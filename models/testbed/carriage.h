/* carriage.h - what the machine takes to carry requests and callbacks.
 *
 *     engine  sent ------------------------------> taken        heard
 *                \                                ^              ^
 *     world       arrived --- its own time --- answered   due ---'
 *
 * The world of the service is exact, whenever anybody hears of it; so each request is looked at on
 * both sides, and what it took beyond the world's own time is the machine's: connections, threads,
 * queues. It is the same of each callback, from the instant at which it is due. Requests of an
 * operation on a target come in the order in which they were sent, and so do their answers; that is
 * how both sides are paired, and callbacks are by their tasks: one that is lost is none that is
 * late.
 *
 * The same eyes see the steps of the wave as the world had them, from the arrival of the first
 * request until the callback is due. They differ from a simulated wave only if the worlds do.
 *
 * Two threads may watch at once, one on each side. Units: simulated time.
 */
#ifndef MODELS_TESTBED_CARRIAGE_H
#define MODELS_TESTBED_CARRIAGE_H

#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"
#include "models/testbed/fidelity.h"
#include "models/testbed/rest.h"

/* How long things took beyond the world's own time. */
struct carriage_times {
    size_t count;
    double mean_ns;
    int64_t p99_ns, p999_ns, max_ns;
    /* How much more came than was carried while the delay grew to its longest: 1 if none waited for
     * others. */
    double load;
};

struct carriage_report {
    struct carriage_times requests; /* there and back */
    struct carriage_times reads;    /* those of them that read: whoever asks again and again */
    struct carriage_times callbacks;
};

struct carriage;

/* End it with carriage_destroy. */
struct carriage *carriage_create(uint32_t workflows_count);
void carriage_destroy(struct carriage *carriage);

/* The engine's side, as of drive_settings.watch. */
void carriage_watch(struct carriage *carriage, uint32_t workflow, const struct rce_input *input,
                    const struct rce_actions *actions);

/* The service's side, for testbed_options.watch; it is as long there as the carriage. */
const struct rest_watch *carriage_rest_watch(struct carriage *carriage);

/* The steps as the world had them. */
const struct fidelity_side *carriage_steps(const struct carriage *carriage);

/* Ask another world the same at the same instants, up to `until_ns`: its history hash. If it is the
 * one that was asked, it is equal. Once both sides have ended. */
uint64_t carriage_replay(const struct carriage *carriage, const struct vmc_parameters *parameters,
                         uint64_t seed, uint32_t replication, int64_t until_ns);

/* Pair both sides, once both have ended. O(n log n). */
void carriage_tell(struct carriage *carriage, struct carriage_report *report);

#endif
