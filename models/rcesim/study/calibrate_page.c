#include "models/rcesim/study/calibrate.h"

#include <inttypes.h>
#include <stdlib.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "models/rcesim/study/study_page.h"
#include "reports/figure.h"

static struct arena *arena_of(const struct calibrate *calibrate)
{
    return calibrate->study->arena;
}

static const struct metric *metric_of(const struct calibrate *calibrate, size_t target)
{
    return &calibrate->base->domain->model->metrics[calibrate->targets[target].metric];
}

/* How a parameter is drawn. */
static struct study_page_axis parameter_axis(const struct calibrate *calibrate, size_t index)
{
    const struct calibrate_parameter *parameter = &calibrate->parameters[index];
    struct arena *arena = arena_of(calibrate);
    int64_t unit_ns;
    switch (parameter->high.kind) {
    case QUANTITY_SHARE:
        return (struct study_page_axis){100, "%", arena_print(arena, "%s (%%)", parameter->name)};
    case QUANTITY_DURATION: {
        const char *unit = chart_time_unit((int64_t)parameter->high.value, &unit_ns);
        return (struct study_page_axis){1 / (double)unit_ns, unit,
                                        arena_print(arena, "%s (%s)", parameter->name, unit)};
    }
    case QUANTITY_RATE:
        return (struct study_page_axis){1, "/s", arena_print(arena, "%s (/s)", parameter->name)};
    case QUANTITY_NUMBER: break;
    }
    return (struct study_page_axis){1, "", parameter->name};
}

static int by_scale(const void *a, const void *b)
{
    const struct calibrate_sample *const *first = a, *const *second = b;
    double x = (*first)->scale[0], y = (*second)->scale[0];
    return (x > y) - (x < y);
}

/* Where several samples are at one place the last has the most replications. */
static size_t sort_samples(const struct calibrate *calibrate,
                           const struct calibrate_sample **sorted)
{
    size_t count = 0;
    for (size_t i = 0; i < calibrate->sample_count; i++)
        sorted[i] = &calibrate->samples[i];
    qsort(sorted, calibrate->sample_count, sizeof(struct calibrate_sample *), by_scale);
    for (size_t i = 0; i < calibrate->sample_count; i++) {
        bool is_same = count > 0 && sorted[count - 1]->scale[0] == sorted[i]->scale[0];
        if (!is_same)
            sorted[count++] = sorted[i];
        else if (sorted[i]->replication_count > sorted[count - 1]->replication_count)
            sorted[count - 1] = sorted[i];
    }
    return count;
}

