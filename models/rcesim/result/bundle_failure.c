#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/result/gantt.h"
#include "models/rcesim/result/story.h"
#include "models/rcesim/result/verdict.h"
#include "models/rcesim/run/single.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "sim/base/check.h"

enum { STORY_WIDTH = 96, STORY_HEAD_LINES = 24 };

/* Which failure is explained: the first one, by replication and unit, of the most frequent cause of
 * the first variant that failed at all. */
struct typical {
    uint32_t variant;
    enum vmc_cause cause;
    uint32_t replication; /* Counted from 0 in the result. */
    uint32_t unit;
};

static bool find_cause(const struct bundle *bundle, struct typical *typical)
{
    for (uint32_t v = 0; v < bundle->result->variant_count; v++) {
        double most = 0;
        for (int c = 0; c < CAUSE_COUNT; c++) {
            double total = bundle_metric(bundle, v, (size_t)(METRIC_FIRST_CAUSE + c))->total;
            if (total <= most)
                continue;
            most = total;
            typical->variant = v;
            typical->cause = (enum vmc_cause)c;
        }
        if (most > 0)
            return true;
    }
    return false;
}

/* The variant to put beside it: the one that fails least among those that do not begin like the
 * first, as a rollout does. Itself: there is none, for a rollout that never began is the same. */
static uint32_t find_beside(const struct bundle *bundle, uint32_t variant)
{
    uint32_t found = variant;
    for (uint32_t v = 1; v < bundle->result->variant_count; v++) {
        const struct summary_metric *failed = bundle_failed(bundle, v);
        if (v == variant || bundle_is_rollout(bundle, v) || failed->unit_count == 0)
            continue;
        if (found == variant || failed->total < bundle_failed(bundle, found)->total)
            found = v;
    }
    if (found != variant)
        return found;
    uint32_t best = bundle_best(bundle);
    bool is_same = bundle_is_rollout(bundle, best) && bundle_deployed_count(bundle, best) == 0;
    return is_same ? variant : best;
}

static bool find_replication(const struct bundle *bundle, struct typical *typical)
{
    size_t metric = (size_t)METRIC_FIRST_CAUSE + typical->cause;
    for (uint32_t r = 0; r < bundle->result->replication_count; r++)
        if (result_record(bundle->result, r, typical->variant)->values[metric] > 0) {
            typical->replication = r;
            return true;
        }
    return false;
}

/* What is kept while one replication is simulated again: the first row with the cause, or the row
 * of one unit. */
struct watch {
    bool is_search;
    int64_t cause;
    uint32_t unit, row_count;
    bool is_found;
    size_t cause_column;
    int64_t *row; /* One value a column. */
};

static void watch_row(void *context, const struct model_run *run, const int64_t *values)
{
    (void)run;
    struct watch *watch = context;
    bool is_it = watch->is_search ? !watch->is_found && values[watch->cause_column] == watch->cause
                                  : watch->row_count == watch->unit;
    if (is_it) {
        watch->is_found = true;
        watch->unit = watch->row_count;
        memcpy(watch->row, values, vmc_model.row_column_count * sizeof *values);
    }
    watch->row_count++;
}

/* Simulate the replication of the failure with a variant; only what the sink keeps stays. */
static bool look(const struct bundle *bundle, const struct typical *typical, uint32_t variant,
                 struct model_sink *sink)
{
    struct single single = {
        .configuration = bundle->outcome->configuration,
        .variant = variant,
        .replication = bundle->result->first_replication + typical->replication,
        .sink = sink,
        .interrupted = interrupt_flag(),
    };
    const struct record *record;
    struct error error;
    struct arena *world = arena_create("one failure, its world", 0);
    bool is_good = single_run(&single, world, &record, &error);
    arena_destroy(world);
    return is_good;
}

static bool find_unit(const struct bundle *bundle, struct arena *arena, struct typical *typical)
{
    struct watch watch = {
        .is_search = true,
        .cause = typical->cause,
        .cause_column = single_column(&vmc_model, "cause"),
        .row = arena_take_array(arena, vmc_model.row_column_count, sizeof *watch.row),
    };
    CHECK(watch.cause_column < vmc_model.row_column_count);
    struct model_sink sink = {.context = &watch, .row = watch_row};
    bool is_good = look(bundle, typical, typical->variant, &sink) && watch.is_found;
    typical->unit = watch.unit;
    return is_good;
}

/* One workflow with one variant: what happened, and its row. */
struct life {
    uint32_t variant;
    struct trace *trace;
    int64_t *row;
};

