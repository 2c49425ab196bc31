/* parts_model.h - a toy model for tests of the explorer: units of parts, and a rule of when one
 * fails.
 *
 * Each unit draws how many parts it has (its shape), and each part two delays, a fault, a uniform,
 * a choice of four and bits. The rule sees all of them and says which parts fail, so a test knows
 * exactly what every schedule does, and often its probability. Nothing takes time.
 *
 * Entities: unit << 8 | part; the unit itself is part 255.
 */
#ifndef TESTS_SIM_EXPLORE_PARTS_MODEL_H
#define TESTS_SIM_EXPLORE_PARTS_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/explore/probe.h"

enum { PARTS_MAX = 16, PARTS_UNIT = 255 };

enum parts_purpose {
    PARTS_SHAPE = DRAW_PURPOSE_MODEL_FIRST,
    PARTS_A,
    PARTS_B,
    PARTS_FAULT,
    PARTS_SHARE,
    PARTS_CHOICE,
    PARTS_BITS,
};

struct part {
    int64_t a_ns, b_ns;
    bool fault;
    double share;
    uint32_t choice;
    uint64_t bits;
};

struct parts_unit {
    uint32_t count;
    struct part parts[PARTS_MAX];
};

/* What fails in part `part` of unit `unit`: 0 nothing, 1 "broken", 2 "slow", 3 "other". */
typedef int parts_rule(const struct parts_unit *units, uint32_t unit, uint32_t part);

struct parts_parameters {
    uint32_t unit_count;
    const struct dist *shape, *a, *b;
    double fault_probability;
    parts_rule *rule;
};

static const struct purpose parts_purposes[] = {
    {PARTS_SHAPE, "parts", true}, {PARTS_A, "a", true},
    {PARTS_B, "b", true},         {PARTS_FAULT, "fault", true},
    {PARTS_SHARE, "share", true}, {PARTS_CHOICE, "choice", true},
    {PARTS_BITS, "bits", false},  {.name = NULL},
};

static inline uint32_t parts_entity(uint32_t unit, uint32_t part)
{
    return unit << 8 | part;
}

static inline struct draw_name parts_name(uint32_t unit, uint32_t part, uint32_t purpose)
{
    return (struct draw_name){parts_entity(unit, part), purpose, 0};
}

static inline void parts_draw(const struct parts_parameters *parameters, struct oracle *oracle,
                              uint32_t u, struct parts_unit *unit)
{
    int64_t count = oracle_count(oracle, parts_name(u, PARTS_UNIT, PARTS_SHAPE), parameters->shape);
    unit->count = count < 1 ? 1 : count > PARTS_MAX ? PARTS_MAX : (uint32_t)count;
    for (uint32_t i = 0; i < unit->count; i++)
        unit->parts[i] = (struct part){
            .a_ns = oracle_delay_ns(oracle, parts_name(u, i, PARTS_A), parameters->a),
            .b_ns = oracle_delay_ns(oracle, parts_name(u, i, PARTS_B), parameters->b),
            .fault = oracle_happens(oracle, parts_name(u, i, PARTS_FAULT),
                                    parameters->fault_probability),
            .share = oracle_uniform(oracle, parts_name(u, i, PARTS_SHARE)),
            .choice = oracle_pick(oracle, parts_name(u, i, PARTS_CHOICE), 4),
            .bits = oracle_entropy(oracle, parts_name(u, i, PARTS_BITS)),
        };
}

static bool parts_run(const struct model_run *run, struct record *record, struct error *error)
{
    (void)error;
    const struct parts_parameters *parameters = run->parameters;
    struct parts_unit *units = arena_take_array(run->arena, parameters->unit_count, sizeof *units);
    uint64_t hash = 1;
    for (uint32_t u = 0; u < parameters->unit_count; u++)
        parts_draw(parameters, run->oracle, u, &units[u]);
    for (uint32_t u = 0; u < parameters->unit_count; u++)
        for (uint32_t i = 0; i < units[u].count; i++) {
            int what = parameters->rule(units, u, i);
            hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)units[u].parts[i].a_ns +
                   (uint64_t)what;
            if (what == 0 || run->sink == NULL || run->sink->finding == NULL)
                continue;
            run->sink->finding(run->sink->context, run,
                               &(struct model_finding){.kind = (uint32_t)what - 1,
                                                       .entity = parts_entity(u, i),
                                                       .unit = u,
                                                       .event_count = 1});
        }
    record->unit_count = parameters->unit_count;
    record->event_count = 1;
    record->history_hash = hash;
    return true;
}