static void add_curve(const struct calibrate *calibrate, struct study_page *page)
{
    struct arena *arena = arena_of(calibrate);
    const struct target *target = &calibrate->targets[0];
    const struct metric *metric = metric_of(calibrate, 0);
    if (calibrate->count != 1)
        return;
    const struct calibrate_sample **sorted =
        arena_take_array(arena, calibrate->sample_count + 1, sizeof(struct calibrate_sample *));
    size_t count = sort_samples(calibrate, sorted);
    double largest = target->high;
    for (size_t i = 0; i < count; i++)
        largest = study_page_reach(largest, &sorted[i]->metrics[0]);
    struct study_page_axis x = parameter_axis(calibrate, 0);
    struct study_page_axis y = study_page_axis_of(arena, metric, largest);
    struct chart *chart = chart_create(arena, CHART_CURVE, "calibration");
    chart_add_column(chart, CHART_X, "parameter", NULL);
    chart_add_column(chart, CHART_ESTIMATE, "estimate",
                     calibrate->base->variants[target->variant].name);
    chart_add_column(chart, CHART_LOW, "low", NULL);
    chart_add_column(chart, CHART_HIGH, "high", NULL);
    for (size_t i = 0; i < count; i++) {
        struct quantity at = calibrate_quantity(&calibrate->parameters[0], sorted[i]->scale[0]);
        chart_add_number(chart, x.factor * at.value);
        study_page_add_estimate(chart, &sorted[i]->metrics[0], y.factor);
    }
    if (target->low == target->high)
        chart_add_mark(chart, 'y', y.factor * target->estimate, "observed");
    else
        chart_add_band(chart, 'y', y.factor * target->low, y.factor * target->high, "observed");
    chart_add_mark(chart, 'x', x.factor * calibrate->values[0].estimate.value, "found");
    chart_set_words(
        chart, arena_print(arena, "%s by %s", metric->label, calibrate->parameters[0].name),
        arena_print(arena,
                    "%zu settings, up to %" PRIu32 " replications each, the same worlds for all\n"
                    "Bars: %s of the simulation; observed: %s",
                    count, calibrate->base->replication_count,
                    estimate_interval_title(arena, calibrate->base->confidence), target->text),
        arena_print(arena,
                    "The %s as a function of %s, with the observed range and the value that "
                    "was found.",
                    metric->label, calibrate->parameters[0].name));
    chart_set_x(chart, x.label, x.unit);
    chart_set_y(chart, y.label, y.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

static void add_values(const struct calibrate *calibrate, struct study_page *page)
{
    struct arena *arena = arena_of(calibrate);
    struct manifest_block *table = manifest_add_table(page->section, "What was found");
    manifest_add_table_column(table, "parameter", MANIFEST_LEFT);
    manifest_add_table_column(table, "value", MANIFEST_RIGHT);
    manifest_add_table_column(table, estimate_interval_title(arena, calibrate->base->confidence),
                              MANIFEST_RIGHT);
    for (size_t i = 0; i < calibrate->count; i++) {
        manifest_add_cell(table, calibrate->parameters[i].name);
        manifest_add_cell(table, quantity_print(arena, &calibrate->values[i].estimate));
        manifest_add_cell(table, calibrate_limits_text(calibrate, i));
    }
}

static const char *simulated_text(const struct calibrate *calibrate, size_t index,
                                  const struct interval *interval)
{
    return arena_print(
        arena_of(calibrate), "%s, %s", calibrate_metric_text(calibrate, index, interval->estimate),
        estimate_interval_text(arena_of(calibrate), metric_of(calibrate, index), interval));
}

static void add_checks(const struct calibrate *calibrate, struct study_page *page)
{
    struct manifest_block *checks = manifest_add_checks(page->section);
    for (size_t i = 0; i < calibrate->count; i++) {
        const struct calibrate_check *check = &calibrate->checks[i];
        manifest_add_check(
            checks, check->is_met ? MANIFEST_PASS : MANIFEST_FAIL, calibrate->targets[i].text,
            arena_print(arena_of(calibrate),
                        "simulated with seed %" PRIu64 ": %s; verified with seed %" PRIu64 ": %s",
                        calibrate->base->seed, simulated_text(calibrate, i, &check->found),
                        calibrate->verify_seed, simulated_text(calibrate, i, &check->verified)));
    }
}

/* A value as people read it; the table has it as a scenario would. */
static const char *rough_text(struct arena *arena, const struct quantity *quantity)
{
    char text[FIGURE_SIZE_BYTES];
    return quantity->kind == QUANTITY_DURATION
               ? arena_copy_text(arena, figure_duration(text, quantity->value))
               : quantity_print(arena, quantity);
}

/* "provisioning.connect:median = 2.30 min (95 % interval [1.69 min, 3.05 min])" */
static const char *found_text(const struct calibrate *calibrate, size_t index)
{
    struct arena *arena = arena_of(calibrate);
    const struct calibrate_value *value = &calibrate->values[index];
    return arena_print(arena, "%s = %s (%s [%s%s, %s%s])", calibrate->parameters[index].name,
                       rough_text(arena, &value->estimate),
                       estimate_interval_title(arena, calibrate->base->confidence),
                       value->is_low_open ? "<= " : "", rough_text(arena, &value->low),
                       value->is_high_open ? ">= " : "", rough_text(arena, &value->high));
}

struct manifest *calibrate_manifest(const struct calibrate *calibrate)
{
    struct arena *arena = arena_of(calibrate);
    struct identity identity = calibrate_identity(calibrate);
    const char *lead = "";
    bool is_met = true;
    for (size_t i = 0; i < calibrate->count; i++)
        is_met = is_met && calibrate->checks[i].is_met;
    for (size_t i = 0; i < calibrate->count; i++)
        lead = arena_print(arena, "%s%s%s", lead, i > 0 ? ", " : "", found_text(calibrate, i));
    struct study_page page = study_page_begin(
        arena, &identity,
        &(struct study_page_words){
            .question = calibrate->base->question,
            .lead = arena_print(arena, "%s %s.",
                                is_met ? "The simulation shows what was observed with"
                                       : "Not verified: what comes nearest to what was observed is",
                                lead),
            .id = STUDY_PAGE_CALIBRATION,
            .title = "Calibration",
        });
    add_values(calibrate, &page);
    add_checks(calibrate, &page);
    add_curve(calibrate, &page);
    for (size_t i = 0; i < calibrate->notes.count; i++)
        manifest_add_text(page.section, MANIFEST_NOTE, calibrate->notes.items[i]);
    return study_page_end(&page);
}
