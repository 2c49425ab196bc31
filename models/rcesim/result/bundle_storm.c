#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "models/vmc/config.h"
#include "models/vmc/model.h"
#include "sim/base/units.h"

/* A picture shows so many points; and a storm begins where one request in a thousand is turned
 * away. */
enum { POINTS_MAX = 500 };
#define STORM_SHARE_MIN 0.001

/* Requests over time in one variant, all replications added up. */
struct requests {
    const struct summary_series *offered;
    const struct summary_series *refused[3]; /* Throttled, turned away, given up. */
};

static const struct summary_series *series_of(const struct bundle *bundle, uint32_t variant,
                                              const char *name)
{
    for (size_t i = 0; i < bundle->model->series_count; i++)
        if (strcmp(bundle->model->series[i].name, name) == 0)
            return &bundle->summary->variants[variant].series[i];
    return NULL;
}

static bool find_requests(const struct bundle *bundle, uint32_t variant, struct requests *requests)
{
    *requests = (struct requests){
        .offered = series_of(bundle, variant, "requests.offered"),
        .refused = {series_of(bundle, variant, "requests.throttled"),
                    series_of(bundle, variant, "requests.unavailable"),
                    series_of(bundle, variant, "requests.given_up")},
    };
    return requests->offered != NULL && requests->offered->is_known &&
           requests->offered->bin_count > 0;
}

static double total_of(const struct summary_series *series)
{
    double total = 0;
    for (uint32_t i = 0; series != NULL && series->is_known && i < series->bin_count; i++)
        total += (double)series->counts[i];
    return total;
}

static double refused_share(const struct requests *requests)
{
    double refused = 0;
    for (int i = 0; i < 3; i++)
        refused += total_of(requests->refused[i]);
    return refused / total_of(requests->offered);
}

/* Counts of a series between two times; its bins may be other than those of the picture, and are
 * taken where they begin. */
static double count_between(const struct summary_series *series, int64_t from_ns, int64_t to_ns)
{
    double count = 0;
    if (series == NULL || !series->is_known || series->bin_count == 0)
        return 0;
    int64_t first = from_ns / series->bin_ns - series->first;
    for (int64_t i = first < 0 ? 0 : first; i < series->bin_count; i++) {
        int64_t at_ns = (series->first + i) * series->bin_ns;
        if (at_ns >= to_ns)
            break;
        if (at_ns >= from_ns)
            count += (double)series->counts[i];
    }
    return count;
}

/* The widest of all bins, times what brings them to POINTS_MAX. */
static int64_t step_ns(const struct requests *requests)
{
    int64_t bin_ns = requests->offered->bin_ns;
    for (int i = 0; i < 3; i++)
        if (requests->refused[i] != NULL && requests->refused[i]->is_known &&
            requests->refused[i]->bin_ns > bin_ns)
            bin_ns = requests->refused[i]->bin_ns;
    int64_t span_ns = requests->offered->bin_count * requests->offered->bin_ns;
    return bin_ns * (span_ns / bin_ns / POINTS_MAX + 1);
}

/* What the service can do in a minute, where it has a queue that says so; 0: no limit is known. */
static double capacity_per_min(const struct bundle *bundle, uint32_t variant)
{
    if (bundle->model != &vmc_model)
        return 0;
    const struct vmc_parameters *parameters =
        bundle->outcome->configuration->variants[variant].parameters;
    return 60 * parameters->world->service.queue.rate_per_s;
}

static void add_points(struct bundle *bundle, struct chart *chart, const struct requests *requests,
                       double unit_ns, double capacity)
{
    int64_t wide_ns = step_ns(requests),
            at_ns = requests->offered->first * requests->offered->bin_ns / wide_ns * wide_ns;
    int64_t end_ns =
        (requests->offered->first + requests->offered->bin_count) * requests->offered->bin_ns;
    double per = (double)bundle->result->replication_count * (double)wide_ns / (double)UNITS_MIN;
    for (; at_ns < end_ns; at_ns += wide_ns) {
        double offered = count_between(requests->offered, at_ns, at_ns + wide_ns), refused = 0;
        for (int i = 0; i < 3; i++)
            refused += count_between(requests->refused[i], at_ns, at_ns + wide_ns);
        chart_add_number(chart, (double)at_ns / unit_ns);
        chart_add_number(chart, offered / per);
        chart_add_number(chart, (offered > refused ? offered - refused : 0) / per);
        chart_add_number(chart, refused / per);
        if (capacity > 0)
            chart_add_number(chart, capacity);
    }
}

static void add_chart(struct bundle_section *section, uint32_t variant,
                      const struct requests *requests, const char *name)
{
    struct bundle *bundle = section->bundle;
    struct arena *arena = bundle->arena;
    double capacity = capacity_per_min(bundle, variant);
    int64_t unit_ns;
    const char *unit = chart_time_unit((requests->offered->first + requests->offered->bin_count) *
                                           requests->offered->bin_ns,
                                       &unit_ns);
    struct chart *chart = chart_create(arena, CHART_RATES, name);
    chart_add_column(chart, CHART_X, arena_print(arena, "time_%s", unit), NULL);
    chart_add_column(chart, CHART_VALUE, "offered_per_min", "offered");
    chart_add_column(chart, CHART_VALUE, "accepted_per_min", "accepted");
    chart_add_column(chart, CHART_VALUE, "refused_per_min", "throttled, turned away or given up");
    if (capacity > 0)
        chart_add_column(chart, CHART_CAPACITY, "capacity_per_min", "capacity of the service");
    add_points(bundle, chart, requests, (double)unit_ns, capacity);
    chart_set_words(
        chart,
        arena_print(arena, "Requests to the service with \"%s\"", bundle_name(bundle, variant)),
        arena_print(arena, "Mean of %s, per minute, in bins of %s",
                    bundle_replications_text(bundle), bundle_width_text(bundle, step_ns(requests))),
        arena_print(arena,
                    "Requests per minute over the wave with %s: offered, accepted, and "
                    "throttled, turned away (503) or given up.",
                    bundle_name(bundle, variant)));
    chart_set_x(chart, arena_print(arena, "since the start of the wave (%s)", unit), unit);
    chart_set_y(chart, "requests per minute", "");
    manifest_add_chart(bundle->manifest, bundle_open(section), chart);
}

void bundle_add_storm(struct bundle_section *section)
{
    const struct bundle *bundle = section->bundle;
    struct requests requests;
    uint32_t worst = 0, best = bundle_best(bundle);
    double most = 0;
    for (uint32_t v = 0; v < bundle->result->variant_count; v++)
        if (find_requests(bundle, v, &requests) && refused_share(&requests) > most) {
            most = refused_share(&requests);
            worst = v;
        }
    if (most < STORM_SHARE_MIN)
        return;
    find_requests(bundle, worst, &requests);
    add_chart(section, worst, &requests, "request-storm");
    if (best != worst && best != 0 && find_requests(bundle, best, &requests))
        add_chart(section, best, &requests, "request-storm-best");
}
