#include "models/rcesim/command.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/rcesim/interrupt.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/render.h"
#include "models/rcesim/study/study_page.h"
#include "reports/directory.h"
#include "reports/identity.h"
#include "reports/progress.h"
#include "reports/table.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/chance/fit.h"
#include "sim/stats/survival.h"

enum option_key {
    KEY_COLUMN = 'c',
    KEY_UNIT = 'u',
    KEY_FAMILY = 'f',
    KEY_QUIET = 'q',
    KEY_OUTPUT = 'o',
    KEY_WHERE = 512,
    KEY_MIN,
    KEY_MAX,
    KEY_CENSORED,
    KEY_CENSORED_AT,
    KEY_BOOTSTRAP,
    KEY_SEED,
    KEY_KEY,
    KEY_QQ,
    KEY_JSON,
    KEY_FORCE
};

enum {
    CONDITIONS_MAX = 64,
    BOOTSTRAP_DEFAULT = 199,
    BOOTSTRAP_MAX = 100000,
    BOOTSTRAP_FEW = 99, /* Fewer say little. */
};

/* Below the first there is doubt, from the second on there is none. */
static const double p_doubtful = 0.05, p_often = 0.2;

/* Times are fitted in seconds, whatever the unit of the column is, so that lnL can be compared. */
static const double fit_unit_ns = 1e9;
static const int64_t file_size_max_bytes = (int64_t)4 << 30;

struct options {
    struct arena *arena;
    struct empirical_source source;
    struct empirical_condition conditions[CONDITIONS_MAX], censored;
    const char *unit, *min, *max, *censored_at; /* As they were given. */
    const char *key;
    bool has_family[FIT_FAMILY_COUNT];
    struct fit_bootstrap bootstrap;
    bool is_qq, is_json, is_quiet, is_forced;
    const char *output; /* A folder for page and chart; NULL: none. */
};

/* What there is to tell. */
struct findings {
    const struct options *options;
    struct empirical_sample rows;
    struct fit_sample sample;
    struct fit fits[FIT_FAMILY_COUNT];
    size_t fit_count;
    int digits; /* As many as so many rows can carry. */
};

static double parse_limit(const struct argp_state *state, const char *option, const char *text)
{
    struct error error;
    int64_t duration_ns = 0;
    if (!units_parse_duration(text, &duration_ns, &error) || duration_ns < 0)
        argp_error(state, "%s takes a duration such as 30s, not \"%s\"", option, text);
    return (double)duration_ns;
}

static double parse_unit(const struct argp_state *state, const char *text)
{
    static const char *const names[] = {"ns", "us", "ms", "s", "min", "h", "d"};
    static const int64_t sizes_ns[] = {1, UNITS_US, UNITS_MS, UNITS_S, UNITS_MIN, UNITS_H, UNITS_D};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], text) == 0)
            return (double)sizes_ns[i];
    argp_error(state, "--unit takes ns, us, ms, s, min, h or d, not \"%s\"", text);
    return 0;
}

static void parse_condition(const struct argp_state *state, const char *option, const char *text,
                            struct empirical_condition *condition)
{
    struct options *options = state->input;
    if (!empirical_parse_condition(options->arena, text, condition, NULL))
        argp_error(state, "%s takes COLUMN==TEXT or COLUMN!=TEXT, not \"%s\"", option, text);
}

static void parse_family(const struct argp_state *state, struct options *options, const char *text)
{
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        if (strcmp(fit_family_name((enum fit_family)i), text) == 0) {
            options->has_family[i] = true;
            return;
        }
    argp_error(state,
               "--family takes exponential, lognormal, weibull, gamma or mixture, not \"%s\"",
               text);
}

static void check_together(const struct argp_state *state, const struct options *options)
{
    const struct empirical_source *source = &options->source;
    if (source->path == NULL)
        argp_error(state, "a CSV file is missing");
    if (source->column == NULL)
        argp_error(state, "--column is missing: which column holds the delays?");
    if (source->max < source->min)
        argp_error(state, "--max is less than --min");
    if (source->has_censored_at && source->censored == NULL)
        argp_error(state, "--censored-at needs --censored COLUMN==TEXT");
}

