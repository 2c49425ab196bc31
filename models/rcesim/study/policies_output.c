#include "models/rcesim/study/policies.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "reports/figure.h"
#include "reports/tsv.h"
#include "sim/base/check.h"

static struct arena *arena_of(const struct policies *policies)
{
    return policies->study.arena;
}

static const char *value_text(const struct policies *policies, size_t variant, size_t criterion)
{
    const struct metric *metric = policies_metric(policies, criterion);
    const struct summary_metric *summary = policies_summary(policies, variant, criterion);
    if (metric->kind == METRIC_PROPORTION)
        return estimate_rate_text(arena_of(policies), metric, summary);
    if (!interval_has_estimate(&summary->headline))
        return "no data";
    return estimate_value_text(arena_of(policies), metric, summary->headline.estimate);
}

/* "0.5 points", "15 min", "1" */
static const char *indifference_text(const struct policies *policies)
{
    const struct metric *metric = policies_metric(policies, 0);
    double width = policies->criteria[0].indifferent;
    if (metric->kind == METRIC_PROPORTION)
        return arena_print(arena_of(policies), "%.6g points", 100 * width);
    if (metric->unit == METRIC_COUNT)
        return arena_print(arena_of(policies), "%.6g", width);
    return estimate_value_text(arena_of(policies), metric, width);
}

static const char *exit_text(const struct policies *policies, size_t variant)
{
    const struct kim_nelson_exit *exit = &policies->standings[variant].exit;
    if (variant == policies->best)
        return kim_nelson_is_decided(policies->race) ? "best" : "leads";
    if (exit->is_tie ||
        (exit->replication_count == 0 &&
         policies_estimate(policies, variant, 0) == policies_estimate(policies, policies->best, 0)))
        return "ties";
    if (exit->replication_count == 0)
        return "still in";
    return arena_print(arena_of(policies), "out at %" PRIu64, exit->replication_count);
}

/* What short titles stand for. */
static const char *legend(const struct policies *policies)
{
    const char *text = "";
    for (size_t c = 0; c < policies->criterion_count; c++)
        if (strcmp(policies->criteria[c].title, policies_metric(policies, c)->label) != 0)
            text = arena_print(arena_of(policies), "%s%s: %s. ", text, policies->criteria[c].title,
                               policies_metric(policies, c)->label);
    return text;
}

static void print_standings(const struct policies *policies, const struct page *page)
{
    const char *note = policies->configuration->domain->criteria_note;
    struct table *table = table_create(arena_of(policies));
    table_add_column(table, "policy", TABLE_LEFT);
    for (size_t c = 0; c < policies->criterion_count; c++)
        table_add_column(table, policies->criteria[c].title, TABLE_RIGHT);
    table_add_column(table, "n", TABLE_RIGHT);
    table_add_column(table, "race", TABLE_LEFT);
    table_add_column(table, "front", TABLE_LEFT);
    for (size_t k = 0; k < policies->configuration->variant_count; k++) {
        size_t v = policies->order[k];
        table_add_styled(table, policies_name(policies, v),
                         v == policies->best ? PAGE_STRONG : PAGE_PLAIN);
        for (size_t c = 0; c < policies->criterion_count; c++)
            table_add(table, value_text(policies, v, c));
        table_print_cell(table, "%" PRIu32, policies->standings[v].replication_count);
        table_add(table, exit_text(policies, v));
        table_add(table, policies->standings[v].is_on_front ? "yes" : "");
    }
    page_title(page, arena_print(arena_of(policies), "Policies by %s",
                                 policies_metric(policies, 0)->label));
    table_print(table, page);
    page_style(page, PAGE_FAINT);
    page_paragraph(
        page, 2,
        arena_print(arena_of(policies),
                    "%sn: replications, of which each row has its own. out at n: not better "
                    "than another by more than the indifference zone, and no longer "
                    "simulated. front: no other is at least as good by all of these and "
                    "better by one, over the replications of both.%s%s",
                    legend(policies), note == NULL ? "" : " ", note == NULL ? "" : note));
    page_style(page, PAGE_PLAIN);
}

