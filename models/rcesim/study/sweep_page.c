#include "models/rcesim/study/sweep.h"

#include <inttypes.h>
#include <math.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "models/rcesim/study/study_page.h"

/* More variants would be more pictures than anybody looks at; more points make a table too long. */
enum { HEATMAPS_MAX = 4, POINTS_SHOWN_MAX = 64, TABLE_POINTS_MAX = 100 };

/* An interval that is wider than this part of what all cells span does not tell them apart. */
#define WIDE_PART 0.25

static struct arena *arena_of(const struct sweep *sweep)
{
    return sweep->study->arena;
}

/* The pages show the first metric; tables and files have the others. */
static const struct metric *metric_of(const struct sweep *sweep)
{
    return &sweep->base->domain->model->metrics[sweep->metrics[0]];
}

static const struct interval *headline_of(const struct sweep *sweep, size_t point, uint32_t variant)
{
    return &sweep_value(sweep, point, variant, 0)->headline;
}

static struct study_page_axis axis_of(const struct sweep *sweep)
{
    double largest = 0;
    for (size_t p = 0; p < sweep->finished_count; p++)
        for (uint32_t v = 0; v < sweep->variant_count; v++)
            largest = study_page_reach(largest, headline_of(sweep, p, v));
    return study_page_axis_of(arena_of(sweep), metric_of(sweep), largest);
}

/* "n = 12,000 workflows per variant at each point, in 40 replications, the same worlds for all"; a
 * number only where it is the same at all points. */
static const char *n_text(const struct sweep *sweep)
{
    struct arena *arena = arena_of(sweep);
    const struct model *model = sweep->base->domain->model;
    uint64_t count = sweep->finished_count > 0 ? sweep_value(sweep, 0, 0, 0)->unit_count : 0;
    for (size_t p = 0; p < sweep->finished_count; p++)
        if (sweep_value(sweep, p, 0, 0)->unit_count != count)
            count = 0;
    bool is_counted =
        count > 0 && metric_of(sweep)->kind == METRIC_PROPORTION && !metric_of(sweep)->is_part;
    const char *n = "";
    if (is_counted)
        n = arena_print(arena, "n = %s %s per variant at each point, in ",
                        estimate_count_text(arena, (double)count),
                        count == 1 ? model->unit_name : model->unit_names);
    return arena_print(arena, "%s%" PRIu32 " replication%s%s, the same worlds for all", n,
                       sweep->replication_count, sweep->replication_count == 1 ? "" : "s",
                       is_counted ? "" : " at each point");
}

static uint32_t line_count(const struct sweep *sweep)
{
    return sweep->variant_count < CHART_SERIES_MAX ? sweep->variant_count : CHART_SERIES_MAX;
}

static bool is_crossed_of_two(const struct sweep *sweep)
{
    const struct grid *grid = sweep->grid;
    return !grid->is_alone && grid->dimension_count == 2 && grid->column_count == 2;
}

/* What the values of a variant span over all points. */
static double span_of(const struct sweep *sweep, uint32_t variant)
{
    double low = 0, high = 0;
    bool is_first = true;
    for (size_t p = 0; p < sweep->finished_count; p++) {
        const struct interval *headline = headline_of(sweep, p, variant);
        if (!interval_has_estimate(headline))
            continue;
        low = is_first || headline->estimate < low ? headline->estimate : low;
        high = is_first || headline->estimate > high ? headline->estimate : high;
        is_first = false;
    }
    return high - low;
}

/* Do the intervals of a variant at all points have a value in common? */
static bool is_all_overlapping(const struct sweep *sweep, uint32_t variant)
{
    double low = -INFINITY, high = INFINITY;
    size_t count = 0;
    for (size_t p = 0; p < sweep->finished_count; p++) {
        const struct interval *headline = headline_of(sweep, p, variant);
        if (!interval_is_known(headline))
            continue;
        low = fmax(low, headline->low);
        high = fmin(high, headline->high);
        count++;
    }
    return count > 1 && low <= high;
}

static const char *overlap_text(const struct sweep *sweep, uint32_t variant)
{
    return span_of(sweep, variant) > 0 && is_all_overlapping(sweep, variant)
               ? arena_print(arena_of(sweep), "\nThe %ss of all points overlap",
                             estimate_interval_title(arena_of(sweep), sweep->base->confidence))
               : "";
}

