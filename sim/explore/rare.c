#include "sim/explore/rare.h"

#include <math.h>

#include "sim/base/check.h"
#include "sim/explore/rare_mixture.h"
#include "sim/stats/mean.h"
#include "sim/stats/proportion.h"

/* A pilot moves the shares so many times, each time if it has seen so many failing runs. */
enum { PILOT_ROUNDS = 4, PILOT_HITS_MIN = 20, RUNS_DEFAULT = 100000 };
static bool make_pilot(struct tilt *tilt, const struct rare_options *options, double nominal,
                       struct rare_mixture *mixture, struct arena *arena, struct error *error)
{
    tilt->wants_posteriors = true;
    for (uint32_t round = 0; round < PILOT_ROUNDS; round++) {
        uint32_t next = (uint32_t)((uint64_t)options->pilot_count * (round + 1) / PILOT_ROUNDS);
        struct tilt_sums sums;
        tilt->run_count = next - tilt->run_first;
        if (tilt->run_count == 0)
            continue;
        if (!tilt_run(tilt, arena, &sums, error))
            return false;
        if (sums.hit_count >= PILOT_HITS_MIN)
            rare_mixture_learn(mixture, &sums, nominal);
        tilt->run_first = next;
    }
    tilt->wants_posteriors = false;
    return true;
}

static void conclude(struct rare_result *result, const struct tilt_sums *sums, double confidence)
{
    double runs = (double)result->run_count, hits = (double)sums->hit_count;
    result->hit_count = sums->hit_count;
    tally_variance(&sums->weighted, &result->variance);
    if (sums->square_sum > 0)
        result->effective_sample_size = sums->sum * sums->sum / sums->square_sum;
    bool is_plain = result->component_count == 0;
    bool is_enough =
        sums->hit_count >= RARE_HITS_MIN && result->effective_sample_size >= RARE_SAMPLE_SIZE_MIN;
    double mean = sums->weighted.mean;
    if (is_plain)
        result->probability = proportion_clopper_pearson(hits, runs, confidence);
    else
        result->probability = mean_interval(&sums->weighted, confidence);
    result->probability.low = fmax(result->probability.low, 0);
    result->probability.high = fmin(result->probability.high, 1);
    if (!is_plain && !is_enough)
        result->probability =
            (struct interval){.state = hits > 0 ? INTERVAL_NOT_ESTIMABLE : INTERVAL_NO_DATA,
                              .estimate = hits > 0 ? mean : 0,
                              .confidence = confidence};
    result->probability.method =
        is_plain ? "Clopper-Pearson" : "t of the weighted mean, importance sampling";
    /* Half of the error for what has been seen, half for strays. */
    double stray_confidence = is_plain || !is_enough ? confidence : (1 + confidence) / 2;
    uint64_t stray_count = is_plain || !is_enough ? sums->hit_count : sums->stray_count;
    result->stray_count = is_plain ? 0 : sums->stray_count;
    result->stray_upper =
        fmin(1, result->weight_max *
                    proportion_upper_bound((double)stray_count, runs, stray_confidence));
    result->upper = result->stray_upper;
    if (!is_plain && is_enough)
        result->upper = fmin(1, result->probability.high + result->stray_upper);
    if (result->variance > 0 && is_enough)
        result->variance_ratio = mean * (1 - mean) / result->variance;
}

static bool check_options(const struct rare_options *options, double nominal, double confidence,
                          uint32_t run_count, struct error *error)
{
    if (!(confidence > 0 && confidence < 1))
        return error_set(error, ERROR_USAGE,
                         "the confidence of a probability is %g, but must be above 0 and below 1",
                         confidence);
    if (!(nominal > 0 && nominal <= 0.5))
        return error_set(error, ERROR_USAGE,
                         "the nominal share is %g, but must be above 0 and at most 0.5", nominal);
    if (run_count > RARE_RUNS_MAX || options->pilot_count > RARE_RUNS_MAX)
        return error_set(error, ERROR_USAGE, "at most %d runs, and as many of a pilot",
                         RARE_RUNS_MAX);
    return true;
}

bool rare_estimate(const struct rare_options *options, struct rare_result *result,
                   struct error *error)
{
    double nominal = options->nominal_share > 0 ? options->nominal_share : 0.1;
    double confidence = options->confidence > 0 ? options->confidence : 0.95;
    uint32_t run_count = options->run_count == 0 ? RUNS_DEFAULT : options->run_count;
    if (!check_options(options, nominal, confidence, run_count, error))
        return false;
    uint32_t schedule_count = options->schedule_count < RARE_SCHEDULES_MAX
                                  ? (uint32_t)options->schedule_count
                                  : RARE_SCHEDULES_MAX;
    struct arena *arena = arena_create("rare events", 0);
    struct rare_mixture mixture = {0};
    bool is_good = rare_mixture_make(&mixture, options, schedule_count, nominal, arena, error);
    struct rare_result own = {.run_count = run_count, .pilot_count = options->pilot_count};
    struct tilt tilt = {.probe = options->probe,
                        .components = mixture.components,
                        .component_count = mixture.count,
                        .signature = options->signature,
                        .seed = options->seed,
                        .thread_count = options->thread_count,
                        .interrupted = options->interrupted};
    if (is_good) {
        if (mixture.count > 1 && options->pilot_count > 0)
            is_good = make_pilot(&tilt, options, nominal, &mixture, arena, error);
        else
            own.pilot_count = 0;
    }
    tilt.run_count = run_count;
    struct tilt_sums sums;
    is_good = is_good && tilt_run(&tilt, arena, &sums, error);
    if (is_good) {
        own.component_count = mixture.count - 1;
        own.weight_max = 1 / mixture.components[0].share;
        for (uint32_t j = 0; j < mixture.family_count; j++) {
            const struct rare_family *family = &mixture.families[j];
            if (family->schedule == RARE_OF_ALL || family->schedule == RARE_NOMINAL)
                continue;
            own.schedule_count += own.shares[family->schedule] <= 0;
            own.shares[family->schedule] += family->share;
        }
        conclude(&own, &sums, confidence);
        *result = own;
    }
    arena_destroy(arena);
    return is_good;
}
