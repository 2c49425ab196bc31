#include "models/rcesim/study/fit_findings.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "models/rcesim/command.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/stats/survival.h"

/* Below the first there is doubt, from the second on there is none. */
static const double p_doubtful = 0.05, p_often = 0.2;

/* Fewer bootstrap samples say little. */
enum { BOOTSTRAP_FEW = 99 };

/* In single quotes if YAML would take the text apart. */
static const char *quote_scalar(struct arena *arena, const char *text)
{
    if (strstr(text, ": ") == NULL && strstr(text, " #") == NULL)
        return text;
    const char *quoted = "'";
    for (; *text != '\0'; text++)
        quoted = arena_print(arena, *text == '\'' ? "%s'%c" : "%s%c", quoted, *text);
    return arena_print(arena, "%s'", quoted);
}

/* Print a line of a scenario. What does not fit into the page goes on in the next line, as YAML
 * allows: after a comma, further in. */
static void print_line(const struct fit_findings *findings, const struct page *page,
                       const char *text)
{
    enum { INDENT = 6 };
    struct arena *arena = findings->request->arena;
    const char *before = arena_print(arena, "  %s: ", findings->request->key);
    size_t used = 0;
    for (text = quote_scalar(arena, text); *text != '\0'; before = " ") {
        const char *end = strstr(text, ", ");
        size_t size = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
        const char *piece = arena_print(arena, "%.*s", (int)size, text);
        size_t width = table_text_width(before) + table_text_width(piece);
        if (used > 0 && used + width > (size_t)page->width) {
            fprintf(page->file, "\n%*s", INDENT - 1, "");
            used = INDENT - 1;
        }
        page_put(page->file, before);
        page_put(page->file, piece);
        used += width;
        text += size + (end != NULL);
    }
    putc('\n', page->file);
}

/* The arguments that choose rows, as empirical() has them. */
static const char *empirical_text(const struct fit_request *request)
{
    struct arena *arena = request->arena;
    const struct empirical_source *source = &request->source;
    const char *text = arena_print(arena, "empirical(file=%s, column=%s, unit=%s",
                                   fit_print_word(arena, source->path),
                                   fit_print_word(arena, source->column), request->unit);
    if (request->min != NULL)
        text = arena_print(arena, "%s, min=%s", text, request->min);
    if (request->max != NULL)
        text = arena_print(arena, "%s, max=%s", text, request->max);
    for (size_t i = 0; i < source->condition_count; i++)
        text = arena_print(arena, "%s, where=%s%s%s", text,
                           fit_print_word(arena, source->conditions[i].column),
                           source->conditions[i].is_equal ? "==" : "!=",
                           fit_print_word(arena, source->conditions[i].text));
    if (source->censored != NULL)
        text = arena_print(arena, "%s, censored=%s%s%s", text,
                           fit_print_word(arena, source->censored->column),
                           source->censored->is_equal ? "==" : "!=",
                           fit_print_word(arena, source->censored->text));
    if (source->has_censored_at)
        text = arena_print(arena, "%s, censored_at=%s", text, request->censored_at);
    return arena_print(arena, "%s)", text);
}

/* Few rows say little of the far tails. */
static const char *quantiles_text(const struct fit_findings *findings)
{
    static const int percents[] = {0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100};
    struct arena *arena = findings->request->arena;
    const char *text = "quantiles(";
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        int tail = percents[i] < 50 ? percents[i] : 100 - percents[i];
        if (tail > 0 && (double)tail / 100 * (double)findings->sample.count < 3)
            continue;
        text = arena_print(
            arena, "%s%s%d%%=%s", text, i == 0 ? "" : ", ", percents[i],
            fit_findings_duration(findings, fit_findings_quantile(findings, percents[i] / 100.0)));
    }
    return arena_print(arena, "%s)", text);
}

static const char *add_count(struct arena *arena, const char *text, size_t count, const char *why)
{
    if (count == 0)
        return text;
    return arena_print(arena, "%s%s%zu %s", text, *text == '\0' ? "" : ", ", count, why);
}

