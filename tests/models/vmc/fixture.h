/* fixture.h - small worlds for tests: a configuration, an engine's options, and runs of them.
 *
 * A fixture starts from a world in which nothing takes time and nothing goes wrong, with the
 * incident's timeline (backup 30 min) where a test asks for it. Runs go through vmc_model with an
 * oracle of their own, or through an experiment.
 */
#ifndef TESTS_MODELS_VMC_FIXTURE_H
#define TESTS_MODELS_VMC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "models/rce/rce.h"
#include "models/vmc/model.h"
#include "models/vmc/world.h"
#include "sim/experiment/experiment.h"

struct fixture {
    struct arena *arena; /* of distributions and records */
    struct arena *run_arena;
    struct vmc_config config;
    struct rce_options options;
    struct vmc_parameters parameters;
    int64_t *rows; /* [sddcs][VMC_ROW_COLUMN_COUNT] of the last run */
    struct trace *trace;
};

static inline const struct dist *fixture_delay(struct fixture *fixture, const char *text)
{
    struct error error = {0};
    const struct dist *dist = dist_parse(
        fixture->arena, text, &(struct dist_options){.dimension = DIST_DURATION}, NULL, &error);
    if (dist == NULL)
        fail_msg("%s", error.message);
    return dist;
}

static inline const struct dist *fixture_number(struct fixture *fixture, const char *text)
{
    struct error error = {0};
    const struct dist *dist = dist_parse(
        fixture->arena, text, &(struct dist_options){.dimension = DIST_NUMBER}, NULL, &error);
    if (dist == NULL)
        fail_msg("%s", error.message);
    return dist;
}

/* A quiet world of constant durations: 30 min backup, 18 min to connect, 4 min to configure. */
static inline struct fixture *fixture_create(uint32_t sddcs_count)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("fixture", 0);
    struct fixture *fixture = arena_take(arena, sizeof *fixture);
    fixture->arena = arena;
    fixture->run_arena = arena_create("fixture run", 0);
    vmc_config_init(&fixture->config);
    fixture->config.fleet.sddcs_count = sddcs_count;
    fixture->config.fleet.hosts_per_cluster = fixture_number(fixture, "2");
    fixture->config.provisioning.connect = fixture_delay(fixture, "18min");
    fixture->config.provisioning.configure = fixture_delay(fixture, "4min");
    fixture->config.work.control_plane = fixture_delay(fixture, "3h");
    fixture->config.work.backup = fixture_delay(fixture, "30min");
    fixture->config.work.update_host = fixture_delay(fixture, "50min");
    fixture->config.work.remove_host = fixture_delay(fixture, "60min");
    fixture->config.work.network = fixture_delay(fixture, "45min");
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "5min");
    fixture->config.maintenance.exit = fixture_delay(fixture, "2min");
    fixture->config.maintenance.resync = fixture_delay(fixture, "3min");
    rce_options_init(&fixture->options);
    fixture->parameters = (struct vmc_parameters){
        .world = &fixture->config, .engine = &rce_engine, .options = &fixture->options};
    return fixture;
}

static inline void fixture_destroy(struct fixture *fixture)
{
    arena_destroy(fixture->run_arena);
    arena_destroy(fixture->arena);
}

/* The three fixes with the incident's parameters. */
static inline void fixture_fix(struct rce_options *options, bool precheck, bool retry, bool key)
{
    struct rce_retry_policy policy = {.base_ns = 30 * UNITS_S,
                                      .cap_ns = 5 * UNITS_MIN,
                                      .multiplier_permille = 2000,
                                      .jitter = RCE_JITTER_FULL};
    options->precheck = precheck;
    options->precheck_poll = policy;
    options->retry = retry;
    options->retry_after_ns = 10 * UNITS_MIN;
    options->retry_policy = policy;
    options->retry_policy.cap_ns = 10 * UNITS_MIN;
    options->retry_policy.attempts_max = 6;
    options->key_scope = key ? RCE_KEY_PER_TASK : RCE_KEY_NONE;
}

static inline void fixture_keep_row(void *context, const struct model_run *run,
                                    const int64_t *values)
{
    struct fixture *fixture = context;
    (void)run;
    memcpy(fixture->rows + (size_t)values[COLUMN_WORKFLOW] * VMC_ROW_COLUMN_COUNT, values,
           sizeof(int64_t) * VMC_ROW_COLUMN_COUNT);
}

/* Run one replication with these parameters; the record is the fixture's. */
static inline struct record *fixture_run(struct fixture *fixture, uint32_t replication)
{
    uint32_t sddcs_count = fixture->config.fleet.sddcs_count;
    struct error error = {0};
    struct record *record =
        record_create(fixture->arena, (struct record_shape){.unit_max = sddcs_count,
                                                            .metric_count = VMC_METRIC_COUNT,
                                                            .histogram_count = VMC_HISTOGRAM_COUNT,
                                                            .series_count = VMC_SERIES_COUNT});
    fixture->rows = arena_take_array(fixture->arena, (size_t)sddcs_count * VMC_ROW_COLUMN_COUNT,
                                     sizeof *fixture->rows);
    struct oracle oracle = oracle_make(20261123, replication, NULL, NULL);
    struct model_sink sink = {.context = fixture,
                              .row = fixture_keep_row,
                              .trace = fixture->trace,
                              .trace_unit = MODEL_ALL_UNITS};
    struct model_run run = {.parameters = &fixture->parameters,
                            .replication = replication,
                            .oracle = &oracle,
                            .arena = fixture->run_arena,
                            .sink = &sink};
    arena_reset(fixture->run_arena);
    if (!vmc_model.run(&run, record, &error))
        fail_msg("%s", error.message);
    return record;
}

static inline int64_t fixture_cell(const struct fixture *fixture, uint32_t workflow,
                                   enum vmc_row_column column)
{
    return fixture->rows[(size_t)workflow * VMC_ROW_COLUMN_COUNT + column];
}

static inline int64_t fixture_cause(const struct record *record, enum vmc_cause cause)
{
    return record->values[METRIC_FIRST_CAUSE + cause];
}

static inline int64_t fixture_violation(const struct record *record, enum vmc_violation violation)
{
    return record->values[METRIC_FIRST_VIOLATION + violation];
}

#endif