static error_t parse_rows(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    struct empirical_source *source = &options->source;
    switch (key) {
    case KEY_COLUMN: source->column = argument; return 0;
    case KEY_UNIT:
        options->unit = argument;
        source->unit = parse_unit(state, argument);
        return 0;
    case KEY_WHERE:
        if (source->condition_count == CONDITIONS_MAX)
            argp_error(state, "--where can be given %d times", CONDITIONS_MAX);
        parse_condition(state, "--where", argument, &options->conditions[source->condition_count]);
        source->condition_count++;
        return 0;
    case KEY_MIN:
        options->min = argument;
        source->min = parse_limit(state, "--min", argument);
        return 0;
    case KEY_MAX:
        options->max = argument;
        source->max = parse_limit(state, "--max", argument);
        return 0;
    case KEY_CENSORED:
        parse_condition(state, "--censored", argument, &options->censored);
        source->censored = &options->censored;
        return 0;
    case KEY_CENSORED_AT:
        options->censored_at = argument;
        source->censored_at = parse_limit(state, "--censored-at", argument);
        source->has_censored_at = true;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* It stands in front of scenario lines, so it has to be a key as YAML has it without quotes. */
static void parse_key(const struct argp_state *state, struct options *options, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (*text == '\0' || strchr(letters, *text) == NULL || text[strspn(text, others)] != '\0')
        argp_error(state,
                   "--key takes a key of a scenario such as connect (letters, digits, _ . -), not "
                   "\"%s\"",
                   text);
    options->key = text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_FAMILY: parse_family(state, options, argument); return 0;
    case KEY_BOOTSTRAP:
        options->bootstrap.sample_count =
            (uint32_t)options_number(state, "--bootstrap", argument, 0, BOOTSTRAP_MAX);
        return 0;
    case KEY_SEED:
        options->bootstrap.seed = options_number(state, "--seed", argument, 0, INT64_MAX);
        return 0;
    case KEY_KEY: parse_key(state, options, argument); return 0;
    case KEY_QQ: options->is_qq = true; return 0;
    case KEY_JSON: options->is_json = true; return 0;
    case KEY_QUIET: options->is_quiet = true; return 0;
    case KEY_OUTPUT: options->output = argument; return 0;
    case KEY_FORCE: options->is_forced = true; return 0;
    case ARGP_KEY_ARG:
        if (options->source.path != NULL)
            argp_error(state, "one file at a time: \"%s\" is too many", argument);
        options->source.path = argument;
        return 0;
    case ARGP_KEY_END: check_together(state, options); return 0;
    }
    return parse_rows(key, argument, state);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"column", KEY_COLUMN, "NAME", 0, "The column with the delays", 1},
        {"unit", KEY_UNIT, "UNIT", 0, "Their unit: ns us ms s min h d (default: s)", 1},
        {"where", KEY_WHERE, "COL==TEXT", 0,
         "Only rows like that (or COL!=TEXT); may be given several times", 1},
        {"min", KEY_MIN, "DURATION", 0, "Leave out shorter delays", 1},
        {"max", KEY_MAX, "DURATION", 0, "Leave out longer delays", 1},
        {"censored", KEY_CENSORED, "COL==TEXT", 0,
         "Rows that were cut off (timed out): they lasted longer", 1},
        {"censored-at", KEY_CENSORED_AT, "DURATION", 0,
         "When those were cut off (default: the value of the row)", 1},
        {"family", KEY_FAMILY, "NAME", 0,
         "Only this one: exponential, lognormal, weibull, gamma or mixture (of two lognormals); "
         "may be given several times",
         2},
        {"bootstrap", KEY_BOOTSTRAP, "N", 0,
         "Samples for p (default: 199; 0: no p; fewer than 99 say little)", 2},
        {"seed", KEY_SEED, "N", 0, "The seed of those (default: 1)", 2},
        {"key", KEY_KEY, "NAME", 0, "The key in front of scenario lines (default: delay)", 3},
        {"qq", KEY_QQ, NULL, 0, "Print the quantiles of data and families side by side", 3},
        {"json", KEY_JSON, NULL, 0, "Print JSON instead of tables", 3},
        {"quiet", KEY_QUIET, NULL, 0, "No progress", 3},
        {"output", KEY_OUTPUT, "DIR", 0,
         "Write the result as JSON, a page, and the chart of quantiles to a folder", 3},
        {"force", KEY_FORCE, NULL, 0, "Replace a result that is there", 3},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "FILE.csv",
        .doc = "Find the distribution of measured delays: fit families by maximum likelihood, rank "
               "them by AICc, say how far each is from the data, and print lines for a scenario. "
               "The file is read twice, so it cannot be a pipe."
               "\vA small p says that samples of the family are rarely as far from it as the "
               "data is: then the line with quantiles or empirical is the honest one.",
    };
    options->source.conditions = options->conditions;
    command_parse(&argp, argc, argv, options);
    bool has_any = false;
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        has_any = has_any || options->has_family[i];
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        options->has_family[i] = options->has_family[i] || !has_any;
}

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
static void print_line(const struct findings *findings, const struct page *page, const char *text)
{
    enum { INDENT = 6 };
    struct arena *arena = findings->options->arena;
    const char *before = arena_print(arena, "  %s: ", findings->options->key);
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
static const char *empirical_text(const struct options *options)
{
    struct arena *arena = options->arena;
    const struct empirical_source *source = &options->source;
    const char *text = arena_print(arena, "empirical(file=%s, column=%s, unit=%s",
                                   fit_print_word(arena, source->path),
                                   fit_print_word(arena, source->column), options->unit);
    if (options->min != NULL)
        text = arena_print(arena, "%s, min=%s", text, options->min);
    if (options->max != NULL)
        text = arena_print(arena, "%s, max=%s", text, options->max);
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
        text = arena_print(arena, "%s, censored_at=%s", text, options->censored_at);
    return arena_print(arena, "%s)", text);
}

static double last_ended(const struct findings *findings)
{
    size_t i = findings->sample.count - 1;
    while (findings->sample.times[i].is_censored)
        i--;
    return findings->sample.times[i].value;
}

/* The quantile of the data in seconds, that is inf{x : F_n(x) >= p}. */
static double data_quantile(const struct findings *findings, double p)
{
    const struct empirical_estimate *estimate = &findings->sample.estimate;
    size_t low = 0, high = estimate->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (estimate->cumulative[middle] >= p)
            high = middle;
        else
            low = middle + 1;
    }
    return estimate->values[low];
}

