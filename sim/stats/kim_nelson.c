#include "sim/stats/kim_nelson.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/base/check.h"
#include "sim/stats/tally.h"

struct kim_nelson {
    struct kim_nelson_options options;
    double h_squared;
    uint64_t replication_count;
    size_t in_count;
    struct tally *means;       /* [k], of systems that are in. */
    struct tally *differences; /* [k * k], used where row < column and both are in. */
    double *first_variances;   /* [k * k] of them, at the end of the first stage. */
    uint64_t *differing;       /* [k * k]: replications in which they are not 0. */
    struct kim_nelson_exit *exits;
};

static void check_options(const struct kim_nelson_options *options)
{
    CHECK(options->system_count >= 2);
    CHECK(options->first_stage >= 2);
    CHECK(options->error > 0 && options->error < 0.5);
    CHECK(options->indifference_width > 0 && isfinite(options->indifference_width));
    CHECK(options->range_width == 0 || options->range_width >= options->indifference_width);
}

/* The triangle's part of the error. */
static double triangle_error(const struct kim_nelson_options *options)
{
    return options->range_width > 0 ? options->error / 2 : options->error;
}

double kim_nelson_eta(const struct kim_nelson_options *options)
{
    check_options(options);
    double each = 2 * triangle_error(options) / (double)(options->system_count - 1);
    return 0.5 * (pow(each, -2.0 / ((double)options->first_stage - 1)) - 1);
}

double kim_nelson_h_squared(const struct kim_nelson_options *options)
{
    return 2 * kim_nelson_eta(options) * ((double)options->first_stage - 1);
}

struct kim_nelson *kim_nelson_create(struct arena *arena, const struct kim_nelson_options *options)
{
    size_t count = options->system_count;
    struct kim_nelson *race = arena_take(arena, sizeof *race);
    *race = (struct kim_nelson){
        .options = *options,
        .h_squared = kim_nelson_h_squared(options),
        .in_count = count,
        .means = arena_take_array(arena, count, sizeof *race->means),
        .differences = arena_take_array(arena, count * count, sizeof *race->differences),
        .first_variances = arena_take_array(arena, count * count, sizeof *race->first_variances),
        .differing = arena_take_array(arena, count * count, sizeof *race->differing),
        .exits = arena_take_array(arena, count, sizeof *race->exits),
    };
    return race;
}

static size_t pair_of(const struct kim_nelson *race, size_t i, size_t l)
{
    size_t count = race->options.system_count;
    return i < l ? i * count + l : l * count + i;
}

/* S_il^2 */
static double variance_of(const struct kim_nelson *race, size_t i, size_t l)
{
    size_t pair = pair_of(race, i, l);
    double variance = 0;
    tally_variance(&race->differences[pair], &variance);
    return fmax(variance, race->first_variances[pair]);
}

/* h^2 S_il^2 / delta^2: after so many replications the two cannot both be in, unless they tie, or
 * too little has been seen. */
static double closing_time(const struct kim_nelson *race, size_t i, size_t l)
{
    double delta = race->options.indifference_width;
    return race->h_squared * variance_of(race, i, l) / (delta * delta);
}

/* W_il(r) */
static double allowance(const struct kim_nelson *race, size_t i, size_t l)
{
    double r = (double)race->replication_count;
    return fmax(0, race->options.indifference_width / (2 * r) * (closing_time(race, i, l) - r));
}

/* Replications that show a rare event but for an error. */
static double rare_time(const struct kim_nelson_options *options)
{
    double missing = options->error / (double)(options->system_count - 1);
    return ceil(log(missing) / log1p(-KIM_NELSON_RARE_SHARE));
}

/* Are r replications enough to show events that outweigh an advantage of l over i by delta? */
static bool has_shown(const struct kim_nelson *race, size_t i, size_t l, double advantage, double r)
{
    const struct kim_nelson_options *options = &race->options;
    double range = options->range_width, outweighed = advantage + options->indifference_width;
    double variance = variance_of(race, i, l);
    if (range == 0) {
        bool is_seen = variance > 0 && race->differing[pair_of(race, i, l)] >= KIM_NELSON_SEEN_MIN;
        return is_seen || advantage >= options->indifference_width || r >= rare_time(options);
    }
    if (outweighed >= range)
        return true;
    double missing = options->error / 4 / (double)(options->system_count - 1);
    double seen = r * variance / (range * range);
    return gsl_cdf_gamma_Q(seen + r * outweighed / range, seen + 1, 1) <= missing;
}

/* What is expected of events grows with r, its spread with the root of r: so this ends. */
static double showing_time(const struct kim_nelson *race, size_t i, size_t l)
{
    static const double step = 1.02;
    double r = (double)race->options.first_stage;
    if (race->options.range_width == 0)
        return has_shown(race, i, l, 0, r) ? r : rare_time(&race->options);
    while (!has_shown(race, i, l, 0, r))
        r = ceil(r * step);
    return r;
}

bool kim_nelson_is_in(const struct kim_nelson *race, size_t system)
{
    CHECK(system < race->options.system_count);
    return race->exits[system].replication_count == 0;
}

