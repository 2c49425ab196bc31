#include "models/rcesim/study/sweep.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "reports/tsv.h"
#include "sim/base/check.h"

/* A longer label is replaced by the number of the point. */
enum { LABEL_WIDTH_MAX = 26, MATRIX_COLUMNS_MAX = 12, LIST_POINTS_MAX = 60 };

static const struct metric *metric_of(const struct sweep *sweep, size_t index)
{
    return &sweep->base->domain->model->metrics[sweep->metrics[index]];
}

/* The last segment of a path is enough where a legend has the whole of it. */
static const char *short_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

static struct arena *arena_of(const struct sweep *sweep)
{
    return sweep->study->arena;
}

/* What the functions that print share. */
struct view {
    const struct sweep *sweep;
    const struct page *page;
    const char **labels; /* [finished_count]: "1min, 20", or the number of the point */
    const char *labels_title;
    bool has_short_labels;
};

static const char *join_values(const struct sweep *sweep, size_t point)
{
    const char *text = "";
    for (size_t c = 0; c < sweep->grid->column_count; c++)
        text = arena_print(arena_of(sweep), "%s%s%s", text, c > 0 ? ", " : "",
                           grid_text(sweep->grid, point, c));
    return text;
}

static const char *join_names(const struct sweep *sweep, const char *(*name_of)(const char *))
{
    const char *text = "";
    for (size_t c = 0; c < sweep->grid->column_count; c++)
        text = arena_print(arena_of(sweep), "%s%s%s", text, c > 0 ? ", " : "",
                           name_of(sweep->grid->columns[c].name));
    return text;
}

static const char *whole_name(const char *name)
{
    return name;
}

static void find_labels(struct view *view)
{
    const struct sweep *sweep = view->sweep;
    const char **labels = arena_take_array(arena_of(sweep), sweep->finished_count, sizeof *labels);
    view->has_short_labels = true;
    for (size_t p = 0; p < sweep->finished_count; p++) {
        labels[p] = sweep->grid->is_alone ? grid_point_text(sweep->grid, arena_of(sweep), p)
                                          : join_values(sweep, p);
        if (table_text_width(labels[p]) > LABEL_WIDTH_MAX)
            view->has_short_labels = false;
    }
    view->labels_title = sweep->grid->is_alone ? "alone" : join_names(sweep, short_name);
    for (size_t p = 0; p < sweep->finished_count && !view->has_short_labels; p++)
        labels[p] = arena_print(arena_of(sweep), "%zu", p + 1);
    if (!view->has_short_labels || table_text_width(view->labels_title) > LABEL_WIDTH_MAX)
        view->labels_title = "point";
    view->labels = labels;
}

static const char *rate_text(const struct sweep *sweep, const struct sweep_value *value,
                             const struct metric *metric)
{
    const struct summary_metric summary = {
        .headline = value->headline,
        .total = value->total,
        .unit_count = value->unit_count,
        .upper_bound = value->upper_bound,
    };
    if (metric->kind == METRIC_PROPORTION)
        return estimate_rate_text(arena_of(sweep), metric, &summary);
    if (!interval_has_estimate(&value->headline))
        return "no data";
    return estimate_value_text(arena_of(sweep), metric, value->headline.estimate);
}

/* A difference with its sign: percentage points for shares. */
static const char *signed_text(const struct sweep *sweep, const struct metric *metric, double value)
{
    char text[FIGURE_SIZE_BYTES];
    if (metric->kind == METRIC_PROPORTION)
        return arena_copy_text(arena_of(sweep), figure_points(text, value));
    const char *size = estimate_value_text(arena_of(sweep), metric, value < 0 ? -value : value);
    return arena_print(arena_of(sweep), "%s%s", value < 0 ? "-" : value > 0 ? "+" : "", size);
}

static const char *difference_text(const struct sweep *sweep, const struct metric *metric,
                                   const struct interval *interval)
{
    if (!interval_has_estimate(interval))
        return "no data";
    const char *estimate = signed_text(sweep, metric, interval->estimate);
    if (!interval_is_known(interval))
        return arena_print(arena_of(sweep), "%s [?]", estimate);
    if (interval->low == 0 && interval->high == 0)
        return "0 everywhere";
    return arena_print(arena_of(sweep), "%s [%s, %s]", estimate,
                       signed_text(sweep, metric, interval->low),
                       signed_text(sweep, metric, interval->high));
}

