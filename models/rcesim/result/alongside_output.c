#include "models/rcesim/result/alongside_output.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/units.h"

enum fidelity_verdict alongside_verdict(const struct alongside_output *output)
{
    enum fidelity_verdict worst = FIDELITY_PASS;
    for (uint32_t i = 0; i < output->count; i++)
        if (output->reports[i].answer.verdict > worst)
            worst = output->reports[i].answer.verdict;
    return worst;
}

static enum page_style style_of(enum fidelity_verdict verdict)
{
    switch (verdict) {
    case FIDELITY_PASS: return PAGE_GOOD;
    case FIDELITY_INCONCLUSIVE: return PAGE_UNSURE;
    case FIDELITY_FAIL: return PAGE_BAD;
    }
    return PAGE_PLAIN;
}

static const char *duration(char text[UNITS_TEXT_SIZE_BYTES], double seconds)
{
    return units_print_rough_duration(text, (int64_t)(seconds * (double)UNITS_S));
}

/* "1.20 [0.50, 1.90]", times a factor. */
static const char *interval_text(struct arena *arena, const struct interval *interval,
                                 double factor)
{
    if (interval->state == INTERVAL_NO_DATA)
        return "no data";
    if (interval->state == INTERVAL_NOT_ESTIMABLE)
        return arena_print(arena, "%.2f, no interval", interval->estimate * factor);
    return arena_print(arena, "%.2f [%.2f, %.2f]", interval->estimate * factor,
                       interval->low * factor, interval->high * factor);
}

static void print_steps(const struct alongside_report *report, const struct page *page,
                        struct arena *arena)
{
    static const char *const titles[] = {"step", "simulated", "live", "apart", "p", "same", "p95"};
    struct table *table = table_create(arena);
    char text[UNITS_TEXT_SIZE_BYTES];
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        table_add_column(table, titles[i], i == 0 ? TABLE_LEFT : TABLE_RIGHT);
    for (size_t i = 0; i < report->answer.operations_count; i++) {
        const struct fidelity_operation *operation = &report->answer.operations[i];
        table_add(table, rce_operation_name(operation->operation));
        table_add(table, operation->simulated_count > 0
                             ? duration(text, operation->simulated_median_s)
                             : "-");
        table_add(table,
                  operation->live_count > 0 ? duration(text, operation->live_median_s) : "-");
        if (operation->is_tested) {
            table_print_cell(table, "%.3f", operation->distance_shifted);
            table_print_cell(table, "%.3f", operation->p_adjusted);
        } else {
            table_add(table, "-");
            table_add(table, "-");
        }
        if (operation->paired_count > 0) {
            table_add(table, duration(text, operation->paired_median_s));
            table_add(table, duration(text, operation->paired_p95_s));
        } else {
            table_add(table, "-");
            table_add(table, "-");
        }
    }
    table_print(table, page);
}

enum { DETAIL_INDENT = 15 }; /* below the text of a verdict */

static void print_judged(const struct page *page, enum fidelity_verdict verdict, const char *text)
{
    fputs("  ", page->file);
    page_style(page, style_of(verdict));
    fprintf(page->file, "%-12s", fidelity_verdict_name(verdict));
    page_style(page, PAGE_PLAIN);
    fprintf(page->file, " %s\n", text);
}

/* Which workflows failed on one side alone, as far as there is room, and why that may be. */
static void print_flips(const struct alongside_report *report, const struct page *page,
                        struct arena *arena)
{
    enum { SHOWN_MAX = 8 };
    const struct fidelity_answer *answer = &report->answer;
    uint64_t flipped_count = answer->only_live_count + answer->only_simulated_count;
    char late[UNITS_TEXT_SIZE_BYTES];
    const char *names = "";
    uint32_t shown_count = 0;
    for (uint32_t i = 0; i < report->workflows_count && shown_count < SHOWN_MAX; i++) {
        const struct fidelity_workflow *workflow = &report->workflows[i];
        if (workflow->live_failed == workflow->simulated_failed)
            continue;
        names = arena_print(arena, "%s%s%" PRIu32 " (%s%s)", names, shown_count > 0 ? ", " : "", i,
                            workflow->live_failed ? "only live" : "only simulated",
                            workflow->is_close ? "" : ", not close");
        shown_count++;
    }
    page_paragraph(page, DETAIL_INDENT,
                   arena_print(arena,
                               "failed on one side alone: %" PRIu64 ", of them close: %" PRIu64
                               "; %s simulated can decide %" PRIu64 " of the workflows",
                               flipped_count, answer->flipped_close_count,
                               units_print_rough_duration(late, report->reach_ns),
                               answer->close_count));
    if (flipped_count > 0)
        page_paragraph(
            page, DETAIL_INDENT,
            arena_print(arena, "SDDC %s%s", names, flipped_count > shown_count ? ", ..." : ""));
}

