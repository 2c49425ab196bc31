#include "models/rcesim/study/ablate.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "reports/tsv.h"
#include "sim/base/check.h"

static const struct metric *metric_of(const struct ablate *ablate, size_t index)
{
    return &ablate->result->model->metrics[ablate->metrics[index]];
}

/* What a factor does to a metric, with the sign that all output has: less is a minus. */
static struct interval change_of(const struct interval *effect)
{
    struct interval change = *effect;
    change.estimate = effect->estimate == 0 ? 0 : -effect->estimate;
    change.low = effect->high == 0 ? 0 : -effect->high;
    change.high = effect->low == 0 ? 0 : -effect->low;
    return change;
}

/* "-17.6 [-18.1, -17.0]" */
static const char *change_text(const struct ablate *ablate, const struct metric *metric,
                               const struct interval *effect)
{
    struct interval change = change_of(effect);
    const double values[] = {change.estimate, change.low, change.high};
    const char *texts[3];
    if (!interval_has_estimate(effect))
        return "no data";
    for (size_t i = 0; i < 3; i++) {
        char text[FIGURE_SIZE_BYTES];
        double value = values[i];
        if (metric->kind == METRIC_PROPORTION)
            texts[i] = arena_copy_text(ablate->arena, figure_points(text, value));
        else
            texts[i] =
                arena_print(ablate->arena, "%s%s",
                            value < 0   ? "-"
                            : value > 0 ? "+"
                                        : "",
                            estimate_value_text(ablate->arena, metric, value < 0 ? -value : value));
    }
    if (!interval_is_known(effect))
        return arena_print(ablate->arena, "%s [?]", texts[0]);
    if (effect->low == 0 && effect->high == 0)
        return "0 everywhere";
    return arena_print(ablate->arena, "%s [%s, %s]", texts[0], texts[1], texts[2]);
}

static void print_combinations(const struct ablate *ablate, const struct page *page, size_t index)
{
    const struct metric *metric = metric_of(ablate, index);
    int duplicates = result_find_metric(ablate->result, "duplicate_triggers");
    int violations = result_find_metric(ablate->result, "violations");
    struct table *table = table_create(ablate->arena);
    table_add_column(table, "combination", TABLE_LEFT);
    table_add_column(table, metric->kind == METRIC_PROPORTION ? "rate" : "mean", TABLE_RIGHT);
    table_add_column(table, estimate_interval_title(ablate->arena, ablate->base->confidence),
                     TABLE_LEFT);
    table_add_column(table, "new", TABLE_RIGHT);
    if (duplicates >= 0)
        table_add_column(table, "dupl.", TABLE_RIGHT);
    if (violations >= 0)
        table_add_column(table, "viol.", TABLE_RIGHT);
    for (uint32_t v = 0; v < ablate->result->variant_count; v++) {
        const struct summary_variant *summary = &ablate->summary->variants[v];
        const struct summary_metric *value = &summary->metrics[ablate->metrics[index]];
        table_add(table, ablate->result->variants[v].name);
        table_add_styled(table,
                         metric->kind == METRIC_PROPORTION
                             ? estimate_rate_text(ablate->arena, metric, value)
                         : interval_has_estimate(&value->headline)
                             ? estimate_value_text(ablate->arena, metric, value->headline.estimate)
                             : "no data",
                         PAGE_STRONG);
        table_add(table, estimate_interval_text(ablate->arena, metric, &value->headline));
        if (v > 0 && summary->units.is_known)
            table_add(table, estimate_count_text(ablate->arena, (double)summary->units.only_later));
        else
            table_add(table, "");
        if (duplicates >= 0)
            table_add(table,
                      estimate_count_text(ablate->arena, summary->metrics[duplicates].total));
        if (violations >= 0)
            table_add(table,
                      estimate_count_text(ablate->arena, summary->metrics[violations].total));
    }
    page_title(page, arena_print(ablate->arena, "Combinations: %s", metric->label));
    table_print(table, page);
}

