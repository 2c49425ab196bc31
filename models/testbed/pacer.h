/* pacer.h - simulated time from the machine's clock.
 *
 *     simulated = origin + (real - real origin) * speed
 *
 * A clock that is stepped stands still until somebody moves it. Real times are of CLOCK_MONOTONIC.
 * To jump moves the origin, so time goes on from there at the same speed. Never goes back.
 */
#ifndef MODELS_TESTBED_PACER_H
#define MODELS_TESTBED_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* Simulated seconds in one of the machine's. */
#define PACER_SPEED_MIN 0.001
#define PACER_SPEED_MAX 1e6

struct pacer {
    double speed;
    bool is_stepped;
    int64_t origin_ns, real_origin_ns;
};

/* The machine's clock. */
int64_t pacer_clock_ns(void);

/* Start at simulated time 0, now. */
struct pacer pacer_start(double speed, bool is_stepped, int64_t real_ns);

/* The simulated time at a real time. */
int64_t pacer_now_ns(const struct pacer *pacer, int64_t real_ns);

/* The first real time at which the simulated time is at least `at_ns`; INT64_MAX for a clock that
 * stands still. */
int64_t pacer_real_ns(const struct pacer *pacer, int64_t at_ns);

/* How long a simulated duration takes; a stepped clock has no speed, and takes it as it is. */
int64_t pacer_scaled_ns(const struct pacer *pacer, int64_t duration_ns);

/* Make it `at_ns` now, which must not be in the past. */
void pacer_jump(struct pacer *pacer, int64_t at_ns, int64_t real_ns);

#endif
