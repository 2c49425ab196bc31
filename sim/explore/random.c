#include "sim/explore/random.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/explore/collect.h"
#include "sim/explore/sample.h"

/* The tail that a heavy value may reach: 1 in 100,000. */
static const double TAIL_MIN = 1e-5;
static const double BELOW_SHARE = 0.25;

/* What is the same in all runs. */
struct plan {
    const struct search_options *options;
    uint64_t key;
    double rate_min, rate_max;
    bool is_by_model;
};

/* What decides in one run. */
struct sparse {
    const struct plan *plan;
    struct oracle_chooser chooser;
    uint32_t run;
    double rate;
};

/* 128 bits for a draw: half of them decide whether it deviates, half where to. The occurrence is
 * moved up because a block serves two; its highest bit goes where no purpose is. */
static struct draw_block bits_of(const struct sparse *sparse, struct draw_name name)
{
    struct draw_name own = {name.entity, name.purpose ^ (name.occurrence & UINT32_C(0x80000000)),
                            name.occurrence << 1};
    return draw_block(sparse->plan->key, sparse->run, own);
}

/* A level in (0, 1) far from the middle. */
static double level_of(const struct sparse *sparse, double u)
{
    if (sparse->plan->is_by_model)
        return u;
    bool is_below = u < BELOW_SHARE;
    double v = is_below ? u / BELOW_SHARE : (u - BELOW_SHARE) / (1 - BELOW_SHARE);
    double tail = 0.5 * pow(2 * TAIL_MIN, v);
    return is_below ? tail : 1 - tail;
}

/* 1 with probability 1/2, 2 with 1/4, ...; where places are time, all alike. */
static int64_t places_of(const struct sparse *sparse, uint64_t bits)
{
    if (sparse->plan->options->probe->slack_ns > 0)
        return 1 + (int64_t)(draw_uniform_from_bits(bits) * ORACLE_TIE_MAX);
    int64_t places = bits == 0 ? ORACLE_TIE_MAX : 1 + __builtin_ctzll(bits);
    return places < ORACLE_TIE_MAX ? places : ORACLE_TIE_MAX;
}

static int64_t value_of(const struct sparse *sparse, const struct oracle_asked *asked,
                        uint64_t bits)
{
    double u = draw_uniform_from_bits(bits);
    int64_t typical = oracle_asked_typical(asked);
    switch (asked->kind) {
    case ORACLE_DELAY:
    case ORACLE_COUNT:
    case ORACLE_UNIFORM: return oracle_asked_at(asked, level_of(sparse, u));
    case ORACLE_HAPPENS: return !typical;
    case ORACLE_PICK: {
        int64_t other = (int64_t)(u * (asked->count - 1));
        return other < typical ? other : other + 1;
    }
    case ORACLE_ENTROPY: return (int64_t)bits;
    case ORACLE_TIE: return places_of(sparse, bits);
    }
    CHECK_UNREACHABLE("a draw of an unknown kind");
}

static bool choose(void *context, const struct oracle_asked *asked, int64_t *value)
{
    const struct sparse *sparse = context;
    struct draw_block bits = bits_of(sparse, asked->name);
    if (__builtin_expect(draw_uniform_from_bits(bits.even) >= sparse->rate, 1) ||
        !search_includes(sparse->plan->options, asked->name.purpose))
        return false;
    *value = value_of(sparse, asked, bits.odd);
    return true;
}

static void *open_sparse(const void *context, struct arena *arena)
{
    struct sparse *sparse = arena_take(arena, sizeof *sparse);
    *sparse = (struct sparse){.plan = context, .chooser = {sparse, choose}};
    return sparse;
}

static const struct oracle_chooser *steer(void *own, uint32_t run)
{
    struct sparse *sparse = own;
    const struct plan *plan = sparse->plan;
    double u =
        draw_uniform(plan->options->seed, run, (struct draw_name){0, COLLECT_PURPOSE_RANDOM, 1});
    sparse->run = run;
    sparse->rate = plan->rate_min * pow(plan->rate_max / plan->rate_min, u);
    return &sparse->chooser;
}

/* How many draws of the typical run may deviate. */
static bool count_draws(const struct search_options *options, uint32_t *count, struct error *error)
{
    struct probe *probe = probe_create(options->probe);
    struct probe_result result;
    bool is_good = probe_run(probe, NULL, 0, &result, error);
    *count = 0;
    if (is_good) {
        uint32_t asked_count;
        const struct oracle_asked *asked = probe_asked(probe, &asked_count);
        for (uint32_t i = 0; i < asked_count; i++)
            *count += search_includes(options, asked[i].name.purpose);
    }
    probe_destroy(probe);
    return is_good;
}

bool random_search(const struct search_options *options, const struct random_options *random,
                   struct findings *findings, struct random_result *result, struct error *error)
{
    CHECK(random->rate_max >= 0 && random->rate_max < 1);
    uint32_t draw_count;
    if (!count_draws(options, &draw_count, error))
        return false;
    double rate_max = random->rate_max > 0 ? random->rate_max : 0.5;
    double rate_min = draw_count > 0 ? 1.0 / draw_count : rate_max;
    struct plan plan = {
        .options = options,
        .key = draw_bits(options->seed, 0, (struct draw_name){0, COLLECT_PURPOSE_RANDOM, 0}),
        .rate_min = rate_min < rate_max ? rate_min : rate_max,
        .rate_max = rate_max,
        .is_by_model = random->is_by_model,
    };
    struct sample sample = {.kind = SEARCH_RANDOM,
                            .run_count = random->run_count,
                            .context = &plan,
                            .open = open_sparse,
                            .steer = steer};
    struct sample_result made;
    if (!sample_search(options, &sample, findings, &made, error))
        return false;
    *result = (struct random_result){.run_count = made.run_count,
                                     .failed_count = made.failed_count,
                                     .rate_min = plan.rate_min,
                                     .rate_max = plan.rate_max,
                                     .end = made.end};
    return true;
}