static void add_heatmap(const struct sweep *sweep, struct study_page *page, uint32_t variant)
{
    struct arena *arena = arena_of(sweep);
    const struct grid *grid = sweep->grid;
    struct study_page_axis axis = axis_of(sweep);
    double span = span_of(sweep, variant);
    struct chart *chart = chart_create(arena, CHART_HEATMAP,
                                       arena_print(arena, "sweep-heatmap-%" PRIu32, variant + 1));
    chart_add_column(chart, CHART_X, "x", NULL);
    chart_add_column(chart, CHART_Y, "y", NULL);
    chart_add_column(chart, CHART_VALUE, "value", axis.label);
    chart_add_column(chart, CHART_IS_WIDE, "is_wide", NULL);
    for (size_t p = 0; p < sweep->finished_count; p++) {
        const struct interval *headline = headline_of(sweep, p, variant);
        bool is_wide = !interval_is_known(headline) ||
                       (span > 0 && headline->high - headline->low > WIDE_PART * span);
        chart_add_text(chart, grid_text(grid, p, 1));
        chart_add_text(chart, grid_text(grid, p, 0));
        if (interval_has_estimate(headline))
            chart_add_number(chart, axis.factor * headline->estimate);
        else
            chart_add_missing(chart);
        chart_add_number(chart, is_wide);
    }
    chart_set_words(
        chart,
        arena_print(arena, "%s with \"%s\"", metric_of(sweep)->label, sweep->variants[variant]),
        arena_print(arena,
                    "%s\nHatched: the %s is wider than a quarter of what all cells "
                    "span, or not known%s",
                    n_text(sweep), estimate_interval_title(arena, sweep->base->confidence),
                    overlap_text(sweep, variant)),
        arena_print(arena, "The %s with %s for each pair of %s and %s.", metric_of(sweep)->label,
                    sweep->variants[variant], grid->columns[1].name, grid->columns[0].name));
    chart_set_x(chart, grid->columns[1].name, "");
    chart_set_y(chart, grid->columns[0].name, "");
    manifest_add_chart(page->manifest, page->section, chart);
}

/* One axis of numbers. */
static struct study_page_axis column_axis(const struct sweep *sweep)
{
    const struct grid_column *column = &sweep->grid->columns[0];
    struct arena *arena = arena_of(sweep);
    int64_t unit_ns;
    double largest = 0;
    for (uint32_t i = 0; i < sweep->grid->value_counts[column->dimension]; i++)
        largest = column->quantities[i].value > largest ? column->quantities[i].value : largest;
    switch (column->quantities[0].kind) {
    case QUANTITY_SHARE:
        return (struct study_page_axis){100, "%", arena_print(arena, "%s (%%)", column->name)};
    case QUANTITY_DURATION: {
        const char *unit = chart_time_unit((int64_t)largest, &unit_ns);
        return (struct study_page_axis){1 / (double)unit_ns, unit,
                                        arena_print(arena, "%s (%s)", column->name, unit)};
    }
    case QUANTITY_RATE:
        return (struct study_page_axis){1, "/s", arena_print(arena, "%s (/s)", column->name)};
    case QUANTITY_NUMBER: break;
    }
    return (struct study_page_axis){1, "", column->name};
}

