#include "sim/stats/kim_nelson.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/stats/tally.h"

struct kim_nelson {
    struct kim_nelson_options options;
    double h_squared;
    uint64_t replication_count;
    size_t in_count;
    struct tally *means;       /* [k], of systems that are in. */
    struct tally *differences; /* [k * k], used where row < column, of the first stage. */
    struct kim_nelson_exit *exits;
};

static void check_options(const struct kim_nelson_options *options)
{
    CHECK(options->system_count >= 2);
    CHECK(options->first_stage >= 2);
    CHECK(options->error > 0 && options->error < 0.5);
    CHECK(options->indifference_width > 0 && isfinite(options->indifference_width));
}

double kim_nelson_eta(const struct kim_nelson_options *options)
{
    check_options(options);
    double each = 2 * options->error / (double)(options->system_count - 1);
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
        .exits = arena_take_array(arena, count, sizeof *race->exits),
    };
    return race;
}

/* h^2 S_il^2 / delta^2: after so many replications the two cannot both be in, unless they tie. */
static double closing_time(const struct kim_nelson *race, size_t i, size_t l)
{
    size_t count = race->options.system_count;
    double variance = 0;
    tally_variance(&race->differences[i < l ? i * count + l : l * count + i], &variance);
    double delta = race->options.indifference_width;
    return race->h_squared * variance / (delta * delta);
}

/* W_il(r) */
static double allowance(const struct kim_nelson *race, size_t i, size_t l)
{
    double r = (double)race->replication_count;
    return fmax(0, race->options.indifference_width / (2 * r) * (closing_time(race, i, l) - r));
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
                longest = fmax(longest, closing_time(race, i, l));
    double last = floor(longest) + 1;
    return last < 0x1p63 ? (uint64_t)last : UINT64_C(1) << 63;
}

/* Note all differences of a replication of the first stage. */
static void add_differences(struct kim_nelson *race, const double *observations)
{
    size_t count = race->options.system_count;
    for (size_t i = 0; i < count; i++)
        for (size_t l = i + 1; l < count; l++)
            tally_add(&race->differences[i * count + l], observations[i] - observations[l]);
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
        double over = race->means[i].mean - race->means[l].mean - allowance(race, i, l);
        if (over > margin) {
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

/* Every triangle has closed: those that are left have exactly equal means. */
static void choose_among_equals(struct kim_nelson *race)
{
    size_t best = kim_nelson_best(race);
    for (size_t i = 0; i < race->options.system_count; i++)
        if (i != best && kim_nelson_is_in(race, i))
            race->exits[i] =
                (struct kim_nelson_exit){.replication_count = race->replication_count, .by = best};
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
    if (race->replication_count < race->options.first_stage)
        add_differences(race, observations);
    race->replication_count++;
    if (race->replication_count < race->options.first_stage)
        return true;
    screen(race);
    if (race->in_count > 1 && race->replication_count >= kim_nelson_replication_max(race))
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
