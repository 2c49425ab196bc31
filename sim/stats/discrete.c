#include "sim/stats/discrete.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "sim/base/check.h"

/* A distribution on first..last, known by the ratio of neighbours. */
struct lattice {
    uint64_t first;
    uint64_t last;
    uint64_t mode;
    bool is_urn;
    uint64_t count;   /* Of trials, or drawn. */
    double share;     /* Of the binomial only, */
    uint64_t marked;  /* and these two of the urn only. */
    uint64_t surplus; /* total - marked - drawn, modulo 2^64: only its sum with x is used. */
};

/* P(x + 1) / P(x) as a fraction, for either way. Neither part is 0 inside of the support, except
 * for a share of 0 or 1, and then the walk goes the way on which it ends. */
struct ratio {
    double up;
    double down;
};

/* One step of a walk. What has sunk below the normal doubles is nothing: there the product of
 * 5e-324 and 0.99 is 5e-324 again, and the walk would not end. */
static double times(double weight, double numerator, double denominator)
{
    double next = weight * (numerator / denominator);
    return next >= DBL_MIN ? next : 0;
}

static struct ratio ratio_at(const struct lattice *lattice, uint64_t x)
{
    double up = (double)(lattice->count - x);
    double down = (double)(x + 1);
    if (lattice->is_urn)
        return (struct ratio){
            up * (double)(lattice->marked - x),
            down * (double)(lattice->surplus + x + 1),
        };
    return (struct ratio){up * lattice->share, down * (1 - lattice->share)};
}

/* Weights as a walk from the mode meets them. */
struct walk {
    uint64_t value;
    double rare_max; /* Weights up to this are as rare as the value. */
    double total;
    struct discrete_tails tails; /* Not yet divided by the total. */
};

static void visit(struct walk *walk, uint64_t x, double weight)
{
    walk->total += weight;
    if (x < walk->value)
        walk->tails.below += weight;
    else if (x > walk->value)
        walk->tails.above += weight;
    else
        walk->tails.at = weight;
    if (weight <= walk->rare_max)
        walk->tails.as_rare += weight;
}

/* The same products in the same order as in the walk, so that the value equals itself. */
static double weight_of(const struct lattice *lattice, uint64_t value)
{
    double weight = 1;
    for (uint64_t x = lattice->mode; x < value && weight > 0; x++) {
        struct ratio ratio = ratio_at(lattice, x);
        weight = times(weight, ratio.up, ratio.down);
    }
    for (uint64_t x = lattice->mode; x > value && weight > 0; x--) {
        struct ratio ratio = ratio_at(lattice, x - 1);
        weight = times(weight, ratio.down, ratio.up);
    }
    return weight;
}

static struct discrete_tails find_tails(const struct lattice *lattice, uint64_t value)
{
    CHECK(value >= lattice->first && value <= lattice->last);
    struct walk walk = {.value = value, .rare_max = weight_of(lattice, value) * (1 + 1e-7)};
    visit(&walk, lattice->mode, 1);
    double weight = 1;
    for (uint64_t x = lattice->mode; x < lattice->last && weight > 0; x++) {
        struct ratio ratio = ratio_at(lattice, x);
        weight = times(weight, ratio.up, ratio.down);
        visit(&walk, x + 1, weight);
    }
    weight = 1;
    for (uint64_t x = lattice->mode; x > lattice->first && weight > 0; x--) {
        struct ratio ratio = ratio_at(lattice, x - 1);
        weight = times(weight, ratio.down, ratio.up);
        visit(&walk, x - 1, weight);
    }
    return (struct discrete_tails){
        .below = walk.tails.below / walk.total,
        .at = walk.tails.at / walk.total,
        .above = walk.tails.above / walk.total,
        .as_rare = fmin(1, walk.tails.as_rare / walk.total),
    };
}

/* The mode only has to be nearly right: it is where the walk begins and weights are largest. */
static uint64_t clamp_mode(double mode, uint64_t first, uint64_t last)
{
    uint64_t x = (uint64_t)mode;
    if (x < first)
        return first;
    return x > last ? last : x;
}

struct discrete_tails discrete_binomial(uint64_t value, uint64_t count, double share)
{
    CHECK(count <= DISCRETE_COUNT_MAX);
    CHECK(share >= 0 && share <= 1);
    const struct lattice lattice = {
        .last = count,
        .mode = clamp_mode(((double)count + 1) * share, 0, count),
        .count = count,
        .share = share,
    };
    return find_tails(&lattice, value);
}

struct discrete_tails discrete_hypergeometric(uint64_t value, const struct discrete_urn *urn)
{
    uint64_t total = urn->total_count;
    uint64_t marked = urn->marked_count;
    uint64_t drawn = urn->drawn_count;
    CHECK(total <= DISCRETE_COUNT_MAX && marked <= total && drawn <= total);
    struct lattice lattice = {
        .first = drawn + marked > total ? drawn + marked - total : 0,
        .last = drawn < marked ? drawn : marked,
        .is_urn = true,
        .count = drawn,
        .marked = marked,
        .surplus = total - marked - drawn,
    };
    double mode = ((double)drawn + 1) * ((double)marked + 1) / ((double)total + 2);
    lattice.mode = clamp_mode(mode, lattice.first, lattice.last);
    return find_tails(&lattice, value);
}
