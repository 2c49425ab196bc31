/* chart_samples.h - one chart of each kind with invented numbers, for tests. */
#ifndef TESTS_REPORTS_CHART_SAMPLES_H
#define TESTS_REPORTS_CHART_SAMPLES_H

#include <math.h>
#include <stdio.h>

#include "reports/chart.h"

static const struct identity sample_identity = {.program = "sample",
                                                .version = "1.0",
                                                .scenario = "race",
                                                .scenario_hash = 0x0123456789abcdef,
                                                .seed = 20261123,
                                                .replications = 200,
                                                .replications_planned = 200,
                                                .command = "sample run race.yaml"};

static inline void sample_columns(struct chart *chart, size_t count,
                                  const struct chart_column *columns)
{
    for (size_t i = 0; i < count; i++)
        chart_add_column(chart, columns[i].role, columns[i].name, columns[i].label);
}

#define SAMPLE_COLUMNS(chart, ...)                                                                 \
    do {                                                                                           \
        const struct chart_column columns_[] = {__VA_ARGS__};                                      \
        sample_columns(chart, sizeof columns_ / sizeof columns_[0], columns_);                     \
    } while (0)

/* A row; texts and numbers as the columns want them. NAN is missing. */
struct sample_value {
    const char *text;
    double number;
};
#define T(text_)   ((struct sample_value){.text = text_})
#define N(number_) ((struct sample_value){.number = number_})

static inline void sample_row(struct chart *chart, size_t count, const struct sample_value *values)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].text != NULL)
            chart_add_text(chart, values[i].text);
        else
            chart_add_number(chart, values[i].number);
    }
}

#define SAMPLE_ROW(chart, ...)                                                                     \
    do {                                                                                           \
        const struct sample_value values_[] = {__VA_ARGS__};                                       \
        sample_row(chart, sizeof values_ / sizeof values_[0], values_);                            \
    } while (0)

/* A number between 0 and 1 that depends on `i` only. */
static inline double sample_noise(unsigned i)
{
    unsigned bits = i * 2654435761u;
    bits ^= bits >> 15;
    bits *= 2246822519u;
    bits ^= bits >> 13;
    return (double)(bits >> 8) / 16777216.0;
}

static inline struct chart *sample_interval(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_INTERVAL, "failure-rate");
    chart_set_words(chart, "Failed workflows by variant",
                    "n = 102,000 workflows per variant in 200 replications, the same worlds for "
                    "all\nBars: 95 % interval (t over replications; Clopper-Pearson where failures "
                    "are rare)",
                    "18.2 % of the workflows failed before the fix, 0.43 % after it.");
    chart_set_x(chart, "failed workflows (%)", "%");
    SAMPLE_COLUMNS(chart, {"variant", CHART_LABEL, ""}, {"low", CHART_LOW, ""},
                   {"estimate", CHART_ESTIMATE, ""}, {"high", CHART_HIGH, ""});
    SAMPLE_ROW(chart, T("before"), N(17.9), N(18.2345), N(18.7));
    SAMPLE_ROW(chart, T("settle 15 min"), N(6.1), N(6.7), N(7.3));
    SAMPLE_ROW(chart, T("after"), N(0.38), N(0.43), N(0.49));
    SAMPLE_ROW(chart, T("one replication"), N(NAN), N(3), N(NAN));
    SAMPLE_ROW(chart, T("not run"), N(NAN), N(NAN), N(NAN));
    chart_add_mark(chart, 'x', 1, "target 1 %");
    return chart;
}