static const char *p_text(const struct policies *policies, size_t variant)
{
    const struct policies_standing *standing = &policies->standings[variant];
    if (!standing->has_p)
        return "-";
    if (standing->p < 1e-4)
        return "< 0.0001";
    return arena_print(arena_of(policies), "%.2g", standing->p);
}

static void print_differences(const struct policies *policies, const struct page *page)
{
    struct table *table = table_create(arena_of(policies));
    const struct metric *metric = policies_metric(policies, 0);
    table_add_column(table, "policy", TABLE_LEFT);
    table_add_column(table, "difference", TABLE_LEFT);
    table_add_column(table, "p", TABLE_RIGHT);
    table_add_column(table, "dominated by", TABLE_LEFT);
    for (size_t k = 0; k < policies->configuration->variant_count; k++) {
        size_t v = policies->order[k];
        const struct policies_standing *standing = &policies->standings[v];
        table_add(table, policies_name(policies, v));
        table_add(table, v == policies->best ? ""
                                             : estimate_change_text(arena_of(policies), metric,
                                                                    &standing->differences[0]));
        table_add(table, v == policies->best ? "" : p_text(policies, v));
        table_add(table, standing->dominated_by == POLICIES_NOBODY
                             ? ""
                             : policies_name(policies, standing->dominated_by));
    }
    page_title(page, arena_print(arena_of(policies), "Difference from %s: %s",
                                 policies_name(policies, policies->best), metric->label));
    table_print(table, page);
    page_style(page, PAGE_FAINT);
    page_paragraph(
        page, 2,
        "Policy minus that one, paired t over the replications of both, shares in percentage "
        "points. p (adjusted by Holm) is descriptive only: after selection and stopping, since the "
        "same data chose the best and when to stop. dominated by: another one is no worse by any "
        "column above "
        "beyond what does not matter, and better by one, by the paired intervals.");
    page_style(page, PAGE_PLAIN);
}

/* What the promise rests on. */
static const char *assumption(const struct policies *policies)
{
    struct arena *arena = arena_of(policies);
    uint64_t count = kim_nelson_replication_count(policies->race);
    const char *normal = "This takes the means of replications for about normal";
    double confidence = policies->configuration->confidence;
    if (policies->options.range_width > 0)
        return arena_print(
            arena,
            "%s; against rare events that take a whole replication, policies stay in "
            "the race until one that matters would have been seen.",
            normal);
    return arena_print(arena,
                       "%s; an event that comes in fewer than %.2g %% of all replications may "
                       "have been missed in %" PRIu64 ".",
                       normal, 100 * -expm1(log1p(-confidence) / (double)count), count);
}

static const char *undecided(const struct policies *policies)
{
    struct arena *arena = arena_of(policies);
    uint64_t latest = kim_nelson_replication_max(policies->race);
    if (latest == 0) /* Only an interruption ends a race that early. */
        return arena_print(arena,
                           "Interrupted in the pilot, after %" PRIu64 " of %" PRIu32
                           " replications: nothing is decided. So far %s leads by %s.",
                           kim_nelson_replication_count(policies->race),
                           policies->options.first_stage, policies_name(policies, policies->best),
                           policies_metric(policies, 0)->label);
    const char *text =
        arena_print(arena, "Undecided after %" PRIu64 " replications: %s leads by %s.",
                    kim_nelson_replication_count(policies->race),
                    policies_name(policies, policies->best), policies_metric(policies, 0)->label);
    return arena_print(arena,
                       "%s By what is known so far %" PRIu64
                       " replications would decide (--budget), or a wider --delta than %s.",
                       text, latest, indifference_text(policies));
}

static const char *decided(const struct policies *policies)
{
    return arena_print(arena_of(policies),
                       "Least %s: %s, decided after %" PRIu64 " replications. With probability "
                       "%.6g %% no other is less by more than %s (Kim-Nelson).",
                       policies_metric(policies, 0)->label, policies_name(policies, policies->best),
                       kim_nelson_replication_count(policies->race),
                       100 * policies->configuration->confidence, indifference_text(policies));
}