static void add_curve(const struct sweep *sweep, struct study_page *page)
{
    struct arena *arena = arena_of(sweep);
    const struct grid_column *column = &sweep->grid->columns[0];
    struct study_page_axis x = column_axis(sweep), y = axis_of(sweep);
    struct chart *chart = chart_create(arena, CHART_CURVE, "sweep-curve");
    chart_add_column(chart, CHART_X, "x", NULL);
    for (uint32_t v = 0; v < line_count(sweep); v++) {
        chart_add_column(chart, CHART_ESTIMATE, arena_print(arena, "estimate_%u", v + 1),
                         sweep->variants[v]);
        chart_add_column(chart, CHART_LOW, arena_print(arena, "low_%u", v + 1), NULL);
        chart_add_column(chart, CHART_HIGH, arena_print(arena, "high_%u", v + 1), NULL);
    }
    for (size_t p = 0; p < sweep->finished_count; p++) {
        chart_add_number(chart, x.factor * column->quantities[grid_index(sweep->grid, p, 0)].value);
        for (uint32_t v = 0; v < line_count(sweep); v++)
            study_page_add_estimate(chart, headline_of(sweep, p, v), y.factor);
    }
    chart_set_words(
        chart, arena_print(arena, "%s by %s", metric_of(sweep)->label, column->name),
        arena_print(arena, "%s\nBands: %s%s", n_text(sweep),
                    estimate_interval_title(arena, sweep->base->confidence),
                    line_count(sweep) < sweep->variant_count
                        ? arena_print(arena, "; the first %" PRIu32 " of %" PRIu32 " variants",
                                      line_count(sweep), sweep->variant_count)
                        : ""),
        arena_print(arena, "The %s as a function of %s.", metric_of(sweep)->label, column->name));
    chart_set_x(chart, x.label, x.unit);
    chart_set_y(chart, y.label, y.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

/* The point, short: of one path the value alone, because titles and tables name the path. */
static const char *point_text(const struct sweep *sweep, size_t point)
{
    if (sweep->grid->column_count == 1 && !sweep->grid->is_alone)
        return grid_text(sweep->grid, point, 0);
    return grid_point_text(sweep->grid, arena_of(sweep), point);
}

/* Anything else: the points one below the other, for the first variant and each later one. */
static void add_points(const struct sweep *sweep, struct study_page *page, uint32_t variant)
{
    struct arena *arena = arena_of(sweep);
    struct study_page_axis axis = axis_of(sweep);
    size_t count =
        sweep->finished_count < POINTS_SHOWN_MAX ? sweep->finished_count : POINTS_SHOWN_MAX;
    struct chart *chart = chart_create(arena, CHART_INTERVAL,
                                       arena_print(arena, "sweep-points-%" PRIu32, variant + 1));
    chart_add_column(chart, CHART_LABEL, "point", NULL);
    chart_add_column(chart, CHART_LOW, "low", NULL);
    chart_add_column(chart, CHART_ESTIMATE, "estimate", NULL);
    chart_add_column(chart, CHART_HIGH, "high", NULL);
    for (size_t p = 0; p < count; p++) {
        chart_add_text(chart, point_text(sweep, p));
        study_page_add_interval(chart, headline_of(sweep, p, variant), axis.factor);
    }
    chart_set_words(chart,
                    arena_print(arena, "%s with \"%s\"%s", metric_of(sweep)->label,
                                sweep->variants[variant],
                                sweep->grid->column_count == 1
                                    ? arena_print(arena, ", by %s", sweep->grid->columns[0].name)
                                    : ""),
                    arena_print(arena, "%s%s\nBars: %s", n_text(sweep),
                                count < sweep->finished_count
                                    ? arena_print(arena, "; the first %zu of %zu points", count,
                                                  sweep->finished_count)
                                    : "",
                                estimate_interval_title(arena, sweep->base->confidence)),
                    arena_print(arena, "The %s with %s at each point.", metric_of(sweep)->label,
                                sweep->variants[variant]));
    chart_set_x(chart, axis.label, axis.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

/* The first and the last value of an axis that was varied alone: its points stand together. */
static bool find_ends(const struct sweep *sweep, size_t column, size_t *first, size_t *last)
{
    bool is_found = false;
    for (size_t p = 1; p < sweep->finished_count; p++) {
        if (grid_index(sweep->grid, p, column) == GRID_AS_GIVEN)
            continue;
        if (!is_found)
            *first = p;
        *last = p;
        is_found = true;
    }
    return is_found;
}

/* How far the value goes between the ends of an axis and the scenario itself. */
static double swing_of(const struct sweep *sweep, uint32_t variant, size_t column)
{
    size_t first = 0, last = 0;
    if (!find_ends(sweep, column, &first, &last))
        return -1;
    const size_t points[] = {0, first, last};
    double low = 0, high = 0;
    bool is_any = false;
    for (size_t i = 0; i < 3; i++) {
        const struct interval *headline = headline_of(sweep, points[i], variant);
        if (!interval_has_estimate(headline))
            continue;
        low = !is_any || headline->estimate < low ? headline->estimate : low;
        high = !is_any || headline->estimate > high ? headline->estimate : high;
        is_any = true;
    }
    return high - low;
}

/* The columns that have points, what moves the result most first; ties in the order given. */
static size_t sort_columns(const struct sweep *sweep, uint32_t variant,
                           size_t order[GRID_COLUMNS_MAX])
{
    size_t count = 0;
    for (size_t c = 0; c < sweep->grid->column_count; c++) {
        double swing = swing_of(sweep, variant, c);
        if (swing < 0)
            continue;
        size_t at = count++;
        for (; at > 0 && swing_of(sweep, variant, order[at - 1]) < swing; at--)
            order[at] = order[at - 1];
        order[at] = c;
    }
    return count;
}

static void add_or_miss(struct chart *chart, const struct interval *interval, double factor)
{
    if (interval_has_estimate(interval))
        chart_add_number(chart, factor * interval->estimate);
    else
        chart_add_missing(chart);
}

static void add_tornado(const struct sweep *sweep, struct study_page *page, uint32_t variant)
{
    struct arena *arena = arena_of(sweep);
    struct study_page_axis axis = axis_of(sweep);
    struct chart *chart =
        chart_create(arena, CHART_TORNADO, arena_print(arena, "tornado-%" PRIu32, variant + 1));
    chart_add_column(chart, CHART_LABEL, "parameter", NULL);
    chart_add_column(chart, CHART_LOW_SETTING, "low_setting", NULL);
    chart_add_column(chart, CHART_HIGH_SETTING, "high_setting", NULL);
    chart_add_column(chart, CHART_AT_LOW, "at_low", NULL);
    chart_add_column(chart, CHART_AT_HIGH, "at_high", NULL);
    chart_add_column(chart, CHART_BASE, "base", NULL);
    size_t order[GRID_COLUMNS_MAX];
    size_t count = sort_columns(sweep, variant, order);
    for (size_t k = 0; k < count; k++) {
        size_t first = 0, last = 0, c = order[k];
        find_ends(sweep, c, &first, &last);
        chart_add_text(chart, sweep->grid->columns[c].name);
        chart_add_text(chart, grid_text(sweep->grid, first, c));
        chart_add_text(chart, grid_text(sweep->grid, last, c));
        add_or_miss(chart, headline_of(sweep, first, variant), axis.factor);
        add_or_miss(chart, headline_of(sweep, last, variant), axis.factor);
        add_or_miss(chart, headline_of(sweep, 0, variant), axis.factor);
    }
    chart_set_words(
        chart,
        arena_print(arena, "What \"%s\" depends on: %s", sweep->variants[variant],
                    metric_of(sweep)->label),
        arena_print(arena,
                    "%s\nEach value alone, everything else as the scenario has it; the line "
                    "is the scenario itself; the table has the intervals%s",
                    n_text(sweep), overlap_text(sweep, variant)),
        arena_print(arena, "How far the %s with %s moves when one value at a time is changed.",
                    metric_of(sweep)->label, sweep->variants[variant]));
    chart_set_x(chart, axis.label, axis.unit);
    manifest_add_chart(page->manifest, page->section, chart);
}

static const char *cell_text(const struct sweep *sweep, size_t point, uint32_t variant)
{
    struct arena *arena = arena_of(sweep);
    const struct sweep_value *value = sweep_value(sweep, point, variant, 0);
    const struct summary_metric summary = {
        .headline = value->headline,
        .total = value->total,
        .unit_count = value->unit_count,
        .upper_bound = value->upper_bound,
    };
    const char *text = "no data";
    if (metric_of(sweep)->kind == METRIC_PROPORTION)
        text = estimate_rate_text(arena, metric_of(sweep), &summary);
    else if (interval_has_estimate(&value->headline))
        text = estimate_value_text(arena, metric_of(sweep), value->headline.estimate);
    if (!interval_is_known(&value->headline) || value->total == 0)
        return text;
    return arena_print(arena, "%s %s", text,
                       estimate_interval_text(arena, metric_of(sweep), &value->headline));
}

static void add_table(const struct sweep *sweep, struct study_page *page)
{
    struct arena *arena = arena_of(sweep);
    size_t count =
        sweep->finished_count < TABLE_POINTS_MAX ? sweep->finished_count : TABLE_POINTS_MAX;
    struct manifest_block *table = manifest_add_table(
        page->section,
        arena_print(arena, "%s at %s, with %ss", metric_of(sweep)->label,
                    count < sweep->finished_count
                        ? arena_print(arena, "the first %zu of %zu points (all: sweep.tsv)", count,
                                      sweep->finished_count)
                        : "every point",
                    estimate_interval_title(arena, sweep->base->confidence)));
    if (sweep->grid->is_alone)
        manifest_add_table_column(table, "changed", MANIFEST_LEFT);
    for (size_t c = 0; !sweep->grid->is_alone && c < sweep->grid->column_count; c++)
        manifest_add_table_column(table, sweep->grid->columns[c].name, MANIFEST_RIGHT);
    for (uint32_t v = 0; v < sweep->variant_count; v++)
        manifest_add_table_column(table, sweep->variants[v], MANIFEST_RIGHT);
    for (size_t p = 0; p < count; p++) {
        if (sweep->grid->is_alone)
            manifest_add_cell(table, p == 0 ? "nothing" : grid_point_text(sweep->grid, arena, p));
        for (size_t c = 0; !sweep->grid->is_alone && c < sweep->grid->column_count; c++)
            manifest_add_cell(table, grid_text(sweep->grid, p, c));
        for (uint32_t v = 0; v < sweep->variant_count; v++)
            manifest_add_cell(table, cell_text(sweep, p, v));
    }
}

static void add_charts(const struct sweep *sweep, struct study_page *page)
{
    uint32_t shown = sweep->variant_count < HEATMAPS_MAX ? sweep->variant_count : HEATMAPS_MAX;
    bool is_curve = !sweep->grid->is_alone && sweep->grid->column_count == 1 &&
                    sweep->grid->columns[0].is_quantity;
    if (is_curve) {
        add_curve(sweep, page);
        return;
    }
    if (shown < sweep->variant_count)
        manifest_add_text(page->section, MANIFEST_NOTE,
                          arena_print(arena_of(sweep),
                                      "The first %" PRIu32 " of %" PRIu32
                                      " variants are drawn; the table has all of them.",
                                      shown, sweep->variant_count));
    for (uint32_t v = 0; v < shown; v++) {
        if (sweep->grid->is_alone)
            add_tornado(sweep, page, v);
        else if (is_crossed_of_two(sweep))
            add_heatmap(sweep, page, v);
        else
            add_points(sweep, page, v);
    }
}

/* The points with the least and the greatest value of a variant. */
static bool find_range(const struct sweep *sweep, uint32_t variant, size_t *least, size_t *most)
{
    bool is_any = false;
    for (size_t p = 0; p < sweep->finished_count; p++) {
        const struct interval *headline = headline_of(sweep, p, variant);
        if (!interval_has_estimate(headline))
            continue;
        if (!is_any || headline->estimate < headline_of(sweep, *least, variant)->estimate)
            *least = p;
        if (!is_any || headline->estimate > headline_of(sweep, *most, variant)->estimate)
            *most = p;
        is_any = true;
    }
    return is_any;
}

/* "phase2.backup = 35min, fleet.sddcs = 100"; of the point that changes nothing, "the scenario as
 * it is". */
static const char *where_text(const struct sweep *sweep, size_t point)
{
    struct arena *arena = arena_of(sweep);
    if (sweep->grid->is_alone && point == 0)
        return "the scenario as it is";
    const char *text = "";
    for (size_t c = 0; c < sweep->grid->column_count; c++)
        if (grid_index(sweep->grid, point, c) != GRID_AS_GIVEN)
            text = arena_print(arena, "%s%s%s = %s", text, *text == '\0' ? "" : ", ",
                               sweep->grid->columns[c].name, grid_text(sweep->grid, point, c));
    return text;
}

/* "With "before", the failure rate goes from 12 % [11, 13] % (phase2.backup = 40min) to ..." */
static const char *range_text(const struct sweep *sweep, uint32_t variant)
{
    struct arena *arena = arena_of(sweep);
    const struct metric *metric = metric_of(sweep);
    const char *name = sweep->variants[variant];
    size_t least = 0, most = 0;
    if (!find_range(sweep, variant, &least, &most))
        return arena_print(arena, "There is no data of \"%s\".", name);
    if (headline_of(sweep, least, variant)->estimate == headline_of(sweep, most, variant)->estimate)
        return arena_print(arena, "With \"%s\", the %s is the same at every point, %s.", name,
                           metric->label, cell_text(sweep, least, variant));
    return arena_print(arena, "With \"%s\", the %s goes from %s (%s) to %s (%s)%s.", name,
                       metric->label, cell_text(sweep, least, variant), where_text(sweep, least),
                       cell_text(sweep, most, variant), where_text(sweep, most),
                       is_all_overlapping(sweep, variant) ? "; the intervals of all points overlap"
                                                          : "");
}

struct manifest *sweep_manifest(const struct sweep *sweep)
{
    struct arena *arena = arena_of(sweep);
    struct identity identity = sweep_identity(sweep);
    bool is_partial = sweep->finished_count < sweep->grid->point_count;
    const char *lead = range_text(sweep, 0);
    for (uint32_t v = 1; v < line_count(sweep); v++)
        lead = arena_print(arena, "%s %s", lead, range_text(sweep, v));
    struct study_page page = study_page_begin(
        arena, &identity,
        &(struct study_page_words){
            .question = sweep->base->question,
            .lead = lead,
            .id = sweep->grid->is_alone ? STUDY_PAGE_TORNADO : STUDY_PAGE_SWEEP,
            .title = sweep->grid->is_alone ? "What the result depends on" : "What if",
            .partial = is_partial ? arena_print(arena, "%zu of %zu points", sweep->finished_count,
                                                sweep->grid->point_count)
                                  : NULL,
        });
    add_charts(sweep, &page);
    add_table(sweep, &page);
    return study_page_end(&page);
}