static const char *duration_text(const struct findings *findings, double value)
{
    return fit_print_duration(findings->options->arena, value * fit_unit_ns, findings->digits);
}

/* Few rows say little of the far tails. */
static const char *quantiles_text(const struct findings *findings)
{
    static const int percents[] = {0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100};
    struct arena *arena = findings->options->arena;
    const char *text = "quantiles(";
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        int tail = percents[i] < 50 ? percents[i] : 100 - percents[i];
        if (tail > 0 && (double)tail / 100 * (double)findings->sample.count < 3)
            continue;
        text = arena_print(arena, "%s%s%d%%=%s", text, i == 0 ? "" : ", ", percents[i],
                           duration_text(findings, data_quantile(findings, percents[i] / 100.0)));
    }
    return arena_print(arena, "%s)", text);
}

static const char *law_text(const struct findings *findings, const struct fit *fit)
{
    return fit_print(findings->options->arena, &fit->law, fit_unit_ns, findings->digits);
}

static const char *rows_word(size_t count)
{
    return count == 1 ? "row" : "rows";
}

static const char *add_count(struct arena *arena, const char *text, size_t count, const char *why)
{
    if (count == 0)
        return text;
    return arena_print(arena, "%s%s%zu %s", text, *text == '\0' ? "" : ", ", count, why);
}