/* Points by variants, to see at a glance. */
static void print_overview(const struct view *view, size_t index)
{
    const struct sweep *sweep = view->sweep;
    struct table *table = table_create(arena_of(sweep));
    table_add_column(table, view->labels_title, TABLE_LEFT);
    for (uint32_t v = 0; v < sweep->variant_count; v++)
        table_add_column(table, sweep->variants[v], TABLE_RIGHT);
    for (size_t p = 0; p < sweep->finished_count; p++) {
        table_add(table, view->labels[p]);
        for (uint32_t v = 0; v < sweep->variant_count; v++)
            table_add(table,
                      rate_text(sweep, sweep_value(sweep, p, v, index), metric_of(sweep, index)));
    }
    page_title(view->page,
               arena_print(arena_of(sweep), "All variants: %s", metric_of(sweep, index)->label));
    table_print(table, view->page);
}

static void print_list(const struct view *view, uint32_t variant, size_t index)
{
    const struct sweep *sweep = view->sweep;
    const struct metric *metric = metric_of(sweep, index);
    struct table *table = table_create(arena_of(sweep));
    table_add_column(table, view->labels_title, TABLE_LEFT);
    table_add_column(table, metric->kind == METRIC_PROPORTION ? "rate" : "mean", TABLE_RIGHT);
    table_add_column(table, estimate_interval_title(arena_of(sweep), sweep->base->confidence),
                     TABLE_LEFT);
    if (variant > 0)
        table_add_column(table, arena_print(arena_of(sweep), "%s minus it", sweep->variants[0]),
                         TABLE_LEFT);
    table_add_column(table, "from first point", TABLE_LEFT);
    for (size_t p = 0; p < sweep->finished_count; p++) {
        const struct sweep_value *value = sweep_value(sweep, p, variant, index);
        table_add(table, view->labels[p]);
        table_add_styled(table, rate_text(sweep, value, metric), PAGE_STRONG);
        table_add(table, estimate_interval_text(arena_of(sweep), metric, &value->headline));
        if (variant > 0)
            table_add(table, difference_text(sweep, metric, &value->against_variant));
        table_add(table, p == 0 ? "" : difference_text(sweep, metric, &value->change));
    }
    page_title(view->page,
               arena_print(arena_of(sweep), "%s: %s", sweep->variants[variant], metric->label));
    table_print(table, view->page);
}

/* Two things that vary: rows and columns. */
static void print_matrix(const struct view *view, uint32_t variant, size_t index)
{
    const struct sweep *sweep = view->sweep;
    const struct grid *grid = sweep->grid;
    struct table *table = table_create(arena_of(sweep));
    table_add_column(table,
                     arena_print(arena_of(sweep), "%s \\ %s", short_name(grid->columns[0].name),
                                 short_name(grid->columns[1].name)),
                     TABLE_LEFT);
    for (uint32_t c = 0; c < grid->value_counts[1]; c++)
        table_add_column(table, grid->columns[1].texts[c], TABLE_RIGHT);
    size_t point = 0;
    for (uint32_t r = 0; r < grid->value_counts[0]; r++) {
        table_add(table, grid->columns[0].texts[r]);
        for (uint32_t c = 0; c < grid->value_counts[1]; c++) {
            /* Points stand in this order; constraints and an interruption leave holes. */
            bool is_here = point < sweep->finished_count && grid_index(grid, point, 0) == r &&
                           grid_index(grid, point, 1) == c;
            table_add(table, is_here ? rate_text(sweep, sweep_value(sweep, point, variant, index),
                                                 metric_of(sweep, index))
                                     : "");
            point += is_here;
        }
    }
    page_title(view->page, arena_print(arena_of(sweep), "%s: %s", sweep->variants[variant],
                                       metric_of(sweep, index)->label));
    table_print(table, view->page);
}

static bool has_matrix(const struct sweep *sweep)
{
    const struct grid *grid = sweep->grid;
    return !grid->is_alone && grid->dimension_count == 2 && grid->column_count == 2 &&
           grid->value_counts[0] > 1 && grid->value_counts[1] > 1 &&
           grid->value_counts[1] <= MATRIX_COLUMNS_MAX;
}

/* Where nothing was seen of what is shown, something else may be worth more. */
static bool is_never_seen(const struct sweep *sweep, size_t index)
{
    for (size_t p = 0; p < sweep->finished_count; p++)
        for (uint32_t v = 0; v < sweep->variant_count; v++)
            if (sweep_value(sweep, p, v, index)->total != 0)
                return false;
    return true;
}