static bool record_life(const struct bundle *bundle, struct arena *arena,
                        const struct typical *typical, uint32_t variant, struct life *life)
{
    struct trace_options options = {
        .level = TRACE_STEP, .types = vmc_trace_types, .type_count = vmc_trace_type_count};
    struct watch watch = {
        .unit = typical->unit,
        .row = arena_take_array(arena, vmc_model.row_column_count, sizeof *watch.row),
    };
    *life = (struct life){variant, trace_create(arena, &options), watch.row};
    struct model_sink sink = {
        .context = &watch,
        .row = watch_row,
        .trace = life->trace,
        .trace_unit = typical->unit,
    };
    return look(bundle, typical, variant, &sink) && watch.is_found;
}

static const char *verdict_of(const struct bundle *bundle, struct arena *arena,
                              const struct life *life)
{
    const struct vmc_parameters *parameters =
        bundle->outcome->configuration->variants[life->variant].parameters;
    return verdict_text(arena, &(struct verdict_source){
                                   .trace = life->trace,
                                   .options = parameters->options,
                                   .row = life->row,
                               });
}

static void add_panel(const struct bundle *bundle, struct arena *arena, struct chart *chart,
                      const struct gantt_frame *frame, const struct life *life)
{
    struct gantt_bars bars = gantt_cut(arena, life->trace, frame);
    int64_t unit_ns;
    chart_time_unit(frame->to_ns - frame->origin_ns, &unit_ns);
    for (size_t i = 0; i < bars.count; i++) {
        const struct gantt_bar *bar = &bars.bars[i];
        chart_add_text(chart, bundle_name(bundle, life->variant));
        chart_add_text(chart, bar->lane);
        chart_add_number(chart, (double)(bar->from_ns - frame->origin_ns) / (double)unit_ns);
        chart_add_number(chart, (double)(bar->to_ns - frame->origin_ns) / (double)unit_ns);
        chart_add_text(chart, bar->state);
    }
}

static void add_gantt(struct bundle *bundle, struct manifest_section *section, struct arena *arena,
                      const struct typical *typical, const struct life *lives)
{
    struct gantt_frame frame;
    if (!gantt_find_frame(lives[0].trace, &frame))
        return;
    if (lives[1].trace != NULL)
        gantt_count_hosts(lives[1].trace, &frame);
    int64_t unit_ns;
    const char *unit = chart_time_unit(frame.to_ns - frame.origin_ns, &unit_ns);
    const char *name = bundle_name(bundle, typical->variant);
    struct chart *chart = chart_create(bundle->arena, CHART_GANTT, "one-failure");
    chart_add_column(chart, CHART_PANEL, "variant", NULL);
    chart_add_column(chart, CHART_LANE, "lane", NULL);
    chart_add_column(chart, CHART_FROM, arena_print(arena, "from_%s", unit), NULL);
    chart_add_column(chart, CHART_TO, arena_print(arena, "to_%s", unit), NULL);
    chart_add_column(chart, CHART_STATE, "state", NULL);
    add_panel(bundle, arena, chart, &frame, &lives[0]);
    if (lives[1].trace != NULL)
        add_panel(bundle, arena, chart, &frame, &lives[1]);
    for (size_t i = 0; i < frame.moment_count; i++)
        chart_add_panel_mark(chart, name,
                             (double)(frame.moments[i].at_ns - frame.origin_ns) / (double)unit_ns,
                             frame.moments[i].label);
    chart_set_words(
        chart,
        arena_print(arena, "One workflow in the same world, with \"%s\"%s", name,
                    lives[1].trace == NULL ? ""
                                           : arena_print(arena, " and with \"%s\"",
                                                         bundle_name(bundle, lives[1].variant))),
        arena_print(arena,
                    "n = 1: workflow %" PRIu32 " of replication %" PRIu32
                    ", %s; the first one of the most frequent cause\nengine: the steps that it "
                    "waits for%s",
                    typical->unit, bundle->result->first_replication + typical->replication,
                    frame.cluster == ENTITY_NO_CLUSTER
                        ? "outside of its clusters"
                        : arena_print(arena, "cluster %" PRIu32, frame.cluster),
                    frame.host_count > GANTT_HOSTS_MAX
                        ? arena_print(arena, "; hosts %d to %" PRIu32 " are not drawn",
                                      GANTT_HOSTS_MAX, frame.host_count - 1)
                        : ""),
        verdict_of(bundle, arena, &lives[0]));
    chart_set_x(chart, arena_print(arena, "since %s (%s)", frame.origin, unit), unit);
    manifest_add_chart(bundle->manifest, section, chart);
}

/* Keep the first lines and the last ones of what is too long: how it began, and how it ended. */
static const char *cut_lines(struct arena *arena, char *text)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == '\n';
    if (count <= BUNDLE_LINES_MAX)
        return text;
    size_t left_out = count - BUNDLE_LINES_MAX, line = 0;
    char *head = text, *tail = text;
    while (line < STORY_HEAD_LINES)
        line += *head++ == '\n';
    for (tail = head; line < STORY_HEAD_LINES + left_out; tail++)
        line += *tail == '\n';
    return arena_print(arena, "%.*s  ... %zu lines are left out ...\n%s", (int)(head - text), text,
                       left_out, tail);
}

