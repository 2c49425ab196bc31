#include "sim/explore/sample.h"

#include "sim/base/check.h"
#include "sim/explore/collect.h"
#include "sim/explore/team.h"

enum { RUNS_A_PIECE = 256 };

/* What one piece leaves. */
struct slot {
    struct arena *arena;
    struct findings *findings;
    uint64_t run_count, failed_count;
};

struct sample_job {
    const struct search_options *options;
    const struct sample *sample;
    struct slot *slots;
    struct findings *findings;
    struct sample_result *result;
};

struct worker {
    struct arena *arena;
    struct probe *probe;
    void *own; /* The sample's. */
};

static void *open_worker(void *context, const struct team *team)
{
    const struct sample_job *job = context;
    struct arena *arena = arena_create("a search", 0);
    struct worker *worker = arena_take(arena, sizeof *worker);
    worker->arena = arena;
    struct probe_options probe = *job->options->probe;
    probe.interrupted = team_cut(team);
    worker->probe = probe_create(&probe);
    worker->own = job->sample->open(job->sample->context, arena);
    return worker;
}

static void close_worker(void *context, void *worker)
{
    (void)context;
    probe_destroy(((struct worker *)worker)->probe);
    arena_destroy(((struct worker *)worker)->arena);
}

/* The engine or the model has a memory, or a clock. */
static bool complain(const struct probe_options *options, enum search_kind kind, uint32_t run,
                     uint64_t hash, uint64_t hash_again, struct error *error)
{
    error_set(error, ERROR_INTERNAL,
              "%s run %u had the history %016llx and, run again, has %016llx; the engine or "
              "the model is not a function of its inputs, so nothing that is found can be "
              "trusted: look for clocks, addresses and memory kept between runs",
              search_kind_names[kind], run, (unsigned long long)hash,
              (unsigned long long)hash_again);
    return probe_blame(options, error);
}

static bool run_one(const struct sample_job *job, struct worker *worker, struct slot *slot,
                    uint32_t run, struct error *error)
{
    const struct sample *sample = job->sample;
    struct probe_extra extra = {.chooser = sample->steer(worker->own, run), .is_unwatched = true};
    struct probe_result result, again;
    if (!probe_run_with(worker->probe, NULL, 0, &extra, &result, error))
        return error_context(error, "%s run %u", search_kind_names[sample->kind], run);
    slot->run_count++;
    if (probe_signature(&result) == 0)
        return true;
    slot->failed_count++;
    extra.chooser = sample->steer(worker->own, run);
    extra.is_unwatched = false;
    if (!probe_run_with(worker->probe, NULL, 0, &extra, &again, error))
        return error_context(error, "%s run %u", search_kind_names[sample->kind], run);
    if (again.history_hash != result.history_hash)
        return complain(job->options->probe, sample->kind, run, result.history_hash,
                        again.history_hash, error);
    struct collected schedule = collect_schedule(worker->probe, slot->arena);
    collect_finding(slot->findings, sample->kind, run, &schedule, &result);
    return true;
}

static enum team_outcome work(void *context, void *worker, const struct team *team, uint64_t piece,
                              uint32_t index, struct error *error)
{
    const struct sample_job *job = context;
    struct slot *slot = &job->slots[index];
    arena_reset(slot->arena);
    slot->findings = findings_create(slot->arena);
    slot->run_count = slot->failed_count = 0;
    uint64_t last = (piece + 1) * RUNS_A_PIECE;
    if (last > job->sample->run_count)
        last = job->sample->run_count;
    for (uint64_t run = piece * RUNS_A_PIECE; run < last; run++) {
        if (team_is_stopping(team))
            return TEAM_ABANDONED;
        if (!run_one(job, worker, slot, (uint32_t)run, error))
            return TEAM_FAILED;
    }
    return TEAM_DONE;
}

static bool merge(void *context, uint64_t piece, uint32_t index)
{
    (void)piece;
    struct sample_job *job = context;
    const struct slot *slot = &job->slots[index];
    job->result->run_count += slot->run_count;
    job->result->failed_count += slot->failed_count;
    findings_merge(job->findings, slot->findings);
    return true;
}

static void tell(void *context)
{
    const struct sample_job *job = context;
    if (job->options->progress != NULL)
        job->options->progress(job->options->progress_context, job->sample->kind,
                               job->result->run_count, job->findings->count);
}

bool sample_search(const struct search_options *options, const struct sample *sample,
                   struct findings *findings, struct sample_result *result, struct error *error)
{
    CHECK(sample->run_count <= UINT32_MAX);
    struct arena *arena = arena_create("a search", 0);
    uint32_t slot_count = team_slot_count(options);
    struct sample_result made = {.run_count = 0};
    struct sample_job job = {.options = options,
                             .sample = sample,
                             .slots = arena_take_array(arena, slot_count, sizeof(struct slot)),
                             .findings = findings,
                             .result = &made};
    for (uint32_t i = 0; i < slot_count; i++)
        job.slots[i].arena = arena_create("findings of a piece", 0);
    struct team_job pieces = {
        .context = &job,
        .piece_count = (sample->run_count + RUNS_A_PIECE - 1) / RUNS_A_PIECE,
        .open = open_worker,
        .close = close_worker,
        .work = work,
        .merge = merge,
        .tell = tell,
    };
    bool is_good = team_run(options, &pieces, &made.end, error);
    if (is_good)
        *result = made;
    for (uint32_t i = 0; i < slot_count; i++)
        arena_destroy(job.slots[i].arena);
    arena_destroy(arena);
    return is_good;
}
