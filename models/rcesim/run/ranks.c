#include "models/rcesim/run/ranks.h"

#include <fcntl.h>
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
#endif

/* A number that the launcher has put in the environment under one of the names. */
static uint32_t find_number(const char *const *names, size_t name_count, uint32_t otherwise)
{
    for (size_t i = 0; i < name_count; i++) {
        const char *text = getenv(names[i]);
        if (text != NULL && *text >= '0' && *text <= '9')
            return (uint32_t)strtoul(text, NULL, 10);
    }
    return otherwise;
}

struct ranks_launch ranks_launch(void)
{
    static const char *const counts[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"};
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"};
    struct ranks_launch launch = {.rank = find_number(ranks, 3, 0),
                                  .count = find_number(counts, 3, 1)};
    return launch.count > 1 ? launch : (struct ranks_launch){0, 1};
}

/* Long enough on a loaded machine. mpirun ends whoever waits as soon as rank 0 has ended. */
static void wait_for_rank_0(void)
{
    nanosleep(&(struct timespec){.tv_sec = 5}, NULL);
}

int ranks_refuse(struct ranks_launch launch, const struct error *error)
{
    if (launch.rank == 0)
        return options_fail(error);
    wait_for_rank_0();
    return error->code;
}

#ifdef RCESIM_MPI

/* Runs at exit: a command line that is wrong. */
static void end_late(int status, void *context)
{
    (void)context;
    int is_initialized;
    MPI_Initialized(&is_initialized);
    if (status != 0 && !is_initialized)
        wait_for_rank_0();
}

/* Runs at exit: an argp that ends the program, a limit. MPI would wait for this rank for ever. */
static void end_all(int status, void *context)
{
    (void)context;
    int is_finalized;
    MPI_Finalized(&is_finalized);
    if (!is_finalized)
        MPI_Abort(MPI_COMM_WORLD, status);
}

struct ranks_voice ranks_hush(struct ranks_launch launch)
{
    struct ranks_voice voice = {-1, -1};
    int nothing = launch.rank > 0 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nothing < 0)
        return voice;
    on_exit(end_late, NULL);
    voice = (struct ranks_voice){dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    close(nothing);
    return voice;
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

void ranks_max_all(const struct ranks *ranks, uint32_t *values, uint32_t count)
{
    enum { LONGEST_SLEEP_NS = 50 * 1000 * 1000 };
    if (ranks->count == 1)
        return;
    int is_done = 0;
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_UINT32_T, MPI_MAX, MPI_COMM_WORLD,
                   &request);
    struct timespec sleep = {.tv_nsec = 10000};
    while (MPI_Test(&request, &is_done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !is_done) {
        nanosleep(&sleep, NULL);
        sleep.tv_nsec = sleep.tv_nsec < LONGEST_SLEEP_NS / 2 ? 2 * sleep.tv_nsec : LONGEST_SLEEP_NS;
    }
}

#else

struct ranks_voice ranks_hush(struct ranks_launch launch)
{
    (void)launch;
    return (struct ranks_voice){-1, -1}; /* Several are refused. */
}

bool ranks_begin(struct ranks *ranks, struct error *error)
{
    if (ranks_launch().count > 1)
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

void ranks_max_all(const struct ranks *ranks, uint32_t *values, uint32_t count)
{
    (void)ranks, (void)values, (void)count;
}

#endif

uint32_t ranks_max(const struct ranks *ranks, uint32_t value)
{
    ranks_max_all(ranks, &value, 1);
    return value;
}

void ranks_speak(struct ranks_voice voice)
{
    fflush(NULL);
    if (voice.output >= 0)
        dup2(voice.output, STDOUT_FILENO);
    if (voice.error >= 0)
        dup2(voice.error, STDERR_FILENO);
    if (voice.output >= 0)
        close(voice.output);
    if (voice.error >= 0)
        close(voice.error);
}

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
