/* scene.h - a fix that is rolled out while the wave runs: by hand in a world of constants, and in a
 * world like that of the incident.
 */
#ifndef TESTS_MODELS_VMC_SCENE_H
#define TESTS_MODELS_VMC_SCENE_H

#include "tests/models/vmc/fixture.h"

enum { SDDCS = 8 };

/* An SDDC starts every hour. Maintenance is asked for 3 h 30 min later, when the temporary host
 * needs three minutes more: every workflow of the old engine fails after another hour, so at 4:30,
 * 5:30, ... The second failure is seen, and 45 min later, at 6:15, the fix is there. Then 0 and 1
 * have failed, 2 waits (it has asked at 5:30), 3 to 6 are under way, 7 has not started. */
struct scene {
    struct fixture *fixture;
    struct rce_options fixed;
    struct vmc_rollout rollout;
};

static inline struct scene *scene_create(void)
{
    struct fixture *fixture = fixture_create(SDDCS);
    struct scene *scene = arena_take(fixture->arena, sizeof *scene);
    fixture->config.provisioning.configure = fixture_delay(fixture, "15min");
    fixture->config.wave.schedule = VMC_START_EVENLY;
    fixture->config.wave.spread_ns = SDDCS * UNITS_H;
    fixture->options.deadline_ns[RCE_ENTER_MAINTENANCE] = 60 * UNITS_MIN;
    scene->fixture = fixture;
    scene->fixed = fixture->options;
    fixture_fix(&scene->fixed, true, true, true);
    scene->rollout = (struct vmc_rollout){
        .engine = &rce_engine,
        .options = &scene->fixed,
        .detect_failed_count = 2,
        .detect_within_ns = 2 * UNITS_H,
        .delay_ns = 45 * UNITS_MIN,
        .drain_ns = 30 * UNITS_S,
        .pace_ns = 10 * UNITS_S,
        .stages_count = 1,
        .stages = {{.select = VMC_SELECT_ALL, .share = 1}},
        .redrive = VMC_REDRIVE_WHEN_QUIET,
    };
    fixture->parameters.rollout = &scene->rollout;
    return scene;
}

static inline void scene_destroy(struct scene *scene)
{
    fixture_destroy(scene->fixture);
}

static inline struct record *scene_run(struct scene *scene)
{
    struct record *record = fixture_run(scene->fixture, 0);
    model_align_series(&vmc_model, record);
    assert_null(model_find_defect(&vmc_model, record));
    return record;
}

static inline int64_t cell(const struct scene *scene, uint32_t workflow, enum vmc_row_column column)
{
    return fixture_cell(scene->fixture, workflow, column);
}

static inline int64_t clock_ns(int hours, int minutes)
{
    return hours * UNITS_H + minutes * UNITS_MIN;
}

/* A world like the incident's, of so many SDDCs. */
static inline void set_incident(struct scene *scene, uint32_t sddcs_count)
{
    struct fixture *fixture = scene->fixture;
    struct vmc_config *config = &fixture->config;
    config->fleet.sddcs_count = sddcs_count;
    config->fleet.clusters_per_sddc = fixture_number(fixture, "discrete(1=0.7, 2=0.3)");
    config->fleet.temporary_host_share = 0.8;
    config->provisioning.boot = fixture_delay(fixture, "lognormal(median=12min, sigma=0.3)");
    config->provisioning.connect = fixture_delay(fixture, "lognormal(median=2.3min, sigma=1.2)");
    config->provisioning.configure = fixture_delay(fixture, "lognormal(median=4min, sigma=0.6)");
    config->work.control_plane = fixture_delay(fixture, "uniform(3h, 4h)");
    config->maintenance.evacuate =
        fixture_delay(fixture, "truncate(lognormal(median=320s, sigma=1.15), min=10s, max=40min)");
    config->service.latency = fixture_delay(fixture, "lognormal(median=120ms, p95=900ms)");
    config->service.callback_delay = fixture_delay(fixture, "exponential(mean=5s)");
    config->service.callback_loss = 0.0002;
    config->wave.schedule = VMC_START_RANDOMLY;
    config->wave.spread_ns = 12 * UNITS_H;
    scene->rollout.detect_failed_count = 3;
    scene->rollout.detect_within_ns = UNITS_H;
    scene->rollout.delay_ns = 2 * UNITS_H;
    scene->rollout.stages_count = 3;
    scene->rollout.stages[0] = (struct vmc_stage){.select = VMC_SELECT_FAILING, .share = 1};
    scene->rollout.stages[1] =
        (struct vmc_stage){.select = VMC_SELECT_RANDOM, .share = 0.3, .after_ns = 10 * UNITS_MIN};
    scene->rollout.stages[2] =
        (struct vmc_stage){.select = VMC_SELECT_ALL, .share = 1, .after_ns = 20 * UNITS_MIN};
}

static inline struct result *simulate(const struct experiment_variant *variants,
                                      uint32_t variant_count, uint32_t replications,
                                      uint32_t threads)
{
    struct experiment_design design = {.model = &vmc_model,
                                       .variants = variants,
                                       .variant_count = variant_count,
                                       .replication_count = replications,
                                       .seed = 20261123,
                                       .thread_count = threads};
    struct result *result = NULL;
    struct error error;
    if (!experiment_run(&design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static inline uint32_t sum_of(const struct series *series)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < series->bin_count; i++)
        sum += series->bins[i];
    return sum;
}

#endif
