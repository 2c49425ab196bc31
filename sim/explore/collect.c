#include "sim/explore/collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct line {
    struct deviation deviation;
    double tail_log10;
};

double collect_tail_log10(const struct oracle_asked *asked, int64_t value)
{
    double tail = oracle_asked_tail(asked, value);
    return round(1e6 * log10(tail > 1e-300 ? tail : 1e-300)) / 1e6;
}

static int compare_lines(const void *a, const void *b)
{
    return deviation_compare(&((const struct line *)a)->deviation,
                             &((const struct line *)b)->deviation);
}

struct collected collect_schedule(const struct probe *probe, struct arena *arena)
{
    uint32_t asked_count;
    const struct oracle_asked *asked = probe_asked(probe, &asked_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < asked_count; i++)
        count += asked[i].value != oracle_asked_typical(&asked[i]);
    struct line *lines = arena_take_array(arena, count, sizeof *lines);
    uint32_t n = 0;
    for (uint32_t i = 0; i < asked_count; i++)
        if (asked[i].value != oracle_asked_typical(&asked[i]))
            lines[n++] = (struct line){{asked[i].name, asked[i].value},
                                       collect_tail_log10(&asked[i], asked[i].value)};
    if (n > 0)
        qsort(lines, n, sizeof *lines, compare_lines);
    struct collected schedule = {.deviations =
                                     arena_take_array(arena, n, sizeof *schedule.deviations)};
    for (uint32_t i = 0; i < n; i++) {
        schedule.deviations[schedule.count++] = lines[i].deviation;
        schedule.tail_log10 += lines[i].tail_log10;
    }
    return schedule;
}

void collect_finding(struct findings *findings, enum search_kind kind, uint64_t run,
                     const struct collected *schedule, const struct probe_result *result)
{
    findings_add(findings, &(struct found){
                               .signature = probe_signature(result),
                               .finding = result->findings[0],
                               .count = 1,
                               .search = kind,
                               .first_run = run,
                               .kept_search = kind,
                               .kept_run = run,
                               .deviations = schedule->deviations,
                               .deviation_count = schedule->count,
                               .tail_log10 = schedule->tail_log10,
                               .history_hash = result->history_hash,
                               .event_count = result->event_count,
                           });
}
