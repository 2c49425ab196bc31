#include "models/rcesim/study/study_page.h"

#include <inttypes.h>
#include <math.h>

#include "sim/base/units.h"

struct study_page study_page_begin(struct arena *arena, const struct identity *identity,
                                   const struct study_page_words *words)
{
    struct study_page page = {
        .arena = arena,
        .manifest = manifest_create(arena, identity, words->question, words->lead),
    };
    page.section = manifest_add_section(page.manifest, words->id, words->title);
    if (words->partial != NULL)
        manifest_add_text(page.section, MANIFEST_WARNING,
                          arena_print(arena, "This is a partial result: %s.", words->partial));
    return page;
}

struct manifest *study_page_end(struct study_page *page)
{
    const struct identity *identity = &page->manifest->identity;
    struct manifest_section *section =
        manifest_add_section(page->manifest, "reproduce", "How to reproduce");
    manifest_add_text(section, MANIFEST_PLAIN,
                      arena_print(page->arena,
                                  "Made by %s %s from %s (hash %016" PRIx64 ") with seed %" PRIu64
                                  ". The same version, input and seed give the same bytes, on any "
                                  "number of threads.",
                                  identity->program, identity->version, identity->scenario,
                                  identity->scenario_hash, identity->seed));
    manifest_add_command(section, "This result", identity->command);
    manifest_add_command(section, "In the page of a run in DIR, from this folder",
                         "rcesim report DIR --with .");
    return page->manifest;
}

struct study_page_axis study_page_axis_of(struct arena *arena, const struct metric *metric,
                                          double largest)
{
    if (metric->kind == METRIC_PROPORTION)
        return (struct study_page_axis){100, "%", arena_print(arena, "%s (%%)", metric->label)};
    if (metric->unit == METRIC_COUNT)
        return (struct study_page_axis){1, "", metric->label};
    int64_t unit_ns;
    const char *unit = chart_time_unit(largest < 9e18 ? (int64_t)largest : INT64_MAX, &unit_ns);
    return (struct study_page_axis){1 / (double)unit_ns, unit,
                                    arena_print(arena, "%s (%s)", metric->label, unit)};
}

static void add_or_miss(struct chart *chart, bool is_there, double number)
{
    if (is_there)
        chart_add_number(chart, number);
    else
        chart_add_missing(chart);
}

void study_page_add_interval(struct chart *chart, const struct interval *interval, double factor)
{
    add_or_miss(chart, interval_is_known(interval), factor * interval->low);
    add_or_miss(chart, interval_has_estimate(interval), factor * interval->estimate);
    add_or_miss(chart, interval_is_known(interval), factor * interval->high);
}

void study_page_add_estimate(struct chart *chart, const struct interval *interval, double factor)
{
    add_or_miss(chart, interval_has_estimate(interval), factor * interval->estimate);
    add_or_miss(chart, interval_is_known(interval), factor * interval->low);
    add_or_miss(chart, interval_is_known(interval), factor * interval->high);
}

double study_page_reach(double largest, const struct interval *interval)
{
    double reach = 0;
    if (interval_has_estimate(interval))
        reach = fabs(interval->estimate);
    if (interval_is_known(interval))
        reach = fmax(fabs(interval->low), fabs(interval->high));
    return reach > largest ? reach : largest;
}
