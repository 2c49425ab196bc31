#include "sim/stats/kolmogorov.h"

#include <math.h>

#include "sim/base/check.h"

/* The largest F(x) - G(x + shift). It is taken where F jumps, of equal values at the last one; G is
 * read after its jumps there. */
static double excess(const struct kolmogorov_sample *f, const struct kolmogorov_sample *g,
                     double shift)
{
    double largest = 0;
    size_t below = 0;
    for (size_t i = 0; i < f->count; i++) {
        while (below < g->count && g->sorted[below] <= f->sorted[i] + shift)
            below++;
        double difference = (double)(i + 1) / (double)f->count - (double)below / (double)g->count;
        largest = difference > largest ? difference : largest;
    }
    return largest;
}

double kolmogorov_scale(size_t first_count, size_t second_count)
{
    double n = (double)first_count, m = (double)second_count;
    return n + m == 0 ? 0 : sqrt(n * m / (n + m));
}

/* How far a sample is from the others where `below` of its values and `all_below` of all are
 * passed.
 */
static double gap(size_t below, size_t count, size_t all_below, size_t all_count)
{
    if (count == 0 || count == all_count)
        return 0;
    double others = (double)(all_below - below) / (double)(all_count - count);
    return fabs((double)below / (double)count - others);
}

/* Between two values of a sample only the others' function grows, so the distance is taken right
 * before one of its values or right after it; of equal values all are passed at once. */
void kolmogorov_among(double *distances, uint32_t samples_count,
                      const struct kolmogorov_value *sorted, size_t count, struct arena *arena)
{
    size_t *counts = arena_take_array(arena, samples_count, sizeof *counts);
    size_t *below = arena_take_array(arena, samples_count, sizeof *below);
    for (uint32_t i = 0; i < samples_count; i++)
        distances[i] = 0;
    for (size_t i = 0; i < count; i++) {
        CHECK(sorted[i].sample < samples_count);
        counts[sorted[i].sample]++;
    }
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first; next < count && !(sorted[next].value > sorted[first].value); next++) {
            uint32_t one = sorted[next].sample;
            distances[one] = fmax(distances[one], gap(below[one], counts[one], first, count));
        }
        for (size_t i = first; i < next; i++)
            below[sorted[i].sample]++;
        for (size_t i = first; i < next; i++) {
            uint32_t one = sorted[i].sample;
            distances[one] = fmax(distances[one], gap(below[one], counts[one], next, count));
        }
    }
    for (uint32_t i = 0; i < samples_count; i++)
        distances[i] *= kolmogorov_scale(counts[i], count - counts[i]);
}

bool kolmogorov_compare(const struct kolmogorov_sample *first,
                        const struct kolmogorov_sample *second, double shift, double *distance)
{
    CHECK(shift >= 0);
    if (first->count < KOLMOGOROV_COUNT_MIN || second->count < KOLMOGOROV_COUNT_MIN)
        return false;
    double one = excess(first, second, shift), other = excess(second, first, shift);
    *distance = one > other ? one : other;
    return true;
}
