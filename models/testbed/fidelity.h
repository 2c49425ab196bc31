/* fidelity.h - a live wave beside simulated ones: do they tell the same?
 *
 *     simulated waves --watch--> fidelity_side (pooled) --+
 *     the same wave   --watch--> fidelity_side -----------+--> fidelity_compare
 *     the live wave   --watch--> fidelity_side -----------+
 *
 * Three things are compared.
 *   Durations of steps: from the first request of an operation on a target until the callback that
 *     says it is done. One by one against the simulated wave of the same draws, where all that
 *     differs is what real time does to it; and as distributions against other simulated waves.
 *   Failures: workflow by workflow against the wave of the same draws, and how many against how
 *     many failed in the other waves.
 *   Calls, workflow by workflow.
 *
 * Steps and workflows of one wave share limits, outages and capacity, so they are not independent,
 * and the other waves are the measure, not a formula: the live wave's distance from them
 * (Smirnov's) has to be among their distances from each other, its failures among theirs. The
 * largest distance over all operations counts, so that many operations are not many chances of a
 * false alarm:
 *
 *     p = (1 + simulated waves whose largest distance is as large) / (1 + simulated waves)
 *
 * A request over HTTP takes some of the machine's time, and at speed 3600 a millisecond is 3.6 s of
 * the simulated world: that is the cost of scaling, and no difference of behaviour. So steps are
 * judged with room for a shift; one that is shorter than twice the room is not told by it. Where
 * steps differ, they are judged as the service's own world had them (`service`), from the arrival
 * of the request until the callback was due: what differs there is the world, on however busy a
 * machine. What does not was held up on the way: it passes with room for the measured lateness,
 * and else it cannot be told at this speed, unless nothing was measured that could have held it up:
 * half of the steps of an operation longer by more than `worst_ns`, or anything at all if that is
 * within the shift. Where rates or calls differ, workflows that time alone
 * can have decided (`is_close`) are taken out: by the lateness, or by as much as steps were seen to
 * take longer, up to the shift (fidelity_reach_ns). The shift as such decides nobody's fate. What
 * differs then, differs. If this leaves nothing to compare, it cannot be told, and there are two
 * causes: the machine was so late (`is_machine_too_late`), but for what all its stalls together
 * cannot explain; or the shift is too wide (`is_shift_too_wide`).
 *
 * A late machine does not only move requests, it bunches them, and limits turn away what comes
 * bunched. So what the machine is to have done is held against `world`: a world that answers
 * otherwise is never excused by the machine, nor does it pass: at best its difference is too small
 * to be told. What differs although the world answers the same is never more than undecided if the
 * machine was later than the shift.
 *
 * Who asks again and again asks less often, the longer an answer takes. So calls are also compared
 * with the wave of the same draws in a world whose answers and callbacks take as much longer as was
 * measured (`delayed_calls`). If they agree with neither and the machine was later than the shift,
 * calls between the least and the most of what such delays bring about cannot be told.
 *
 * Units: simulated time. A step that is done again (after a failure, a second trigger) counts
 * again.
 *
 * Source: M. Dwass, Annals of Mathematical Statistics 28 (1957) 181 (Monte Carlo tests); P.
 * Westfall, S. Young, Resampling-Based Multiple Testing (1993), section 2.2 (the largest of all).
 */
#ifndef MODELS_TESTBED_FIDELITY_H
#define MODELS_TESTBED_FIDELITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"
#include "sim/base/arena.h"
#include "sim/stats/interval.h"
#include "sim/stats/kolmogorov.h"

/* So many other waves are needed for a level of 1 % on both sides of a rate. */
enum { FIDELITY_WAVES_MIN = 199 };

struct fidelity_step {
    uint32_t workflow;
    uint8_t operation, cluster, host;
    int64_t duration_ns;
};

/* Durations of an operation in one wave, or a part of them: of other waves there are millions of
 * steps, and no more than this is compared of them. */
enum { FIDELITY_PART_COUNT = 62 };

struct fidelity_part {
    struct fidelity_part *next;
    uint32_t wave, count;
    int64_t durations_ns[FIDELITY_PART_COUNT]; /* [count] */
};

/* The steps of one wave, or the durations of several. */
struct fidelity_side {
    struct arena *arena;
    uint32_t workflows_count;
    uint32_t wave; /* that steps are of now: counts from 0 */
    bool has_durations_alone;
    /* Of one wave: */
    struct fidelity_step *steps; /* [steps_count], in the order of their ends */
    size_t steps_count, steps_room;
    /* Of several: */
    struct fidelity_part *parts[RCE_OPERATION_COUNT]; /* the latest first */
    size_t durations_count[RCE_OPERATION_COUNT];
    /* Of both: */
    struct fidelity_open *open; /* [open_room], those that have not ended */
    uint32_t open_count, open_room, open_free;
    uint32_t *first_open; /* [workflows_count], index + 1 */
};

/* Bytes that a step of another wave needs in the end: its duration, the same in order, and among
 * those of its operation with its wave. */
enum { FIDELITY_STEP_BYTES = 32 };

/* For one wave, of the same draws or live; and for the other waves. */
struct fidelity_side *fidelity_side_create(struct arena *arena, uint32_t workflows_count);
struct fidelity_side *fidelity_waves_create(struct arena *arena, uint32_t workflows_count);

/* Forget what has not ended: the next wave begins. */
void fidelity_next_wave(struct fidelity_side *side);