static void add_story(struct bundle *bundle, struct manifest_section *section, struct arena *arena,
                      const struct typical *typical, const struct life *life)
{
    char *text = NULL;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    if (file == NULL)
        check_limit("no memory for the story of a workflow");
    struct page page = {.file = file, .width = STORY_WIDTH};
    story_print(life->trace, &page);
    fclose(file);
    manifest_add_story(section,
                       arena_print(arena,
                                   "Workflow %" PRIu32 " of replication %" PRIu32
                                   " with \"%s\", by the time since the start of the wave",
                                   typical->unit,
                                   bundle->result->first_replication + typical->replication,
                                   bundle_name(bundle, typical->variant)),
                       cut_lines(arena, text));
    free(text);
}

static void add_verdicts(struct bundle *bundle, struct manifest_section *section,
                         struct arena *arena, const struct life *lives)
{
    for (int i = 0; i < 2; i++)
        if (lives[i].trace != NULL)
            manifest_add_text(section, MANIFEST_PLAIN,
                              arena_print(arena, "With \"%s\": %s",
                                          bundle_name(bundle, lives[i].variant),
                                          verdict_of(bundle, arena, &lives[i])));
}

static const char *command_of(const struct bundle *bundle, const struct typical *typical,
                              bool is_beside, uint32_t other)
{
    uint32_t replication = bundle->result->first_replication + typical->replication;
    const char *both = "";
    if (is_beside)
        both = arena_print(bundle->arena, " --beside --variant %s --variant %s",
                           bundle_name(bundle, typical->variant), bundle_name(bundle, other));
    else
        both = arena_print(bundle->arena, " --variant %s", bundle_name(bundle, typical->variant));
    return arena_print(bundle->arena, "%s%s --replication %" PRIu32 " --workflow %" PRIu32,
                       bundle->outcome->trace_command, both, replication, typical->unit);
}

/* Where simulating it again would take too long, the command has to do. */
static void add_command_only(struct bundle *bundle, struct bundle_section *section,
                             const struct typical *typical)
{
    manifest_add_text(bundle_open(section), MANIFEST_PLAIN,
                      "The world is too large to be simulated again for this page. This command "
                      "tells the story of the first workflow that failed in it:");
    manifest_add_command(bundle_open(section), "One failure",
                         arena_print(bundle->arena, "%s --variant %s --replication %" PRIu32,
                                     bundle->outcome->trace_command,
                                     bundle_name(bundle, typical->variant),
                                     bundle->result->first_replication + typical->replication));
}

static void explain(struct bundle *bundle, struct bundle_section *section, struct typical *typical,
                    struct arena *arena)
{
    struct life lives[2] = {0};
    uint32_t best = find_beside(bundle, typical->variant);
    bool has_other =
        best != typical->variant && bundle->result->variant_count > 1 &&
        result_record(bundle->result, typical->replication, best)->event_count <= BUNDLE_EVENTS_MAX;
    if (!find_unit(bundle, arena, typical) ||
        !record_life(bundle, arena, typical, typical->variant, &lives[0]) ||
        (has_other && !record_life(bundle, arena, typical, best, &lives[1])))
        return;
    struct manifest_section *opened = bundle_open(section);
    manifest_add_text(
        opened, MANIFEST_PLAIN,
        arena_print(arena,
                    "The most frequent cause of failure with \"%s\" is: %s. This is the "
                    "first workflow that failed from it.",
                    bundle_name(bundle, typical->variant),
                    vmc_model.metrics[METRIC_FIRST_CAUSE + typical->cause].label));
    add_verdicts(bundle, opened, arena, lives);
    add_gantt(bundle, opened, arena, typical, lives);
    add_story(bundle, opened, arena, typical, &lives[0]);
    manifest_add_command(opened, has_other ? "Both stories, side by side" : "The whole story",
                         command_of(bundle, typical, has_other, best));
}

void bundle_add_failure(struct bundle *bundle)
{
    struct bundle_section section = {
        .bundle = bundle, .id = "one-failure", .title = "One failure explained"};
    struct typical typical = {0};
    if (bundle->model != &vmc_model || bundle->outcome->commands.is_observed ||
        !find_cause(bundle, &typical) || !find_replication(bundle, &typical))
        return;
    const struct record *record =
        result_record(bundle->result, typical.replication, typical.variant);
    if (record->event_count > BUNDLE_EVENTS_MAX) {
        add_command_only(bundle, &section, &typical);
        return;
    }
    struct arena *arena = arena_create("one failure", 0);
    explain(bundle, &section, &typical, arena);
    arena_destroy(arena);
}