static void print_metric(const struct view *view, size_t index)
{
    const struct sweep *sweep = view->sweep;
    bool is_list = !has_matrix(sweep) || sweep->finished_count <= LIST_POINTS_MAX;
    if (!has_matrix(sweep) && sweep->variant_count > 1)
        print_overview(view, index);
    if (is_never_seen(sweep, index)) {
        page_paragraph(view->page, 2,
                       "None at any point. Another metric: --metric NAME, by the names in "
                       "sweep.tsv.");
        return;
    }
    for (uint32_t v = 0; v < sweep->variant_count; v++) {
        if (has_matrix(sweep))
            print_matrix(view, v, index);
        if (is_list)
            print_list(view, v, index);
    }
}

static void print_legend(const struct view *view)
{
    const struct sweep *sweep = view->sweep;
    const struct page *page = view->page;
    const char *text = join_names(sweep, whole_name);
    page_paragraph(page, 0, arena_print(arena_of(sweep), "Swept: %s", text));
    if (view->has_short_labels || has_matrix(sweep))
        return;
    page_title(page, "Points");
    for (size_t p = 0; p < sweep->finished_count && p < LIST_POINTS_MAX; p++)
        page_paragraph(page, 2,
                       arena_print(arena_of(sweep), "%zu: %s", p + 1,
                                   grid_point_text(sweep->grid, arena_of(sweep), p)));
}

static void print_thresholds(const struct view *view)
{
    const struct sweep *sweep = view->sweep;
    const struct page *page = view->page;
    size_t count = 0;
    for (size_t p = 0; p < sweep->finished_count; p++)
        count += sweep->points[p].threshold_count;
    if (count == 0)
        return;
    struct table *table = table_create(arena_of(sweep));
    table_add_column(table, view->labels_title, TABLE_LEFT);
    table_add_column(table, "pass", TABLE_RIGHT);
    table_add_column(table, "fail", TABLE_RIGHT);
    table_add_column(table, "inconclusive", TABLE_RIGHT);
    for (size_t p = 0; p < sweep->finished_count; p++) {
        const uint32_t *counts = sweep->points[p].verdict_counts;
        table_add(table, view->labels[p]);
        table_print_cell(table, "%" PRIu32, counts[THRESHOLD_PASS]);
        table_print_cell(table, "%" PRIu32, counts[THRESHOLD_FAIL]);
        table_print_cell(table, "%" PRIu32, counts[THRESHOLD_INCONCLUSIVE]);
    }
    page_title(page, "Thresholds");
    table_print(table, page);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 2,
                   sweep->is_checked ? "They decide the exit status (--check)."
                                     : "They are the scenario's own and may not be about these "
                                       "points: the exit status tells of them with --check only.");
    page_style(page, PAGE_PLAIN);
}

static void print_head(const struct view *view)
{
    const struct sweep *sweep = view->sweep;
    const struct page *page = view->page;
    struct arena *arena = arena_of(sweep);
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, sweep->base->question);
    page_style(page, PAGE_PLAIN);
    page_paragraph(page, 0,
                   arena_print(arena,
                               "%s: %zu point%s of %" PRIu32 " variant%s, %" PRIu32
                               " replication%s each, all "
                               "in the same worlds",
                               scenario_name(sweep->base->scenario), sweep->finished_count,
                               sweep->finished_count == 1 ? "" : "s", sweep->variant_count,
                               sweep->variant_count == 1 ? "" : "s", sweep->replication_count,
                               sweep->replication_count == 1 ? "" : "s"));
    if (sweep_is_partial(sweep)) {
        page_style(page, PAGE_UNSURE);
        page_paragraph(page, 0,
                       arena_print(arena, "INTERRUPTED: a partial result, %zu of %zu points.",
                                   sweep->finished_count, sweep->grid->point_count));
        page_style(page, PAGE_PLAIN);
    }
    print_legend(view);
}

struct identity sweep_identity(const struct sweep *sweep)
{
    struct identity identity =
        study_identity(sweep->base, sweep->command, sweep->replication_count);
    identity.is_cut_short = sweep_is_partial(sweep);
    return identity;
}