static void print_effects(const struct ablate *ablate, const struct page *page, size_t index)
{
    const struct metric *metric = metric_of(ablate, index);
    struct table *table = table_create(ablate->arena);
    table_add_column(table, "fix", TABLE_LEFT);
    table_add_column(table, "alone", TABLE_LEFT);
    table_add_column(table, "beside the others", TABLE_LEFT);
    table_add_column(table, "Shapley share", TABLE_LEFT);
    for (size_t f = 0; f < ablate->factor_count; f++) {
        const struct ablate_effect *effect = ablate_effect(ablate, index, f);
        table_add(table, ablate->factors[f]);
        table_add(table, change_text(ablate, metric, &effect->alone));
        table_add(table, change_text(ablate, metric, &effect->last));
        table_add(table, change_text(ablate, metric, &effect->share));
    }
    page_title(page, arena_print(ablate->arena, "What each fix does to the %s", metric->label));
    table_print(table, page);
}

static bool is_in_group(const struct metric *metric, const char *group)
{
    return metric->group != NULL && strcmp(metric->group, group) == 0;
}

static struct table *make_table_of_more(const struct ablate *ablate, const char *what)
{
    struct table *table = table_create(ablate->arena);
    table_add_column(table, "alone", TABLE_LEFT);
    table_add_column(table, what, TABLE_LEFT);
    table_add_column(table, "with it", TABLE_RIGHT);
    table_add_column(table, "none", TABLE_RIGHT);
    return table;
}

static void add_row_of_more(const struct ablate *ablate, struct table *table, size_t factor,
                            size_t metric)
{
    table_add(table, ablate->factors[factor]);
    table_add(table, ablate->result->model->metrics[metric].label);
    table_add(table,
              estimate_count_text(ablate->arena, ablate_total(ablate, 1u << factor, metric)));
    table_add(table, estimate_count_text(ablate->arena, ablate_total(ablate, 0, metric)));
}

/* What should never be, and is with one fix alone more often than with none. */
static void print_breakage(const struct ablate *ablate, const struct page *page)
{
    const struct model *model = ablate->result->model;
    struct table *table = make_table_of_more(ablate, "breaks");
    size_t row_count = 0;
    for (size_t f = 0; f < ablate->factor_count; f++) {
        const struct summary_units *units =
            &ablate->summary->variants[ablate->variant_of[1u << f]].units;
        if (units->is_known && units->only_later > 0) {
            row_count++;
            table_add(table, ablate->factors[f]);
            table_add(table, arena_print(ablate->arena, "new failures of %s", model->unit_names));
            table_add(table, estimate_count_text(ablate->arena, (double)units->only_later));
            table_add(table, "0");
        }
        for (size_t m = 0; m < model->metric_count; m++) {
            const struct metric *metric = &model->metrics[m];
            if ((!is_in_group(metric, "invariants") &&
                 strcmp(metric->name, "duplicate_triggers") != 0) ||
                ablate_total(ablate, 1u << f, m) <= ablate_total(ablate, 0, m))
                continue;
            row_count++;
            add_row_of_more(ablate, table, f, m);
        }
    }
    page_title(page, "What each fix breaks when it is alone");
    if (row_count > 0)
        table_print(table, page);
    else
        page_paragraph(page, 2, "Nothing.");
}

/* Causes that there is more of, beyond noise. */
static void print_more(const struct ablate *ablate, const struct page *page)
{
    const struct model *model = ablate->result->model;
    struct table *table = make_table_of_more(ablate, "more of");
    size_t row_count = 0;
    for (size_t f = 0; f < ablate->factor_count; f++)
        for (size_t m = 0; m < model->metric_count; m++) {
            struct interval less = {.state = INTERVAL_NO_DATA};
            if (is_in_group(&model->metrics[m], "causes"))
                less = ablate_alone(ablate, m, f);
            if (!interval_is_known(&less) || less.high >= 0)
                continue;
            row_count++;
            add_row_of_more(ablate, table, f, m);
        }
    if (row_count == 0)
        return;
    page_title(page, "More of, with each fix alone");
    table_print(table, page);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 2,
                   arena_print(ablate->arena,
                               "Causes of failure whose paired interval is above 0. That need not "
                               "be harm: %s that a fix saves from one cause live to meet others.",
                               model->unit_names));
    page_style(page, PAGE_PLAIN);
}

struct identity ablate_identity(const struct ablate *ablate)
{
    struct identity identity =
        study_identity(ablate->base, ablate->command, ablate->result->replication_count);
    identity.replications_planned = ablate->result->replications_planned;
    return identity;
}