static void print_rows(const struct findings *findings, const struct page *page)
{
    const struct options *options = findings->options;
    const struct empirical_sample *rows = &findings->rows;
    struct arena *arena = options->arena;
    const char *left_out = add_count(arena, "", rows->excluded_count, "by --where");
    left_out = add_count(arena, left_out, rows->below_count, "below --min");
    left_out = add_count(arena, left_out, rows->above_count, "above --max");
    const char *text = arena_print(
        arena, "%s, %s: %zu of %zu %s, from %s to %s, median %s.", options->source.path,
        options->source.column, rows->count, rows->row_count, rows_word(rows->row_count),
        duration_text(findings, findings->sample.times[0].value),
        duration_text(findings, findings->sample.times[rows->count - 1].value),
        duration_text(findings, data_quantile(findings, 0.5)));
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
                        rows->censored_count, rows_word(rows->censored_count),
                        options->censored_at == NULL ? "" : " by ",
                        options->censored_at == NULL ? "" : options->censored_at));
}

static void add_number(struct table *table, const struct fit_number *number, int decimals)
{
    if (number->is_known)
        table_print_cell(table, "%.*f", decimals, number->value);
    else
        table_add(table, "-");
}

/* p = 0 does not exist: the data counts as one sample of itself. */
static const char *p_text(struct arena *arena, double p)
{
    return p < 0.001 ? "< 0.001" : arena_print(arena, "%.3f", p);
}

static void add_p(const struct findings *findings, struct table *table, const struct fit_number *p)
{
    table_add(table, p->is_known ? p_text(findings->options->arena, p->value) : "-");
}

