/* One or two lognormal components by expectation and maximisation, then by a quasi-Newton method
 * on the observed likelihood, whose gradient is the expected one of the complete data (Fisher).
 *
 * For a row that ended at z = (log x - mu) / sigma of its component the complete data are z and
 * z^2; for one that was cut off at z they are E[Z | Z > z] = h and E[Z^2 | Z > z] = 1 + z h, where
 * h is the hazard of the standard normal. */
#include "sim/chance/fit_law.h"

#include <math.h>

#include "sim/base/check.h"

static const double log_root_2_pi = 0.91893853320467274178;
static const double weight_min = 1e-6;

enum { STEPS_TO_CHOOSE = 40, STEPS_BEFORE_POLISHING = 10, POLISHED_COUNT = 2 };

/* What one pass over the points gives, by component: sums of r, r z and r z^2, where r is the
 * probability that a point is of the component. */
struct expectation {
    double log_likelihood;
    double zeroth[2], first[2], second[2];
};

struct score {
    double log_density, first, second; /* Of the component, its weight included. */
};

static struct score score_at(const struct fit_law *law, int component, double log_value,
                             bool is_censored)
{
    double sigma = law->as.normal.sigma[component];
    double z = (log_value - law->as.normal.mu[component]) / sigma;
    double log_weight = log(law->as.normal.weight[component]);
    if (!is_censored)
        return (struct score){log_weight - log(sigma) - 0.5 * z * z, z, z * z};
    double hazard = fit_normal_hazard(z);
    return (struct score){log_weight + fit_normal_log_above(z), hazard, 1 + z * hazard};
}

static void add(struct expectation *sum, int component, double share, const struct score *score)
{
    sum->zeroth[component] += share;
    sum->first[component] += share * score->first;
    sum->second[component] += share * score->second;
}