/* What the other waves say of one more of their kind. */
static const char *others_text(const struct alongside_output *output,
                               const struct fidelity_answer *answer, struct arena *arena)
{
    const char *outside = answer->others_outside_count == 0
                              ? "the least and the most"
                              : arena_print(arena, "all but the %" PRIu32 " outermost on each side",
                                            answer->others_outside_count);
    return arena_print(arena,
                       "%" PRIu32 " other waves: %.2f %%; %s: %.2f to %.2f %%, where one more such "
                       "wave lies with 99 %%",
                       output->settings->waves_count, 100 * answer->others_share, outside,
                       100 * answer->others_low, 100 * answer->others_high);
}

static void print_rates(const struct alongside_output *output,
                        const struct alongside_report *report, const struct page *page,
                        struct arena *arena)
{
    const struct fidelity_answer *answer = &report->answer;
    print_judged(page, answer->rate_verdict,
                 arena_print(arena,
                             "failures: live %" PRIu64 " of %" PRIu32
                             " (%.2f %%), simulated %" PRIu64,
                             answer->live_failed_count, report->workflows_count,
                             100 * (double)answer->live_failed_count / report->workflows_count,
                             answer->simulated_failed_count));
    page_paragraph(page, DETAIL_INDENT,
                   arena_print(arena, "live minus simulated, points: %s%s",
                               interval_text(arena, &answer->rate_same, 100),
                               answer->is_rate_excused ? ", without those that are close" : ""));
    page_paragraph(page, DETAIL_INDENT, others_text(output, answer, arena));
    print_flips(report, page, arena);
    page_paragraph(page, DETAIL_INDENT,
                   arena_print(arena,
                               "live, by early trigger: %" PRIu64 "; broken invariants: %" PRId64,
                               report->early_count, report->violations_count));
}

/* A speed to two digits. */
static double rough_speed(double speed)
{
    double digit = pow(10, floor(log10(speed)) - 1);
    return round(speed / digit) * digit;
}

/* What requests and callbacks took on the way. */
static void print_carriage(const struct alongside_report *report, double speed,
                           const struct page *page, struct arena *arena)
{
    const struct carriage_times *const times[] = {&report->carriage.requests,
                                                  &report->carriage.callbacks};
    char real[UNITS_TEXT_SIZE_BYTES], late[UNITS_TEXT_SIZE_BYTES];
    const char *text = "";
    for (int i = 0; i < 2; i++) {
        const double shown_ns[] = {times[i]->mean_ns, (double)times[i]->p999_ns,
                                   (double)times[i]->max_ns};
        static const char *const words[] = {"", ", 99.9 % at most", ", all at most"};
        text = arena_print(arena, "%s%s", text,
                           i == 0 ? "Beyond the world's own time a request and its answer took"
                                  : ", and a callback");
        for (int j = 0; j < 3; j++)
            text = arena_print(arena, "%s%s %s (%s simulated)", text, words[j],
                               duration(real, shown_ns[j] / 1e9 / speed),
                               duration(late, shown_ns[j] / 1e9));
    }
    page_paragraph(page, 2, arena_print(arena, "%s.", text));
}