/* The answer in a sentence or two. */
const char *policies_conclusion(const struct policies *policies)
{
    struct arena *arena = arena_of(policies);
    const char *text =
        kim_nelson_is_decided(policies->race) ? decided(policies) : undecided(policies);
    if (policies->cheapest == POLICIES_NOBODY)
        return text;
    return arena_print(
        arena, "%s As good within %s, for less: %s (%s %s).", text, indifference_text(policies),
        policies_name(policies, policies->cheapest), policies_metric(policies, 1)->label,
        estimate_change_text(arena, policies_metric(policies, 1),
                             &policies->standings[policies->cheapest].differences[1]));
}

struct identity policies_identity(const struct policies *policies)
{
    uint32_t count = 0;
    for (uint32_t v = 0; v < policies->configuration->variant_count; v++)
        if (policies->standings[v].replication_count > count)
            count = policies->standings[v].replication_count;
    struct identity identity = study_identity(policies->configuration, policies->command, count);
    const struct result *last = policies->rounds[policies->round_count - 1].result;
    if (policies->is_partial)
        identity.replications_planned = last->first_replication + last->replications_planned;
    return identity;
}

static void print_head(const struct policies *policies, const struct page *page)
{
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, policies->configuration->question);
    page_style(page, PAGE_PLAIN);
    page_paragraph(
        page, 0,
        arena_print(arena_of(policies), "%s: %" PRIu32 " policies%s%s, all in the same worlds",
                    scenario_name(policies->configuration->scenario),
                    policies->configuration->variant_count, policies->base == NULL ? "" : " upon ",
                    policies->base == NULL ? "" : policies->base));
    if (policies->is_partial) {
        page_style(page, PAGE_UNSURE);
        page_paragraph(page, 0, "INTERRUPTED: a partial result.");
        page_style(page, PAGE_PLAIN);
    }
    putc('\n', page->file);
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0, policies_conclusion(policies));
    page_style(page, PAGE_PLAIN);
    page_paragraph(page, 0, assumption(policies));
}

void policies_print(const struct policies *policies, const char *directory, const struct page *page)
{
    struct identity identity = policies_identity(policies);
    print_head(policies, page);
    print_standings(policies, page);
    print_differences(policies, page);
    putc('\n', page->file);
    if (directory != NULL)
        page_put(page->file, arena_print(arena_of(policies), "Result: %s\n", directory));
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0, identity_line(&identity, arena_of(policies)));
    page_put(page->file,
             arena_print(arena_of(policies), "%s\n%s\n", identity.command, identity_caveat));
    page_style(page, PAGE_PLAIN);
}

static json_t *criterion_json(const struct policies *policies, size_t index)
{
    const struct policies_criterion *criterion = &policies->criteria[index];
    const struct metric *metric = policies_metric(policies, index);
    return json_pack("{s:s, s:s, s:f}", "metric", metric->name, "unit",
                     estimate_metric_unit(metric), "indifference_zone",
                     estimate_in_unit(metric->unit, criterion->indifferent));
}

static json_t *policy_json(const struct policies *policies, size_t variant)
{
    const struct policies_standing *standing = &policies->standings[variant];
    json_t *metrics = json_object();
    for (size_t c = 0; c < policies->criterion_count; c++) {
        const struct metric *metric = policies_metric(policies, c);
        json_t *value = estimate_metric_json(metric, policies_summary(policies, variant, c));
        json_object_set_new(value, "minus_best",
                            estimate_json(&standing->differences[c], metric->unit));
        json_object_set_new(metrics, metric->name, value);
    }
    json_t *value = json_pack("{s:s, s:I, s:b, s:b}", "policy", policies_name(policies, variant),
                              "replications", (json_int_t)standing->replication_count, "is_best",
                              variant == policies->best, "is_on_front", standing->is_on_front);
    if (standing->exit.replication_count > 0 && variant != policies->best)
        json_object_set_new(value, "out_of_race_at",
                            json_integer((json_int_t)standing->exit.replication_count));
    if (standing->has_p)
        json_object_set_new(value, "p_descriptive", json_real(standing->p));
    if (standing->dominated_by != POLICIES_NOBODY)
        json_object_set_new(value, "dominated_by",
                            json_string(policies_name(policies, standing->dominated_by)));
    json_object_set_new(value, "metrics", metrics);
    return value;
}