static void print_rows(const struct fit_findings *findings, const struct page *page)
{
    const struct fit_request *request = findings->request;
    const struct empirical_sample *rows = &findings->rows;
    struct arena *arena = request->arena;
    const char *left_out = add_count(arena, "", rows->excluded_count, "by --where");
    left_out = add_count(arena, left_out, rows->below_count, "below --min");
    left_out = add_count(arena, left_out, rows->above_count, "above --max");
    const char *text =
        arena_print(arena, "%s, %s: %zu of %zu %s, from %s to %s, median %s.", request->source.path,
                    request->source.column, rows->count, rows->row_count,
                    fit_findings_rows_word(rows->row_count),
                    fit_findings_duration(findings, findings->sample.times[0].value),
                    fit_findings_duration(findings, findings->sample.times[rows->count - 1].value),
                    fit_findings_duration(findings, fit_findings_quantile(findings, 0.5)));
    if (*left_out != '\0')
        text = arena_print(arena, "%s Left out: %s.", text, left_out);
    page_paragraph(page, 0, text);
    if (rows->below_count + rows->above_count > 0)
        page_paragraph(page, 0,
                       "What --min and --max left out is not counted as missing: the families are "
                       "those of the rest.");
    if (rows->censored_count > 0)
        page_paragraph(
            page, 0,
            arena_print(arena, "Censored: %zu %s did not end%s%s; they count as longer than that.",
                        rows->censored_count, fit_findings_rows_word(rows->censored_count),
                        request->censored_at == NULL ? "" : " by ",
                        request->censored_at == NULL ? "" : request->censored_at));
}

static void add_number(struct table *table, const struct fit_number *number, int decimals)
{
    if (number->is_known)
        table_print_cell(table, "%.*f", decimals, number->value);
    else
        table_add(table, "-");
}

static void add_p(const struct fit_findings *findings, struct table *table,
                  const struct fit_number *p)
{
    table_add(table, p->is_known ? fit_findings_p(findings->request->arena, p->value) : "-");
}

static void print_families(const struct fit_findings *findings, const struct page *page)
{
    static const char *const titles[] = {"family", "AICc", "behind", "BIC", "lnL",
                                         "KS",     "p",    "AD",     "p"};
    struct table *table = table_create(findings->request->arena);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        table_add_column(table, titles[i], i == 0 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < findings->fit_count; i++) {
        const struct fit *fit = &findings->fits[i];
        if (!fit->is_found)
            continue;
        struct fit_number behind = {fit->aicc.is_known && !fit->is_at_limit,
                                    fit->aicc.value - findings->fits[0].aicc.value};
        table_print_cell(table, "%s%s", fit_family_name(fit->law.family),
                         fit->is_at_limit ? "*" : "");
        add_number(table, &fit->aicc, 1);
        add_number(table, &behind, 1);
        table_print_cell(table, "%.1f", fit->bic);
        table_print_cell(table, "%.1f", fit->log_likelihood);
        table_print_cell(table, "%.3f", fit->ks);
        add_p(findings, table, &fit->ks_p);
        add_number(table, &fit->ad, 3);
        add_p(findings, table, &fit->ad_p);
    }
    page_title(page, "Families, the best by AICc first");
    table_print(table, page);
}

/* What p says of the best family. With few samples p cannot be small, whatever the data is. */
static const char *verdict_on(struct arena *arena, const char *name, double p)
{
    const char *text = fit_findings_p(arena, p);
    text = *text == '<' ? arena_print(arena, "p %s", text) : arena_print(arena, "p = %s", text);
    if (p < p_doubtful)
        return arena_print(arena,
                           "Best: %s, but samples of it are rarely as far from it as the data is "
                           "(%s): prefer quantiles or empirical below, unless the difference does "
                           "not matter.",
                           name, text);
    if (p < p_often)
        return arena_print(arena,
                           "Best: %s. Samples of it are seldom as far from it as the data is (%s): "
                           "not enough to doubt it, and no reason to trust it; compare --qq.",
                           name, text);
    return arena_print(arena,
                       "Best: %s. Samples of it are often as far from it as the data is (%s): "
                       "nothing speaks against it.",
                       name, text);
}