static inline struct chart *sample_waterfall(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_WATERFALL, "ablation");
    chart_set_words(chart, "What each part of the fix contributes",
                    "Shapley values over all 8 combinations, 200 replications",
                    "The pre-check takes away most of the failures.");
    chart_set_x(chart, "failed workflows (%)", "%");
    SAMPLE_COLUMNS(chart, {"step", CHART_LABEL, ""}, {"from", CHART_FROM, ""},
                   {"to", CHART_TO, ""});
    SAMPLE_ROW(chart, T("before"), N(0), N(18.2));
    SAMPLE_ROW(chart, T("pre-check"), N(18.2), N(4.9));
    SAMPLE_ROW(chart, T("retry with back-off"), N(4.9), N(0.2));
    SAMPLE_ROW(chart, T("idempotency"), N(0.2), N(0.43));
    SAMPLE_ROW(chart, T("after"), N(0), N(0.43));
    return chart;
}

static inline struct chart *sample_tornado(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_TORNADO, "sensitivity");
    chart_set_words(chart, "How much the failure rate depends on each assumption",
                    "One value at a time, the others as in the scenario; 100 replications each",
                    "The time to connect matters most.");
    chart_set_x(chart, "failed workflows before the fix (%)", "%");
    SAMPLE_COLUMNS(chart, {"parameter", CHART_LABEL, ""}, {"low", CHART_LOW_SETTING, ""},
                   {"high", CHART_HIGH_SETTING, ""}, {"at_low", CHART_AT_LOW, ""},
                   {"at_high", CHART_AT_HIGH, ""}, {"base", CHART_BASE, ""});
    SAMPLE_ROW(chart, T("provisioning.connect"), T("12 min"), T("18 min"), N(8.1), N(27.5),
               N(18.2));
    SAMPLE_ROW(chart, T("phase2.backup"), T("25 min"), T("40 min"), N(24.2), N(11.9), N(18.2));
    SAMPLE_ROW(chart, T("fleet.temporary_host.share"), T("60 %"), T("100 %"), N(13.7), N(22.8),
               N(18.2));
    SAMPLE_ROW(chart, T("provisioning.configure"), T("3 min"), T("5 min"), N(16.9), N(19.4),
               N(18.2));
    SAMPLE_ROW(chart, T("host_service.callback.loss"), T("0.01 %"), T("0.1 %"), N(18.15), N(18.6),
               N(18.2));
    SAMPLE_ROW(chart, T("one side"), T("1"), T("2"), N(20.1), N(21.6), N(18.2));
    return chart;
}

static inline struct chart *sample_stacked(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_STACKED, "causes");
    chart_set_words(chart, "Why workflows failed", "Ground truth of the simulated world",
                    "Early triggers are nearly all of the failures before the fix.");
    chart_set_x(chart, "failed workflows", "");
    SAMPLE_COLUMNS(chart, {"variant", CHART_LABEL, ""}, {"cause", CHART_PART, ""},
                   {"count", CHART_VALUE, ""});
    static const char *const causes[] = {"maintenance triggered too early", "lost callback",
                                         "capacity outage", "stuck evacuation", "throttled"};
    static const double counts[2][5] = {{10801, 640, 410, 120, 60}, {0, 90, 380, 130, 40}};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 5; k++)
            SAMPLE_ROW(chart, T(i == 0 ? "before" : "after"), T(causes[k]), N(counts[i][k]));
    return chart;
}

static inline struct chart *sample_pairs(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_PAIRS, "paired");
    chart_set_words(chart, "The same worlds before and after", "One line a replication, n = 60",
                    "Every line falls.");
    chart_set_y(chart, "failed workflows in a replication (%)", "%");
    SAMPLE_COLUMNS(chart, {"before", CHART_FIRST, "before"}, {"after", CHART_LATER, "after"});
    for (unsigned i = 0; i < 60; i++)
        SAMPLE_ROW(chart, N(14 + 8 * sample_noise(i)), N(1.4 * sample_noise(i + 1000)));
    return chart;
}