void sweep_print(const struct sweep *sweep, const char *directory, const struct page *page)
{
    struct view view = {.sweep = sweep, .page = page};
    find_labels(&view);
    print_head(&view);
    for (size_t m = 0; m < sweep->shown_count; m++)
        print_metric(&view, m);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 2,
                   "Intervals as in run. \"minus it\": within a point; \"from first point\": this "
                   "point minus the first; both paired t over replications, shares in percentage "
                   "points; 0 everywhere: the same in "
                   "every replication; [?]: not estimable.");
    page_style(page, PAGE_PLAIN);
    print_thresholds(&view);
    putc('\n', page->file);
    if (directory != NULL) {
        page_put(page->file, arena_print(arena_of(sweep), "Result: %s\n", directory));
    }
    struct identity identity = sweep_identity(sweep);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0, identity_line(&identity, arena_of(sweep)));
    page_put(page->file,
             arena_print(arena_of(sweep), "%s\n%s\n", identity.command, identity_caveat));
    page_style(page, PAGE_PLAIN);
}

/* Columns with one kind of number have numbers, in the units of files; others have the text. */
static void write_values(const struct sweep *sweep, struct tsv *tsv, size_t point)
{
    for (size_t c = 0; c < sweep->grid->column_count; c++) {
        const struct grid_column *column = &sweep->grid->columns[c];
        uint32_t index = grid_index(sweep->grid, point, c);
        if (index == GRID_AS_GIVEN)
            tsv_empty(tsv);
        else if (column->is_quantity)
            tsv_real(tsv, quantity_in_unit(&column->quantities[index]));
        else
            tsv_text(tsv, grid_text(sweep->grid, point, c));
    }
}

static const char *column_title(const struct sweep *sweep, size_t index)
{
    const struct grid_column *column = &sweep->grid->columns[index];
    bool is_duration = column->is_quantity && column->quantities[0].kind == QUANTITY_DURATION;
    return arena_print(arena_of(sweep), "%s%s", column->name, is_duration ? "_s" : "");
}

static void write_row(const struct sweep *sweep, struct tsv *tsv, size_t point, uint32_t variant)
{
    const struct sweep_point *at = &sweep->points[point];
    for (size_t m = 0; m < sweep->metric_count; m++) {
        const struct metric *metric = metric_of(sweep, m);
        const struct sweep_value *value = sweep_value(sweep, point, variant, m);
        tsv_count(tsv, (int64_t)point + 1);
        write_values(sweep, tsv, point);
        tsv_text(tsv, sweep->variants[variant]);
        tsv_text(tsv, metric->name);
        tsv_text(tsv, estimate_metric_unit(metric));
        tsv_text(tsv, estimate_state_name(value->headline.state));
        estimate_cells(tsv, &value->headline, metric->unit);
        estimate_cells(tsv, &value->change, metric->unit);
        estimate_cells(tsv, &value->against_variant, metric->unit);
        tsv_count(tsv, at->verdict_counts[THRESHOLD_PASS]);
        tsv_count(tsv, at->verdict_counts[THRESHOLD_FAIL]);
        tsv_count(tsv, at->verdict_counts[THRESHOLD_INCONCLUSIVE]);
        tsv_end_row(tsv);
    }
}

void sweep_write_tsv(const struct sweep *sweep, FILE *file)
{
    static const char *const rest[] = {
        "variant",
        "metric",
        "unit",
        "state",
        "estimate",
        "low",
        "high",
        "change_from_first_point",
        "change_low",
        "change_high",
        "first_variant_minus_this",
        "difference_low",
        "difference_high",
        "thresholds_passed",
        "thresholds_failed",
        "thresholds_inconclusive",
    };
    struct tsv tsv = tsv_make(file);
    tsv_text(&tsv, "point");
    for (size_t c = 0; c < sweep->grid->column_count; c++)
        tsv_text(&tsv, column_title(sweep, c));
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        tsv_text(&tsv, rest[i]);
    tsv_end_row(&tsv);
    for (size_t p = 0; p < sweep->finished_count; p++)
        for (uint32_t v = 0; v < sweep->variant_count; v++)
            write_row(sweep, &tsv, p, v);
}

static json_t *value_json(const struct sweep *sweep, size_t point, uint32_t variant, size_t index)
{
    const struct metric *metric = metric_of(sweep, index);
    const struct sweep_value *value = sweep_value(sweep, point, variant, index);
    json_t *json = json_pack("{s:s, s:s}", "kind", estimate_kind_name(metric->kind), "unit",
                             estimate_metric_unit(metric));
    CHECK(json != NULL);
    json_object_set_new(json, "interval", estimate_json(&value->headline, metric->unit));
    if (value->total == 0 && value->unit_count > 0)
        json_object_set_new(json, estimate_bound_key(metric), json_real(value->upper_bound));
    json_object_set_new(json, "change_from_first_point",
                        estimate_json(&value->change, metric->unit));
    if (variant > 0)
        json_object_set_new(json, "first_variant_minus_this",
                            estimate_json(&value->against_variant, metric->unit));
    return json;
}