static void print_verdict(const struct fit_findings *findings, const struct page *page)
{
    struct arena *arena = findings->request->arena;
    uint32_t sample_count = findings->request->bootstrap.sample_count;
    const struct fit *best = fit_findings_best(findings);
    if (best == NULL || !best->ks_p.is_known)
        return;
    const struct fit_number *p = best->ad_p.is_known ? &best->ad_p : &best->ks_p;
    const char *name = fit_family_name(best->law.family);
    if (1 / (1 + (double)sample_count) >= p_doubtful)
        page_paragraph(page, 0,
                       arena_print(arena,
                                   "Best: %s. Whether the data is like it, %u sample%s cannot say: "
                                   "too few samples for a verdict (at least %d).",
                                   name, sample_count, sample_count == 1 ? "" : "s",
                                   BOOTSTRAP_FEW));
    else
        page_paragraph(page, 0, verdict_on(arena, name, p->value));
}

static void print_notes(const struct fit_findings *findings, const struct page *page)
{
    const struct fit_request *request = findings->request;
    struct arena *arena = request->arena;
    print_verdict(findings, page);
    page_paragraph(page, 0,
                   "lnL is for times in seconds; less AICc and BIC is better; KS and AD are "
                   "distances from the data.");
    if (findings->sample.count > FIT_BOOTSTRAP_ROWS_MAX)
        page_paragraph(page, 0,
                       arena_print(arena,
                                   "p is not computed for more than %d rows, which show the least "
                                   "difference: look at KS, and --qq.",
                                   FIT_BOOTSTRAP_ROWS_MAX));
    else if (request->bootstrap.sample_count > 0)
        page_paragraph(page, 0,
                       arena_print(arena,
                                   "p: share of samples of the fitted family that are at least as "
                                   "far from it (%u sample%s, seed %llu).",
                                   request->bootstrap.sample_count,
                                   request->bootstrap.sample_count == 1 ? "" : "s",
                                   (unsigned long long)request->bootstrap.seed));
    if (findings->sample.censored_count > 0)
        page_paragraph(
            page, 0,
            "With censored rows KS is the distance from the Kaplan-Meier estimate, up to "
            "the longest row that ended, and AD is not estimable.");
    for (size_t i = 0; i < findings->fit_count; i++) {
        const struct fit *fit = &findings->fits[i];
        const char *name = fit_family_name(fit->law.family);
        if (!fit->is_found)
            page_paragraph(page, 0, arena_print(arena, "%s: not estimable from this data.", name));
        else if (fit->is_at_limit)
            page_paragraph(page, 0,
                           "* One component is as narrow as it may be (equal values?), or rests on "
                           "fewer than 5 rows that ended: not to be trusted, so it comes last.");
    }
}

static const double qq_levels[] = {0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99};
enum { QQ_COUNT = sizeof qq_levels / sizeof qq_levels[0] };

static void print_qq(const struct fit_findings *findings, const struct page *page)
{
    struct arena *arena = findings->request->arena;
    struct table *table = table_create(arena);
    const struct dist *dists[FIT_FAMILY_COUNT] = {0};
    table_add_column(table, "quantile", TABLE_LEFT);
    table_add_column(table, "data", TABLE_RIGHT);
    for (size_t i = 0; i < findings->fit_count; i++) {
        if (!findings->fits[i].is_found)
            continue;
        dists[i] = fit_dist(arena, &findings->fits[i].law);
        table_add_column(table, fit_family_name(findings->fits[i].law.family), TABLE_RIGHT);
    }
    for (size_t k = 0; k < QQ_COUNT; k++) {
        struct fit_number data = fit_findings_quantile_seen(findings, qq_levels[k]);
        table_print_cell(table, "%g%%", 100 * qq_levels[k]);
        table_add(table, data.is_known ? fit_findings_duration(findings, data.value) : "-");
        for (size_t i = 0; i < findings->fit_count; i++)
            if (dists[i] != NULL)
                table_add(table,
                          fit_findings_duration(findings, dist_quantile(dists[i], qq_levels[k])));
    }
    page_title(page, "Quantiles");
    table_print(table, page);
}

/* How long until so many have ended, by Kaplan-Meier. */
static const double ended_shares[] = {0.25, 0.5, 0.75, 0.9};
enum { ENDED_COUNT = sizeof ended_shares / sizeof ended_shares[0] };
static const double ended_confidence = 0.95;

struct ended {
    bool is_reached;
    int64_t at_ns;
    struct survival_limits limits;
};

/* Only for rows of which some are censored (of the others the quantiles are plain ones), not too
 * many, and no longer than a simulation's. */
