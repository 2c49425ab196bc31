#include "models/rcesim/study/fit_findings.h"

#include "models/rcesim/study/study_page.h"

/* Quantiles of the families against those of the data. */
static void add_qq_chart(const struct fit_findings *findings, struct study_page *page)
{
    enum { POINTS_MAX = 99 };
    struct arena *arena = findings->request->arena;
    size_t count = findings->sample.count < POINTS_MAX ? findings->sample.count : POINTS_MAX;
    int64_t unit_ns;
    const char *unit = chart_time_unit(
        (int64_t)(fit_findings_last_ended(findings) * FIT_FINDINGS_UNIT_NS), &unit_ns);
    double factor = FIT_FINDINGS_UNIT_NS / (double)unit_ns;
    const struct dist *dists[FIT_FAMILY_COUNT] = {0};
    struct chart *chart = chart_create(arena, CHART_QQ, "fit-quantiles");
    chart_add_column(chart, CHART_DATA, "data", NULL);
    for (size_t i = 0; i < findings->fit_count; i++) {
        const char *name = fit_family_name(findings->fits[i].law.family);
        dists[i] = findings->fits[i].is_found ? fit_dist(arena, &findings->fits[i].law) : NULL;
        if (dists[i] != NULL)
            chart_add_column(chart, CHART_FITTED, name, name);
    }
    for (size_t k = 0; k < count; k++) {
        double level = ((double)k + 0.5) / (double)count;
        struct fit_number data = fit_findings_quantile_seen(findings, level);
        if (!data.is_known)
            break;
        chart_add_number(chart, factor * data.value);
        for (size_t i = 0; i < findings->fit_count; i++)
            if (dists[i] != NULL)
                chart_add_number(chart, factor * dist_quantile(dists[i], level));
    }
    chart_set_words(chart, "Quantiles of the families against those of the data",
                    arena_print(arena,
                                "n = %zu %s, %zu quantiles; on the line a family says what "
                                "the data says",
                                findings->sample.count,
                                fit_findings_rows_word(findings->sample.count), count),
                    "Quantiles of fitted families against quantiles of the data.");
    chart_set_x(chart, arena_print(arena, "data (%s)", unit), unit);
    chart_set_y(chart, arena_print(arena, "family (%s)", unit), unit);
    if (chart->column_count > 1)
        manifest_add_chart(page->manifest, page->section, chart);
}

static const char *number_text(struct arena *arena, const struct fit_number *number, int decimals)
{
    return number->is_known ? arena_print(arena, "%.*f", decimals, number->value) : "-";
}

static void add_families(const struct fit_findings *findings, struct study_page *page)
{
    static const char *const titles[] = {"family", "AICc", "KS", "p", "AD", "p", "scenario line"};
    struct arena *arena = findings->request->arena;
    bool has_limit = false;
    for (size_t i = 0; i < findings->fit_count; i++)
        has_limit = has_limit || (findings->fits[i].is_found && findings->fits[i].is_at_limit);
    struct manifest_block *table = manifest_add_table(
        page->section, arena_print(arena,
                                   "Families, the best by AICc first%s; p of the distances KS and "
                                   "AD by %zu bootstrap samples",
                                   has_limit ? ", last those with a parameter at the limit of its "
                                               "range, not to be trusted"
                                             : "",
                                   (size_t)findings->request->bootstrap.sample_count));
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        manifest_add_table_column(table, titles[i],
                                  i == 0 || i == 6 ? MANIFEST_LEFT : MANIFEST_RIGHT);
    for (size_t i = 0; i < findings->fit_count; i++) {
        const struct fit *fit = &findings->fits[i];
        if (!fit->is_found)
            continue;
        manifest_add_cell(table, fit_family_name(fit->law.family));
        manifest_add_cell(table, number_text(arena, &fit->aicc, 1));
        manifest_add_cell(table, arena_print(arena, "%.3f", fit->ks));
        manifest_add_cell(table, number_text(arena, &fit->ks_p, 3));
        manifest_add_cell(table, number_text(arena, &fit->ad, 3));
        manifest_add_cell(table, number_text(arena, &fit->ad_p, 3));
        manifest_add_cell(table, fit_findings_law(findings, fit));
    }
}

struct manifest *fit_findings_manifest(const struct fit_findings *findings)
{
    struct arena *arena = findings->request->arena;
    struct identity identity = fit_findings_identity(findings);
    const struct fit *best = fit_findings_best(findings);
    const char *lead = "No family can be trusted for this data.";
    if (best != NULL)
        lead = arena_print(arena, "Of the families tried, %s describes the data best (least AICc).",
                           fit_findings_law(findings, best));
    struct study_page page = study_page_begin(
        arena, &identity,
        &(struct study_page_words){
            .question = arena_print(arena, "How is %s of %s distributed?",
                                    findings->request->source.column, identity.scenario),
            .lead = lead,
            .id = STUDY_PAGE_FIT,
            .title = "Fitted distributions",
        });
    add_qq_chart(findings, &page);
    add_families(findings, &page);
    return study_page_end(&page);
}