/* What real time and its scaling cost. */
static void print_scaling(const struct alongside_output *output,
                          const struct alongside_report *report, const struct page *page,
                          struct arena *arena)
{
    const struct lateness *lateness = &report->lateness;
    const double speed = output->settings->speed;
    const int64_t real_ns[] = {lateness->median_ns, lateness->p99_ns, lateness->p999_ns,
                               lateness->max_ns};
    static const char *const shares[] = {"half", "99 %", "99.9 %", "all"};
    char wave[UNITS_TEXT_SIZE_BYTES], real[UNITS_TEXT_SIZE_BYTES], late[UNITS_TEXT_SIZE_BYTES];
    const char *text =
        arena_print(arena, "scaling: %s simulated in %s, speed %g. Threads were late by at most",
                    units_print_rough_duration(wave, report->wave_ns),
                    units_print_rough_duration(real, report->real_ns), speed);
    for (int i = 0; i < 4; i++)
        text = arena_print(arena, "%s%s %s (%s simulated) for %s", text, i > 0 ? "," : "",
                           units_print_rough_duration(real, real_ns[i]),
                           duration(late, (double)real_ns[i] / 1e9 * speed), shares[i]);
    text = arena_print(arena,
                       "%s. The driver let 99.9 %% of its inputs wait for at most %s (%s "
                       "simulated)",
                       text, units_print_rough_duration(real, report->lag_ns),
                       duration(late, (double)report->lag_ns / 1e9 * speed));
    text = arena_print(arena, "%s; its timers fired %s (%s simulated) too late", text,
                       duration(real, report->timer_late_mean_ns / 1e9 / speed),
                       duration(late, report->timer_late_mean_ns / 1e9));
    page_paragraph(page, 2,
                   arena_print(arena, "%s, at most %s (%s simulated).", text,
                               duration(real, (double)report->timer_late_max_ns / 1e9 / speed),
                               units_print_rough_duration(late, report->timer_late_max_ns)));
    print_carriage(report, speed, page, arena);
    if (report->window_ns <= 0 || report->late_ns <= 0)
        return;
    double times = (double)report->window_ns / (double)report->late_ns;
    page_paragraph(
        page, 2,
        arena_print(
            arena,
            "Between \"host added\" and ready there are typically %s simulated: %.3g times the "
            "lateness of 99.9 %%. On this machine, as it was, that is ten times up to speed "
            "%.10g, and they are equal at %.10g.",
            units_print_rough_duration(wave, report->window_ns), times,
            rough_speed(speed * times / 10), rough_speed(speed * times)));
}

/* What fails, in words; "" if nothing does. */
static const char *differences(const struct alongside_report *report, struct arena *arena)
{
    const struct fidelity_answer *answer = &report->answer;
    const char *text = "";
    if (answer->rate_verdict == FIDELITY_FAIL)
        text = "failures";
    if (answer->calls_verdict == FIDELITY_FAIL)
        text = arena_print(arena, "%s%scalls", text, *text != '\0' ? ", " : "");
    for (size_t i = 0; i < answer->operations_count; i++)
        if (answer->steps_verdict == FIDELITY_FAIL && answer->operations[i].is_different)
            text = arena_print(arena, "%s%sduration of %s", text, *text != '\0' ? ", " : "",
                               rce_operation_name(answer->operations[i].operation));
    return text;
}

/* The measured cause, and what to do. */
static void print_cause(const struct alongside_report *report, double speed,
                        const struct page *page, struct arena *arena)
{
    static const char *const causes[] = {
        [ALONGSIDE_THREADS] = "its threads woke up",
        [ALONGSIDE_DRIVER] = "the driver came to its inputs",
        [ALONGSIDE_REQUESTS] = "answers to requests came",
        [ALONGSIDE_CALLBACKS] = "callbacks, which waited for each other, came",
    };
    char real[UNITS_TEXT_SIZE_BYTES], late[UNITS_TEXT_SIZE_BYTES];
    page_paragraph(
        page, 2,
        arena_print(arena,
                    "Something differs, but the machine was so late that it may have done it: %s "
                    "up to %s (%s simulated) late, but for one in a thousand. Try again with "
                    "--speed %.10g, or when the machine is idle.",
                    causes[report->cause], duration(real, (double)report->late_ns / 1e9 / speed),
                    units_print_rough_duration(late, report->late_ns),
                    rough_speed(report->speed_advised)));
}

