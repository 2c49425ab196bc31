#include "models/rcesim/command.h"

#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/run/ranks.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

static const struct command {
    const char *name;
    const char *doc;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "simulate a scenario, compare its variants, write the result", command_run},
    {"merge", "join the shards of a run to one result", command_merge},
    {"validate", "check scenarios and say what they would simulate", command_validate},
    {"scenario", "print a scenario with every value and its origin, or the format",
     command_scenario},
    {"report", "make the page and the charts of a result again", command_report},
    {"trace", "tell the life of one workflow", command_trace},
    {"compare", "compare two results that run has left", command_compare},
    {"diagnose", "find out what goes with failure, and what remains after it", command_diagnose},
    {"sweep", "simulate a scenario at many points and compare them", command_sweep},
    {"policies", "let back-off policies race: which is best, which as good for less",
     command_policies},
    {"ablate", "find out what each fix does, alone and beside the others", command_ablate},
    {"calibrate", "turn values of a scenario until it shows what was observed", command_calibrate},
    {"fit", "find the distribution of measured delays, as scenario lines", command_fit},
    {"validate-live", "hold the simulation against real time, over HTTP", command_validate_live},
    {"explore", "look for the smallest story that fails, say how far was looked", command_explore},
    {"replay", "carry out schedules again and see whether they end as they say", command_replay},
    {"check-engine", "try whether an engine keeps its contract", command_check_engine},
    {"serve", "make the world of a scenario a service over HTTP", command_serve},
    {"drive", "drive an engine against a service over HTTP, in real time", command_drive},
    {"doctor", "look at the machine: libraries, gnuplot, fonts, memory", command_doctor},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(void)
{
    printf("Usage: rcesim COMMAND [ARGUMENT...]\n"
           "rcesim simulates release orchestration: how often does this logic fail, why,\n"
           "and by how much does this fix help?\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].doc);
    printf("\n"
           "  --help     this text; `rcesim COMMAND --help` says more\n"
           "  --version  the version\n\n"
           "Exit status: 0 ok, 1 internal error, 2 usage, 3 scenario, 4 input/output,\n"
           "5 gnuplot missing or failed (data kept), 10 a threshold failed, or explore has\n"
           "found something, 11 a threshold is inconclusive, 130 interrupted (a partial\n"
           "result is marked so).\n");
}

static int fail_on_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *closest = text_closest(name, names, COMMAND_COUNT);
    fprintf(stderr, "rcesim: there is no command \"%s\"", name);
    if (closest != NULL)
        fprintf(stderr, "; did you mean \"%s\"?\n", closest);
    else
        fprintf(stderr, "; `rcesim --help` lists them\n");
    return ERROR_USAGE;
}

/* The last thing of the program, also where argp ends it: a full disk behind standard output must
 * not go unnoticed, nor a plugin that ends the program. */
static void close_output(int status, void *context)
{
    (void)context;
    if (command_is_under_way()) {
        fprintf(stderr,
                "rcesim: harness error: a plugin has ended the program, by exit(%d); there is no "
                "result\n",
                status);
        fflush(stderr);
        _exit(ERROR_INTERNAL);
    }
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    fprintf(stderr, "rcesim: cannot write to standard output: %s\n", strerror(errno));
    fflush(stderr);
    _exit(status == 0 ? ERROR_IO : status);
}

/* Files must not get the numbers of closed standard streams. False: standard output was closed, and
 * what a command has to say would be lost. */
static bool open_standard_streams(void)
{
    bool is_output_open = fcntl(STDOUT_FILENO, F_GETFD) != -1;
    int descriptor;
    do
        descriptor = open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    close(descriptor);
    return is_output_open;
}

int main(int argc, char **argv)
{
    if (!open_standard_streams()) {
        fprintf(stderr, "rcesim: standard output is closed; send it to /dev/null if nobody is to "
                        "read it\n");
        return ERROR_IO;
    }
    gsl_set_error_handler_off();
    signal(SIGXFSZ,
           SIG_IGN); /* A file that may not grow is an error of writing like a full disk. */
    argp_err_exit_status = ERROR_USAGE;
    on_exit(close_output, NULL);
    struct ranks_launch launch = ranks_launch();
    if (argc < 2) {
        fprintf(stderr, "rcesim: a command is missing; `rcesim --help` lists them\n");
        return ERROR_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0 || strcmp(name, "help") == 0) {
        if (launch.rank == 0)
            print_help();
        return 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        if (launch.rank == 0)
            printf("rcesim %s\n", command_version);
        return 0;
    }
    if (strcmp(name, "run") != 0 && launch.count > 1) {
        struct error error;
        error_set(&error, ERROR_USAGE,
                  "only run is spread over the processes of mpirun; start \"rcesim %s\" alone",
                  name);
        return ranks_refuse(launch, &error);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        char title[32];
        snprintf(title, sizeof title, "rcesim %s", name);
        argv[1] = title;
        int status = commands[i].run(argc - 1, argv + 1);
        command_ended();
        return status;
    }
    return fail_on_command(name);
}
