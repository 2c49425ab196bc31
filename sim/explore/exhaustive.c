#include "sim/explore/exhaustive.h"

#include <stdatomic.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/explore/walk.h"

struct slot {
    struct arena *arena;
    struct findings *findings;
    struct walk_tally tally;
};

/* What is known about the subtree of one choice of the root, at the depth that is being walked. */
struct part {
    uint64_t counts[EXHAUSTIVE_BOUND_MAX + 1];
    bool is_effectless;
};

/* Schedules with deviations in one group only, by their number. */
struct group_counts {
    uint64_t covered[EXHAUSTIVE_BOUND_MAX + 1];
    uint64_t of_draw[EXHAUSTIVE_BOUND_MAX + 1]; /* Of the draw that is being summed up. */
    uint64_t failed[EXHAUSTIVE_BOUND_MAX + 1];
};

struct exhaustive_job {
    const struct search_options *options;
    const struct exhaustive_options *exhaustive;
    struct walk_plan plan;
    struct slot *slots;
    uint32_t slot_count;
    struct part *parts;          /* [plan.root.count] */
    uint32_t *groups_of;         /* [plan.root.count] */
    struct group_counts *groups; /* [plan.groups->count] */
    struct findings *findings;
    struct exhaustive_result *result;
    uint32_t target;
    uint64_t leaf_count; /* Schedules run, over all depths: the number of the next one. */
    bool is_joined, is_out_of_runs;
    bool is_cut;                     /* One piece needs more runs than are left: cut_piece. */
    uint64_t cut_piece, first_piece; /* The pieces that are handed out begin with this one. */
    atomic_uint_fast64_t spent;      /* result->runs_total as far as workers may see it. */
};

/* Is the budget of runs spent? */
static bool is_spent(const struct exhaustive_job *job)
{
    return job->exhaustive->run_max > 0 && job->result->runs_total >= job->exhaustive->run_max;
}

