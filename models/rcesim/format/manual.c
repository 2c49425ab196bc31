#include "models/rcesim/format/manual.h"

#include "sim/base/check.h"

const struct manual_dist manual_dists[] = {
    {"constant", "30min; constant(30min)", false, "Always the same."},
    {"uniform", "uniform(45min, 60min); uniform(min=45min, max=60min)", false,
     "Every value between the limits alike."},
    {"exponential", "exponential(mean=5s)", false, "The wait for something without memory."},
    {"lognormal",
     "lognormal(median=15min, sigma=0.45); lognormal(median=120ms, p95=900ms); "
     "lognormal(mu=4.15, sigma=1.4, unit=min)",
     false,
     "A product of many factors. By median and sigma, median and 95th percentile, or the mean and "
     "deviation of the logarithm."},
    {"normal", "normal(mean=10min, sigma=1min)", false,
     "A sum of many small effects; ends 8.25 sigma from its mean. Where that is below 0: "
     "truncate(normal(...), min=0s)."},
    {"weibull", "weibull(shape=2.2, scale=83s)", false, "Life times; shape 1 is exponential."},
    {"gamma", "gamma(shape=4, scale=10s); gamma(shape=4, mean=40s)", false, "A sum of steps."},
    {"triangular", "triangular(min=1min, mode=2min, max=5min)", false,
     "What an expert guesses: least, most likely, most."},
    {"discrete", "discrete(1=0.62, 2=0.25, 3=13%)", true,
     "Each value with its probability; they sum to 1."},
    {"quantiles", "quantiles(0%=5s, 50%=20s, 100%=2min)", false,
     "A measured shape; straight lines between the points."},
    {"empirical",
     "empirical(file=a.csv, column=seconds, unit=s, min=30s, max=2h, where=suite!=vm_only, "
     "censored=note==Timed Out, censored_at=30min)",
     false,
     "The rows of a CSV file with a header. `where=COLUMN==TEXT` and `where=COLUMN!=TEXT` choose "
     "rows, `min` and `max` leave values out; rows for which `censored` holds lasted at least "
     "`censored_at` (Kaplan-Meier). All but file and column may be left out."},
    {"mixture", "mixture(0.95=lognormal(median=4min, sigma=0.6), 0.05=uniform(20min, 40min))",
     false, "One of several distributions, each with its probability."},
    {"truncate", "truncate(exponential(mean=20min), min=1min, max=2h)", false,
     "The part between the limits, made whole again."},
    {"shift", "shift(exponential(mean=5s), by=30s)", false, "So much later."},
    {"scale", "scale(uniform(1min, 2min), by=1.5)", false, "So many times as long."},
};
const size_t manual_dist_count = sizeof manual_dists / sizeof manual_dists[0];

const struct manual_threshold manual_thresholds[] = {
    {"failure_rate(after) < 1%",
     "The true value: the whole interval must be inside. Also `<=`, `>`, `>=`."},
    {"failure_rate(before) within 15%..21%", "The same between two limits, both included."},
    {"value(failure_rate(after)) < 1%", "The estimate alone, whatever its interval. Also `==`."},
    {"upper(failure_rate(after)) < 1%",
     "An end of the interval, or `lower(...)`: met or not, never inconclusive."},
    {"violations(after) == 0", "Nothing was seen; an upper bound is shown."},
    {"new_failures(after) == 0",
     "Share of the units that fail here and not in the first variant; `fixed_failures` the other "
     "way round."},
    {"wave_duration(after) < 36h", "A duration has a unit."},
    {"api_calls(after) < 20", "A sum per unit; a total is compared per replication."},
    {"p95(duration(after)) < 20h",
     "A quantile over all units (`p99.9`, `median`), or their `mean`; `min` and `max` only inside "
     "of `value(...)`."},
    {"p95(duration(after)) < 1.1 * p95(duration(before))", "Against a multiple of another one."},
    {"failure_rate(before) - failure_rate(after) > 10%",
     "Sums, with `+ - * /`, numbers and parentheses; compared replication by replication."},
    {"api_calls(after) <= 1.2 * api_calls(before) + 5", "The same, with quantities on both sides."},
    {"hosts_added(after) == hosts_removed(after) + hosts_left_over(after)",
     "`==` between metrics: equal in every replication."},
};
const size_t manual_threshold_count = sizeof manual_thresholds / sizeof manual_thresholds[0];

/* Examples, each in back quotes. */
static void print_examples(FILE *out, const char *examples)
{
    putc('`', out);
    for (const char *at = examples; *at != '\0'; at++) {
        if (at[0] == ';' && at[1] == ' ') {
            fputs("`, `", out);
            at++;
        } else {
            putc(*at, out);
        }
    }
    putc('`', out);
}

