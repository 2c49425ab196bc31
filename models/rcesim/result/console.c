#include "models/rcesim/result/console.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/result/estimate.h"
#include "models/rcesim/result/judged.h"
#include "reports/figure.h"
#include "sim/base/check.h"

enum { TEXT_SIZE_BYTES = 4 * FIGURE_SIZE_BYTES };

/* What the functions here share. */
struct view {
    const struct outcome *outcome;
    const struct result *result;
    const struct model *model;
    const struct page *page;
    struct arena *arena;
};

static const char *mark_of(enum threshold_verdict verdict, enum page_style *style)
{
    switch (verdict) {
    case THRESHOLD_PASS: *style = PAGE_GOOD; return "✓";
    case THRESHOLD_FAIL: *style = PAGE_BAD; return "✗";
    case THRESHOLD_INCONCLUSIVE: *style = PAGE_UNSURE; return "?";
    }
    check_failed(__FILE__, __LINE__, "a known verdict");
}

static void print_threshold(const struct view *view, size_t index)
{
    const struct threshold *threshold = &view->outcome->configuration->thresholds[index];
    const struct threshold_result *judged = &view->outcome->thresholds[index];
    FILE *file = view->page->file;
    enum page_style style;
    const char *mark = mark_of(judged->verdict, &style);
    page_style(view->page, style);
    fprintf(file, "  %s %-12s", mark, threshold_verdict_name(judged->verdict));
    page_style(view->page, PAGE_PLAIN);
    fputs("  ", file);
    page_put(file, threshold->text);
    putc('\n', file);
    page_paragraph(view->page, 18,
                   arena_print(view->arena, "%s: %s", judged_text(view->arena, view->model, judged),
                               judged->reason));
}

static void print_thresholds(const struct view *view)
{
    size_t count = view->outcome->configuration->threshold_count;
    bool is_less = view->outcome->configuration->threshold_left_out_count > 0;
    if (count > 0 || is_less)
        page_title(view->page, "Thresholds");
    for (size_t i = 0; i < count; i++)
        print_threshold(view, i);
    if (is_less)
        page_paragraph(
            view->page, 2,
            arena_print(view->arena, "%s.",
                        configure_left_out_text(view->arena, view->outcome->configuration)));
}

/* A line that is to be pasted: it is not broken. */
static void print_line(FILE *file, const char *text)
{
    page_put(file, text);
    putc('\n', file);
}

static void print_replays(const struct view *view)
{
    for (uint32_t i = 0; i < view->result->variant_count; i++) {
        if (view->outcome->replays[i] == NULL)
            continue;
        page_style(view->page, PAGE_BAD);
        fprintf(view->page->file, "  %s broke an invariant; see the first:\n",
                view->result->variants[i].name);
        page_style(view->page, PAGE_PLAIN);
        print_line(view->page->file, arena_print(view->arena, "    %s", view->outcome->replays[i]));
    }
}

static void print_head(const struct view *view)
{
    const struct outcome *outcome = view->outcome;
    uint64_t unit_count = outcome->summary->variants[0].unit_count;
    page_style(view->page, PAGE_STRONG);
    page_paragraph(view->page, 0, outcome->configuration->question);
    page_style(view->page, PAGE_PLAIN);
    page_paragraph(
        view->page, 0,
        arena_print(
            view->arena, "%s: %s %s in %" PRIu32 " replication%s of %" PRIu32 " variant%s",
            outcome->identity.scenario, estimate_count_text(view->arena, (double)unit_count),
            unit_count == 1 ? view->model->unit_name : view->model->unit_names,
            view->result->replication_count, view->result->replication_count == 1 ? "" : "s",
            view->result->variant_count, view->result->variant_count == 1 ? "" : "s"));
    if (!view->result->is_partial)
        return;
    page_style(view->page, PAGE_UNSURE);
    page_paragraph(
        view->page, 0,
        arena_print(view->arena,
                    "INTERRUPTED: a partial result, %" PRIu32 " of %" PRIu32 " replications.",
                    view->result->replication_count, view->result->replications_planned));
    page_style(view->page, PAGE_PLAIN);
}

/* How the number of replications came about, where it was not simply given. */
static void print_stop(const struct view *view)
{
    const struct enough *enough = view->outcome->commands.enough;
    if (enough == NULL || enough->reason == NULL)
        return;
    page_paragraph(view->page, 0,
                   arena_print(view->arena, "Stopped after %" PRIu32 " replications (%s): %s.",
                               view->result->replication_count, enough_rule_name(enough->rule),
                               enough->reason));
}

static void print_foot(const struct view *view, const char *directory)
{
    FILE *file = view->page->file;
    putc('\n', file);
    if (directory != NULL)
        print_line(file, arena_print(view->arena, "Result: %s", directory));
    page_style(view->page, PAGE_FAINT);
    page_paragraph(view->page, 0, identity_line(&view->outcome->identity, view->arena));
    print_line(file, view->outcome->identity.command);
    print_line(file, identity_caveat);
    page_style(view->page, PAGE_PLAIN);
}

const struct tables_group console_causes = {
    .name = "causes",
    .title = "Causes of failure (ground truth; share of the failed)",
    .nothing = "Nothing failed.",
};

const struct tables_group console_invariants = {
    .name = "invariants",
    .title = "Broken invariants",
    .nothing = "None.",
};

static const char *look_at(const void *context, const struct tables_failure *failure)
{
    return outcome_look_command(context, failure->variant, failure->replication, failure->unit);
}

void console_print(const struct outcome *outcome, const char *directory, const struct page *page)
{
    struct view view = {
        .outcome = outcome,
        .result = outcome->result,
        .model = outcome->result->model,
        .page = page,
        .arena = outcome->arena,
    };
    struct tables tables = {
        .summary = outcome->summary,
        .page = page,
        .arena = outcome->arena,
        .look = look_at,
        .look_context = outcome,
        .all_new_failures = directory == NULL ? NULL : "new-failures.tsv",
    };
    print_head(&view);
    print_stop(&view);
    print_thresholds(&view);
    tables_print_failures(&tables);
    tables_print_differences(&tables);
    tables_print_group(&tables, &console_causes);
    tables_print_group(&tables, &console_invariants);
    print_replays(&view);
    tables_print_figures(&tables);
    tables_print_durations(&tables);
    print_foot(&view, directory);
}

const char *console_estimate(char *text, size_t size_bytes,
                             const struct experiment_variant *variants,
                             const struct experiment_progress *progress)
{
    size_t used = 0;
    *text = '\0';
    for (uint32_t i = 0; i < progress->variant_count && used < size_bytes; i++) {
        char share[FIGURE_SIZE_BYTES] = "?";
        if (progress->units[i] > 0)
            figure_share(share, (double)progress->failed[i] / (double)progress->units[i]);
        int length = snprintf(text + used, size_bytes - used, "%s%s %s", i > 0 ? ", " : "",
                              variants[i].name, share);
        used += length > 0 ? (size_t)length : 0;
    }
    return text;
}