static inline struct chart *sample_front(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_FRONT, "policies");
    chart_set_words(chart, "Retry policies: failures against calls",
                    "n = 400 replications for those still in the race", "Four are on the front.");
    chart_set_x(chart, "calls per workflow", "");
    chart_set_y(chart, "failed workflows (%)", "%");
    SAMPLE_COLUMNS(chart, {"policy", CHART_LABEL, ""}, {"calls", CHART_X, ""},
                   {"failed", CHART_Y, ""}, {"on_front", CHART_IS_FRONT, ""},
                   {"low", CHART_LOW, ""}, {"high", CHART_HIGH, ""});
    SAMPLE_ROW(chart, T("none"), N(31), N(18.2), N(1), N(17.8), N(18.6));
    SAMPLE_ROW(chart, T("aws-standard"), N(34), N(18), N(1), N(17.6), N(18.4));
    SAMPLE_ROW(chart, T("aws-full"), N(63), N(4.4), N(1), N(4.1), N(4.7));
    SAMPLE_ROW(chart, T("aws-equal"), N(64), N(4.6), N(0), N(4.3), N(4.9));
    SAMPLE_ROW(chart, T("aws-decorrelated"), N(65), N(4.5), N(0), N(4.2), N(4.8));
    SAMPLE_ROW(chart, T("grpc-connection"), N(66), N(4.4), N(0), N(4.1), N(4.7));
    SAMPLE_ROW(chart, T("temporal"), N(92), N(1.2), N(1), N(1.0), N(1.4));
    SAMPLE_ROW(chart, T("k8s-job"), N(120), N(3.2), N(0), N(3.0), N(3.4));
    SAMPLE_ROW(chart, T("polly-v8"), N(41), N(17.4), N(0), N(17.0), N(17.8));
    return chart;
}

static inline struct chart *sample_timeline(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_TIMELINE, "rollout");
    chart_set_words(chart, "Failure rate while the fix was rolled out",
                    "By first maintenance trigger, bins of 30 min, pooled over 200 replications; "
                    "95 % intervals",
                    "The rate falls from 18 % to below 1 % within 30 minutes of deployment.");
    chart_set_x(chart, "hours since the start of the wave", "h");
    chart_set_y(chart, "failed, of the workflows that triggered in the bin (%)", "%");
    SAMPLE_COLUMNS(chart, {"hour", CHART_X, ""}, {"trigger", CHART_ESTIMATE, "by trigger"},
                   {"trigger_low", CHART_LOW, ""}, {"trigger_high", CHART_HIGH, ""},
                   {"decision", CHART_ESTIMATE, "by decision"}, {"decision_low", CHART_LOW, ""},
                   {"decision_high", CHART_HIGH, ""},
                   {"undecided", CHART_UNDECIDED, "not decided yet (%)"}, {"n", CHART_COUNT, ""});
    for (unsigned i = 0; i < 24; i++) {
        double hour = 0.25 + 0.5 * i;
        double trigger = hour < 7.5 ? 16.5 + 4 * sample_noise(i) : 0.6 * sample_noise(i);
        double decision = hour < 1.5   ? NAN
                          : hour < 8.5 ? 15 + 6 * sample_noise(i + 50)
                                       : 40 * exp(8.5 - hour);
        double room = 1 + sample_noise(i + 7);
        SAMPLE_ROW(chart, N(hour), N(trigger), N(fmax(0, trigger - room)), N(trigger + room),
                   N(decision), N(fmax(0, decision - 2)), N(decision + 2),
                   N(hour > 10 ? 8 * (hour - 10) : 0), N(2000 - 50 * i));
    }
    chart_add_mark(chart, 'x', 6.2, "detected");
    chart_add_mark(chart, 'x', 7.2, "deployed: failing first");
    chart_add_mark(chart, 'x', 7.4, "25 %");
    chart_add_mark(chart, 'x', 7.5, "all");
    chart_add_mark(chart, 'y', 1, "1 %");
    return chart;
}

