#include "models/rcesim/study/calibrate.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "sim/base/check.h"

static struct arena *arena_of(const struct calibrate *calibrate)
{
    return calibrate->study->arena;
}

static const struct metric *metric_of(const struct calibrate *calibrate, size_t target)
{
    return &calibrate->base->domain->model->metrics[calibrate->targets[target].metric];
}

static const char *outcome_name(enum calibrate_outcome outcome)
{
    switch (outcome) {
    case CALIBRATE_FOUND: return "found";
    case CALIBRATE_UNREACHABLE: return "unreachable";
    case CALIBRATE_UNIDENTIFIED: return "not identified";
    case CALIBRATE_INTERRUPTED: return "interrupted";
    }
    check_failed(__FILE__, __LINE__, "a known outcome");
}

const char *calibrate_limits_text(const struct calibrate *calibrate, size_t index)
{
    const struct calibrate_value *value = &calibrate->values[index];
    struct arena *arena = arena_of(calibrate);
    return arena_print(arena, "[%s%s, %s%s]", value->is_low_open ? "<= " : "",
                       quantity_print(arena, &value->low), value->is_high_open ? ">= " : "",
                       quantity_print(arena, &value->high));
}

static void print_values(const struct calibrate *calibrate, const struct page *page)
{
    struct table *table = table_create(arena_of(calibrate));
    table_add_column(table, "parameter", TABLE_LEFT);
    table_add_column(table, "value", TABLE_RIGHT);
    table_add_column(table,
                     estimate_interval_title(arena_of(calibrate), calibrate->base->confidence),
                     TABLE_LEFT);
    for (size_t i = 0; i < calibrate->count; i++) {
        table_add(table, calibrate->parameters[i].name);
        table_add_styled(table, quantity_print(arena_of(calibrate), &calibrate->values[i].estimate),
                         PAGE_STRONG);
        table_add(table, calibrate_limits_text(calibrate, i));
    }
    page_title(page, "Found");
    table_print(table, page);
}

static const char *observed_text(const struct calibrate *calibrate, size_t index)
{
    const struct target *target = &calibrate->targets[index];
    const char *estimate = calibrate_metric_text(calibrate, index, target->estimate);
    if (target->low == target->high)
        return estimate;
    struct interval interval = {.state = INTERVAL_KNOWN, .low = target->low, .high = target->high};
    return arena_print(
        arena_of(calibrate), "%s, %s", estimate,
        estimate_interval_text(arena_of(calibrate), metric_of(calibrate, index), &interval));
}

static const char *simulated_text(const struct calibrate *calibrate, size_t index,
                                  const struct interval *interval)
{
    return arena_print(
        arena_of(calibrate), "%s, %s", calibrate_metric_text(calibrate, index, interval->estimate),
        estimate_interval_text(arena_of(calibrate), metric_of(calibrate, index), interval));
}

static void print_checks(const struct calibrate *calibrate, const struct page *page)
{
    for (size_t i = 0; i < calibrate->count; i++) {
        const struct calibrate_check *check = &calibrate->checks[i];
        struct table *table = table_create(arena_of(calibrate));
        table_add_column(table, "", TABLE_LEFT);
        table_add_column(table, calibrate->targets[i].text, TABLE_LEFT);
        table_add(table, "observed");
        table_add(table, observed_text(calibrate, i));
        table_print_cell(table, "simulated, seed %" PRIu64, calibrate->base->seed);
        table_add(table, simulated_text(calibrate, i, &check->found));
        table_print_cell(table, "verified, seed %" PRIu64, calibrate->verify_seed);
        table_add(table, simulated_text(calibrate, i, &check->verified));
        page_title(page, "Target");
        table_print(table, page);
        page_style(page, check->is_met ? PAGE_GOOD : PAGE_BAD);
        page_paragraph(page, 2,
                       check->is_met ? "The target is met with the other seed, within all errors."
                                     : "The target is NOT met with the other seed: take more "
                                       "replications, or look at the range.");
        page_style(page, PAGE_PLAIN);
    }
}

struct identity calibrate_identity(const struct calibrate *calibrate)
{
    return study_identity(calibrate->base, calibrate->command, calibrate->base->replication_count);
}