static json_t *thresholds_json(const struct sweep_point *point)
{
    json_t *thresholds = json_array();
    for (size_t i = 0; i < point->threshold_count; i++)
        json_array_append_new(thresholds,
                              json_pack("{s:s, s:s}", "threshold", point->thresholds[i], "verdict",
                                        threshold_verdict_name(point->verdicts[i])));
    return thresholds;
}

/* What tells points apart: values by name, and the overrides that set them. */
static json_t *settings_json(const struct sweep *sweep, size_t point)
{
    json_t *values = json_object(), *overrides = json_array();
    for (size_t c = 0; c < sweep->grid->column_count; c++)
        json_object_set_new(values, sweep->grid->columns[c].name,
                            json_string(grid_text(sweep->grid, point, c)));
    const char **texts = grid_overrides(sweep->grid, arena_of(sweep), point);
    for (size_t i = 0; i < grid_override_count(sweep->grid, point); i++)
        json_array_append_new(overrides, json_string(texts[i]));
    json_t *json = json_pack("{s:I, s:o, s:o}", "point", (json_int_t)point + 1, "values", values,
                             "overrides", overrides);
    CHECK(json != NULL);
    return json;
}

static json_t *point_json(const struct sweep *sweep, size_t point)
{
    char hash[17], history[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, sweep->points[point].scenario_hash);
    snprintf(history, sizeof history, "%016" PRIx64, sweep->points[point].history_hash);
    json_t *json = settings_json(sweep, point), *variants = json_array();
    for (uint32_t v = 0; v < sweep->variant_count; v++) {
        json_t *metrics = json_object();
        for (size_t m = 0; m < sweep->metric_count; m++)
            json_object_set_new(metrics, metric_of(sweep, m)->name, value_json(sweep, point, v, m));
        json_array_append_new(
            variants, json_pack("{s:s, s:o}", "name", sweep->variants[v], "metrics", metrics));
    }
    json_object_set_new(json, "scenario_hash", json_string(hash));
    json_object_set_new(json, "history_hash", json_string(history));
    json_object_set_new(json, "thresholds", thresholds_json(&sweep->points[point]));
    json_object_set_new(json, "variants", variants);
    return json;
}

void sweep_write_plan_json(const struct sweep *sweep, double cost_ns, FILE *file)
{
    struct identity identity = sweep_identity(sweep);
    identity.is_cut_short = false; /* Nothing has begun. */
    json_t *variants = json_array(), *points = json_array();
    for (uint32_t v = 0; v < sweep->variant_count; v++)
        json_array_append_new(variants, json_string(sweep->variants[v]));
    for (size_t p = 0; p < sweep->grid->point_count; p++)
        json_array_append_new(points, settings_json(sweep, p));
    json_t *json = json_pack(
        "{s:i, s:b, s:s, s:o, s:o, s:I, s:I, s:f, s:I, s:o}", "schema_version", 1, "dry_run", 1,
        "question", sweep->base->question, "identity", identity_json(&identity), "variants",
        variants, "replications_each", (json_int_t)sweep->replication_count, "threads",
        (json_int_t)sweep->study->work->thread_count, "expected_seconds", cost_ns * 1e-9,
        "points_planned", (json_int_t)sweep->grid->point_count, "points", points);
    CHECK(json != NULL);
    identity_write_json(json, file);
    json_decref(json);
}

void sweep_write_json(const struct sweep *sweep, FILE *file)
{
    const struct model *model = sweep->base->domain->model;
    struct identity identity = sweep_identity(sweep);
    json_t *swept = json_array(), *points = json_array();
    for (size_t c = 0; c < sweep->grid->column_count; c++)
        json_array_append_new(swept, json_string(sweep->grid->columns[c].name));
    for (size_t p = 0; p < sweep->finished_count; p++)
        json_array_append_new(points, point_json(sweep, p));
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:s, s:s, s:o, s:I, s:b, s:s, s:o}", "schema_version", 1,
                  "question", sweep->base->question, "identity", identity_json(&identity), "model",
                  model->name, "unit", model->unit_name, "swept", swept, "points_planned",
                  (json_int_t)sweep->grid->point_count, "is_partial", (int)sweep_is_partial(sweep),
                  "verdict", threshold_verdict_name(sweep_verdict(sweep)), "points", points);
    CHECK(json != NULL);
    identity_write_json(json, file);
    json_decref(json);
}
