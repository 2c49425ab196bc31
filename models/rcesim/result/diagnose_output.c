#include "models/rcesim/result/diagnose_output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "sim/base/check.h"

enum { STOPS_SHOWN = 5, SAME_SHOWN = 3 };

static const char *count_text(struct arena *arena, uint64_t count)
{
    return estimate_count_text(arena, (double)count);
}

static const char *share_text(struct arena *arena, uint64_t part, uint64_t whole)
{
    char text[FIGURE_SIZE_BYTES];
    if (whole == 0)
        return "no data";
    double share = (double)part / (double)whole;
    if (part < whole && share > 0.9995)
        return "> 99.9 %"; /* Rounded it would be all. */
    return arena_copy_text(arena, figure_share(text, share));
}

/* "10,729 of 60,000 failed, 17.9 %"; none of n is no rate of 0. */
static const char *group_text(struct arena *arena, uint64_t failed, uint64_t count)
{
    if (failed == 0)
        return arena_print(arena, "0 of %s failed", count_text(arena, count));
    return arena_print(arena, "%s of %s failed, %s", count_text(arena, failed),
                       count_text(arena, count), share_text(arena, failed, count));
}

static const char *p_text(struct arena *arena, double p)
{
    if (p < 1e-300)
        return "p < 1e-300";
    return arena_print(arena, "p = %.2g", p);
}

/* Three digits are what such a ratio is known to. */
static const char *ratio_number(struct arena *arena, double ratio)
{
    if (ratio >= 1e6 || ratio < 1e-3)
        return arena_print(arena, "%.2e", ratio);
    if (ratio < 1000)
        return arena_print(arena, "%.3g", ratio);
    double step = pow(10, floor(log10(ratio)) - 2);
    return estimate_count_text(arena, round(ratio / step) * step);
}

static const char *ratio_text(struct arena *arena, const struct interval *interval)
{
    if (!interval_has_estimate(interval))
        return "no data";
    const char *estimate = ratio_number(arena, interval->estimate);
    if (!interval_is_known(interval))
        return arena_print(arena, "%s [?]", estimate);
    return arena_print(arena, "%s [%s, %s]", estimate, ratio_number(arena, interval->low),
                       ratio_number(arena, interval->high));
}

static const char *stop_value_text(const struct diagnose_report *report, size_t column,
                                   int64_t value)
{
    const struct row_column *about = &report->model->row_columns[column];
    if (value == ROW_NONE)
        return "-";
    if (about->kind == ROW_NAME && value >= 0 && (size_t)value < about->name_count)
        return about->names[value];
    return arena_print(report->arena, "%" PRId64, value);
}

/* What counts as failed and has stopped nowhere has not come to an end. */
static bool is_unended(const struct diagnose *diagnose, const struct diagnose_stop *stop)
{
    for (size_t k = 0; k < diagnose->stop_column_count; k++)
        if (stop->values[k] != ROW_NONE)
            return false;
    return true;
}

static void print_stops(const struct diagnose_report *report, const struct page *page)
{
    const struct diagnose *diagnose = report->diagnose;
    if (diagnose->stop_count == 0 || diagnose->stop_column_count == 0)
        return;
    struct table *table = table_create(report->arena);
    for (size_t k = 0; k < diagnose->stop_column_count; k++)
        table_add_column(table, report->model->row_columns[diagnose->stop_columns[k]].name,
                         TABLE_LEFT);
    table_add_column(table, "failed", TABLE_RIGHT);
    table_add_column(table, "share", TABLE_RIGHT);
    for (size_t i = 0; i < diagnose->stop_count && i < STOPS_SHOWN; i++) {
        const struct diagnose_stop *stop = &diagnose->stops[i];
        for (size_t k = 0; k < diagnose->stop_column_count; k++)
            table_add(table,
                      k == 0 && is_unended(diagnose, stop)
                          ? "never ended"
                          : stop_value_text(report, diagnose->stop_columns[k], stop->values[k]));
        table_add(table, count_text(report->arena, stop->count));
        table_add(table, share_text(report->arena, stop->count, diagnose->failed_count));
    }
    page_title(page, arena_print(report->arena, "Where %s stop", report->model->unit_names));
    table_print(table, page);
    if (diagnose->stop_count > STOPS_SHOWN)
        page_paragraph(
            page, 2,
            arena_print(report->arena, "and %zu more", diagnose->stop_count - STOPS_SHOWN));
}