static uint64_t add_counts(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t multiply_counts(uint64_t a, uint64_t b)
{
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static void *open_worker(void *context, const struct team *team)
{
    const struct exhaustive_job *job = context;
    return walk_create(&job->plan, team_cut(team));
}

static void close_worker(void *context, void *worker)
{
    (void)context;
    walk_destroy(worker);
}

static enum team_outcome work(void *context, void *worker, const struct team *team, uint64_t piece,
                              uint32_t index, struct error *error)
{
    struct exhaustive_job *job = context;
    struct slot *slot = &job->slots[index];
    arena_reset(slot->arena);
    slot->findings = findings_create(slot->arena);
    /* At least what is left when the pieces before this one are merged. */
    uint64_t run_max = job->exhaustive->run_max;
    uint64_t spent = atomic_load_explicit(&job->spent, memory_order_relaxed);
    if (run_max > 0)
        run_max = run_max > spent ? run_max - spent : 1;
    enum team_outcome outcome =
        walk_subtree(worker, team, (uint32_t)(job->first_piece + piece), job->target, run_max,
                     slot->findings, &slot->tally, error);
    if (outcome == TEAM_FAILED)
        error_context(error, "exhaustive search, %u deviations", job->target);
    return outcome;
}

static bool merge(void *context, uint64_t piece, uint32_t index)
{
    struct exhaustive_job *job = context;
    const struct slot *slot = &job->slots[index];
    const struct walk_tally *tally = &slot->tally;
    uint64_t run_max = job->exhaustive->run_max;
    piece += job->first_piece;
    /* It ran with a limit that depends on how far the others were: once more, with what is left. */
    if (run_max > 0 && tally->runs_total > run_max - job->result->runs_total) {
        job->is_cut = true;
        job->cut_piece = piece;
        return false;
    }
    if (tally->is_joined) {
        job->is_joined = true;
        return false;
    }
    struct exhaustive_depth *depth = &job->result->depths[job->target];
    struct part *part = &job->parts[piece];
    memcpy(part->counts, tally->counts, sizeof part->counts);
    part->is_effectless = tally->is_effectless;
    depth->run_count += tally->run_count;
    depth->failed_count += tally->failed_count;
    depth->effectless_count = add_counts(depth->effectless_count, tally->effectless_count);
    depth->skipped_count += tally->skipped_count;
    depth->parts_done_count += !tally->is_partial;
    job->groups[job->groups_of[piece]].failed[job->target] += tally->failed_count;
    job->result->runs_total += tally->runs_total;
    atomic_store_explicit(&job->spent, job->result->runs_total, memory_order_relaxed);
    for (uint32_t i = 0; i < slot->findings->count; i++) {
        slot->findings->items[i].first_run += job->leaf_count;
        slot->findings->items[i].kept_run += job->leaf_count;
    }
    findings_merge(job->findings, slot->findings);
    job->leaf_count += tally->run_count;
    job->is_out_of_runs =
        tally->is_partial || (is_spent(job) && depth->parts_done_count < depth->part_count);
    return !job->is_out_of_runs;
}

static void tell(void *context)
{
    const struct exhaustive_job *job = context;
    if (job->options->progress != NULL)
        job->options->progress(job->options->progress_context, SEARCH_EXHAUSTIVE,
                               job->result->runs_total, job->findings->count);
}

/* Sum up what the subtrees cover, in each group, the last ones first: a first deviation without
 * effect covers what comes after it. */
static void sum_groups(struct exhaustive_job *job)
{
    uint32_t target = job->target;
    struct exhaustive_depth *depth = &job->result->depths[target];
    for (uint32_t g = 0; g < job->plan.groups->count; g++)
        memset(job->groups[g].covered, 0, sizeof job->groups[g].covered);
    for (uint32_t i = job->plan.root.count; i-- > 0;) {
        struct group_counts *group = &job->groups[job->groups_of[i]];
        struct part *part = &job->parts[i];
        if (part->is_effectless) {
            part->counts[0] = 1;
            for (uint32_t m = 1; m < target; m++)
                part->counts[m] = group->covered[m];
            depth->effectless_count = add_counts(depth->effectless_count, part->counts[target - 1]);
        }
        for (uint32_t m = 1; m <= target; m++)
            group->of_draw[m] = add_counts(group->of_draw[m], part->counts[m - 1]);
        if (i > 0 && job->plan.root.items[i - 1].draw == job->plan.root.items[i].draw)
            continue;
        for (uint32_t m = 1; m <= target; m++) {
            group->covered[m] = add_counts(group->covered[m], group->of_draw[m]);
            group->of_draw[m] = 0;
        }
    }
}

/* How many schedules with exactly `target` deviations are in more than one group: the products over
 * the groups, less those in one. Below a part that fails nothing is covered, unless wanted. */
static uint64_t count_mixed(const struct exhaustive_job *job)
{
    uint32_t target = job->target;
    uint64_t all[EXHAUSTIVE_BOUND_MAX + 1] = {1};
    uint64_t in_one = 0;
    for (uint32_t g = 0; g < job->plan.groups->count; g++) {
        uint64_t own[EXHAUSTIVE_BOUND_MAX + 1] = {1};
        for (uint32_t m = 1; m <= target; m++)
            own[m] = job->exhaustive->is_below_failing
                         ? job->groups[g].covered[m]
                         : job->groups[g].covered[m] - job->groups[g].failed[m];
        in_one = add_counts(in_one, own[target]);
        for (uint32_t k = target; k > 0; k--)
            for (uint32_t m = 1; m <= k; m++)
                all[k] = add_counts(all[k], multiply_counts(all[k - m], own[m]));
    }
    return all[target] == UINT64_MAX ? UINT64_MAX : all[target] - in_one;
}

/* Close the books of a depth. */
static void close_depth(struct exhaustive_job *job, enum search_end end)
{
    struct exhaustive_depth *depth = &job->result->depths[job->target];
    depth->is_complete = end == SEARCH_DONE && depth->parts_done_count == depth->part_count;
    if (depth->is_complete) {
        sum_groups(job);
        depth->independent_count = count_mixed(job);
    }
    depth->schedule_count =
        add_counts(add_counts(depth->run_count, depth->effectless_count), depth->independent_count);
    if (end != SEARCH_DONE)
        job->result->end = end;
    else if (!depth->is_complete)
        job->result->end = SEARCH_OUT_OF_RUNS;
}

static bool walk_depth(struct exhaustive_job *job, uint32_t target, struct error *error)
{
    job->target = target;
    struct exhaustive_depth *depth = &job->result->depths[target];
    *depth = (struct exhaustive_depth){.is_begun = true, .part_count = job->plan.root.count};
    memset(job->parts, 0, job->plan.root.count * sizeof *job->parts);
    struct team_job pieces = {
        .context = job,
        .piece_count = job->plan.root.count,
        .open = open_worker,
        .close = close_worker,
        .work = work,
        .merge = merge,
        .tell = tell,
    };
    enum search_end end;
    job->first_piece = 0;
    if (!team_run(job->options, &pieces, &end, error))
        return false;
    if (job->is_cut && end == SEARCH_DONE) {
        job->first_piece = job->cut_piece;
        pieces.piece_count = 1;
        if (!team_run(job->options, &pieces, &end, error))
            return false;
    }
    if (!job->is_joined)
        close_depth(job, job->is_out_of_runs ? SEARCH_OUT_OF_RUNS : end);
    return true;
}

/* Walk one depth after the other, into fresh findings. */
static bool walk_depths(struct exhaustive_job *job, struct error *error)
{
    struct exhaustive_result *result = job->result;
    uint64_t typical_runs = 1;
    result->runs_total = job->leaf_count = typical_runs;
    result->end = SEARCH_DONE;
    memset(job->groups, 0, job->plan.groups->count * sizeof *job->groups);
    atomic_store(&job->spent, typical_runs);
    for (uint32_t k = 1; k <= result->bound && result->end == SEARCH_DONE && !job->is_joined; k++)
        if (is_spent(job) && job->plan.root.count > 0)
            result->end = SEARCH_OUT_OF_RUNS;
        else if (!walk_depth(job, k, error))
            return false;
    return true;
}

/* Find the groups, and which of them each choice of the root is in. */
static void make_groups(struct exhaustive_job *job, struct arena *arena)
{
    const struct choices *root = &job->plan.root;
    struct draw_name *names = arena_take_array(arena, root->count, sizeof *names);
    uint32_t *draw_of = arena_take_array(arena, root->count, sizeof *draw_of);
    uint32_t count = 0;
    for (uint32_t i = 0; i < root->count; i++) {
        if (i == 0 || root->items[i].draw != root->items[i - 1].draw)
            names[count++] = root->items[i].deviation.name;
        draw_of[i] = count - 1;
    }
    const struct probe_options *probe = job->options->probe;
    struct groups *groups =
        groups_create(arena, probe->model->explore, probe->parameters, names, count);
    if (job->exhaustive->without_independent)
        groups_give_up(groups);
    for (uint32_t i = 0; i < root->count; i++)
        job->groups_of[i] = groups->of[draw_of[i]];
    job->plan.groups = groups;
    job->groups = arena_take_array(arena, groups->count, sizeof *job->groups);
    job->result->group_count = groups->count;
}

/* Run the typical world and list what may deviate in it. */
static bool prepare(struct exhaustive_job *job, struct arena *arena, struct error *error)
{
    struct exhaustive_depth *depth = &job->result->depths[0];
    struct probe_result typical;
    struct walk *walk = walk_create(&job->plan, job->options->probe->interrupted);
    bool is_good = walk_list_root(walk, arena, &job->plan, &typical, job->result, error);
    walk_destroy(walk);
    if (!is_good)
        return false;
    bool is_failing = probe_signature(&typical) != 0;
    *depth = (struct exhaustive_depth){.schedule_count = 1,
                                       .run_count = 1,
                                       .failed_count = is_failing,
                                       .is_begun = true,
                                       .is_complete = true};
    if (is_failing)
        collect_finding(job->findings, SEARCH_EXHAUSTIVE, 0, &(struct collected){.count = 0},
                        &typical);
    if (is_failing && !job->exhaustive->is_below_failing)
        job->plan.root.count = 0;
    job->parts = arena_take_array(arena, job->plan.root.count, sizeof *job->parts);
    job->groups_of = arena_take_array(arena, job->plan.root.count, sizeof *job->groups_of);
    make_groups(job, arena);
    return true;
}

static bool search(struct exhaustive_job *job, struct findings *findings, struct arena *arena,
                   struct error *error)
{
    job->findings = findings_create(arena);
    if (!prepare(job, arena, error) || !walk_depths(job, error))
        return false;
    if (!job->is_joined) {
        findings_merge(findings, job->findings);
        return true;
    }
    /* What is told about an independent group was not the whole of it: do without. */
    struct exhaustive_options plain = *job->exhaustive;
    plain.without_independent = true;
    struct exhaustive_result *result = job->result;
    *result = (struct exhaustive_result){.bound = plain.bound, .has_given_up_groups = true};
    struct exhaustive_job again = {.options = job->options,
                                   .exhaustive = &plain,
                                   .plan = {.options = job->options, .exhaustive = &plain},
                                   .slots = job->slots,
                                   .slot_count = job->slot_count,
                                   .result = result};
    return search(&again, findings, arena, error);
}

bool exhaustive_search(const struct search_options *options,
                       const struct exhaustive_options *exhaustive, struct findings *findings,
                       struct exhaustive_result *result, struct error *error)
{
    CHECK(exhaustive->bound <= EXHAUSTIVE_BOUND_MAX);
    struct arena *arena = arena_create("exhaustive search", 0);
    struct exhaustive_result made = {.bound = exhaustive->bound};
    struct exhaustive_options own = *exhaustive;
    if (options->probe->slack_ns > 0 && own.grid.places_max > 0)
        own.grid.place_step = ORACLE_TIE_MAX / own.grid.places_max;
    struct exhaustive_job job = {.options = options,
                                 .exhaustive = &own,
                                 .plan = {.options = options, .exhaustive = &own},
                                 .slot_count = team_slot_count(options),
                                 .result = &made};
    job.slots = arena_take_array(arena, job.slot_count, sizeof *job.slots);
    for (uint32_t i = 0; i < job.slot_count; i++)
        job.slots[i].arena = arena_create("findings of a subtree", 0);
    bool is_good = search(&job, findings, arena, error);
    if (is_good)
        *result = made;
    for (uint32_t i = 0; i < job.slot_count; i++)
        arena_destroy(job.slots[i].arena);
    arena_destroy(arena);
    return is_good;
}

bool exhaustive_is_complete(const struct exhaustive_result *result)
{
    for (uint32_t k = 0; k <= result->bound; k++)
        if (!result->depths[k].is_complete)
            return false;
    return true;
}

uint64_t exhaustive_schedule_count(const struct exhaustive_result *result)
{
    uint64_t count = 0;
    for (uint32_t k = 0; k <= result->bound; k++)
        count = add_counts(count, result->depths[k].schedule_count);
    return count;
}
