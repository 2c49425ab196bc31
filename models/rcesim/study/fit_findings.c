#include "models/rcesim/study/fit_findings.h"

#include <stdio.h>
#include <string.h>

#include "models/rcesim/command.h"
#include "models/rcesim/options.h"
#include "reports/progress.h"
#include "sim/base/text.h"

static void show(void *context, uint64_t done, uint64_t total)
{
    progress_show(context, done, total, "bootstrap");
}

bool fit_findings_find(struct fit_findings *findings, struct error *error)
{
    enum { MANY_ROWS = 10000, DIGITS_FEW = 3, DIGITS_MANY = 4 };
    const struct fit_request *request = findings->request;
    if (!empirical_read(request->arena, &request->source, &findings->rows, error))
        return false;
    for (size_t i = 0; i < findings->rows.count; i++)
        findings->rows.times[i].value /= FIT_FINDINGS_UNIT_NS;
    if (!fit_prepare(request->arena, findings->rows.times, findings->rows.count, &findings->sample,
                     error))
        return error_context(error, "%s: %s", request->source.path, request->source.column);
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        if (request->has_family[i])
            findings->fits[findings->fit_count++] =
                fit_family(&findings->sample, (enum fit_family)i);
    struct progress progress = progress_start(stderr, request->is_quiet);
    struct fit_bootstrap bootstrap = request->bootstrap;
    bootstrap.progress = show;
    bootstrap.progress_context = &progress;
    fit_bootstrap(&findings->sample, findings->fits, findings->fit_count, &bootstrap);
    progress_end(&progress);
    fit_rank(findings->fits, findings->fit_count);
    findings->digits = findings->sample.count < MANY_ROWS ? DIGITS_FEW : DIGITS_MANY;
    return true;
}

double fit_findings_last_ended(const struct fit_findings *findings)
{
    size_t i = findings->sample.count - 1;
    while (findings->sample.times[i].is_censored)
        i--;
    return findings->sample.times[i].value;
}

/* The quantile of the data in seconds, that is inf{x : F_n(x) >= p}. */
double fit_findings_quantile(const struct fit_findings *findings, double p)
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

const char *fit_findings_law(const struct fit_findings *findings, const struct fit *fit)
{
    return fit_print(findings->request->arena, &fit->law, FIT_FINDINGS_UNIT_NS, findings->digits);
}

/* The first fit that may be trusted; NULL if there is none. */
const struct fit *fit_findings_best(const struct fit_findings *findings)
{
    const struct fit *best = &findings->fits[0];
    return best->is_found && !best->is_at_limit ? best : NULL;
}

/* Beyond the longest row that ended, quantiles of censored data are unknown. */
struct fit_number fit_findings_quantile_seen(const struct fit_findings *findings, double level)
{
    double value = fit_findings_quantile(findings, level);
    return (struct fit_number){value <= fit_findings_last_ended(findings), value};
}

const char *fit_findings_duration(const struct fit_findings *findings, double value_s)
{
    return fit_print_duration(findings->request->arena, value_s * FIT_FINDINGS_UNIT_NS,
                              findings->digits);
}

const char *fit_findings_rows_word(size_t count)
{
    return count == 1 ? "row" : "rows";
}

/* p = 0 does not exist: the data counts as one sample of itself. */
const char *fit_findings_p(struct arena *arena, double p)
{
    return p < 0.001 ? "< 0.001" : arena_print(arena, "%.3f", p);
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
static const char *normal_command(const struct fit_findings *findings)
{
    const struct fit_request *request = findings->request;
    const struct empirical_source *source = &request->source;
    struct arena *arena = request->arena;
    const char *text = arena_print(arena, "rcesim fit %s", options_quote(arena, source->path));
    text = add_option(arena, text, "--column", source->column);
    text = add_option(arena, text, "--unit", request->unit);
    for (size_t i = 0; i < source->condition_count; i++)
        text = add_option(arena, text, "--where", condition_text(arena, &source->conditions[i]));
    text = add_option(arena, text, "--min", request->min);
    text = add_option(arena, text, "--max", request->max);
    text = add_option(arena, text, "--censored", condition_text(arena, source->censored));
    text = add_option(arena, text, "--censored-at", request->censored_at);
    for (int i = 0; i < FIT_FAMILY_COUNT; i++)
        if (request->has_family[i] && findings->fit_count < FIT_FAMILY_COUNT)
            text = add_option(arena, text, "--family", fit_family_name((enum fit_family)i));
    return arena_print(arena, "%s --bootstrap %u --seed %llu", text,
                       request->bootstrap.sample_count,
                       (unsigned long long)request->bootstrap.seed);
}

static uint64_t hash_rows(const struct fit_findings *findings)
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

struct identity fit_findings_identity(const struct fit_findings *findings)
{
    const struct fit_request *request = findings->request;
    const char *slash = strrchr(request->source.path, '/');
    return (struct identity){
        .program = "rcesim",
        .version = command_version,
        .scenario = slash == NULL ? request->source.path : slash + 1,
        .scenario_hash = hash_rows(findings),
        .seed = request->bootstrap.seed,
        .command = normal_command(findings),
    };
}
