#include "models/rcesim/run/spread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/rcesim/command.h"
#include "models/rcesim/interrupt.h"
#include "models/rcesim/run/shard.h"

enum { SHARDS_MIN = 1024, PARTS_A_RANK = 16, REPLICATIONS_A_THREAD = 4 };

/* What one rank has to do. */
struct work {
    const struct ranks *ranks;
    struct shard_job job; /* `shard.number` changes, `shard.count` is that of the run. */
    uint32_t *numbers;    /* [count], of the shards that this rank makes, ascending. */
    uint32_t count;
    uint32_t stretch_replications; /* What is simulated at once, at least, if there is so much. */
    uint32_t made_count;
    bool is_interrupted;
};

static uint32_t count_shards(const struct ranks *ranks, uint32_t replication_count)
{
    uint64_t count = SHARDS_MIN;
    while (count < (uint64_t)PARTS_A_RANK * ranks->count)
        count *= 2;
    return count < replication_count ? (uint32_t)count : replication_count;
}

static uint32_t replication_count(const struct work *work)
{
    return work->job.simulation.configuration->replication_count;
}

static struct stored_shard shard_of(const struct work *work, uint32_t number)
{
    return (struct stored_shard){number, work->job.shard.count};
}

/* Find out, all ranks together, which shards are there, and take a share of the others. */
static void divide(struct work *work, struct arena *arena)
{
    const struct ranks *ranks = work->ranks;
    uint32_t count = work->job.shard.count;
    uint32_t *is_there = arena_take_array(arena, count, sizeof *is_there);
    struct shard_job job = work->job;
    for (uint32_t i = ranks->rank; i < count; i += ranks->count) {
        job.shard = shard_of(work, i + 1);
        is_there[i] = shard_is_there(&job);
    }
    ranks_max_all(ranks, is_there, count);
    uint32_t *missing = arena_take_array(arena, count, sizeof *missing);
    uint32_t missing_count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (is_there[i] == 0)
            missing[missing_count++] = i + 1;
    uint32_t first, end;
    shard_range((struct stored_shard){ranks->rank + 1, ranks->count}, missing_count, &first, &end);
    work->numbers = missing + first;
    work->count = end - first;
    if (ranks->rank == 0 && missing_count < count && !work->job.simulation.work->is_quiet)
        fprintf(stderr, "rcesim: %" PRIu32 " of %" PRIu32 " shards are in %s already\n",
                count - missing_count, count, work->job.folder);
}

/* How much to simulate at once: a small part of the whole, that keeps the threads busy. */
static uint32_t choose_stretch(const struct work *work)
{
    uint64_t own = (uint64_t)replication_count(work) * work->count / work->job.shard.count;
    uint32_t least = REPLICATIONS_A_THREAD * work->job.simulation.work->thread_count;
    uint32_t part = (uint32_t)(own / PARTS_A_RANK);
    return part > least ? part : least;
}

/* The end of the stretch of neighbours that begins with the shard at this index. */
static uint32_t find_end(const struct work *work, uint32_t begin)
{
    uint32_t total = replication_count(work), first, end, index = begin;
    shard_range(shard_of(work, work->numbers[begin]), total, &first, &end);
    for (index++; index < work->count; index++) {
        bool is_neighbour = work->numbers[index] == work->numbers[index - 1] + 1;
        if (!is_neighbour || end - first >= work->stretch_replications)
            break;
        uint32_t next_first;
        shard_range(shard_of(work, work->numbers[index]), total, &next_first, &end);
    }
    return index;
}

/* Write the shards of a stretch, as far as they are whole. */
static bool write_shards(struct work *work, uint32_t begin, uint32_t end,
                         const struct result *result, struct error *error)
{
    bool is_good = true;
    for (uint32_t i = begin; i < end && is_good; i++) {
        struct arena *arena = arena_create("shard", 0);
        struct shard_job job = work->job;
        job.arena = arena;
        job.shard = shard_of(work, work->numbers[i]);
        uint32_t from, until;
        shard_range(job.shard, replication_count(work), &from, &until);
        from -= result->first_replication;
        until -= result->first_replication;
        bool is_whole = until <= result->replication_count;
        if (is_whole)
            is_good = shard_write(&job, result_part(result, arena, from, until - from), error);
        arena_destroy(arena);
        if (!is_whole)
            break;
        work->made_count += is_good;
    }
    return is_good;
}