size_t kim_nelson_best(const struct kim_nelson *race)
{
    size_t best = race->options.system_count;
    for (size_t i = 0; i < race->options.system_count; i++)
        if (kim_nelson_is_in(race, i) &&
            (best == race->options.system_count || race->means[i].mean < race->means[best].mean))
            best = i;
    return best;
}

uint64_t kim_nelson_replication_max(const struct kim_nelson *race)
{
    size_t count = race->options.system_count;
    if (race->replication_count < race->options.first_stage)
        return 0;
    if (race->in_count == 1)
        return race->replication_count;
    double longest = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t l = i + 1; l < count; l++)
            if (kim_nelson_is_in(race, i) && kim_nelson_is_in(race, l))
                longest = fmax(longest,
                               fmax(floor(closing_time(race, i, l)) + 1, showing_time(race, i, l)));
    return longest < 0x1p63 ? (uint64_t)longest : UINT64_C(1) << 63;
}

/* Is there nothing to wait for any more? Then those that are left have exactly equal means. */
static bool has_closed(const struct kim_nelson *race)
{
    size_t count = race->options.system_count;
    double r = (double)race->replication_count;
    for (size_t i = 0; i < count; i++)
        for (size_t l = i + 1; l < count; l++)
            if (kim_nelson_is_in(race, i) && kim_nelson_is_in(race, l) &&
                (r <= closing_time(race, i, l) || !has_shown(race, i, l, 0, r)))
                return false;
    return true;
}

/* Note the differences of a replication, of systems that are in. */
static void add_differences(struct kim_nelson *race, const double *observations)
{
    size_t count = race->options.system_count;
    for (size_t i = 0; i < count; i++)
        for (size_t l = i + 1; l < count; l++)
            if (kim_nelson_is_in(race, i) && kim_nelson_is_in(race, l)) {
                tally_add(&race->differences[i * count + l], observations[i] - observations[l]);
                race->differing[i * count + l] += observations[i] != observations[l];
            }
}

static void keep_first_variances(struct kim_nelson *race)
{
    size_t count = race->options.system_count;
    for (size_t pair = 0; pair < count * count; pair++)
        tally_variance(&race->differences[pair], &race->first_variances[pair]);
}

/* The system that beats `i` by the widest margin, or the number of systems where nobody does. */
static size_t find_winner(const struct kim_nelson *race, size_t i)
{
    size_t count = race->options.system_count;
    size_t winner = count;
    double margin = 0;
    for (size_t l = 0; l < count; l++) {
        if (l == i || !kim_nelson_is_in(race, l))
            continue;
        double advantage = race->means[i].mean - race->means[l].mean;
        double over = advantage - allowance(race, i, l);
        if (over > margin && has_shown(race, i, l, advantage, (double)race->replication_count)) {
            margin = over;
            winner = l;
        }
    }
    return winner;
}

/* All are compared with all that were in before, so the order of the systems does not matter; the
 * marks of those that go are set afterwards. The least mean is beaten by nobody and stays. */
static void screen(struct kim_nelson *race)
{
    size_t count = race->options.system_count;
    for (size_t i = 0; i < count; i++)
        if (kim_nelson_is_in(race, i))
            race->exits[i].by = find_winner(race, i);
    for (size_t i = 0; i < count; i++)
        if (kim_nelson_is_in(race, i) && race->exits[i].by < count) {
            race->exits[i].replication_count = race->replication_count;
            race->in_count--;
        }
}

/* Those that are left tie. */
static void choose_among_equals(struct kim_nelson *race)
{
    size_t best = kim_nelson_best(race);
    for (size_t i = 0; i < race->options.system_count; i++)
        if (i != best && kim_nelson_is_in(race, i))
            race->exits[i] = (struct kim_nelson_exit){
                .replication_count = race->replication_count, .by = best, .is_tie = true};
    race->in_count = 1;
}

bool kim_nelson_add(struct kim_nelson *race, const double *observations)
{
    if (race->in_count == 1)
        return false;
    for (size_t i = 0; i < race->options.system_count; i++)
        if (kim_nelson_is_in(race, i)) {
            CHECK(isfinite(observations[i]));
            tally_add(&race->means[i], observations[i]);
        }
    add_differences(race, observations);
    race->replication_count++;
    if (race->replication_count < race->options.first_stage)
        return true;
    if (race->replication_count == race->options.first_stage)
        keep_first_variances(race);
    screen(race);
    if (race->in_count > 1 && has_closed(race))
        choose_among_equals(race);
    return race->in_count > 1;
}

bool kim_nelson_is_decided(const struct kim_nelson *race)
{
    return race->in_count == 1;
}

uint64_t kim_nelson_replication_count(const struct kim_nelson *race)
{
    return race->replication_count;
}

struct kim_nelson_exit kim_nelson_exit_of(const struct kim_nelson *race, size_t system)
{
    return kim_nelson_is_in(race, system) ? (struct kim_nelson_exit){0} : race->exits[system];
}
