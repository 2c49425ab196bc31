/* tilt.h - Monte Carlo runs in which some draws are taken from chosen regions, with their weights.
 *
 * Private to the estimates here (likelihood.h, rare.h). Each run picks a component by a draw of its
 * own, takes the uniforms that the component names from their regions (in order, so that a run
 * stays coupled with the plain one of the same number) and leaves everything else as plain Monte
 * Carlo would draw it. Its weight is the density of the model over that of the mixture,
 *
 *     1 / sum_j share_j prod_i g_ji(u_i)
 *
 * where a component without draws has density 1. Every u_i is known by its name, whether the run
 * asks for it or not. A draw is tilted in one of two ways:
 *
 *     region   uniform on a stretch: g = 1/mass there, else 0
 *     twist    g = theta t^(theta - 1), t = 1 - u (or u, towards the lower end), 0 < theta < 1: the
 *              score -log t, exponential of mean 1 in the model, has mean 1/theta
 *
 * A region holds exactly what a schedule says; a twist prefers its side and leaves nothing out.
 *
 * No run is a replication of the seed that is given: one of those may have been chosen for failing,
 * and what proves something about it has to be fresh.
 *
 * Runs are numbered and cut into blocks whose size does not depend on threads; sums are merged in
 * the order of the blocks (team.h).
 */
#ifndef SIM_EXPLORE_TILT_H
#define SIM_EXPLORE_TILT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/explore/likelihood.h"
#include "sim/explore/probe.h"
#include "sim/stats/tally.h"

struct tilt_draw {
    struct likelihood_region region; /* Its name is that of the draw. */
    double theta;                    /* 0: the region; else the twist. */
    bool is_lower;                   /* Of a twist: towards u = 0. */
};

struct tilt_component {
    struct tilt_draw *draws; /* [draw_count], distinct names; none: the model. */
    uint32_t draw_count;
    double share; /* The shares of all components add up to 1. */
};

struct tilt {
    const struct probe_options *probe; /* Its seed and replication are not looked at. */
    const struct deviation *fixed;     /* [fixed_count], as these are in every run */
    size_t fixed_count;
    const struct tilt_component *components;
    uint32_t component_count; /* At least 1. */
    uint64_t signature;       /* A run hits if it has such a finding; LIKELIHOOD_ANY: or any. */
    uint64_t seed;            /* The runs are replications of a seed that is drawn from this one. */
    uint32_t run_first, run_count; /* They are numbered from run_first. */
    uint32_t thread_count;
    bool wants_posteriors;
    const volatile sig_atomic_t *interrupted; /* May be NULL. */
};

struct tilt_sums {
    uint64_t hit_count;
    uint64_t stray_count;  /* Of them, those that no tilted component would have been likelier to
                            * bring about than the model: component 0 without draws. */
    struct tally weighted; /* Of all runs: the weight of those that hit, 0 of the others. */
    double sum, square_sum, weight_max; /* Of the weights of those that hit. */
    /* NULL if they are not wanted: each hit's weight, shared out among the components by how likely
     * it came from each, [component_count]; and the same times the score of each draw of each
     * component, one after the other. */
    double *posteriors, *scores;
};

/* Carry out the runs; memory is from `arena`. Errors are those of the probe; of several the one of
 * the lowest block. ERROR_INTERRUPTED if somebody asked to stop. */
bool tilt_run(const struct tilt *tilt, struct arena *arena, struct tilt_sums *sums,
              struct error *error);

#endif