static inline struct chart *sample_convergence(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_CONVERGENCE, "convergence");
    chart_set_words(chart, "The estimate over the replications", "95 % intervals, t",
                    "Both estimates settle.");
    chart_set_x(chart, "replications", "");
    chart_set_y(chart, "failed workflows (%)", "%");
    SAMPLE_COLUMNS(chart, {"n", CHART_X, ""}, {"before", CHART_ESTIMATE, "before"},
                   {"before_low", CHART_LOW, ""}, {"before_high", CHART_HIGH, ""},
                   {"after", CHART_ESTIMATE, "after"}, {"after_low", CHART_LOW, ""},
                   {"after_high", CHART_HIGH, ""});
    for (unsigned i = 2; i <= 200; i += 2) {
        double room = 6 / sqrt(i), before = 18.2 + (sample_noise(i) - 0.5) * room;
        SAMPLE_ROW(chart, N(i), N(before), N(before - room), N(before + room), N(0.43),
                   N(fmax(0, 0.43 - 0.2 * room)), N(0.43 + 0.2 * room));
    }
    return chart;
}

static inline struct chart *sample_curve(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_CURVE, "calibration");
    chart_set_words(chart, "Failure rate against the median time to connect",
                    "50 replications a point; 95 % intervals", "The rate rises steadily.");
    chart_set_x(chart, "provisioning.connect, median (min)", "min");
    chart_set_y(chart, "failed workflows (%)", "%");
    SAMPLE_COLUMNS(chart, {"median", CHART_X, ""}, {"rate", CHART_ESTIMATE, "before"},
                   {"low", CHART_LOW, ""}, {"high", CHART_HIGH, ""});
    for (unsigned i = 0; i < 8; i++)
        SAMPLE_ROW(chart, N(10 + i), N(1.5 + 0.42 * i * i), N(0.9 + 0.42 * i * i),
                   N(2.1 + 0.42 * i * i));
    chart_add_band(chart, 'y', 17.5, 18.5, "target");
    chart_add_mark(chart, 'x', 15.4, "calibrated");
    return chart;
}

static inline struct chart *sample_rates(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_RATES, "storm");
    chart_set_words(chart, "Requests to the service while it recovers", "One replication",
                    "Offered requests exceed the capacity for 40 minutes.");
    chart_set_x(chart, "minutes since the outage", "min");
    chart_set_y(chart, "requests per minute", "");
    SAMPLE_COLUMNS(chart, {"minute", CHART_X, ""}, {"offered", CHART_VALUE, "offered"},
                   {"accepted", CHART_VALUE, "accepted"}, {"throttled", CHART_VALUE, "throttled"},
                   {"capacity", CHART_CAPACITY, "capacity"});
    for (unsigned i = 0; i < 90; i++) {
        double offered = i < 20 ? 180 + 40 * sample_noise(i)
                                : 200 + 900 * exp(-(i - 20.0) / 18) * (0.8 + 0.4 * sample_noise(i));
        double accepted = i < 20 ? 0 : fmin(offered, 300);
        SAMPLE_ROW(chart, N(i), N(offered), N(accepted), N(offered - accepted), N(300));
    }
    chart_add_band(chart, 'x', 0, 20, "outage");
    return chart;
}

static inline struct chart *sample_incidence(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_INCIDENCE, "incidence");
    chart_set_words(chart, "How workflows ended, by time since their start",
                    "Cumulative incidence; a failed workflow is a competing risk",
                    "Before the fix a fifth fails after the deadline.");
    chart_set_x(chart, "hours since the start of the workflow", "h");
    chart_set_y(chart, "workflows that have ended (%)", "%");
    SAMPLE_COLUMNS(chart, {"hour", CHART_X, ""}, {"done_before", CHART_VALUE, "completed, before"},
                   {"failed_before", CHART_VALUE, "failed, before"},
                   {"done_after", CHART_VALUE, "completed, after"},
                   {"failed_after", CHART_VALUE, "failed, after"});
    for (unsigned i = 0; i <= 60; i++) {
        double hour = i / 3.0, share = 1 / (1 + exp(-(hour - 9) / 1.4));
        SAMPLE_ROW(chart, N(hour), N(81.8 * share),
                   N(hour < 6 ? 0 : 18.2 * fmin(1, (hour - 6) / 3)), N(99.5 * share),
                   N(hour < 6 ? 0 : 0.43));
    }
    return chart;
}

