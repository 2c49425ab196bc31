#include "sim/explore/tilt.h"

#include <math.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/explore/team.h"

/* Which component a run uses, and the seed of all of them. Purposes below 256 are sim's. */
enum { PURPOSE_COMPONENT = 40, PURPOSE_SEED = 41 };

/* Blocks are at least so small that threads can share little work, at most so large that a stop
 * comes soon. */
enum { BLOCKS_WANTED = 64, BLOCK_RUNS_MIN = 16, BLOCK_RUNS_MAX = 4096 };

struct job {
    const struct tilt *tilt;
    const struct draw_name *names; /* All that any component tilts. */
    const uint32_t *name_indices;  /* Of the draws, component after component. */
    const uint32_t *first_draws;   /* Of each component, in name_indices. */
    uint32_t name_count, draw_count;
    uint32_t block_runs;
    struct probe_options probe;
    struct tilt_sums *slots;
    struct tilt_sums *total;
};

struct worker {
    const struct job *job;
    struct arena *arena;
    struct probe *probe;
    double *uniforms;  /* [name_count] of the run */
    double *densities; /* [component_count] of the run */
};

/* What the oracle asks back during a run. */
struct run_choice {
    const struct tilt_component *component;
    const double *uniforms;
    const uint32_t *name_indices; /* Of the component's draws. */
};

static bool choose(void *context, const struct oracle_asked *asked, int64_t *value)
{
    const struct run_choice *choice = context;
    for (uint32_t i = 0; i < choice->component->draw_count; i++) {
        struct draw_name name = choice->component->draws[i].region.name;
        if (name.entity != asked->name.entity || name.occurrence != asked->name.occurrence ||
            name.purpose != asked->name.purpose)
            continue;
        *value = oracle_asked_at(asked, choice->uniforms[choice->name_indices[i]]);
        return true;
    }
    return false;
}

static uint32_t pick_component(const struct tilt *tilt, uint32_t run)
{
    double u = draw_uniform(tilt->seed, run, (struct draw_name){0, PURPOSE_COMPONENT, 0});
    uint32_t last = 0;
    for (uint32_t i = 0; i < tilt->component_count; i++) {
        if (!(tilt->components[i].share > 0))
            continue;
        last = i;
        u -= tilt->components[i].share;
        if (u < 0)
            return i;
    }
    return last; /* The shares fell short of 1 by rounding. */
}

/* How far out a uniform is on the side of a twist: exponential of mean 1 in the model. */
static double score(const struct tilt_draw *draw, double u)
{
    return -log(draw->is_lower ? u : 1 - u);
}

static double density(const struct tilt_draw *draw, double u)
{
    if (draw->theta > 0)
        return draw->theta * exp(score(draw, u) * (1 - draw->theta));
    return likelihood_region_holds(&draw->region, u) ? 1 / draw->region.mass : 0;
}

/* Map a uniform to one of this density, in order. */
static double tilted(const struct tilt_draw *draw, double u)
{
    if (!(draw->theta > 0))
        return likelihood_region_at(&draw->region, u);
    double t = pow(draw->is_lower ? u : 1 - u, 1 / draw->theta);
    return fmin(fmax(draw->is_lower ? t : 1 - t, 0x1p-60), 1 - 0x1p-53);
}

/* The density of the mixture over that of the model; `densities` are its terms. */
static double mixture_density(const struct worker *worker)
{
    const struct job *job = worker->job;
    double sum = 0;
    for (uint32_t j = 0; j < job->tilt->component_count; j++) {
        const struct tilt_component *component = &job->tilt->components[j];
        const uint32_t *indices = job->name_indices + job->first_draws[j];
        double product = component->share;
        for (uint32_t i = 0; i < component->draw_count && product > 0; i++)
            product *= density(&component->draws[i], worker->uniforms[indices[i]]);
        worker->densities[j] = product;
        sum += product;
    }
    return sum;
}

static bool is_hit(const struct tilt *tilt, const struct probe_result *result)
{
    return tilt->signature == LIKELIHOOD_ANY ? result->finding_count > 0
                                             : probe_result_has(result, tilt->signature);
}