static void print_notes(const struct alongside_output *output,
                        const struct alongside_report *report, const struct page *page,
                        struct arena *arena)
{
    const struct fidelity_answer *answer = &report->answer;
    const char *differ = differences(report, arena);
    if (*differ != '\0')
        page_paragraph(page, 2, arena_print(arena, "Live and simulated differ: %s.", differ));
    if (report->world == FIDELITY_WORLD_OTHER)
        page_paragraph(page, 2,
                       "The world of the service is another one than the simulated: asked the same "
                       "at the same instants, they do not answer the same. So this does not pass.");
    if (answer->is_machine_too_late)
        print_cause(report, output->settings->speed, page, arena);
    if (answer->is_shift_too_wide)
        page_paragraph(page, 2,
                       "--shift gives room for more than there is to compare: take a smaller one, "
                       "or a lower --speed.");
    if (answer->are_waves_few)
        page_paragraph(page, 2, "There are too few other waves to judge by: more --waves.");
    bool is_excused = answer->is_machine_too_late || answer->is_shift_too_wide;
    if (!is_excused && answer->rate_verdict == FIDELITY_INCONCLUSIVE)
        page_paragraph(page, 2,
                       "Too few workflows to tell failure rates apart by --rate-tolerance: a "
                       "larger fleet or a wider tolerance.");
    if (!is_excused && answer->calls_verdict == FIDELITY_INCONCLUSIVE)
        page_paragraph(page, 2,
                       "Calls vary too much between workflows to tell them apart by "
                       "--calls-tolerance: a larger fleet or a wider tolerance.");
    if (report->is_herd && answer->verdict != FIDELITY_PASS)
        page_paragraph(page, 2,
                       "All workflows start in one instant, and requests are limited. Simulated "
                       "they ask at the same nanosecond, live within some milliseconds, which the "
                       "speed makes minutes of refilled limits: what differs may be that. With "
                       "wave.schedule=randomly it would not.");
}

/* Which steps are too short for the room. */
static void print_untold(const struct fidelity_answer *answer, const struct page *page,
                         struct arena *arena)
{
    const char *names = "";
    for (size_t i = 0; i < answer->operations_count; i++)
        if (answer->operations[i].is_untold)
            names = arena_print(arena, "%s%s%s", names, *names != '\0' ? ", " : "",
                                rce_operation_name(answer->operations[i].operation));
    if (answer->untold_count > 0)
        page_paragraph(
            page, DETAIL_INDENT,
            arena_print(arena, "not told, as the room is more than half of the step: %s", names));
}

static void print_variant(const struct alongside_output *output, uint32_t index,
                          const struct page *page, struct arena *arena)
{
    const struct alongside_report *report = &output->reports[index];
    const struct fidelity_answer *answer = &report->answer;
    char room[UNITS_TEXT_SIZE_BYTES];
    page_title(page, output->configuration->variants[index].name);
    print_rates(output, report, page, arena);
    print_judged(page, answer->calls_verdict,
                 arena_print(arena, "calls per workflow: live %.2f, simulated %.2f",
                             answer->live_calls, answer->simulated_calls));
    page_paragraph(page, DETAIL_INDENT,
                   arena_print(arena, "difference %s%s", interval_text(arena, &answer->calls, 1),
                               answer->is_calls_excused ? ", without those that are close" : ""));
    if (answer->delayed_calls > 0)
        page_paragraph(page, DETAIL_INDENT,
                       arena_print(arena,
                                   "simulated with what requests, callbacks and timers took more: "
                                   "%.2f, difference %s%s",
                                   answer->delayed_calls,
                                   interval_text(arena, &answer->calls_delayed, 1),
                                   answer->is_calls_delayed ? ", which is judged" : ""));
    print_judged(page, answer->steps_verdict,
                 arena_print(arena, "durations of steps, with room for %s simulated%s",
                             units_print_rough_duration(room, answer->room_ns),
                             answer->room_ns > report->shift_ns ? " of lateness" : ""));
    print_untold(answer, page, arena);
    print_steps(report, page, arena);
    print_scaling(output, report, page, arena);
    print_notes(output, report, page, arena);
}

void alongside_print(const struct alongside_output *output, const struct page *page,
                     struct arena *arena)
{
    for (uint32_t i = 0; i < output->count; i++) {
        print_variant(output, i, page, arena);
        fputc('\n', page->file);
    }
    page_paragraph(
        page, 0,
        "Durations of steps are simulated medians, from the first request to the callback. Apart "
        "is Smirnov's distance from the other simulated waves, and p how many of those are as far "
        "from each other, by the operation that is furthest (told apart at 1 %). The last two "
        "columns are how much a step differs from the same step in the simulated wave of the same "
        "draws: that is what real time and its scaling cost.");
    if (output->configuration->threshold_count > 0)
        page_paragraph(page, 0,
                       "The thresholds of the scenario are not judged here: one wave is too few to "
                       "decide them. `rcesim run` judges the simulation, which this holds against "
                       "real time.");
    fputs("\n", page->file);
    print_judged(page, alongside_verdict(output), "validate-live");
}