static inline struct chart *sample_areas(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_INCIDENCE, "areas");
    chart_set_words(chart, "Where the workflows of one wave are", "One replication",
                    "Running workflows give way to completed ones.");
    chart_set_x(chart, "hours since the start of the wave", "h");
    chart_set_y(chart, "workflows (%)", "%");
    SAMPLE_COLUMNS(chart, {"hour", CHART_X, ""}, {"done", CHART_AREA, "completed"},
                   {"failed", CHART_AREA, "failed"}, {"running", CHART_AREA, "running"});
    for (unsigned i = 0; i <= 40; i++) {
        double hour = i / 2.0, share = 1 / (1 + exp(-(hour - 12) / 1.8));
        double started = fmin(100, 10 * hour);
        SAMPLE_ROW(chart, N(hour), N(0.82 * started * share), N(0.18 * started * share),
                   N(started * (1 - share)));
    }
    return chart;
}

static inline struct chart *sample_overlap(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_OVERLAP, "race");
    chart_set_words(chart, "The race: when a cluster is ready, when maintenance is triggered",
                    "Clusters with a temporary host, n = 52,100; maintenance came first in 22.6 % "
                    "of them",
                    "The two distributions overlap between 25 and 50 minutes.");
    chart_set_x(chart, "minutes since the temporary host was requested", "min");
    chart_set_y(chart, "share of the clusters, per minute (%)", "%");
    SAMPLE_COLUMNS(chart, {"minute", CHART_X, ""}, {"ready", CHART_FIRST, "cluster ready"},
                   {"triggered", CHART_LATER, "maintenance triggered"});
    for (unsigned i = 0; i <= 80; i++) {
        double ready = i > 0 ? 5.2 * exp(-pow(log(i / 21.0) / 0.4, 2) / 2) : 0;
        double triggered = i >= 30 ? 14 * exp((30.0 - i) / 6.5) : 0;
        SAMPLE_ROW(chart, N(i), N(ready), N(triggered));
    }
    return chart;
}

static inline struct chart *sample_qq(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_QQ, "fit");
    chart_set_words(chart, "How well the families fit the data", "n = 60; maximum likelihood",
                    "The lognormal is nearest to the diagonal.");
    chart_set_x(chart, "data (min)", "min");
    chart_set_y(chart, "fitted (min)", "min");
    SAMPLE_COLUMNS(chart, {"data", CHART_DATA, ""}, {"lognormal", CHART_FITTED, "lognormal"},
                   {"weibull", CHART_FITTED, "weibull"}, {"gamma", CHART_FITTED, "gamma"});
    for (unsigned i = 0; i < 60; i++) {
        double value = 5 + 0.012 * i * i;
        SAMPLE_ROW(chart, N(value), N(value * (0.97 + 0.06 * sample_noise(i))), N(value * 0.8 + 4),
                   N(value * 0.9 + 1));
    }
    return chart;
}

static inline struct chart *sample_heatmap(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_HEATMAP, "sweep");
    chart_set_words(chart, "Failure rate over two assumptions",
                    "20 replications a cell; hatched: the 95 % interval is wider than 2 points",
                    "The rate rises to the upper right.");
    chart_set_x(chart, "provisioning.connect, median", "");
    chart_set_y(chart, "share of clusters with a temporary host", "");
    SAMPLE_COLUMNS(chart, {"connect", CHART_X, ""}, {"share", CHART_Y, ""},
                   {"rate", CHART_VALUE, "failed workflows (%)"}, {"is_wide", CHART_IS_WIDE, ""});
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 7; x++) {
            char column[16], row[16];
            snprintf(column, sizeof column, "%d min", 10 + 2 * x);
            snprintf(row, sizeof row, "%d %%", 20 * (y + 1));
            double rate = 0.2 * (y + 1) * (1 + 1.1 * x * x);
            SAMPLE_ROW(chart, T(column), T(row), N(x == 3 && y == 2 ? NAN : rate), N(rate > 20));
        }
    return chart;
}

