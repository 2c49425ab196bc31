#include "models/rcesim/run/spread.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/rcesim/interrupt.h"
#include "models/rcesim/run/shard.h"
#include "reports/directory.h"

/* Make this rank's shard. Where that fails there is nothing to wait for: the others end, too. */
static struct shard_report make_shard(const struct ranks *ranks, const struct shard_job *job)
{
    struct shard_report report;
    struct error error;
    if (!shard_make(job, &report, &error)) {
        int status = ranks_print_error(ranks, &error);
        fprintf(
            stderr,
            "rcesim: finished shards stay in %s; the same command again takes them from there\n",
            job->folder);
        exit(status);
    }
    if (report.is_reused && !job->simulation.work->is_quiet)
        fprintf(stderr, "rcesim: rank %u of %u: %s is there already\n", ranks->rank, ranks->count,
                report.path);
    return report;
}

/* Join all shards and publish the result. */
static int publish(const struct ranks *ranks, const struct shard_job *job,
                   struct publication *publication)
{
    struct options_list paths = {0};
    struct stored first;
    struct result *result;
    struct error error;
    for (uint32_t i = 1; i <= ranks->count; i++)
        options_list_add(
            &paths, job->arena,
            shard_path(job->arena, job->folder, (struct stored_shard){i, ranks->count}));
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
        shard_remove_all(job->arena, job->folder);
    return status;
}

int spread_run(const struct ranks *ranks, const struct simulation *simulation,
               struct publication *publication)
{
    struct arena *arena = publication->arena;
    int status;
    struct shard_job job = {
        .arena = arena,
        .simulation = *simulation,
        .commands = publication->commands,
        .shard = {ranks->rank + 1, ranks->count},
        .folder = shard_folder(arena, publication->target.path),
        .may_reuse = true,
    };
    job.simulation.is_silent = ranks->rank > 0;
    job.simulation.label = arena_print(arena, "rank 0 of %u", ranks->count);
    struct shard_report report = make_shard(ranks, &job);
    uint32_t unfinished = ranks_max(ranks, report.is_interrupted);
    if (unfinished == 0) {
        status = ranks->rank == 0 ? publish(ranks, &job, publication) : 0;
        ranks_max(ranks, 0); /* Nobody ends before the result is there. */
        return status;
    }
    if (ranks->rank == 0)
        fprintf(stderr,
                "rcesim: interrupted; finished shards stay in %s, and the same command again takes "
                "them from there\n",
                job.folder);
    return INTERRUPT_STATUS;
}