static void print_families(const struct findings *findings, const struct page *page)
{
    static const char *const titles[] = {"family", "AICc", "behind", "BIC", "lnL",
                                         "KS",     "p",    "AD",     "p"};
    struct table *table = table_create(findings->options->arena);
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

/* The first fit that may be trusted; NULL if there is none. */
static const struct fit *best_of(const struct findings *findings)
{
    const struct fit *best = &findings->fits[0];
    return best->is_found && !best->is_at_limit ? best : NULL;
}

/* What p says of the best family. With few samples p cannot be small, whatever the data is. */
static const char *verdict_on(struct arena *arena, const char *name, double p)
{
    const char *text = p_text(arena, p);
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

static void print_verdict(const struct findings *findings, const struct page *page)
{
    struct arena *arena = findings->options->arena;
    uint32_t sample_count = findings->options->bootstrap.sample_count;
    const struct fit *best = best_of(findings);
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

static void print_notes(const struct findings *findings, const struct page *page)
{
    const struct options *options = findings->options;
    struct arena *arena = options->arena;
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
    else if (options->bootstrap.sample_count > 0)
        page_paragraph(page, 0,
                       arena_print(arena,
                                   "p: share of samples of the fitted family that are at least as "
                                   "far from it (%u sample%s, seed %llu).",
                                   options->bootstrap.sample_count,
                                   options->bootstrap.sample_count == 1 ? "" : "s",
                                   (unsigned long long)options->bootstrap.seed));
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

/* Beyond the longest row that ended, quantiles of censored data are unknown. */
static struct fit_number qq_data(const struct findings *findings, double level)
{
    double value = data_quantile(findings, level);
    return (struct fit_number){value <= last_ended(findings), value};
}

static void print_qq(const struct findings *findings, const struct page *page)
{
    struct arena *arena = findings->options->arena;
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
        struct fit_number data = qq_data(findings, qq_levels[k]);
        table_print_cell(table, "%g%%", 100 * qq_levels[k]);
        table_add(table, data.is_known ? duration_text(findings, data.value) : "-");
        for (size_t i = 0; i < findings->fit_count; i++)
            if (dists[i] != NULL)
                table_add(table, duration_text(findings, dist_quantile(dists[i], qq_levels[k])));
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
static bool find_ended(const struct findings *findings, struct ended ended[ENDED_COUNT])
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
            .at_ns = llround(sample->times[i].value * fit_unit_ns),
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

static const char *reached_text(const struct findings *findings, bool is_reached, int64_t at_ns)
{
    return is_reached ? duration_text(findings, (double)at_ns / fit_unit_ns) : "not reached";
}

static void print_ended(const struct findings *findings, const struct page *page)
{
    struct ended ended[ENDED_COUNT];
    if (!find_ended(findings, ended))
        return;
    struct table *table = table_create(findings->options->arena);
    table_add_column(table, "ended", TABLE_RIGHT);
    table_add_column(table, "after", TABLE_RIGHT);
    table_add_column(
        table, arena_print(findings->options->arena, "%.0f %% interval", 100 * ended_confidence),
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

static void print_findings(const struct findings *findings)
{
    struct page page = page_of(stdout);
    print_rows(findings, &page);
    print_ended(findings, &page);
    print_families(findings, &page);
    putchar('\n');
    print_notes(findings, &page);
    if (findings->options->is_qq)
        print_qq(findings, &page);
    page_title(&page, "Scenario lines: families");
    for (size_t i = 0; i < findings->fit_count; i++)
        if (findings->fits[i].is_found)
            print_line(findings, &page, law_text(findings, &findings->fits[i]));
    page_title(&page, "Scenario lines: the data itself (a file name starts at the scenario)");
    print_line(findings, &page, quantiles_text(findings));
    if (findings->rows.file_size_bytes <= EMPIRICAL_FILE_SIZE_MAX_BYTES)
        print_line(findings, &page, empirical_text(findings->options));
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

static json_t *fit_json(const struct findings *findings, const struct fit *fit)
{
    const char *name = fit_family_name(fit->law.family);
    if (!fit->is_found)
        return json_pack("{s:s, s:b}", "family", name, "found", 0);
    return json_pack("{s:s, s:b, s:b, s:o, s:f, s:f, s:o, s:f, s:f, s:o, s:o, s:o, s:s}", "family",
                     name, "found", 1, "at_limit", (int)fit->is_at_limit, "parameters",
                     parameters_json(&fit->law), "log_likelihood", fit->log_likelihood, "aic",
                     fit->aic, "aicc", number_json(&fit->aicc), "bic", fit->bic, "ks", fit->ks,
                     "ks_p", number_json(&fit->ks_p), "ad", number_json(&fit->ad), "ad_p",
                     number_json(&fit->ad_p), "line", law_text(findings, fit));
}

static json_t *qq_json(const struct findings *findings)
{
    json_t *rows = json_array();
    for (size_t k = 0; k < QQ_COUNT; k++) {
        struct fit_number data = qq_data(findings, qq_levels[k]);
        json_t *row = json_pack("{s:f, s:o}", "quantile", qq_levels[k], "data", number_json(&data));
        for (size_t i = 0; i < findings->fit_count; i++) {
            const struct fit *fit = &findings->fits[i];
            if (!fit->is_found)
                continue;
            const struct dist *dist = fit_dist(findings->options->arena, &fit->law);
            json_object_set_new(row, fit_family_name(fit->law.family),
                                json_real(dist_quantile(dist, qq_levels[k])));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *reached_json(bool is_reached, int64_t at_ns)
{
    return is_reached ? json_real((double)at_ns / fit_unit_ns) : json_null();
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

static void write_json(const struct findings *findings, FILE *file)
{
    const struct options *options = findings->options;
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
                  "version", command_version, "file", options->source.path, "column",
                  options->source.column, "unit_of_results", "s", "rows", counts,
                  "bootstrap_samples", (json_int_t)options->bootstrap.sample_count, "seed",
                  (json_int_t)options->bootstrap.seed, "families", fits, "quantiles",
                  quantiles_text(findings), "empirical", empirical_text(options));
    CHECK(value != NULL);
    struct ended ended[ENDED_COUNT];
    if (find_ended(findings, ended))
        json_object_set_new(value, "kaplan_meier", ended_json(ended));
    if (options->is_qq)
        json_object_set_new(value, "qq", qq_json(findings));
    identity_write_json(value, file);
    json_decref(value);
}

/* An option with its value as it could be typed. */
static const char *add_option(struct arena *arena, const char *text, const char *option,
                              const char *value)
{
    if (value == NULL)
        return text;
    return arena_print(arena, "%s %s %s", text, option, options_quote(arena, value));
}

static const char *condition_text(struct arena *arena, const struct empirical_condition *condition)
{
    return condition == NULL ? NULL
                             : arena_print(arena, "%s%s%s", condition->column,
                                           condition->is_equal ? "==" : "!=", condition->text);
}

/* The command in a normal form: everything that can change the result. */
static const char *normal_command(const struct findings *findings)
{
    const struct options *options = findings->options;
    const struct empirical_source *source = &options->source;
    struct arena *arena = options->arena;
    const char *text = arena_print(arena, "rcesim fit %s", options_quote(arena, source->path));
    text = add_option(arena, text, "--column", source->column);
    text = add_option(arena, text, "--unit", options->unit);
    for (size_t i = 0; i < source->condition_count; i++)
        text = add_option(arena, text, "--where", condition_text(arena, &source->conditions[i]));
    text = add_option(arena, text, "--min", options->min);
    text = add_option(arena, text, "--max", options->max);
    text = add_option(arena, text, "--censored", condition_text(arena, source->censored));
    text = add_option(arena, text, "--censored-at", options->censored_at);
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        if (options->has_family[i] && findings->fit_count < FIT_FAMILY_COUNT)
            text = add_option(arena, text, "--family", fit_family_name((enum fit_family)i));
    return arena_print(arena, "%s --bootstrap %u --seed %llu", text,
                       options->bootstrap.sample_count,
                       (unsigned long long)options->bootstrap.seed);
}

static uint64_t hash_rows(const struct findings *findings)
{
    const struct fit_sample *sample = &findings->sample;
    uint64_t hash = 0;
    for (size_t i = 0; i < sample->count; i++) {
        char text[64];
        int length = snprintf(text, sizeof text, "%016llx %.17g%s", (unsigned long long)hash,
                              sample->times[i].value, sample->times[i].is_censored ? "+" : "");
        hash = text_hash(text, (size_t)length);
    }
    return hash;
}

static struct identity identity_of(const struct findings *findings)
{
    const struct options *options = findings->options;
    const char *slash = strrchr(options->source.path, '/');
    return (struct identity){
        .program = "rcesim",
        .version = command_version,
        .scenario = slash == NULL ? options->source.path : slash + 1,
        .scenario_hash = hash_rows(findings),
        .seed = options->bootstrap.seed,
        .command = normal_command(findings),
    };
}

/* Quantiles of the families against those of the data. */
static void add_qq_chart(const struct findings *findings, struct study_page *page)
{
    enum { POINTS_MAX = 99 };
    struct arena *arena = findings->options->arena;
    size_t count = findings->sample.count < POINTS_MAX ? findings->sample.count : POINTS_MAX;
    int64_t unit_ns;
    const char *unit = chart_time_unit((int64_t)(last_ended(findings) * fit_unit_ns), &unit_ns);
    double factor = fit_unit_ns / (double)unit_ns;
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
        struct fit_number data = qq_data(findings, level);
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
                                findings->sample.count, rows_word(findings->sample.count), count),
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

static void add_families(const struct findings *findings, struct study_page *page)
{
    static const char *const titles[] = {"family", "AICc", "KS", "p", "AD", "p", "scenario line"};
    struct arena *arena = findings->options->arena;
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
                                   (size_t)findings->options->bootstrap.sample_count));
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
        manifest_add_cell(table, law_text(findings, fit));
    }
}

static struct manifest *make_manifest(const struct findings *findings)
{
    struct arena *arena = findings->options->arena;
    struct identity identity = identity_of(findings);
    const struct fit *best = best_of(findings);
    const char *lead = "No family can be trusted for this data.";
    if (best != NULL)
        lead = arena_print(arena, "Of the families tried, %s describes the data best (least AICc).",
                           law_text(findings, best));
    struct study_page page = study_page_begin(
        arena, &identity,
        &(struct study_page_words){
            .question = arena_print(arena, "How is %s of %s distributed?",
                                    findings->options->source.column, identity.scenario),
            .lead = lead,
            .id = STUDY_PAGE_FIT,
            .title = "Fitted distributions",
        });
    add_qq_chart(findings, &page);
    add_families(findings, &page);
    return study_page_end(&page);
}

static bool write_folder(const struct findings *findings, const struct directory_target *target,
                         struct render_report *drawn, struct error *error)
{
    struct directory *directory;
    struct process_patience patience = {.interrupted = interrupt_catch()};
    if (!directory_open(&directory, findings->options->arena, target, error))
        return false;
    FILE *file = directory_create_file(directory, target->mark, error);
    bool is_good = file != NULL;
    if (is_good) {
        write_json(findings, file);
        is_good = directory_close_file(directory, target->mark, file, error);
    }
    struct render_job job = {
        .manifest = make_manifest(findings), .directory = directory, .patience = &patience};
    if (is_good && render(&job, drawn, error))
        return directory_commit(directory, error);
    directory_discard(directory);
    return false;
}

/* The exit status: 0, or that of an error, or of a picture that is missing. */
static int store(const struct findings *findings, const struct directory_target *target)
{
    struct render_report drawn = {0};
    struct error error;
    if (target->path == NULL)
        return 0;
    if (!write_folder(findings, target, &drawn, &error))
        return options_fail(&error);
    if (!findings->options->is_json)
        printf("\nResult: %s\n", target->path);
    fflush(stdout);
    return render_complain(&drawn) ? 0 : ERROR_CHART;
}

static void show(void *context, uint64_t done, uint64_t total)
{
    progress_show(context, done, total, "bootstrap");
}

static bool find(struct findings *findings, struct error *error)
{
    enum { MANY_ROWS = 10000, DIGITS_FEW = 3, DIGITS_MANY = 4 };
    const struct options *options = findings->options;
    if (!empirical_read(options->arena, &options->source, &findings->rows, error))
        return false;
    for (size_t i = 0; i < findings->rows.count; i++)
        findings->rows.times[i].value /= fit_unit_ns;
    if (!fit_prepare(options->arena, findings->rows.times, findings->rows.count, &findings->sample,
                     error))
        return error_context(error, "%s: %s", options->source.path, options->source.column);
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        if (options->has_family[i])
            findings->fits[findings->fit_count++] =
                fit_family(&findings->sample, (enum fit_family)i);
    struct progress progress = progress_start(stderr, options->is_quiet);
    struct fit_bootstrap bootstrap = options->bootstrap;
    bootstrap.progress = show;
    bootstrap.progress_context = &progress;
    fit_bootstrap(&findings->sample, findings->fits, findings->fit_count, &bootstrap);
    progress_end(&progress);
    fit_rank(findings->fits, findings->fit_count);
    findings->digits = findings->sample.count < MANY_ROWS ? DIGITS_FEW : DIGITS_MANY;
    return true;
}

int command_fit(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {
        .arena = arena,
        .source = {.unit = 1e9,
                   .min = -INFINITY,
                   .max = INFINITY,
                   .longest = (double)DIST_DURATION_MAX_NS,
                   .is_command_line = true,
                   .file_size_max_bytes = file_size_max_bytes},
        .unit = "s",
        .key = "delay",
        .bootstrap = {.seed = 1, .sample_count = BOOTSTRAP_DEFAULT},
    };
    parse_options(&options, argc, argv);
    struct findings findings = {.options = &options};
    struct directory_target target = {
        .path = options.output, .mark = "fit.json", .replace = options.is_forced};
    struct error error;
    int status = ERROR_IO;
    if ((target.path != NULL && !directory_check(&target, &error)) || !find(&findings, &error)) {
        if (error.code == ERROR_SCENARIO)
            error.code = ERROR_IO; /* There is no scenario here: what is wrong is the file. */
        status = options_fail(&error);
    } else {
        if (options.is_json)
            write_json(&findings, stdout);
        else
            print_findings(&findings);
        status = store(&findings, &target);
    }
    arena_destroy(arena);
    return status;
}