static uint32_t parts_units_max(const void *parameters)
{
    return ((const struct parts_parameters *)parameters)->unit_count;
}

static uint32_t parts_unit_entity(uint32_t unit)
{
    return parts_entity(unit, PARTS_UNIT);
}

static const void *parts_resize(const void *parameters, uint32_t unit_count, struct arena *arena)
{
    struct parts_parameters *to = arena_take(arena, sizeof *to);
    *to = *(const struct parts_parameters *)parameters;
    to->unit_count = unit_count;
    return to;
}

static bool parts_drop(uint32_t dropped, struct draw_name *name)
{
    uint32_t unit = name->entity >> 8, part = name->entity & 255;
    uint32_t dropped_unit = dropped >> 8, dropped_part = dropped & 255;
    if (dropped_part == PARTS_UNIT) {
        name->entity = parts_entity(unit > dropped_unit ? unit - 1 : unit, part);
        return unit != dropped_unit;
    }
    if (unit != dropped_unit || part == PARTS_UNIT)
        return true;
    name->entity = parts_entity(unit, part > dropped_part ? part - 1 : part);
    return part != dropped_part;
}

static const char *const parts_findings[] = {"broken", "slow", "other", NULL};
static const char *const parts_nothing[] = {"", NULL};
static const uint32_t parts_shape_purposes[] = {PARTS_SHAPE};
static const struct model_explore parts_explore = {
    .finding_names = parts_findings,
    .finding_count = 3,
    .safety_count = 1,
    .step_names = parts_nothing,
    .step_count = 1,
    .state_names = parts_nothing,
    .state_count = 1,
    .shape_purposes = parts_shape_purposes,
    .shape_purpose_count = 1,
    .unit_entity = parts_unit_entity,
    .resize = parts_resize,
    .drop = parts_drop,
};
static const struct model parts_model = {.name = "parts",
                                         .unit_name = "unit",
                                         .unit_names = "units",
                                         .purposes = parts_purposes,
                                         .units_max = parts_units_max,
                                         .run = parts_run,
                                         .explore = &parts_explore};

static inline const struct dist *parts_dist(struct arena *arena, enum dist_dimension dimension,
                                            const char *text)
{
    struct error error = {0};
    const struct dist *dist =
        dist_parse(arena, text, &(struct dist_options){.dimension = dimension}, NULL, &error);
    if (dist == NULL)
        fail_msg("%s", error.message);
    return dist;
}

/* Units of `shape` parts; a: exponential of mean 10 s, b: uniform 0 to 100 s; faults 1 %. */
static inline struct parts_parameters parts_make(struct arena *arena, uint32_t unit_count,
                                                 const char *shape, parts_rule *rule)
{
    gsl_set_error_handler_off();
    return (struct parts_parameters){
        .unit_count = unit_count,
        .shape = parts_dist(arena, DIST_NUMBER, shape),
        .a = parts_dist(arena, DIST_DURATION, "exponential(mean=10s)"),
        .b = parts_dist(arena, DIST_DURATION, "uniform(0s, 100s)"),
        .fault_probability = 0.01,
        .rule = rule,
    };
}

static inline struct probe_options parts_probe(const struct parts_parameters *parameters)
{
    return (struct probe_options){
        .model = &parts_model, .parameters = parameters, .unit = MODEL_ALL_UNITS};
}

/* cmocka's assert_float_equal compares floats. */
static inline void assert_near(double is, double wanted, double error)
{
    if (!(is >= wanted - error && is <= wanted + error))
        fail_msg("%.17g is not within %g of %.17g", is, error, wanted);
}

/* The signature of what a rule calls `what`. */
static inline uint64_t parts_signature(int what)
{
    return finding_signature(&(struct model_finding){.kind = (uint32_t)what - 1});
}

#endif