static bool find_ended(const struct fit_findings *findings, struct ended ended[ENDED_COUNT])
{
    const size_t rows_max = 1000000;
    const double longest = 9e9; /* s, or 285 years */
    const struct fit_sample *sample = &findings->sample;
    if (sample->censored_count == 0 || sample->count > rows_max ||
        sample->times[sample->count - 1].value > longest)
        return false;
    struct arena *arena = arena_create("rows that ended", 0);
    struct survival_observation *observations =
        arena_take_array(arena, sample->count, sizeof *observations);
    for (size_t i = 0; i < sample->count; i++)
        observations[i] = (struct survival_observation){
            .at_ns = llround(sample->times[i].value * FIT_FINDINGS_UNIT_NS),
            .end = sample->times[i].is_censored ? SURVIVAL_CENSORED : SURVIVAL_DONE,
        };
    const struct survival *survival = survival_create(arena, observations, sample->count);
    for (size_t i = 0; i < ENDED_COUNT; i++) {
        ended[i].is_reached = survival_quantile(survival, ended_shares[i], &ended[i].at_ns);
        ended[i].limits = survival_quantile_limits(survival, ended_shares[i], ended_confidence);
    }
    arena_destroy(arena);
    return true;
}

static const char *reached_text(const struct fit_findings *findings, bool is_reached, int64_t at_ns)
{
    return is_reached ? fit_findings_duration(findings, (double)at_ns / FIT_FINDINGS_UNIT_NS)
                      : "not reached";
}

static void print_ended(const struct fit_findings *findings, const struct page *page)
{
    struct ended ended[ENDED_COUNT];
    if (!find_ended(findings, ended))
        return;
    struct table *table = table_create(findings->request->arena);
    table_add_column(table, "ended", TABLE_RIGHT);
    table_add_column(table, "after", TABLE_RIGHT);
    table_add_column(
        table, arena_print(findings->request->arena, "%.0f %% interval", 100 * ended_confidence),
        TABLE_LEFT);
    for (size_t i = 0; i < ENDED_COUNT; i++) {
        const struct survival_limits *limits = &ended[i].limits;
        table_print_cell(table, "%.0f %%", 100 * ended_shares[i]);
        table_add(table, reached_text(findings, ended[i].is_reached, ended[i].at_ns));
        table_print_cell(table, "[%s, %s]", reached_text(findings, limits->has_low, limits->low_ns),
                         reached_text(findings, limits->has_high, limits->high_ns));
    }
    page_title(page, "How long until they end, counting those that were cut off (Kaplan-Meier)");
    table_print(table, page);
}

void fit_findings_print(const struct fit_findings *findings)
{
    struct page page = page_of(stdout);
    print_rows(findings, &page);
    print_ended(findings, &page);
    print_families(findings, &page);
    putchar('\n');
    print_notes(findings, &page);
    if (findings->request->is_qq)
        print_qq(findings, &page);
    page_title(&page, "Scenario lines: families");
    for (size_t i = 0; i < findings->fit_count; i++)
        if (findings->fits[i].is_found)
            print_line(findings, &page, fit_findings_law(findings, &findings->fits[i]));
    page_title(&page, "Scenario lines: the data itself (a file name starts at the scenario)");
    print_line(findings, &page, quantiles_text(findings));
    if (findings->rows.file_size_bytes <= EMPIRICAL_FILE_SIZE_MAX_BYTES)
        print_line(findings, &page, empirical_text(findings->request));
    else
        page_paragraph(&page, 2, "empirical() does not take a file of this size.");
}

static json_t *number_json(const struct fit_number *number)
{
    return number->is_known && isfinite(number->value) ? json_real(number->value) : json_null();
}

/* In seconds. */
static json_t *parameters_json(const struct fit_law *law)
{
    const double *mu = law->as.normal.mu, *sigma = law->as.normal.sigma;
    switch (law->family) {
    case FIT_EXPONENTIAL: return json_pack("{s:f}", "mean", law->as.exponential.mean);
    case FIT_WEIBULL:
        return json_pack("{s:f, s:f}", "shape", law->as.weibull.shape, "scale",
                         law->as.weibull.scale);
    case FIT_GAMMA:
        return json_pack("{s:f, s:f}", "shape", law->as.gamma.shape, "scale", law->as.gamma.scale);
    case FIT_LOGNORMAL: return json_pack("{s:f, s:f}", "mu", mu[0], "sigma", sigma[0]);
    case FIT_MIXTURE:
        return json_pack("{s:[f, f], s:[f, f], s:[f, f]}", "weight", law->as.normal.weight[0],
                         law->as.normal.weight[1], "mu", mu[0], mu[1], "sigma", sigma[0], sigma[1]);
    }
    return json_null();
}