static void add_scores(const struct worker *worker, struct tilt_sums *sums, uint32_t which,
                       double share)
{
    const struct job *job = worker->job;
    const struct tilt_component *component = &job->tilt->components[which];
    uint32_t first = job->first_draws[which];
    sums->posteriors[which] += share;
    for (uint32_t i = 0; i < component->draw_count; i++)
        sums->scores[first + i] +=
            share * score(&component->draws[i], worker->uniforms[job->name_indices[first + i]]);
}

static void add_hit(const struct worker *worker, struct tilt_sums *sums, double mixture)
{
    CHECK(mixture > 0);
    double weight = 1 / mixture;
    sums->hit_count++;
    sums->stray_count +=
        worker->job->tilt->components[0].draw_count == 0 && 2 * worker->densities[0] >= mixture;
    sums->sum += weight;
    sums->square_sum += weight * weight;
    sums->weight_max = fmax(sums->weight_max, weight);
    tally_add(&sums->weighted, weight);
    if (sums->posteriors != NULL)
        for (uint32_t j = 0; j < worker->job->tilt->component_count; j++)
            if (worker->densities[j] > 0)
                add_scores(worker, sums, j, weight * worker->densities[j] / mixture);
}

static bool make_run(struct worker *worker, uint32_t run, struct tilt_sums *sums,
                     struct error *error)
{
    const struct job *job = worker->job;
    const struct tilt *tilt = job->tilt;
    for (uint32_t i = 0; i < job->name_count; i++)
        worker->uniforms[i] = draw_uniform(tilt->seed, run, job->names[i]);
    uint32_t which = pick_component(tilt, run);
    const struct tilt_component *component = &tilt->components[which];
    struct run_choice choice = {component, worker->uniforms,
                                job->name_indices + job->first_draws[which]};
    for (uint32_t i = 0; i < component->draw_count; i++) {
        double *u = &worker->uniforms[choice.name_indices[i]];
        *u = tilted(&component->draws[i], *u);
    }
    struct oracle_chooser chooser = {&choice, choose};
    struct probe_extra extra = {.is_drawn = true,
                                .has_replication = true,
                                .replication = run,
                                .chooser = component->draw_count > 0 ? &chooser : NULL,
                                .is_unwatched = true};
    struct probe_result result;
    if (!probe_run_with(worker->probe, tilt->fixed, tilt->fixed_count, &extra, &result, error))
        return false;
    if (is_hit(tilt, &result))
        add_hit(worker, sums, mixture_density(worker));
    else
        tally_add(&sums->weighted, 0);
    return true;
}

static void *open_worker(void *context, const struct team *team)
{
    struct job *job = context;
    struct arena *arena = arena_create("tilted runs", 0);
    struct worker *worker = arena_take(arena, sizeof *worker);
    struct probe_options probe = job->probe;
    probe.interrupted = team_cut(team);
    *worker = (struct worker){
        .job = job,
        .arena = arena,
        .probe = probe_create(&probe),
        .uniforms = arena_take_array(arena, job->name_count, sizeof(double)),
        .densities = arena_take_array(arena, job->tilt->component_count, sizeof(double)),
    };
    return worker;
}

static void close_worker(void *context, void *argument)
{
    (void)context;
    struct worker *worker = argument;
    probe_destroy(worker->probe);
    arena_destroy(worker->arena);
}

static enum team_outcome make_block(void *context, void *argument, const struct team *team,
                                    uint64_t block, uint32_t slot, struct error *error)
{
    struct job *job = context;
    struct tilt_sums *sums = &job->slots[slot];
    double *posteriors = sums->posteriors, *scores = sums->scores;
    *sums = (struct tilt_sums){.posteriors = posteriors, .scores = scores};
    if (posteriors != NULL) {
        memset(posteriors, 0, job->tilt->component_count * sizeof posteriors[0]);
        memset(scores, 0, job->draw_count * sizeof scores[0]);
    }
    uint32_t first = (uint32_t)block * job->block_runs;
    uint32_t left = job->tilt->run_count - first;
    uint32_t count = left < job->block_runs ? left : job->block_runs;
    for (uint32_t i = 0; i < count; i++) {
        if (team_is_stopping(team))
            return TEAM_ABANDONED;
        if (!make_run(argument, job->tilt->run_first + first + i, sums, error))
            return TEAM_FAILED;
    }
    return TEAM_DONE;
}

