#include "models/rcesim/command.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

#ifndef RCESIM_VERSION
#define RCESIM_VERSION "unknown"
#endif

const char *const command_version = RCESIM_VERSION;

/* The process that a command is under way in; 0: none. What on_exit calls outlives main, so this
 * cannot lie there; any thread may look. Children (plugins on trial) are other processes. */
static volatile sig_atomic_t under_way;

bool command_is_under_way(void)
{
    return under_way == getpid();
}

void command_ended(void)
{
    under_way = 0;
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    /* Arguments come back in messages, tables and JSON. */
    for (int i = 1; i < argc; i++)
        if (!text_is_utf8(argv[i], strlen(argv[i]), NULL)) {
            fprintf(stderr,
                    "%s: argument %d is not UTF-8; a file of such a name has to be renamed\n",
                    argv[0], i);
            exit(ERROR_USAGE);
        }
    argp_parse(argp, argc, argv, 0, NULL, input);
    under_way = getpid();
}

int command_verdict_status(enum threshold_verdict verdict)
{
    switch (verdict) {
    case THRESHOLD_PASS: return 0;
    case THRESHOLD_FAIL: return COMMAND_THRESHOLD_FAILED;
    case THRESHOLD_INCONCLUSIVE: return COMMAND_INCONCLUSIVE;
    }
    check_failed(__FILE__, __LINE__, "a known verdict");
}
