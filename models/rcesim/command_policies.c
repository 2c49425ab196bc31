#include "models/rcesim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/rce/retry.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/study/policies.h"
#include "sim/base/units.h"

#define MARK "policies.json"

enum option_key {
    KEY_POLICY = 512,
    KEY_BASE,
    KEY_METRIC,
    KEY_DELTA,
    KEY_PILOT,
    KEY_BUDGET,
    KEY_PRESETS,
    KEY_LIST
};
enum { PILOT_DEFAULT = 20, BUDGET_DEFAULT = 2000, BUDGET_MAX = 1000000 };

struct options {
    struct options_scenario scenario;
    struct options_work work;
    struct options_list policies;
    struct policies_request request;
    bool is_list;
};

static void add_presets(struct options *options)
{
    size_t count;
    const struct rce_retry_preset *presets = rce_retry_presets(&count);
    for (size_t i = 0; i < count; i++)
        options_list_add(&options->policies, options->scenario.arena, presets[i].name);
    options_note(&options->scenario, "--presets", NULL);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_POLICY:
        options_note_in(&options->scenario, &options->policies, "--policy", argument);
        return 0;
    case KEY_BASE:
        options->request.base = argument;
        options_note(&options->scenario, "--base", argument);
        return 0;
    case KEY_METRIC:
        options->request.metric = argument;
        options_note(&options->scenario, "--metric", argument);
        return 0;
    case KEY_DELTA:
        options->request.delta = argument;
        options_note(&options->scenario, "--delta", argument);
        return 0;
    case KEY_PILOT:
        options->request.pilot_count =
            (uint32_t)options_number(state, "--pilot", argument, 2, BUDGET_MAX);
        options_note(&options->scenario, "--pilot", argument);
        return 0;
    case KEY_BUDGET:
        options->request.budget_count =
            (uint32_t)options_number(state, "--budget", argument, 2, BUDGET_MAX);
        options_note(&options->scenario, "--budget", argument);
        return 0;
    case KEY_PRESETS: add_presets(options); return 0;
    case KEY_LIST: options->is_list = true; return 0;
    case ARGP_KEY_END:
        if (options_is_given(&options->scenario, "--replications"))
            argp_error(state, "the race decides how many replications it takes; see --pilot "
                              "and --budget");
        if (options->scenario.variants.count > 0)
            argp_error(state, "a variant of the scenario is named with --policy here");
        if (options->is_list)
            return 0;
        break;
    }
    return options_one_simulation(key, argument, state, &options->scenario, &options->work);
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"policy", KEY_POLICY, "POLICY", 0,
         "A policy that takes part: a preset (--list), a variant of the scenario, or NAME={policy: "
         "exponential, base: 10s, ...} as under variants.*.retry; may be given several times. "
         "Default: all variants of the scenario, or all presets where it has one variant",
         2},
        {"presets", KEY_PRESETS, NULL, 0, "All presets take part", 2},
        {"base", KEY_BASE, "VARIANT", 0,
         "Everything but the retry policy is that of this variant (default: presets and NAME={...} "
         "take the scenario's last variant, its own variants stay as they are)",
         2},
        {"metric", KEY_METRIC, "NAME", 0,
         "Rank by this metric; less is better (default: failure_rate; calls for contention)", 2},
        {"delta", KEY_DELTA, "SIZE", 0,
         "Indifference zone: a difference in that metric that does not matter (default for "
         "failure_rate: 0.5%)",
         2},
        {"pilot", KEY_PILOT, "N", 0,
         "Replications before any policy may drop out of the race (default: 20)", 2},
        {"budget", KEY_BUDGET, "N", 0, "Replications at most (default: 2000)", 2},
        {"list", KEY_LIST, NULL, 0, "Print the presets, and nothing else", 2},
        {0},
    };
    static const struct argp_child children[] = {
        {&options_world_argp, 0, NULL, 0}, {&options_work_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "SCENARIO\n--list",
        .doc =
            "Let back-off policies race in the same worlds: which is best, and which are as good "
            "for less?\vReplications are added until the race is decided, so those of the "
            "scenario do not count here. A policy is out when it is not better than another by "
            "more than the indifference zone, by Kim-Nelson, which takes the means of replications "
            "for about normal; of shares, such as failure_rate, close policies stay in until a "
            "rare event that takes a whole wave and matters would have been seen (877 replications "
            "of 2 policies that never differ, at 0.5%; 220 at 2%), and of other metrics where "
            "hardly anything differed, until 1 % of the waves would have shown it (299 of 2). Exit "
            "status 11: not decided "
            "within the budget; 130: "
            "interrupted, the partial result is marked so.",
        .children = children,
    };
    options->request.pilot_count = PILOT_DEFAULT;
    options->request.budget_count = BUDGET_DEFAULT;
    options->request.policies = &options->policies;
    command_parse(&argp, argc, argv, options);
}

