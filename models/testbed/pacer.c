#include "models/testbed/pacer.h"

#include <math.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

int64_t pacer_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * UNITS_S + now.tv_nsec;
}

struct pacer pacer_start(double speed, bool is_stepped, int64_t real_ns)
{
    CHECK(is_stepped || (speed >= PACER_SPEED_MIN && speed <= PACER_SPEED_MAX));
    return (struct pacer){
        .speed = is_stepped ? 1 : speed, .is_stepped = is_stepped, .real_origin_ns = real_ns};
}

/* A product of a duration and a factor; far beyond every limit it is just very long. */
static int64_t scale_ns(int64_t duration_ns, long double factor)
{
    long double scaled_ns = (long double)duration_ns * factor; /* of 64 bits: years in ns need 57 */
    return scaled_ns >= 0x1p62L ? INT64_C(1) << 62 : (int64_t)scaled_ns;
}

int64_t pacer_now_ns(const struct pacer *pacer, int64_t real_ns)
{
    if (pacer->is_stepped || real_ns <= pacer->real_origin_ns)
        return pacer->origin_ns;
    int64_t since_ns = scale_ns(real_ns - pacer->real_origin_ns, pacer->speed);
    return pacer->origin_ns + since_ns;
}

int64_t pacer_real_ns(const struct pacer *pacer, int64_t at_ns)
{
    if (pacer->is_stepped)
        return INT64_MAX;
    if (at_ns <= pacer->origin_ns)
        return pacer->real_origin_ns;
    long double after_ns = ceill((long double)(at_ns - pacer->origin_ns) / pacer->speed);
    /* One more, because both directions round. */
    return after_ns >= 0x1p61L ? INT64_MAX : pacer->real_origin_ns + (int64_t)after_ns + 1;
}

int64_t pacer_scaled_ns(const struct pacer *pacer, int64_t duration_ns)
{
    return pacer->is_stepped ? duration_ns : scale_ns(duration_ns, 1 / (long double)pacer->speed);
}

void pacer_jump(struct pacer *pacer, int64_t at_ns, int64_t real_ns)
{
    CHECK(at_ns >= pacer_now_ns(pacer, real_ns));
    pacer->origin_ns = at_ns;
    pacer->real_origin_ns = real_ns;
}