static json_t *fit_json(const struct fit_findings *findings, const struct fit *fit)
{
    const char *name = fit_family_name(fit->law.family);
    if (!fit->is_found)
        return json_pack("{s:s, s:b}", "family", name, "found", 0);
    return json_pack("{s:s, s:b, s:b, s:o, s:f, s:f, s:o, s:f, s:f, s:o, s:o, s:o, s:s}", "family",
                     name, "found", 1, "at_limit", (int)fit->is_at_limit, "parameters",
                     parameters_json(&fit->law), "log_likelihood", fit->log_likelihood, "aic",
                     fit->aic, "aicc", number_json(&fit->aicc), "bic", fit->bic, "ks", fit->ks,
                     "ks_p", number_json(&fit->ks_p), "ad", number_json(&fit->ad), "ad_p",
                     number_json(&fit->ad_p), "line", fit_findings_law(findings, fit));
}

static json_t *qq_json(const struct fit_findings *findings)
{
    json_t *rows = json_array();
    for (size_t k = 0; k < QQ_COUNT; k++) {
        struct fit_number data = fit_findings_quantile_seen(findings, qq_levels[k]);
        json_t *row = json_pack("{s:f, s:o}", "quantile", qq_levels[k], "data", number_json(&data));
        for (size_t i = 0; i < findings->fit_count; i++) {
            const struct fit *fit = &findings->fits[i];
            if (!fit->is_found)
                continue;
            const struct dist *dist = fit_dist(findings->request->arena, &fit->law);
            json_object_set_new(row, fit_family_name(fit->law.family),
                                json_real(dist_quantile(dist, qq_levels[k])));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *reached_json(bool is_reached, int64_t at_ns)
{
    return is_reached ? json_real((double)at_ns / FIT_FINDINGS_UNIT_NS) : json_null();
}

static json_t *ended_json(const struct ended ended[ENDED_COUNT])
{
    json_t *rows = json_array();
    for (size_t i = 0; i < ENDED_COUNT; i++)
        json_array_append_new(
            rows, json_pack("{s:f, s:o, s:o, s:o, s:f}", "share", ended_shares[i], "after",
                            reached_json(ended[i].is_reached, ended[i].at_ns), "low",
                            reached_json(ended[i].limits.has_low, ended[i].limits.low_ns), "high",
                            reached_json(ended[i].limits.has_high, ended[i].limits.high_ns),
                            "confidence", ended_confidence));
    return rows;
}

void fit_findings_write_json(const struct fit_findings *findings, FILE *file)
{
    const struct fit_request *request = findings->request;
    const struct empirical_sample *rows = &findings->rows;
    json_t *fits = json_array();
    for (size_t i = 0; i < findings->fit_count; i++)
        json_array_append_new(fits, fit_json(findings, &findings->fits[i]));
    json_t *counts =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "read", (json_int_t)rows->row_count, "used",
                  (json_int_t)rows->count, "censored", (json_int_t)rows->censored_count, "excluded",
                  (json_int_t)rows->excluded_count, "below_min", (json_int_t)rows->below_count,
                  "above_max", (json_int_t)rows->above_count);
    json_t *value =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:s, s:s}", "schema_version", 1,
                  "version", command_version, "file", request->source.path, "column",
                  request->source.column, "unit_of_results", "s", "rows", counts,
                  "bootstrap_samples", (json_int_t)request->bootstrap.sample_count, "seed",
                  (json_int_t)request->bootstrap.seed, "families", fits, "quantiles",
                  quantiles_text(findings), "empirical", empirical_text(request));
    CHECK(value != NULL);
    struct ended ended[ENDED_COUNT];
    if (find_ended(findings, ended))
        json_object_set_new(value, "kaplan_meier", ended_json(ended));
    if (request->is_qq)
        json_object_set_new(value, "qq", qq_json(findings));
    identity_write_json(value, file);
    json_decref(value);
}