static json_t *interval_json(const struct interval *interval)
{
    if (interval->state == INTERVAL_NO_DATA)
        return json_null();
    if (interval->state == INTERVAL_NOT_ESTIMABLE)
        return json_pack("{s:f}", "estimate", interval->estimate);
    return json_pack("{s:f,s:f,s:f}", "estimate", interval->estimate, "low", interval->low, "high",
                     interval->high);
}

static json_t *steps_json(const struct fidelity_answer *answer)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < answer->operations_count; i++) {
        const struct fidelity_operation *operation = &answer->operations[i];
        json_t *step = json_pack(
            "{s:s,s:I,s:I,s:f,s:f}", "step", rce_operation_name(operation->operation), "simulated",
            (json_int_t)operation->simulated_count, "live", (json_int_t)operation->live_count,
            "simulated_wave_median_simulated_s", operation->simulated_median_s,
            "live_median_simulated_s", operation->live_median_s);
        json_object_set_new(step, "differs", json_boolean(operation->is_different));
        json_object_set_new(step, "told", json_boolean(!operation->is_untold));
        json_object_set_new(step, "world_differs", json_boolean(operation->is_world_different));
        if (operation->is_tested) {
            json_object_set_new(step, "distance", json_real(operation->distance));
            json_object_set_new(step, "distance_shifted", json_real(operation->distance_shifted));
            json_object_set_new(step, "p_adjusted", json_real(operation->p_adjusted));
        }
        if (operation->paired_count > 0) {
            json_object_set_new(step, "same_median_simulated_s",
                                json_real(operation->paired_median_s));
            json_object_set_new(step, "same_p95_simulated_s", json_real(operation->paired_p95_s));
        }
        if (operation->world_paired_count > 0)
            json_object_set_new(step, "same_world_median_simulated_s",
                                json_real(operation->world_median_s));
        json_array_append_new(steps, step);
    }
    return steps;
}

static json_t *failures_json(const struct alongside_report *report)
{
    const struct fidelity_answer *answer = &report->answer;
    json_t *flips = json_array();
    for (uint32_t i = 0; i < report->workflows_count; i++) {
        const struct fidelity_workflow *workflow = &report->workflows[i];
        if (workflow->live_failed != workflow->simulated_failed)
            json_array_append_new(flips,
                                  json_pack("{s:I,s:s,s:b}", "workflow", (json_int_t)i, "failed",
                                            workflow->live_failed ? "live" : "simulated", "close",
                                            (int)workflow->is_close));
    }
    return json_pack("{s:s,s:I,s:I,s:I,s:I,s:o,s:I,s:I,s:b,s:I,s:I,s:f,s:f,s:o}", "verdict",
                     fidelity_verdict_name(answer->rate_verdict), "live_failed",
                     (json_int_t)answer->live_failed_count, "simulated_failed",
                     (json_int_t)answer->simulated_failed_count, "only_live",
                     (json_int_t)answer->only_live_count, "only_simulated",
                     (json_int_t)answer->only_simulated_count, "flipped", flips, "flipped_close",
                     (json_int_t)answer->flipped_close_count, "close",
                     (json_int_t)answer->close_count, "without_close", (int)answer->is_rate_excused,
                     "other_failed", (json_int_t)report->other_failed_count, "other_workflows",
                     (json_int_t)report->other_count, "other_low", answer->others_low, "other_high",
                     answer->others_high, "difference_same", interval_json(&answer->rate_same));
}