static void print_dists(FILE *out)
{
    fputs("\n## Distributions\n\n"
          "Arguments are `name=value`, or values alone in the order shown; distributions may be\n"
          "nested (at most 8 deep). Durations carry a unit in every argument, numbers carry none;\n"
          "`discrete` and `constant` are shown for one of them and exist for both, as all do.\n\n"
          "| distribution | example | meaning |\n|---|---|---|\n",
          out);
    for (size_t i = 0; i < manual_dist_count; i++) {
        fprintf(out, "| %s | ", manual_dists[i].name);
        print_examples(out, manual_dists[i].example);
        fprintf(out, " | %s |\n", manual_dists[i].doc);
    }
}

static const char *number_form(const struct metric *metric)
{
    if (metric->unit == METRIC_DURATION_NS)
        return "duration";
    switch (metric->kind) {
    case METRIC_PROPORTION: return "share of the units";
    case METRIC_PER_UNIT: return "per unit";
    case METRIC_TOTAL: return "per replication";
    case METRIC_PER_REPLICATION: return "of a replication";
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

/* "share of the workflows", "duration per workflow". */
static const char *unit_form(struct arena *arena, const struct model *model,
                             const struct metric *metric)
{
    const char *what = metric->unit == METRIC_DURATION_NS ? "duration" : "number";
    switch (metric->kind) {
    case METRIC_PROPORTION: return arena_print(arena, "share of the %s", model->unit_names);
    case METRIC_PER_UNIT: return arena_print(arena, "%s per %s", what, model->unit_name);
    case METRIC_TOTAL: return arena_print(arena, "%s per replication, all together", what);
    case METRIC_PER_REPLICATION: return arena_print(arena, "%s of a replication", what);
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

static void print_named(const struct page *page, struct arena *arena, const char *head,
                        const char *doc)
{
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 2, head);
    page_style(page, PAGE_PLAIN);
    page_paragraph(page, 6, arena_print(arena, "%s", doc));
}

void manual_print_metrics(const struct domain *domain, struct arena *arena, const struct page *page)
{
    const struct model *model = domain->model;
    page_paragraph(page, 0,
                   arena_print(arena,
                               "Metrics of the model %s: the name, for --metric and "
                               "thresholds; the label of tables; the unit.",
                               model->name));
    for (size_t i = 0; i < model->metric_count; i++) {
        const struct metric *metric = &model->metrics[i];
        print_named(page, arena,
                    arena_print(arena, "%s: %s (%s)", metric->name, metric->label,
                                unit_form(arena, model, metric)),
                    metric->doc);
    }
    if (model->histogram_count == 0)
        return;
    page_title(page, arena_print(arena,
                                 "Durations of single %s, for p95(...), median(...) and "
                                 "mean(...) in thresholds",
                                 model->unit_names));
    for (size_t i = 0; i < model->histogram_count; i++)
        print_named(
            page, arena,
            arena_print(arena, "%s: %s", model->histograms[i].name, model->histograms[i].label),
            model->histograms[i].doc);
}

const char *manual_metrics_hint(struct arena *arena, const struct model *model)
{
    return arena_print(arena, "`rcesim scenario --metrics --model %s` lists them", model->name);
}

static void print_thresholds(const struct model *model, FILE *out)
{
    fputs("\n## Forms of thresholds\n\n"
          "A metric, the variant in parentheses (which may be left out if there is one), and a\n"
          "comparison: `<`, `<=`, `>`, `>=`, `==`, `within a..b`. Without samples a threshold "
          "fails;\n"
          "where the interval is partly inside it is inconclusive.\n\n"
          "| threshold | meaning |\n|---|---|\n",
          out);
    for (size_t i = 0; i < manual_threshold_count; i++)
        fprintf(out, "| `%s` | %s |\n", manual_thresholds[i].example, manual_thresholds[i].doc);
    fputs(
        "\n## Metrics of thresholds\n\n| metric | label | number | meaning |\n|---|---|---|---|\n",
        out);
    for (size_t i = 0; i < model->metric_count; i++) {
        const struct metric *metric = &model->metrics[i];
        fprintf(out, "| `%s` | %s | %s | %s |\n", metric->name, metric->label, number_form(metric),
                metric->doc);
    }
    for (size_t i = 0; i < model->histogram_count; i++)
        fprintf(out, "| `%s` | %s | in p95(...), mean(...) | %s |\n", model->histograms[i].name,
                model->histograms[i].label, model->histograms[i].doc);
}

void manual_print(const struct domain *domain, FILE *out)
{
    schema_print_document(domain->schema, out);
    print_dists(out);
    print_thresholds(domain->model, out);
}
