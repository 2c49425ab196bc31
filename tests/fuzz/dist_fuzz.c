/* Distributions from text. First byte: bit 0 numbers instead of durations, bit 1 negative values
 * allowed; the rest is the text. Oracle: an error names a place inside the text; what parses prints
 * a text that parses to the same draws and prints the same again; the quantile never decreases,
 * stays within the support, and agrees with the distribution function's range. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/chance/dist.h"

enum { TEXT_MAX = 400, STEPS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_draws(const struct dist *dist, const struct dist *again)
{
    double last = dist_min(dist);
    CHECK(!isnan(last) && !isnan(dist_mean(dist)));
    for (int i = 1; i < STEPS; i++) {
        double u = i == 1 ? 0x1p-53 : i == STEPS - 1 ? 1 - 0x1p-53 : (double)i / STEPS;
        double x = dist_quantile(dist, u);
        CHECK(x >= last - 1e-13 * fabs(last));
        CHECK(x <= dist_max(dist) + 1e-13 * fabs(x));
        CHECK(dist_quantile(again, u) == x);
        double share = dist_cdf(dist, x);
        CHECK(share >= 0 && share <= 1);
        if (dist_dimension(dist) == DIST_DURATION)
            CHECK(dist_duration_ns(dist, u) >= 0);
        else
            (void)dist_count(dist, u);
        last = x;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > TEXT_MAX)
        return 0;
    gsl_set_error_handler_off();
    char text[TEXT_MAX];
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    struct dist_options options = {.dimension = (data[0] & 1) != 0 ? DIST_NUMBER : DIST_DURATION,
                                   .allow_negative = (data[0] & 2) != 0,
                                   .base_directory = "/nonexistent"};
    struct arena *arena = arena_create("fuzz", 0);
    struct error error;
    size_t error_at = SIZE_MAX;
    const struct dist *dist = dist_parse(arena, text, &options, &error_at, &error);
    if (dist == NULL) {
        CHECK(error_at <= strlen(text));
    } else {
        const struct dist *again = dist_parse(arena, dist_print(dist), &options, &error_at, &error);
        CHECK(again != NULL && strcmp(dist_print(again), dist_print(dist)) == 0);
        check_draws(dist, again);
    }
    arena_destroy(arena);
    return 0;
}
