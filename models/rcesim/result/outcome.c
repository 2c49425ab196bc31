#include "models/rcesim/result/outcome.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/command.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/result/estimate.h"
#include "models/rcesim/result/judged.h"
#include "models/rcesim/run/single.h"
#include "models/rcesim/result/summary_json.h"
#include "sim/base/check.h"

/* The first replication in which the variant broke an invariant. */
static bool find_violation(const struct result *result, uint32_t variant, size_t metric,
                           uint32_t *replication)
{
    for (uint32_t i = 0; i < result->replication_count; i++) {
        if (result_record(result, i, variant)->values[metric] == 0)
            continue;
        *replication = result->first_replication + i;
        return true;
    }
    return false;
}

static const char *find_replay(const struct outcome *outcome, uint32_t variant)
{
    uint32_t replication, unit;
    const char *violations = outcome->configuration->domain->violations;
    if (violations == NULL || outcome->commands.is_observed ||
        !find_violation(outcome->result, variant,
                        (size_t)result_find_metric(outcome->result, violations), &replication))
        return NULL;
    struct single single = {.configuration = outcome->configuration,
                            .variant = variant,
                            .replication = replication,
                            .interrupted = interrupt_flag()};
    if (!single_find_row(&single, violations, &unit))
        return NULL;
    return arena_print(
        outcome->arena, "%s --variant %s --replication %" PRIu32 " --workflow %" PRIu32,
        outcome->trace_command, outcome->configuration->variants[variant].name, replication, unit);
}

static void judge(struct outcome *outcome)
{
    const struct configuration *configuration = outcome->configuration;
    struct threshold_result *results =
        arena_take_array(outcome->arena, configuration->threshold_count + 1, sizeof *results);
    outcome->verdict = THRESHOLD_PASS;
    for (size_t i = 0; i < configuration->threshold_count; i++) {
        results[i] =
            threshold_judge(&configuration->thresholds[i], outcome->summary, outcome->arena);
        outcome->verdict = threshold_worse(outcome->verdict, results[i].verdict);
    }
    outcome->thresholds = results;
}

const struct outcome *outcome_create(struct arena *arena, const struct configuration *configuration,
                                     const struct result *result,
                                     const struct outcome_commands *commands)
{
    struct outcome *outcome = arena_take(arena, sizeof *outcome);
    *outcome = (struct outcome){
        .arena = arena,
        .configuration = configuration,
        .result = result,
        .summary = summary_create(arena, result, configuration->confidence),
        .commands = *commands,
        .trace_command = commands->trace,
        .identity =
            {
                .program = "rcesim",
                .version = command_version,
                .scenario = scenario_name(configuration->scenario),
                .scenario_hash = configuration->hash,
                .seed = result->seed,
                .replications = result->replication_count,
                .replications_planned = result->replications_planned,
                .command = commands->run,
            },
    };
    judge(outcome);
    outcome->replays = arena_take_array(arena, result->variant_count, sizeof *outcome->replays);
    for (uint32_t i = 0; i < result->variant_count; i++)
        outcome->replays[i] = find_replay(outcome, i);
    return outcome;
}

const char *outcome_look_command(const struct outcome *outcome, uint32_t variant,
                                 uint32_t replication, uint32_t unit)
{
    const struct experiment_variant *variants = outcome->result->variants;
    return arena_print(
        outcome->arena,
        "%s --beside --variant %s --variant %s --replication %" PRIu32 " --workflow %" PRIu32,
        outcome->trace_command, variants[0].name, variants[variant].name, replication, unit);
}

const char *outcome_confidence(const struct outcome *outcome)
{
    return arena_print(outcome->arena, "%.6g %%", 100 * outcome->summary->confidence);
}

static json_t *variant_json(const struct outcome *outcome, uint32_t variant)
{
    json_t *value = summary_json(outcome->summary, variant);
    if (outcome->replays[variant] != NULL)
        json_object_set_new(value, "replay", json_string(outcome->replays[variant]));
    return value;
}

static json_t *stop_json(const struct enough *enough)
{
    json_t *value = json_pack("{s:s, s:I, s:I, s:b}", "rule", enough_rule_name(enough->rule),
                              "pilot", (json_int_t)enough->pilot_count, "replications",
                              (json_int_t)enough->replication_count, "met", enough->is_met);
    CHECK(value != NULL);
    if (enough->reason != NULL)
        json_object_set_new(value, "reason", json_string(enough->reason));
    return value;
}

json_t *outcome_json(const struct outcome *outcome)
{
    json_t *variants = json_array(), *thresholds = json_array();
    for (uint32_t i = 0; i < outcome->result->variant_count; i++)
        json_array_append_new(variants, variant_json(outcome, i));
    for (size_t i = 0; i < outcome->configuration->threshold_count; i++)
        json_array_append_new(thresholds, judged_json(&outcome->configuration->thresholds[i],
                                                      &outcome->thresholds[i]));
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, outcome->result->history_hash);
    json_t *value =
        json_pack("{s:i, s:s, s:o, s:s, s:s, s:s, s:o, s:s, s:o}", "schema_version", 1, "question",
                  outcome->configuration->question, "identity", identity_json(&outcome->identity),
                  "model", outcome->result->model->name, "unit", outcome->result->model->unit_name,
                  "history_hash", hash, "variants", variants, "verdict",
                  threshold_verdict_name(outcome->verdict), "thresholds", thresholds);
    CHECK(value != NULL);
    if (outcome->configuration->threshold_left_out_count > 0)
        json_object_set_new(
            value, "thresholds_left_out",
            json_integer((json_int_t)outcome->configuration->threshold_left_out_count));
    if (outcome->commands.enough != NULL)
        json_object_set_new(value, "stop", stop_json(outcome->commands.enough));
    const struct domain *domain = outcome->configuration->domain;
    if (domain->describe != NULL)
        domain->describe(outcome->configuration, value);
    return value;
}