static void print_head(const struct ablate *ablate, const struct page *page)
{
    const struct configuration *base = ablate->base;
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, base->question);
    page_style(page, PAGE_PLAIN);
    page_paragraph(page, 0,
                   arena_print(ablate->arena,
                               "%s: the fixes of %s on top of %s, %zu combinations of %zu, %" PRIu32
                               " replication%s, all in the same worlds",
                               scenario_name(base->scenario), base->variants[ablate->fixed].name,
                               base->variants[ablate->first].name, ablate->combination_count,
                               ablate->factor_count, ablate->result->replication_count,
                               ablate->result->replication_count == 1 ? "" : "s"));
    if (!ablate->result->is_partial)
        return;
    page_style(page, PAGE_UNSURE);
    page_paragraph(
        page, 0,
        arena_print(ablate->arena,
                    "INTERRUPTED: a partial result, %" PRIu32 " of %" PRIu32 " replications.",
                    ablate->result->replication_count, ablate->result->replications_planned));
    page_style(page, PAGE_PLAIN);
}

void ablate_print(const struct ablate *ablate, const char *directory, const struct page *page)
{
    print_head(ablate, page);
    page_title(page, "Conclusion");
    for (size_t f = 0; f < ablate->factor_count; f++)
        page_paragraph(page, 2, ablate_sentence(ablate, f));
    for (size_t m = 0; m < ablate->metric_count; m++) {
        print_combinations(ablate, page, m);
        print_effects(ablate, page, m);
    }
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 2,
                   "new: fail here and not in none; dupl., viol.: duplicate triggers and broken "
                   "invariants in all. alone: against none; beside the others: against all "
                   "the others; shares add up to all against none. Paired t over replications, "
                   "shares in percentage points; 0 everywhere: the "
                   "same in every replication; [?]: not estimable.");
    page_style(page, PAGE_PLAIN);
    print_breakage(ablate, page);
    print_more(ablate, page);
    putc('\n', page->file);
    if (directory != NULL)
        page_put(page->file, arena_print(ablate->arena, "Result: %s\n", directory));
    struct identity identity = ablate_identity(ablate);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0, identity_line(&identity, ablate->arena));
    page_put(page->file, arena_print(ablate->arena, "%s\n%s\n", identity.command, identity_caveat));
    page_style(page, PAGE_PLAIN);
}

static json_t *combination_json(const struct ablate *ablate, uint32_t variant)
{
    const struct model *model = ablate->result->model;
    const struct summary_variant *summary = &ablate->summary->variants[variant];
    json_t *with = json_array(), *metrics = json_object();
    for (size_t f = 0; f < ablate->factor_count; f++)
        if (ablate->order[variant] >> f & 1)
            json_array_append_new(with, json_string(ablate->factors[f]));
    for (size_t m = 0; m < model->metric_count; m++)
        json_object_set_new(metrics, model->metrics[m].name,
                            estimate_metric_json(&model->metrics[m], &summary->metrics[m]));
    json_t *json = json_pack("{s:s, s:o, s:o}", "name", ablate->result->variants[variant].name,
                             "fixes", with, "metrics", metrics);
    CHECK(json != NULL);
    if (variant > 0 && summary->units.is_known)
        json_object_set_new(json, "new_failures",
                            json_integer((json_int_t)summary->units.only_later));
    return json;
}

static json_t *factor_json(const struct ablate *ablate, size_t factor)
{
    json_t *metrics = json_object();
    for (size_t m = 0; m < ablate->metric_count; m++) {
        const struct ablate_effect *effect = ablate_effect(ablate, m, factor);
        enum metric_unit unit = metric_of(ablate, m)->unit;
        struct interval alone = change_of(&effect->alone), last = change_of(&effect->last);
        struct interval share = change_of(&effect->share);
        json_object_set_new(metrics, metric_of(ablate, m)->name,
                            json_pack("{s:o, s:o, s:o}", "alone_minus_none",
                                      estimate_json(&alone, unit), "all_minus_others",
                                      estimate_json(&last, unit), "shapley_share",
                                      estimate_json(&share, unit)));
    }
    json_t *json = json_pack("{s:s, s:s, s:o}", "name", ablate->factors[factor], "conclusion",
                             ablate_sentence(ablate, factor), "effects", metrics);
    CHECK(json != NULL);
    return json;
}