static const char *same_text(struct arena *arena, const struct diagnose_finding *finding)
{
    const char *list = "";
    for (size_t i = 0; i < finding->same_count && i < SAME_SHOWN; i++)
        list = arena_print(arena, "%s%s%s", list, i > 0 ? "; " : "", finding->same[i]);
    if (finding->same_count > SAME_SHOWN)
        list = arena_print(arena, "%s; and %zu more", list, finding->same_count - SAME_SHOWN);
    return list;
}

static void print_finding(const struct diagnose_report *report, const struct page *page,
                          const struct diagnose_finding *finding, uint64_t failed_count)
{
    struct arena *arena = report->arena;
    page_paragraph(page, 5,
                   arena_print(arena, "with it: %s",
                               group_text(arena, finding->with.failed_count, finding->with.count)));
    page_paragraph(
        page, 5,
        arena_print(arena, "without it: %s",
                    group_text(arena, finding->without.failed_count, finding->without.count)));
    if (finding->unknown_count > 0)
        page_paragraph(
            page, 5,
            arena_print(arena, "not counted, since it is not known of them: %s",
                        group_text(arena, finding->unknown_failed_count, finding->unknown_count)));
    page_paragraph(page, 5,
                   arena_print(arena, "ratio of odds %s, %s; in %s of the failures",
                               ratio_text(arena, &finding->odds_ratio),
                               p_text(arena, finding->p_adjusted),
                               share_text(arena, finding->with.failed_count, failed_count)));
    if (finding->same_count > 0)
        page_paragraph(page, 5, arena_print(arena, "also: %s", same_text(arena, finding)));
}

/* Labels of conditions made from numbers say little about what the column is. */
static const char *title_text(struct arena *arena, const struct diagnose_finding *finding)
{
    return arena_print(arena, "%s (%s: %s)", finding->label, finding->column, finding->doc);
}

static void print_label(const struct diagnose_report *report, const struct page *page,
                        const struct diagnose_finding *finding, const char *mark)
{
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 2, arena_print(report->arena, "%s%s", mark, finding->label));
    page_style(page, PAGE_PLAIN);
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 5, arena_print(report->arena, "%s: %s", finding->column, finding->doc));
    page_style(page, PAGE_PLAIN);
}

/* What is left of a condition where the strongest is the same for all. */
static void print_beside(const struct diagnose_report *report, const struct page *page,
                         const struct interval *beside)
{
    const char *text = "beside the first: cannot be told apart from it";
    if (interval_has_estimate(beside))
        text = arena_print(report->arena, "beside the first: ratio of odds %s",
                           ratio_text(report->arena, beside));
    page_paragraph(page, 5, text);
}

static void print_ranking(const struct diagnose_report *report, const struct page *page)
{
    const struct diagnose *diagnose = report->diagnose;
    page_title(page, "What goes with failure, the strongest first");
    for (size_t i = 0; i < diagnose->ranking_count; i++) {
        print_label(report, page, &diagnose->ranking[i],
                    arena_print(report->arena, "%zu. ", i + 1));
        print_finding(report, page, &diagnose->ranking[i], diagnose->failed_count);
        if (i > 0)
            print_beside(report, page, &diagnose->ranking[i].beside_first);
    }
}

static void print_step(const struct diagnose_report *report, const struct page *page, size_t index)
{
    struct arena *arena = report->arena;
    const struct diagnose_step *step = &report->diagnose->steps[index];
    const char *among = arena_print(arena, "Without %s: %s.", index == 1 ? "the first" : "these",
                                    group_text(arena, step->failed_count, step->unit_count));
    if (!step->is_found) {
        page_paragraph(page, 2,
                       arena_print(arena, "%s Among these nothing goes with failure (least %s).",
                                   among, p_text(arena, step->p_least)));
        return;
    }
    page_paragraph(page, 2,
                   arena_print(arena, "%s Among these, the strongest is: %s", among,
                               title_text(arena, &step->finding)));
    print_finding(report, page, &step->finding, step->failed_count);
}