void calibrate_print(const struct calibrate *calibrate, const char *directory,
                     const struct page *page)
{
    struct arena *arena = arena_of(calibrate);
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, calibrate->base->question);
    page_style(page, PAGE_PLAIN);
    page_paragraph(page, 0,
                   arena_print(arena,
                               "%s: %zu settings simulated, up to %" PRIu32 " replication%s each, "
                               "all in the same worlds",
                               scenario_name(calibrate->base->scenario), calibrate->sample_count,
                               calibrate->base->replication_count,
                               calibrate->base->replication_count == 1 ? "" : "s"));
    if (calibrate->outcome == CALIBRATE_FOUND) {
        print_values(calibrate, page);
        print_checks(calibrate, page);
    } else {
        page_style(page, PAGE_BAD);
        page_paragraph(page, 0, arena_print(arena, "Not found: %s.", calibrate->reason));
        page_style(page, PAGE_PLAIN);
    }
    for (size_t i = 0; i < calibrate->notes.count; i++)
        page_paragraph(page, 0, arena_print(arena, "Note: %s", calibrate->notes.items[i]));
    putc('\n', page->file);
    if (directory != NULL)
        page_put(page->file, arena_print(arena, "Result: %s\nScenario: %s/calibrated.yaml\n",
                                         directory, directory));
    struct identity identity = calibrate_identity(calibrate);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0, identity_line(&identity, arena));
    page_put(page->file, arena_print(arena, "%s\n%s\n", identity.command, identity_caveat));
    page_style(page, PAGE_PLAIN);
}

static json_t *quantity_json(const struct calibrate *calibrate, const struct quantity *quantity)
{
    return json_pack("{s:s, s:f}", "text", quantity_print(arena_of(calibrate), quantity), "value",
                     quantity_in_unit(quantity));
}

static json_t *parameter_json(const struct calibrate *calibrate, size_t index)
{
    const struct calibrate_parameter *parameter = &calibrate->parameters[index];
    const struct calibrate_value *value = &calibrate->values[index];
    json_t *json = json_pack("{s:s, s:s, s:o, s:o, s:b}", "name", parameter->name, "kind",
                             quantity_kind_name(parameter->low.kind), "searched_from",
                             quantity_json(calibrate, &parameter->low), "searched_to",
                             quantity_json(calibrate, &parameter->high), "is_logarithmic",
                             parameter->is_logarithmic);
    CHECK(json != NULL);
    if (calibrate->outcome != CALIBRATE_FOUND)
        return json;
    json_object_set_new(json, "estimate", quantity_json(calibrate, &value->estimate));
    json_object_set_new(json, "low", quantity_json(calibrate, &value->low));
    json_object_set_new(json, "high", quantity_json(calibrate, &value->high));
    json_object_set_new(json, "is_low_open", json_boolean(value->is_low_open));
    json_object_set_new(json, "is_high_open", json_boolean(value->is_high_open));
    json_object_set_new(json, "confidence", json_real(calibrate->base->confidence));
    return json;
}

static json_t *target_json(const struct calibrate *calibrate, size_t index)
{
    const struct target *target = &calibrate->targets[index];
    const struct calibrate_check *check = &calibrate->checks[index];
    enum metric_unit unit = metric_of(calibrate, index)->unit;
    json_t *json = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f}", "target", target->text, "metric",
                             metric_of(calibrate, index)->name, "variant",
                             calibrate->base->variants[target->variant].name, "observed",
                             estimate_in_unit(unit, target->estimate), "observed_low",
                             estimate_in_unit(unit, target->low), "observed_high",
                             estimate_in_unit(unit, target->high));
    CHECK(json != NULL);
    if (calibrate->outcome != CALIBRATE_FOUND)
        return json;
    json_object_set_new(json, "simulated", estimate_json(&check->found, unit));
    json_object_set_new(json, "verified", estimate_json(&check->verified, unit));
    json_object_set_new(json, "is_met", json_boolean(check->is_met));
    return json;
}

static json_t *sample_json(const struct calibrate *calibrate, const struct calibrate_sample *sample)
{
    json_t *values = json_object(), *metrics = json_object();
    for (size_t i = 0; i < calibrate->count; i++) {
        struct quantity value = calibrate_quantity(&calibrate->parameters[i], sample->scale[i]);
        json_object_set_new(values, calibrate->parameters[i].name,
                            json_string(quantity_print(arena_of(calibrate), &value)));
        json_object_set_new(metrics, calibrate->targets[i].text,
                            estimate_json(&sample->metrics[i], metric_of(calibrate, i)->unit));
    }
    json_t *json = json_pack("{s:o, s:I, s:o}", "values", values, "replications",
                             (json_int_t)sample->replication_count, "metrics", metrics);
    CHECK(json != NULL);
    return json;
}