static bool merge_block(void *context, uint64_t block, uint32_t slot)
{
    (void)block;
    const struct job *job = context;
    const struct tilt_sums *from = &job->slots[slot];
    struct tilt_sums *into = job->total;
    into->hit_count += from->hit_count;
    into->stray_count += from->stray_count;
    into->sum += from->sum;
    into->square_sum += from->square_sum;
    into->weight_max = fmax(into->weight_max, from->weight_max);
    tally_merge(&into->weighted, &from->weighted);
    if (into->posteriors == NULL)
        return true;
    for (uint32_t j = 0; j < job->tilt->component_count; j++)
        into->posteriors[j] += from->posteriors[j];
    for (uint32_t i = 0; i < job->draw_count; i++)
        into->scores[i] += from->scores[i];
    return true;
}

/* Number the distinct names of all draws. */
static void number_names(struct job *job, struct arena *arena)
{
    const struct tilt *tilt = job->tilt;
    uint32_t draw_count = 0;
    uint32_t *first_draws = arena_take_array(arena, tilt->component_count, sizeof(uint32_t));
    for (uint32_t j = 0; j < tilt->component_count; j++) {
        first_draws[j] = draw_count;
        draw_count += tilt->components[j].draw_count;
    }
    struct draw_name *names = arena_take_array(arena, draw_count, sizeof *names);
    uint32_t *indices = arena_take_array(arena, draw_count, sizeof *indices);
    for (uint32_t j = 0; j < tilt->component_count; j++)
        for (uint32_t i = 0; i < tilt->components[j].draw_count; i++) {
            struct draw_name name = tilt->components[j].draws[i].region.name;
            uint32_t at = 0;
            while (at < job->name_count && memcmp(&names[at], &name, sizeof name) != 0)
                at++;
            if (at == job->name_count)
                names[job->name_count++] = name;
            indices[first_draws[j] + i] = at;
        }
    job->names = names;
    job->name_indices = indices;
    job->first_draws = first_draws;
    job->draw_count = draw_count;
}

static void take_posteriors(const struct job *job, struct arena *arena, struct tilt_sums *sums)
{
    *sums = (struct tilt_sums){0};
    if (!job->tilt->wants_posteriors)
        return;
    sums->posteriors = arena_take_array(arena, job->tilt->component_count, sizeof(double));
    sums->scores = arena_take_array(arena, job->draw_count, sizeof(double));
}

bool tilt_run(const struct tilt *tilt, struct arena *arena, struct tilt_sums *sums,
              struct error *error)
{
    CHECK(tilt->component_count > 0 && tilt->run_count <= UINT32_MAX - tilt->run_first);
    struct tilt_sums total;
    struct tilt own = *tilt;
    own.seed = draw_bits(tilt->seed, 0, (struct draw_name){0, PURPOSE_SEED, 0});
    struct job job = {.tilt = &own, .probe = *tilt->probe, .total = &total};
    job.probe.seed = own.seed;
    job.probe.interrupted = tilt->interrupted;
    number_names(&job, arena);
    take_posteriors(&job, arena, &total);
    uint32_t runs = tilt->run_count / BLOCKS_WANTED;
    job.block_runs = runs < BLOCK_RUNS_MIN   ? BLOCK_RUNS_MIN
                     : runs > BLOCK_RUNS_MAX ? BLOCK_RUNS_MAX
                                             : runs;
    struct search_options options = {.probe = &job.probe,
                                     .seed = tilt->seed,
                                     .threads = tilt->thread_count > 0 ? tilt->thread_count : 1,
                                     .interrupted = tilt->interrupted};
    uint32_t slot_count = team_slot_count(&options);
    job.slots = arena_take_array(arena, slot_count, sizeof *job.slots);
    for (uint32_t i = 0; i < slot_count; i++)
        take_posteriors(&job, arena, &job.slots[i]);
    struct team_job work = {
        .context = &job,
        .piece_count = ((uint64_t)tilt->run_count + job.block_runs - 1) / job.block_runs,
        .open = open_worker,
        .close = close_worker,
        .work = make_block,
        .merge = merge_block,
    };
    enum search_end end;
    if (!team_run(&options, &work, &end, error))
        return false;
    if (end != SEARCH_DONE)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    *sums = total;
    return true;
}