static inline struct chart *sample_gantt(struct arena *arena)
{
    struct chart *chart = chart_create(arena, CHART_GANTT, "one-failure");
    chart_set_words(chart, "One workflow that failed, and the same one with the fix",
                    "Replication 0, SDDC 17, cluster 1",
                    "Before, maintenance is triggered before the temporary host is ready.");
    chart_set_x(chart, "minutes since the start of phase 2", "min");
    SAMPLE_COLUMNS(chart, {"variant", CHART_PANEL, ""}, {"host", CHART_LANE, ""},
                   {"from", CHART_FROM, ""}, {"to", CHART_TO, ""}, {"state", CHART_STATE, ""});
    SAMPLE_ROW(chart, T("before"), T("engine"), N(0), N(30), T("backup"));
    SAMPLE_ROW(chart, T("before"), T("engine"), N(30), N(90), T("waiting for a callback"));
    SAMPLE_ROW(chart, T("before"), T("temporary host"), N(0), N(28), T("provisioning"));
    SAMPLE_ROW(chart, T("before"), T("temporary host"), N(28), N(39), T("connected, not ready"));
    SAMPLE_ROW(chart, T("before"), T("temporary host"), N(39), N(90), T("ready"));
    SAMPLE_ROW(chart, T("before"), T("host 1"), N(0), N(90), T("ready"));
    SAMPLE_ROW(chart, T("before"), T("host 2"), N(0), N(90), T("ready"));
    SAMPLE_ROW(chart, T("after"), T("engine"), N(0), N(30), T("backup"));
    SAMPLE_ROW(chart, T("after"), T("engine"), N(30), N(42), T("pre-check"));
    SAMPLE_ROW(chart, T("after"), T("engine"), N(42), N(100), T("updating hosts"));
    SAMPLE_ROW(chart, T("after"), T("temporary host"), N(0), N(28), T("provisioning"));
    SAMPLE_ROW(chart, T("after"), T("temporary host"), N(28), N(39), T("connected, not ready"));
    SAMPLE_ROW(chart, T("after"), T("temporary host"), N(39), N(NAN), T("ready"));
    SAMPLE_ROW(chart, T("after"), T("host 1"), N(0), N(44), T("ready"));
    SAMPLE_ROW(chart, T("after"), T("host 1"), N(44), N(52), T("entering maintenance"));
    SAMPLE_ROW(chart, T("after"), T("host 1"), N(52), N(100), T("in maintenance"));
    SAMPLE_ROW(chart, T("after"), T("host 2"), N(0), N(100), T("ready"));
    SAMPLE_ROW(chart, T("after"), T("host 2"), N(60), N(60), T("request"));
    chart_add_panel_mark(chart, "before", 30.5, "maintenance triggered: not ready, dropped");
    chart_add_panel_mark(chart, "before", 90, "deadline");
    chart_add_panel_mark(chart, "after", 42, "pre-check passed");
    return chart;
}

typedef struct chart *sample_maker(struct arena *arena);
static sample_maker *const sample_makers[] = {
    sample_interval, sample_waterfall, sample_tornado,   sample_stacked,
    sample_pairs,    sample_front,     sample_timeline,  sample_convergence,
    sample_curve,    sample_rates,     sample_incidence, sample_areas,
    sample_overlap,  sample_qq,        sample_heatmap,   sample_gantt};
enum { SAMPLE_COUNT = sizeof sample_makers / sizeof sample_makers[0] };

#endif