void policies_write_json(const struct policies *policies, FILE *file)
{
    json_t *criteria = json_array(), *all = json_array();
    for (size_t c = 0; c < policies->criterion_count; c++)
        json_array_append_new(criteria, criterion_json(policies, c));
    for (size_t k = 0; k < policies->configuration->variant_count; k++)
        json_array_append_new(all, policy_json(policies, policies->order[k]));
    struct identity identity = policies_identity(policies);
    json_t *value = json_pack(
        "{s:i, s:s, s:o, s:s, s:b, s:I, s:I, s:f, s:s, s:s, s:s, s:s, s:o, s:o}", "schema_version",
        1, "question", policies->configuration->question, "identity", identity_json(&identity),
        "model", policies->configuration->domain->model->name, "is_decided",
        kim_nelson_is_decided(policies->race), "replications_in_race",
        (json_int_t)kim_nelson_replication_count(policies->race), "pilot",
        (json_int_t)policies->options.first_stage, "confidence",
        policies->configuration->confidence, "best", policies_name(policies, policies->best),
        "conclusion", policies_conclusion(policies), "assumption", assumption(policies),
        "p_descriptive_is", "descriptive: after selection and stopping", "criteria", criteria,
        "policies", all);
    CHECK(value != NULL);
    if (policies->cheapest != POLICIES_NOBODY)
        json_object_set_new(value, "as_good_for_less",
                            json_string(policies_name(policies, policies->cheapest)));
    identity_write_json(value, file);
    json_decref(value);
}

void policies_write_tsv(const struct policies *policies, FILE *file)
{
    static const char *const columns[] = {
        "policy",  "replications", "metric",       "unit",          "state",      "estimate",
        "low",     "high",         "minus_best",   "minus_low",     "minus_high", "p_descriptive",
        "is_best", "is_on_front",  "dominated_by", "out_of_race_at"};
    struct tsv tsv = tsv_make(file);
    tsv_header(&tsv, columns, sizeof columns / sizeof columns[0]);
    for (size_t k = 0; k < policies->configuration->variant_count; k++)
        for (size_t c = 0; c < policies->criterion_count; c++) {
            size_t v = policies->order[k];
            const struct metric *metric = policies_metric(policies, c);
            const struct policies_standing *standing = &policies->standings[v];
            const struct interval *headline = &policies_summary(policies, v, c)->headline;
            tsv_text(&tsv, policies_name(policies, v));
            tsv_count(&tsv, standing->replication_count);
            tsv_text(&tsv, metric->name);
            tsv_text(&tsv, estimate_metric_unit(metric));
            tsv_text(&tsv, estimate_state_name(headline->state));
            estimate_cells(&tsv, headline, metric->unit);
            estimate_cells(&tsv, &standing->differences[c], metric->unit);
            if (c == 0 && standing->has_p)
                tsv_real(&tsv, standing->p);
            else
                tsv_empty(&tsv);
            tsv_count(&tsv, v == policies->best);
            tsv_count(&tsv, standing->is_on_front);
            tsv_text(&tsv, standing->dominated_by == POLICIES_NOBODY
                               ? NULL
                               : policies_name(policies, standing->dominated_by));
            if (standing->exit.replication_count > 0 && v != policies->best)
                tsv_count(&tsv, (int64_t)standing->exit.replication_count);
            else
                tsv_empty(&tsv);
            tsv_end_row(&tsv);
        }
}