static bool make_stretch(struct work *work, uint32_t begin, uint32_t end, struct error *error)
{
    struct simulation simulation = work->job.simulation;
    uint32_t unused, until;
    shard_range(shard_of(work, work->numbers[begin]), replication_count(work),
                &simulation.first_replication, &unused);
    shard_range(shard_of(work, work->numbers[end - 1]), replication_count(work), &unused, &until);
    simulation.replication_count = until - simulation.first_replication;
    simulation.label =
        arena_print(work->job.arena, "rank 0 of %" PRIu32 ", shard %" PRIu32 " of %" PRIu32,
                    work->ranks->count, begin + 1, work->count);
    struct result *result;
    if (!simulate(&simulation, &result, error))
        return false;
    work->is_interrupted = result->is_partial;
    bool is_good = write_shards(work, begin, end, result, error);
    result_destroy(result);
    return is_good;
}

static bool make_shards(struct work *work, struct error *error)
{
    if (work->count == 0)
        return true;
    work->job.shard.number = work->numbers[0];
    if (!shard_check_path(&work->job, error))
        return false;
    for (uint32_t begin = 0; begin < work->count && !work->is_interrupted;) {
        uint32_t end = find_end(work, begin);
        if (!make_stretch(work, begin, end, error))
            return false;
        begin = end;
    }
    return true;
}

/* Make this rank's shards. Where that fails there is nothing to wait for: the others end, too. */
static void make_or_end(struct work *work)
{
    struct error error;
    if (make_shards(work, &error))
        return;
    int status = ranks_print_error(work->ranks, &error);
    fprintf(stderr,
            "rcesim: finished shards stay in %s; the same command again takes them from there\n",
            work->job.folder);
    command_ended();
    exit(status);
}

/* Join all shards and publish the result. */
static int publish(const struct shard_job *job, struct publication *publication)
{
    struct options_list paths = {0};
    struct stored first;
    struct result *result;
    struct error error;
    for (uint32_t i = 1; i <= job->shard.count; i++)
        options_list_add(
            &paths, job->arena,
            shard_path(job->arena, job->folder, (struct stored_shard){i, job->shard.count}));
    if (!shard_join(&paths, job->arena, &first, &result, &error))
        return options_fail(&error);
    result->variants = publication->configuration->variants;
    publication->result = result;
    int status = publication_publish(publication);
    result_destroy(result);
    if (status == ERROR_IO)
        fprintf(stderr, "rcesim: the shards stay in %s: rcesim merge %s\n", job->folder,
                options_quote(job->arena, job->folder));
    else
        shard_remove(&paths, job->arena, job->folder);
    return status;
}

int spread_run(const struct ranks *ranks, const struct simulation *simulation,
               struct publication *publication)
{
    struct arena *arena = publication->arena;
    struct work work = {
        .ranks = ranks,
        .job = {.arena = arena,
                .simulation = *simulation,
                .commands = publication->commands,
                .folder = shard_folder(arena, publication->target.path)},
    };
    work.job.shard.count = count_shards(ranks, replication_count(&work));
    divide(&work, arena);
    work.stretch_replications = choose_stretch(&work);
    make_or_end(&work);
    if (ranks_max(ranks, work.is_interrupted) == 0) {
        int status = ranks->rank == 0 ? publish(&work.job, publication) : 0;
        ranks_max(ranks, 0); /* Nobody ends before the result is there. */
        return status;
    }
    if (ranks->rank == 0)
        fprintf(stderr,
                "rcesim: interrupted; finished shards stay in %s, and the same command again takes "
                "them from there\n",
                work.job.folder);
    return INTERRUPT_STATUS;
}