void calibrate_write_json(const struct calibrate *calibrate, FILE *file)
{
    struct identity identity = calibrate_identity(calibrate);
    json_t *parameters = json_array(), *targets = json_array(), *samples = json_array();
    json_t *notes = json_array();
    for (size_t i = 0; i < calibrate->count; i++) {
        json_array_append_new(parameters, parameter_json(calibrate, i));
        json_array_append_new(targets, target_json(calibrate, i));
    }
    for (size_t i = 0; i < calibrate->sample_count; i++)
        json_array_append_new(samples, sample_json(calibrate, &calibrate->samples[i]));
    for (size_t i = 0; i < calibrate->notes.count; i++)
        json_array_append_new(notes, json_string(calibrate->notes.items[i]));
    json_t *json = json_pack("{s:i, s:s, s:o, s:s, s:I, s:o, s:o, s:o, s:o}", "schema_version", 1,
                             "question", calibrate->base->question, "identity",
                             identity_json(&identity), "outcome", outcome_name(calibrate->outcome),
                             "verify_seed", (json_int_t)calibrate->verify_seed, "parameters",
                             parameters, "targets", targets, "notes", notes, "samples", samples);
    CHECK(json != NULL);
    if (calibrate->reason != NULL)
        json_object_set_new(json, "reason", json_string(calibrate->reason));
    identity_write_json(json, file);
    json_decref(json);
}

/* In double quotes, as YAML reads them. */
static void write_quoted(const char *text, FILE *file)
{
    putc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', file);
        putc(*text == '\n' || *text == '\t' ? ' ' : *text, file);
    }
    putc('"', file);
}

/* Does a path go through the first `length` characters of another one, as whole segments? */
static bool has_prefix(const char *path, const char *prefix, size_t length)
{
    return strncmp(path, prefix, length) == 0 && (length == 0 || path[length - 1] == '.');
}

/* Write what stands below the first `length` characters of a path: every key once, whatever the
 * order of the parameters. Paths have a few segments, so the depth is bounded. */
static void write_level(const struct calibrate *calibrate, const char *prefix, size_t length,
                        FILE *file)
{
    int indent = 0;
    for (size_t i = 0; i < length; i++)
        indent += 2 * (prefix[i] == '.');
    for (size_t t = 0; t < calibrate->template_count; t++) {
        const char *path = calibrate->templates[t].path;
        bool is_written = !has_prefix(path, prefix, length);
        size_t end = is_written ? 0 : length + strcspn(path + length, ".");
        for (size_t before = 0; !is_written && before < t; before++) {
            const char *other = calibrate->templates[before].path;
            is_written =
                strncmp(other, path, end) == 0 && (other[end] == '.' || other[end] == '\0');
        }
        if (is_written)
            continue;
        fprintf(file, "%*s%.*s:", indent, "", (int)(end - length), path + length);
        if (path[end] == '.') {
            putc('\n', file);
            write_level(calibrate, path, end + 1, file);
            continue;
        }
        struct quantity values[CALIBRATE_PARAMETERS_MAX];
        for (size_t i = 0; i < calibrate->count; i++)
            values[i] = calibrate->values[i].estimate;
        const char *override = calibrate_override(calibrate, arena_of(calibrate), t, values);
        fprintf(file, " %s\n", strchr(override, '=') + 1);
    }
}

void calibrate_write_overlay(const struct calibrate *calibrate, FILE *file)
{
    struct arena *arena = arena_of(calibrate);
    fputs("question: ", file);
    write_quoted(calibrate->base->question, file);
    fprintf(file,
            "\n\n# Found by rcesim calibrate, with seed %" PRIu64 " and %" PRIu32
            " replications.\n",
            calibrate->base->seed, calibrate->base->replication_count);
    for (size_t i = 0; i < calibrate->count; i++)
        fprintf(file, "# %s = %s, %s %s\n", calibrate->parameters[i].name,
                quantity_print(arena, &calibrate->values[i].estimate),
                estimate_interval_title(arena, calibrate->base->confidence),
                calibrate_limits_text(calibrate, i));
    for (size_t i = 0; i < calibrate->count; i++)
        fprintf(file, "# target %s; verified with seed %" PRIu64 ": %s, %s\n",
                calibrate->targets[i].text, calibrate->verify_seed,
                simulated_text(calibrate, i, &calibrate->checks[i].verified),
                calibrate->checks[i].is_met ? "met" : "NOT met");
    fprintf(file, "# Data files that the scenario names by a relative path belong beside this "
                  "file.\n\nextends: scenario.resolved.yaml\n\n");
    write_level(calibrate, "", 0, file);
}