static void print_steps(const struct diagnose_report *report, const struct page *page)
{
    const struct diagnose *diagnose = report->diagnose;
    if (diagnose->step_count < 2)
        return;
    page_title(page, "What remains after the strongest");
    for (size_t i = 1; i < diagnose->step_count; i++)
        print_step(report, page, i);
}

static const char *head_text(const struct diagnose_report *report)
{
    struct arena *arena = report->arena;
    const struct diagnose *diagnose = report->diagnose;
    const char *share =
        diagnose->failed_count == 0
            ? ""
            : arena_print(arena, " (%s)",
                          share_text(arena, diagnose->failed_count, diagnose->unit_count));
    const char *who = arena_print(
        arena, "%s of %s %s of variant \"%s\" failed%s in %zu replication%s.",
        count_text(arena, diagnose->failed_count), count_text(arena, diagnose->unit_count),
        diagnose->unit_count == 1 ? report->model->unit_name : report->model->unit_names,
        report->variant, share, diagnose->replication_count,
        diagnose->replication_count == 1 ? "" : "s");
    switch (diagnose->state) {
    case DIAGNOSE_FOUND:
        return arena_print(arena,
                           "%s Of %zu conditions tried, %zu go with failure by more than "
                           "chance.",
                           who, diagnose->condition_count, diagnose->found_count);
    case DIAGNOSE_CHANCE:
        return arena_print(arena,
                           "%s Of %zu conditions tried none goes with failure by more than chance "
                           "(least %s).",
                           who, diagnose->condition_count,
                           p_text(arena, diagnose->steps[0].p_least));
    case DIAGNOSE_NONE_FAILED: return arena_print(arena, "%s There is nothing to diagnose.", who);
    case DIAGNOSE_ALL_FAILED:
        return arena_print(arena, "%s Where all fail there is nobody to compare with.", who);
    case DIAGNOSE_TOO_FEW:
        return arena_print(arena,
                           "%s So few failures cannot show what they go with, whatever it is; "
                           "simulate more with --replications.",
                           who);
    case DIAGNOSE_ALL_ALIKE:
        return arena_print(arena,
                           "%s They are alike in all that was looked at, or too few differ: there "
                           "is nothing to tell them apart by.",
                           who);
    }
    CHECK_UNREACHABLE("a known state");
}

static double largest_design(const struct diagnose *diagnose)
{
    double most = 1;
    for (size_t i = 0; i < diagnose->ranking_count; i++)
        most =
            fmax(most, fmax(diagnose->ranking[i].with.design, diagnose->ranking[i].without.design));
    return most;
}

static const char *method_text(const struct diagnose_report *report)
{
    const struct diagnose *diagnose = report->diagnose;
    const char *independence =
        diagnose->assumes_independence
            ? "One replication: assumes independence of its units."
            : arena_print(report->arena,
                          "Units of one replication share their world: each group counts as its "
                          "effective number (design effects up to %.2f).",
                          largest_design(diagnose));
    return arena_print(
        report->arena,
        "p: Fisher's exact test, adjusted for all conditions (Holm) and %d steps, so that where "
        "nothing goes with failure anything at all is named with a chance of at most 5 %%. "
        "Intervals: %.6g %%, Woolf; beside the first: Mantel-Haenszel. %s The ground truth of the "
        "simulation was not used. What goes with failure need not cause it: it is where to look.",
        DIAGNOSE_STEPS_MAX, 100 * diagnose->confidence, independence);
}

void diagnose_print(const struct diagnose_report *report, const struct page *page)
{
    const struct diagnose *diagnose = report->diagnose;
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, head_text(report));
    page_style(page, PAGE_PLAIN);
    print_stops(report, page);
    if (diagnose->state == DIAGNOSE_FOUND) {
        print_ranking(report, page);
        print_steps(report, page);
    }
    if (report->trace_command != NULL) {
        page_title(page, "A typical failure");
        page_command(page, 2, report->trace_command);
    }
    putc('\n', page->file);
    page_style(page, PAGE_FAINT);
    if (diagnose->state == DIAGNOSE_FOUND || diagnose->state == DIAGNOSE_CHANCE)
        page_paragraph(page, 0, method_text(report));
    page_paragraph(page, 0, identity_line(&report->identity, report->arena));
    page_paragraph(page, 0, identity_caveat);
    page_style(page, PAGE_PLAIN);
}

