#include "sim/stats/bootstrap.h"

#include <math.h>

#include <gsl/gsl_sort.h>

#include "sim/base/check.h"

static const char percentile_method[] = "bootstrap percentile";

static bool evaluate(const struct bootstrap_options *options, const size_t *indices, double *value)
{
    double found;
    if (!options->statistic(options->statistic_context, indices, options->replication_count,
                            &found))
        return false;
    CHECK(isfinite(found));
    *value = found;
    return true;
}

static void draw_indices(const struct bootstrap_options *options, size_t resample, size_t *indices)
{
    for (size_t i = 0; i < options->replication_count; i++) {
        double uniform = options->uniform(options->uniform_context, resample, i);
        CHECK(uniform > 0 && uniform < 1);
        indices[i] = (size_t)(uniform * (double)options->replication_count);
        CHECK(indices[i] < options->replication_count);
    }
}

struct interval bootstrap_percentile(const struct bootstrap_options *options, struct arena *arena)
{
    size_t replication_count = options->replication_count;
    size_t resample_count = options->resample_count;
    CHECK(options->confidence > 0 && options->confidence < 1);
    struct interval interval = {.confidence = options->confidence, .method = percentile_method};
    if (replication_count == 0)
        return interval;
    size_t *indices = arena_take_array(arena, replication_count, sizeof *indices);
    for (size_t i = 0; i < replication_count; i++)
        indices[i] = i;
    if (!evaluate(options, indices, &interval.estimate))
        return interval;
    interval.state = INTERVAL_NOT_ESTIMABLE;
    /* (1 - 0.9) / 2 times 1000 is 49.999..., so what is nearly whole counts as whole. */
    double exact_rank = ((double)resample_count + 1) * (1 - options->confidence) / 2;
    size_t rank = (size_t)(exact_rank + 1e-9);
    if (replication_count == 1 || rank == 0)
        return interval;
    double *values = arena_take_array(arena, resample_count, sizeof *values);
    size_t value_count = 0;
    for (size_t i = 0; i < resample_count; i++) {
        draw_indices(options, i, indices);
        if (evaluate(options, indices, &values[value_count]))
            value_count++;
    }
    size_t missing_count = resample_count - value_count;
    if (missing_count >= rank)
        return interval;
    gsl_sort(values, 1, value_count);
    interval.state = INTERVAL_KNOWN;
    interval.low = values[rank - missing_count - 1];
    interval.high = values[value_count - (rank - missing_count)];
    return interval;
}
