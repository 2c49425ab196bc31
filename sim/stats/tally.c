#include "sim/stats/tally.h"

#include <math.h>

#include "sim/base/check.h"

void tally_add(struct tally *tally, double value)
{
    CHECK(isfinite(value));
    if (tally->count == 0 || value < tally->min)
        tally->min = value;
    if (tally->count == 0 || value > tally->max)
        tally->max = value;
    tally->count++;
    double deviation = value - tally->mean;
    tally->mean += deviation / (double)tally->count;
    tally->squares += deviation * (value - tally->mean);
}

void tally_merge(struct tally *into, const struct tally *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0) {
        *into = *from;
        return;
    }
    double total = (double)into->count + (double)from->count;
    double deviation = from->mean - into->mean;
    into->mean += deviation * ((double)from->count / total);
    into->squares +=
        from->squares + deviation * deviation * ((double)into->count * (double)from->count / total);
    into->count += from->count;
    if (from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
}

bool tally_variance(const struct tally *tally, double *variance)
{
    if (tally->count < 2)
        return false;
    *variance = tally->squares / (double)(tally->count - 1);
    return true;
}