static json_t *scaling_json(const struct alongside_output *output,
                            const struct alongside_report *report)
{
    const struct lateness *lateness = &report->lateness;
    static const char *const causes[] = {[ALONGSIDE_THREADS] = "threads",
                                         [ALONGSIDE_DRIVER] = "driver",
                                         [ALONGSIDE_REQUESTS] = "requests",
                                         [ALONGSIDE_CALLBACKS] = "callbacks"};
    const double speed = output->settings->speed;
    json_t *scaling =
        json_pack("{s:f,s:f,s:s,s:b,s:b,s:b}", "speed", speed, "advised_speed",
                  rough_speed(report->speed_advised), "latest", causes[report->cause], "too_busy",
                  (int)report->answer.is_machine_too_late, "shift_too_wide",
                  (int)report->answer.is_shift_too_wide, "herd", (int)report->is_herd);
    json_object_set_new(scaling, "same_world", json_boolean(report->world == FIDELITY_WORLD_SAME));
    const struct {
        const char *name;
        double value_ns;
    } times[] = {
        {"wave_simulated_s", (double)report->wave_ns},
        {"wave_real_s", (double)report->real_ns},
        {"timer_late_mean_simulated_s", report->timer_late_mean_ns},
        {"timer_late_max_simulated_s", (double)report->timer_late_max_ns},
        {"wake_late_median_real_s", (double)lateness->median_ns},
        {"wake_late_p99_real_s", (double)lateness->p99_ns},
        {"wake_late_p999_real_s", (double)lateness->p999_ns},
        {"wake_late_max_real_s", (double)lateness->max_ns},
        {"stalls_real_s", (double)lateness->stalls_ns},
        {"driver_lag_p999_real_s", (double)report->lag_ns},
        {"request_mean_real_s", report->carriage.requests.mean_ns / speed},
        {"request_p999_real_s", (double)report->carriage.requests.p999_ns / speed},
        {"request_max_real_s", (double)report->carriage.requests.max_ns / speed},
        {"callback_mean_real_s", report->carriage.callbacks.mean_ns / speed},
        {"callback_p999_real_s", (double)report->carriage.callbacks.p999_ns / speed},
        {"callback_max_real_s", (double)report->carriage.callbacks.max_ns / speed},
        {"late_simulated_s", (double)report->late_ns},
        {"reach_simulated_s", (double)report->reach_ns},
        {"window_simulated_s", (double)report->window_ns},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        json_object_set_new(scaling, times[i].name, json_real(times[i].value_ns / 1e9));
    return scaling;
}

static json_t *variant_json(const struct alongside_output *output, uint32_t index)
{
    const struct alongside_report *report = &output->reports[index];
    const struct fidelity_answer *answer = &report->answer;
    json_t *calls =
        json_pack("{s:s,s:f,s:f,s:o,s:b}", "verdict", fidelity_verdict_name(answer->calls_verdict),
                  "live", answer->live_calls, "simulated", answer->simulated_calls, "difference",
                  interval_json(&answer->calls), "without_close", (int)answer->is_calls_excused);
    json_object_set_new(calls, "with_delays", json_boolean(answer->is_calls_delayed));
    if (answer->delayed_calls > 0) {
        json_object_set_new(calls, "delayed", json_real(answer->delayed_calls));
        json_object_set_new(calls, "difference_delayed", interval_json(&answer->calls_delayed));
    }
    json_t *steps =
        json_pack("{s:s,s:f,s:f,s:o}", "verdict", fidelity_verdict_name(answer->steps_verdict),
                  "shift_simulated_s", (double)report->shift_ns / 1e9, "room_simulated_s",
                  (double)answer->room_ns / 1e9, "operations", steps_json(answer));
    return json_pack("{s:s,s:s,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "name",
                     output->configuration->variants[index].name, "verdict",
                     fidelity_verdict_name(answer->verdict), "workflows",
                     (json_int_t)report->workflows_count, "early_trigger",
                     (json_int_t)report->early_count, "violations",
                     (json_int_t)report->violations_count, "failures", failures_json(report),
                     "calls", calls, "steps", steps, "scaling", scaling_json(output, report));
}

bool alongside_print_json(const struct alongside_output *output, FILE *file)
{
    json_t *variants = json_array();
    for (uint32_t i = 0; i < output->count; i++)
        json_array_append_new(variants, variant_json(output, i));
    json_t *root =
        json_pack("{s:i,s:s,s:o}", "schema_version", 1, "verdict",
                  fidelity_verdict_name(alongside_verdict(output)), "variants", variants);
    bool is_good = root != NULL && json_dumpf(root, file, JSON_INDENT(2)) == 0;
    fputc('\n', file);
    json_decref(root);
    return is_good && !ferror(file);
}