static const char *duration_text(struct arena *arena, int64_t duration_ns)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    return arena_copy_text(arena, units_print_duration(text, duration_ns));
}

/* "1s, then x 2 up to 20s, full jitter; 3 attempts; budget 500" */
static const char *describe(struct arena *arena, const struct rce_retry_policy *policy)
{
    static const char *const jitters[] = {
        [RCE_JITTER_NONE] = "no jitter",
        [RCE_JITTER_FULL] = "full jitter",
        [RCE_JITTER_EQUAL] = "equal jitter",
        [RCE_JITTER_DECORRELATED] = "decorrelated jitter",
        [RCE_JITTER_PROPORTIONAL] = "proportional jitter",
    };
    const char *text = "no retry";
    if (policy->base_ns > 0) {
        text = duration_text(arena, policy->base_ns);
        if (policy->multiplier_permille > 1000)
            text = arena_print(arena, "%s x %g", text, policy->multiplier_permille / 1000.0);
        if (policy->cap_ns > 0)
            text = arena_print(arena, "%s up to %s", text, duration_text(arena, policy->cap_ns));
        text = arena_print(arena, "%s, %s", text, jitters[policy->jitter]);
    }
    if (policy->throttled_base_ns > 0)
        text = arena_print(arena, "%s; from %s when throttled", text,
                           duration_text(arena, policy->throttled_base_ns));
    if (policy->attempts_max > 1)
        text = arena_print(arena, "%s; %" PRIu32 " attempts", text, policy->attempts_max);
    if (policy->total_ns > 0)
        text = arena_print(arena, "%s; %s in all", text, duration_text(arena, policy->total_ns));
    if (policy->budget_capacity > 0)
        text = arena_print(arena, "%s; budget %" PRIu32 ", %" PRIu32 " a retry", text,
                           policy->budget_capacity, policy->budget_cost);
    if (policy->limiter_per_s > 0)
        text = arena_print(arena, "%s; %" PRIu32 " a second, burst %" PRIu32, text,
                           policy->limiter_per_s, policy->limiter_burst);
    return text;
}

static int print_list(struct arena *arena)
{
    struct page page = page_of(stdout);
    size_t count;
    const struct rce_retry_preset *presets = rce_retry_presets(&count);
    for (size_t i = 0; i < count; i++) {
        page_style(&page, PAGE_STRONG);
        page_paragraph(&page, 0, presets[i].name);
        page_style(&page, PAGE_PLAIN);
        page_paragraph(&page, 2, describe(arena, &presets[i].policy));
        page_style(&page, PAGE_FAINT);
        page_paragraph(&page, 2, presets[i].note);
        page_style(&page, PAGE_PLAIN);
    }
    return 0;
}

static void write_json(const void *context, FILE *file)
{
    policies_write_json(context, file);
}

static void write_tsv(const void *context, FILE *file)
{
    policies_write_tsv(context, file);
}

static void print(const void *context, const char *directory, const struct page *page)
{
    policies_print(context, directory, page);
}

static int finish(const struct policies *policies, const struct directory_target *target)
{
    static const struct study_file files[] = {{MARK, write_json}, {"policies.tsv", write_tsv}};
    if (policies->standings == NULL) {
        fprintf(stderr, "rcesim: interrupted before the first replication; nothing written\n");
        return INTERRUPT_STATUS;
    }
    struct study_report report = {
        .context = policies,
        .files = files,
        .file_count = sizeof files / sizeof files[0],
        .configuration = policies->configuration,
        .is_partial = policies->is_partial,
        .print = print,
        .manifest = policies_manifest(policies),
    };
    int status = study_publish(&policies->study, target, &report);
    if (status != 0)
        return status;
    return kim_nelson_is_decided(policies->race) ? 0 : COMMAND_INCONCLUSIVE;
}

static int race_and_report(struct options *options)
{
    struct options_list everything = {0};
    struct policies policies = {
        .study = {.arena = options->scenario.arena,
                  .options = &options->scenario,
                  .work = &options->work,
                  .variants = &everything,
                  .interrupted = interrupt_catch()},
    };
    struct error error;
    if (!policies_prepare(&policies, &options->request, &error))
        return options_fail(&error);
    policies.command = options_command(policies.study.options, "policies", true);
    struct directory_target target =
        study_target(&policies.study, policies.configuration, "policies", MARK);
    if (!directory_check(&target, &error) || !policies_race(&policies, &error))
        return options_fail(&error);
    int status = finish(&policies, &target);
    policies_release(&policies);
    return status;
}

int command_policies(int argc, char **argv)
{
    struct arena *arena = arena_create("program", 0);
    struct options options = {.scenario.arena = arena};
    parse_options(&options, argc, argv);
    int status = options.is_list ? print_list(arena) : race_and_report(&options);
    arena_destroy(arena);
    return status;
}
