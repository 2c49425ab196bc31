#include "models/rcesim/run/ranks.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "models/rcesim/options.h"
#include "sim/base/check.h"
#include "sim/experiment/experiment.h"

#ifdef RCESIM_MPI

#include <mpi.h>

/* Runs at exit: an argp that ends the program, a limit. MPI would wait for this rank for ever. */
static void end_all(int status, void *context)
{
    (void)context;
    int is_finalized;
    MPI_Finalized(&is_finalized);
    if (!is_finalized)
        MPI_Abort(MPI_COMM_WORLD, status);
}

bool ranks_begin(struct ranks *ranks, struct error *error)
{
    int rank, count, local_count, provided;
    MPI_Comm local;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
        return error_set(error, ERROR_INTERNAL, "MPI cannot be started");
    on_exit(end_all, NULL);
    /* mpirun hands rank 0 a terminal of its own, whatever it does with the output itself. */
    setenv("NO_COLOR", "1", 1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
    MPI_Comm_size(local, &local_count);
    MPI_Comm_free(&local);
    *ranks = (struct ranks){(uint32_t)rank, (uint32_t)count, (uint32_t)local_count};
    return true;
}

void ranks_end(const struct ranks *ranks)
{
    (void)ranks;
    MPI_Finalize();
}

uint32_t ranks_max(const struct ranks *ranks, uint32_t value)
{
    enum { LONGEST_SLEEP_NS = 50 * 1000 * 1000 };
    if (ranks->count == 1)
        return value;
    uint32_t max = 0;
    int is_done = 0;
    MPI_Request request;
    MPI_Iallreduce(&value, &max, 1, MPI_UINT32_T, MPI_MAX, MPI_COMM_WORLD, &request);
    struct timespec sleep = {.tv_nsec = 10000};
    while (MPI_Test(&request, &is_done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !is_done) {
        nanosleep(&sleep, NULL);
        sleep.tv_nsec = sleep.tv_nsec < LONGEST_SLEEP_NS / 2 ? 2 * sleep.tv_nsec : LONGEST_SLEEP_NS;
    }
    return max;
}

#else

/* How launchers of MPI and batch systems tell a process how many it is one of. */
static bool is_one_of_several(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = getenv(names[i]);
        if (text != NULL && atoi(text) > 1)
            return true;
    }
    return false;
}

bool ranks_begin(struct ranks *ranks, struct error *error)
{
    if (is_one_of_several())
        return error_set(error, ERROR_USAGE,
                         "this program was built without MPI, so every process would do the whole "
                         "run; `make MPI=1` builds rcesim-mpi");
    *ranks = (struct ranks){.count = 1, .local_count = 1};
    return true;
}

void ranks_end(const struct ranks *ranks)
{
    (void)ranks;
}

uint32_t ranks_max(const struct ranks *ranks, uint32_t value)
{
    (void)ranks;
    return value;
}

#endif

int ranks_print_error(const struct ranks *ranks, const struct error *error)
{
    if (ranks->count > 1 && ranks->rank > 0)
        fprintf(stderr, "rcesim: rank %u of %u: ", ranks->rank, ranks->count);
    return options_fail(error);
}

int ranks_agree(const struct ranks *ranks, const struct error *error)
{
    /* The lowest rank has the largest word, which carries its exit status. */
    enum { STATUS_BITS = 8 };
    uint32_t mine = 0;
    if (error != NULL)
        mine = (ranks->count - ranks->rank) << STATUS_BITS | (uint32_t)error->code;
    uint32_t worst = ranks_max(ranks, mine);
    if (worst != 0 && worst == mine)
        ranks_print_error(ranks, error);
    return (int)(worst & ((1u << STATUS_BITS) - 1));
}

uint32_t ranks_thread_count(const struct ranks *ranks)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) < cores)
        cores = CPU_COUNT(&set); /* Bound: these are for this rank alone. */
    else
        cores /= ranks->local_count;
    return cores < 1                        ? 1
           : cores > EXPERIMENT_THREADS_MAX ? EXPERIMENT_THREADS_MAX
                                            : (uint32_t)cores;
}