/* A step of an engine; `side` is a struct fidelity_side. As onlooker.h and drive.h tell it. */
void fidelity_watch(void *side, uint32_t workflow, const struct rce_input *input,
                    const struct rce_actions *actions);

/* One operation. */
struct fidelity_operation {
    enum rce_operation operation;
    size_t simulated_count, live_count;
    double simulated_median_s, live_median_s;
    bool is_tested;                    /* there are enough steps on both sides */
    double distance, distance_shifted; /* Smirnov's, without and with room for a shift */
    double p_adjusted; /* of the latter, among the other waves, over all operations */
    /* Against the wave of the same draws: live minus simulated. */
    size_t paired_count;
    double paired_median_s, paired_p95_s; /* of the absolute value */
    bool is_different; /* told apart, or half of the steps differ by more than the room */
    bool is_untold;    /* not different, but the room is more than half of such a step */
    /* The same of the steps as the service's world had them. */
    size_t world_paired_count;               /* with those whose end nobody heard */
    double world_median_s, world_p_adjusted; /* of the pairs' differences; p */
    bool is_world_different;
};

/* How one workflow went, on both sides. */
struct fidelity_workflow {
    bool simulated_failed, live_failed;
    bool is_close;        /* whether it fails can be decided by fidelity_reach_ns */
    bool is_within_worst; /* or by all stalls together */
    int64_t simulated_calls, live_calls;
    int64_t delayed_calls; /* simulated with the measured delays */
};

/* Would the simulated world have answered the requests of the live wave, at the instants at which
 * they came, exactly as the service did? */
enum fidelity_world { FIDELITY_WORLD_UNKNOWN, FIDELITY_WORLD_SAME, FIDELITY_WORLD_OTHER };

struct fidelity_question {
    const struct fidelity_side *simulated; /* other waves, of fidelity_waves_create */
    const struct fidelity_side *same;      /* the wave of the same draws */
    const struct fidelity_side *live;
    enum fidelity_world world;
    const struct fidelity_side *service; /* the live wave as its world had it; NULL: not known */
    const struct fidelity_workflow *workflows; /* [workflows_count], of the same draws */
    size_t workflows_count;
    const uint32_t *failed_counts; /* [waves_count], workflows that failed in each other wave */
    uint32_t waves_count;
    int64_t shift_ns;
    int64_t late_ns;  /* how late the machine was, but for one moment in a thousand */
    int64_t worst_ns; /* the longest ways and all waits together */
    /* Calls of a workflow in waves of the same draws, delayed by as much as was measured at worst
     * and less; both 0: not known. */
    double calls_least, calls_most;
    double confidence;
    double rate_tolerance;  /* 0.03: failure rates may differ by 3 points */
    double calls_tolerance; /* 0.05: calls per workflow by 5 % */
};

enum fidelity_verdict { FIDELITY_PASS, FIDELITY_INCONCLUSIVE, FIDELITY_FAIL };

struct fidelity_answer {
    struct fidelity_operation operations[RCE_OPERATION_COUNT]; /* [operations_count] */
    size_t operations_count;
    int64_t reach_ns;    /* fidelity_reach_ns */
    int64_t room_ns;     /* with which steps were judged in the end */
    size_t untold_count; /* operations that it tells nothing about */
    uint64_t simulated_failed_count, live_failed_count;
    uint64_t only_simulated_count, only_live_count; /* failed on one side alone, */
    uint64_t flipped_close_count;                   /* and of these the ones that are close */
    uint64_t close_count;
    struct interval rate_same; /* live minus simulated */
    /* Of the other waves: their mean, and between which two of them one more wave of their kind
     * lies with 99 %: the outermost on each side, but for so many. */
    double others_share, others_low, others_high;
    uint32_t others_outside_count;
    double simulated_calls, live_calls;
    struct interval calls; /* live minus simulated, a workflow */
    double delayed_calls;
    struct interval calls_delayed; /* live minus simulated with the measured delays */
    enum fidelity_verdict steps_verdict, rate_verdict, calls_verdict, verdict;
    bool is_rate_excused, is_calls_excused; /* judged without the workflows that are close */
    bool is_calls_delayed;                  /* judged by the wave with the measured delays */
    /* Something differs, or steps are untold, and this leaves nothing to compare: */
    bool is_machine_too_late; /* of steps, only if it was later than the shift */
    bool is_shift_too_wide;
    bool are_waves_few; /* fewer than FIDELITY_WAVES_MIN: steps and other waves are not judged */
};

/* By how much can time alone have decided who fails: by the lateness, or, up to the shift, by as
 * much as half of the steps of some operation took longer or shorter than in the wave of the same
 * draws. Workflows are not looked at. Working memory comes from the arena. */
int64_t fidelity_reach_ns(struct arena *arena, const struct fidelity_question *question);

/* Compare. Passed is
 *   of steps, if no operation is told apart from the other waves (1 % over all of them), half of
 * each one's steps are within the room of the same step in the wave of the same draws, and the room
 * is no more than half of what the shortest kind takes; of rates and calls, what lies within its
 * tolerance with its whole interval; failed what lies outside with all of it, and failures beyond
 * those between which another wave lies. Nothing is left to compare where the room is more than
 * half of the shortest kind of step, or more than a tenth of the workflows are close. Working
 * memory comes from the arena. */
void fidelity_compare(struct arena *arena, const struct fidelity_question *question,
                      struct fidelity_answer *answer);

/* "PASS", "INCONCLUSIVE", "FAIL" */
const char *fidelity_verdict_name(enum fidelity_verdict verdict);

#endif