static json_t *group_json(const struct diagnose_group *group)
{
    return json_pack("{s:I, s:I, s:f}", "units", (json_int_t)group->count, "failed",
                     (json_int_t)group->failed_count, "design_effect", group->design);
}

static json_t *finding_json(const struct diagnose_finding *finding)
{
    json_t *same = json_array();
    for (size_t i = 0; i < finding->same_count; i++)
        json_array_append_new(same, json_string(finding->same[i]));
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:f, s:f, s:o, s:o}", "condition",
                  finding->label, "column", finding->column, "column_is", finding->doc, "with",
                  group_json(&finding->with), "without", group_json(&finding->without),
                  "without_value", (json_int_t)finding->unknown_count, "failed_without_value",
                  (json_int_t)finding->unknown_failed_count, "odds_ratio",
                  estimate_json(&finding->odds_ratio, METRIC_COUNT), "p_fisher", finding->p,
                  "p_adjusted", finding->p_adjusted, "odds_ratio_beside_first",
                  estimate_json(&finding->beside_first, METRIC_COUNT), "also", same);
    CHECK(value != NULL);
    return value;
}

static json_t *stop_json(const struct diagnose_report *report, const struct diagnose_stop *stop)
{
    const struct diagnose *diagnose = report->diagnose;
    json_t *value = json_object();
    for (size_t k = 0; k < diagnose->stop_column_count; k++)
        json_object_set_new(
            value, report->model->row_columns[diagnose->stop_columns[k]].name,
            json_string(stop_value_text(report, diagnose->stop_columns[k], stop->values[k])));
    json_object_set_new(value, "failed", json_integer((json_int_t)stop->count));
    return value;
}

static json_t *step_json(const struct diagnose_step *step)
{
    json_t *value = json_pack("{s:I, s:I, s:f}", "units", (json_int_t)step->unit_count, "failed",
                              (json_int_t)step->failed_count, "p_least", step->p_least);
    CHECK(value != NULL);
    if (step->is_found)
        json_object_set_new(value, "strongest", finding_json(&step->finding));
    return value;
}

static const char *state_name(enum diagnose_state state)
{
    switch (state) {
    case DIAGNOSE_FOUND: return "found";
    case DIAGNOSE_CHANCE: return "chance";
    case DIAGNOSE_NONE_FAILED: return "none failed";
    case DIAGNOSE_ALL_FAILED: return "all failed";
    case DIAGNOSE_TOO_FEW: return "too few failed";
    case DIAGNOSE_ALL_ALIKE: return "all alike";
    }
    CHECK_UNREACHABLE("a known state");
}

json_t *diagnose_json(const struct diagnose_report *report)
{
    const struct diagnose *diagnose = report->diagnose;
    json_t *stops = json_array(), *ranking = json_array(), *steps = json_array();
    for (size_t i = 0; i < diagnose->stop_count; i++)
        json_array_append_new(stops, stop_json(report, &diagnose->stops[i]));
    for (size_t i = 0; i < diagnose->ranking_count; i++)
        json_array_append_new(ranking, finding_json(&diagnose->ranking[i]));
    for (size_t i = 0; i < diagnose->step_count; i++)
        json_array_append_new(steps, step_json(&diagnose->steps[i]));
    json_t *value = json_pack(
        "{s:i, s:o, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:f, s:o, s:o, s:o}",
        "schema_version", 1, "identity", identity_json(&report->identity), "model",
        report->model->name, "unit", report->model->unit_name, "variant", report->variant, "state",
        state_name(diagnose->state), "units", (json_int_t)diagnose->unit_count, "failed",
        (json_int_t)diagnose->failed_count, "replications", (json_int_t)diagnose->replication_count,
        "conditions_tried", (json_int_t)diagnose->condition_count, "conditions_found",
        (json_int_t)diagnose->found_count, "assumes_independence",
        (int)diagnose->assumes_independence, "familywise_error_max", DIAGNOSE_LEVEL, "stops", stops,
        "ranking", ranking, "steps", steps);
    CHECK(value != NULL);
    if (report->trace_command != NULL)
        json_object_set_new(value, "trace", json_string(report->trace_command));
    return value;
}