void ablate_write_json(const struct ablate *ablate, FILE *file)
{
    struct identity identity = ablate_identity(ablate);
    json_t *combinations = json_array(), *fixes = json_array();
    for (uint32_t v = 0; v < ablate->result->variant_count; v++)
        json_array_append_new(combinations, combination_json(ablate, v));
    for (size_t f = 0; f < ablate->factor_count; f++)
        json_array_append_new(fixes, factor_json(ablate, f));
    json_t *json = json_pack(
        "{s:i, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o}", "schema_version", 1, "question",
        ablate->base->question, "identity", identity_json(&identity), "model",
        ablate->result->model->name, "unit", ablate->result->model->unit_name, "without_fixes",
        ablate->base->variants[ablate->first].name, "with_fixes",
        ablate->base->variants[ablate->fixed].name, "fixes", fixes, "combinations", combinations);
    CHECK(json != NULL);
    identity_write_json(json, file);
    json_decref(json);
}

static const char *unit_of(const struct metric *metric)
{
    return estimate_metric_unit(metric);
}

static void write_row(const struct ablate *ablate, struct tsv *tsv, uint32_t variant, size_t index)
{
    const struct metric *metric = &ablate->result->model->metrics[index];
    const struct summary_variant *summary = &ablate->summary->variants[variant];
    const struct interval *headline = &summary->metrics[index].headline;
    tsv_text(tsv, ablate->result->variants[variant].name);
    for (size_t f = 0; f < ablate->factor_count; f++)
        tsv_count(tsv, ablate->order[variant] >> f & 1);
    tsv_text(tsv, metric->name);
    tsv_text(tsv, unit_of(metric));
    tsv_text(tsv, estimate_state_name(headline->state));
    estimate_cells(tsv, headline, metric->unit);
    if (variant > 0) {
        struct interval change = change_of(&summary->differences[index].difference);
        estimate_cells(tsv, &change, metric->unit);
    } else
        for (int i = 0; i < 3; i++)
            tsv_empty(tsv);
    tsv_end_row(tsv);
}

void ablate_write_combinations(const struct ablate *ablate, FILE *file)
{
    static const char *const rest[] = {
        "metric",          "unit",           "state",          "estimate", "low", "high",
        "this_minus_none", "difference_low", "difference_high"};
    struct tsv tsv = tsv_make(file);
    tsv_text(&tsv, "combination");
    for (size_t f = 0; f < ablate->factor_count; f++)
        tsv_text(&tsv, ablate->factors[f]);
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        tsv_text(&tsv, rest[i]);
    tsv_end_row(&tsv);
    for (uint32_t v = 0; v < ablate->result->variant_count; v++)
        for (size_t m = 0; m < ablate->result->model->metric_count; m++)
            write_row(ablate, &tsv, v, m);
}

void ablate_write_effects(const struct ablate *ablate, FILE *file)
{
    static const char *const header[] = {"fix",   "metric",   "unit", "effect",
                                         "state", "estimate", "low",  "high"};
    static const char *const names[] = {"alone_minus_none", "all_minus_others", "shapley_share"};
    struct tsv tsv = tsv_make(file);
    tsv_header(&tsv, header, sizeof header / sizeof header[0]);
    for (size_t f = 0; f < ablate->factor_count; f++)
        for (size_t m = 0; m < ablate->metric_count; m++) {
            const struct ablate_effect *effect = ablate_effect(ablate, m, f);
            const struct interval changes[] = {change_of(&effect->alone), change_of(&effect->last),
                                               change_of(&effect->share)};
            for (size_t i = 0; i < 3; i++) {
                tsv_text(&tsv, ablate->factors[f]);
                tsv_text(&tsv, metric_of(ablate, m)->name);
                tsv_text(&tsv, unit_of(metric_of(ablate, m)));
                tsv_text(&tsv, names[i]);
                tsv_text(&tsv, estimate_state_name(changes[i].state));
                estimate_cells(&tsv, &changes[i], metric_of(ablate, m)->unit);
                tsv_end_row(&tsv);
            }
        }
}