static struct expectation expect(const struct fit_points *points, uint32_t component_count,
                                 const struct fit_law *law)
{
    struct expectation sum = {0};
    for (size_t i = 0; i < points->count; i++) {
        bool is_censored = i >= points->ended_count;
        double weight = points->weights[i];
        struct score one = score_at(law, 0, points->logs[i], is_censored);
        double log_density = one.log_density;
        double share = weight;
        if (component_count == 2) {
            struct score two = score_at(law, 1, points->logs[i], is_censored);
            double difference = two.log_density - one.log_density;
            double ratio = exp(-fabs(difference));
            double larger = 1 / (1 + ratio);
            double share_two = difference > 0 ? larger : ratio * larger;
            log_density = (difference > 0 ? two.log_density : one.log_density) + log1p(ratio);
            add(&sum, 1, weight * share_two, &two);
            share = weight * (difference > 0 ? ratio * larger : larger);
        }
        add(&sum, 0, share, &one);
        sum.log_likelihood +=
            weight * (log_density - (is_censored ? 0 : points->logs[i] + log_root_2_pi));
    }
    return sum;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* One step of expectation and maximisation, which never lowers the likelihood. Returns the one
 * before. */
static double step(const struct fit_points *points, uint32_t component_count, double sigma_min,
                   struct fit_law *law)
{
    struct expectation sum = expect(points, component_count, law);
    for (uint32_t j = 0; j < component_count; j++) {
        if (sum.zeroth[j] <= 0)
            continue;
        double sigma = law->as.normal.sigma[j];
        double shift = sum.first[j] / sum.zeroth[j];
        double variance = sum.second[j] / sum.zeroth[j] - shift * shift;
        law->as.normal.mu[j] += sigma * shift;
        law->as.normal.sigma[j] = fmax(sigma * sqrt(fmax(variance, 0)), sigma_min);
    }
    if (component_count == 2) {
        double weight = clamp(sum.zeroth[0] / points->weight, weight_min, 1 - weight_min);
        law->as.normal.weight[0] = weight;
        law->as.normal.weight[1] = 1 - weight;
    }
    return sum.log_likelihood;
}

/* Mean and deviation of the logarithms of points first .. last - 1, censored ones as if they had
 * ended. */
struct spread {
    double weight, mean, sigma;
};

static struct spread spread_of(const struct fit_points *points, size_t first, size_t last)
{
    struct spread spread = {0};
    double squares = 0;
    for (size_t i = first; i < last; i++) {
        double delta = points->logs[i] - spread.mean;
        spread.weight += points->weights[i];
        spread.mean += delta * points->weights[i] / spread.weight;
        squares += points->weights[i] * delta * (points->logs[i] - spread.mean);
    }
    spread.sigma = spread.weight > 0 ? sqrt(squares / spread.weight) : 0;
    return spread;
}

bool fit_is_at_limit(const struct fit_points *points, const struct fit_law *law)
{
    const double tolerance = 1.01;
    double sigma_min = FIT_SIGMA_SHARE_MIN * spread_of(points, 0, points->count).sigma;
    struct fit_points ended = *points;
    ended.count = points->ended_count;
    struct expectation sum = expect(&ended, 2, law);
    for (int j = 0; j < 2; j++)
        if (law->as.normal.sigma[j] < tolerance * sigma_min ||
            sum.zeroth[j] < FIT_COMPONENT_ENDED_MIN)
            return true;
    return false;
}

/* The quasi-Newton method works on (mu - centre) / size, log(sigma - sigma_min) of each component
 * and log(w / (1 - w)). */
struct polish {
    const struct fit_points *points;
    uint32_t component_count;
    double centre, size, sigma_min;
};

static struct fit_law law_at(const struct polish *polish, const double *x)
{
    struct fit_law law = {.as.normal.weight = {1, 0}};
    law.family = polish->component_count == 2 ? FIT_MIXTURE : FIT_LOGNORMAL;
    for (uint32_t j = 0; j < polish->component_count; j++) {
        law.as.normal.mu[j] = polish->centre + polish->size * x[2 * j];
        law.as.normal.sigma[j] = polish->sigma_min + exp(x[2 * j + 1]);
    }
    if (polish->component_count == 2) {
        double weight = clamp(1 / (1 + exp(-x[4])), weight_min, 1 - weight_min);
        law.as.normal.weight[0] = weight;
        law.as.normal.weight[1] = 1 - weight;
    }
    return law;
}

static double evaluate(void *context, const double *x, double *gradient)
{
    const struct polish *polish = context;
    struct fit_law law = law_at(polish, x);
    struct expectation sum = expect(polish->points, polish->component_count, &law);
    double scale = -1 / polish->points->weight;
    for (uint32_t j = 0; j < polish->component_count; j++) {
        double sigma = law.as.normal.sigma[j];
        gradient[2 * j] = scale * sum.first[j] * polish->size / sigma;
        gradient[2 * j + 1] =
            scale * (sum.second[j] - sum.zeroth[j]) * (sigma - polish->sigma_min) / sigma;
    }
    if (polish->component_count == 2)
        gradient[4] = scale * (sum.zeroth[0] - polish->points->weight * law.as.normal.weight[0]);
    return scale * sum.log_likelihood;
}

static double improve(const struct polish *polish, struct fit_law *law)
{
    double x[FIT_VARIABLES_MAX] = {0};
    double weight = law->as.normal.weight[0];
    struct polish context = *polish;
    struct fit_problem problem = {polish->component_count == 2 ? 5 : 2, evaluate, &context};
    for (uint32_t j = 0; j < polish->component_count; j++) {
        double room = law->as.normal.sigma[j] - polish->sigma_min;
        x[2 * j] = (law->as.normal.mu[j] - polish->centre) / polish->size;
        x[2 * j + 1] = log(fmax(room, 1e-6 * polish->size));
    }
    if (polish->component_count == 2)
        x[4] = log(weight / (1 - weight));
    if (fit_minimise(&problem, x)) {
        struct fit_law polished = law_at(polish, x);
        if (expect(polish->points, polish->component_count, &polished).log_likelihood >
            expect(polish->points, polish->component_count, law).log_likelihood)
            *law = polished;
    }
    return expect(polish->points, polish->component_count, law).log_likelihood;
}

/* A start: the rows that ended, cut in two at a place in their order. */
static struct fit_law split_at(const struct polish *polish, double share)
{
    const struct fit_points *points = polish->points;
    double below = 0;
    size_t cut = 1;
    for (; cut + 1 < points->ended_count; cut++) {
        below += points->weights[cut - 1];
        if (below >= share * points->ended_weight)
            break;
    }
    struct spread low = spread_of(points, 0, cut), high = spread_of(points, cut, points->count);
    double weight = low.weight / points->weight;
    return (struct fit_law){
        .family = FIT_MIXTURE,
        .as.normal = {.weight = {weight, 1 - weight},
                      .mu = {low.mean, high.mean},
                      .sigma = {fmax(low.sigma, 2 * polish->sigma_min),
                                fmax(high.sigma, 2 * polish->sigma_min)}},
    };
}

/* Try several starts, keep the best of them and improve those. */
static void search(const struct polish *polish, struct fit_law *law)
{
    static const double shares[] = {0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98};
    enum { START_COUNT = sizeof shares / sizeof shares[0] + 1 };
    struct fit_law starts[START_COUNT];
    double values[START_COUNT];
    for (size_t i = 0; i < START_COUNT; i++) {
        if (i + 1 < START_COUNT)
            starts[i] = split_at(polish, shares[i]);
        else /* A narrow one on top of a wide one. */
            starts[i] = (struct fit_law){
                .family = FIT_MIXTURE,
                .as.normal = {.weight = {0.5, 0.5},
                              .mu = {polish->centre, polish->centre},
                              .sigma = {0.5 * polish->size, 1.5 * polish->size}},
            };
        for (int k = 0; k < STEPS_TO_CHOOSE; k++)
            step(polish->points, 2, polish->sigma_min, &starts[i]);
        values[i] = expect(polish->points, 2, &starts[i]).log_likelihood;
    }
    double best = -INFINITY;
    for (int k = 0; k < POLISHED_COUNT; k++) {
        size_t chosen = 0;
        for (size_t i = 1; i < START_COUNT; i++)
            if (values[i] > values[chosen])
                chosen = i;
        values[chosen] = -INFINITY;
        double value = improve(polish, &starts[chosen]);
        if (value > best) {
            best = value;
            *law = starts[chosen];
        }
    }
}

static void order(struct fit_law *law)
{
    if (law->as.normal.mu[0] <= law->as.normal.mu[1])
        return;
    struct fit_law other = *law;
    for (int j = 0; j < 2; j++) {
        law->as.normal.weight[j] = other.as.normal.weight[1 - j];
        law->as.normal.mu[j] = other.as.normal.mu[1 - j];
        law->as.normal.sigma[j] = other.as.normal.sigma[1 - j];
    }
}

bool fit_maximise_normal(const struct fit_points *points, uint32_t component_count,
                         const struct fit_law *start, struct fit_law *law)
{
    CHECK(component_count == 1 || component_count == 2);
    struct spread all = spread_of(points, 0, points->count);
    if (!(all.sigma > 0))
        return false;
    struct polish polish = {points, component_count, all.mean, all.sigma, 0};
    struct fit_law found = {
        .family = FIT_LOGNORMAL,
        .as.normal = {.weight = {1, 0}, .mu = {all.mean, 0}, .sigma = {all.sigma, 0}},
    };
    if (component_count == 1) {
        /* Without censored rows this is the maximum. */
        if (points->ended_count < points->count)
            improve(&polish, &found);
    } else {
        polish.sigma_min = FIT_SIGMA_SHARE_MIN * all.sigma;
        if (start != NULL) {
            found = *start;
            for (int k = 0; k < STEPS_BEFORE_POLISHING; k++)
                step(points, 2, polish.sigma_min, &found);
            improve(&polish, &found);
        } else {
            search(&polish, &found);
        }
        order(&found);
    }
    if (!isfinite(found.as.normal.mu[0] + found.as.normal.mu[1]) || !(found.as.normal.sigma[0] > 0))
        return false;
    *law = found;
    return true;
}
