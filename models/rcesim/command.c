#include "models/rcesim/command.h"

#include <stddef.h>

#include "sim/base/check.h"

#ifndef RCESIM_VERSION
#define RCESIM_VERSION "unknown"
#endif

const char *const command_version = RCESIM_VERSION;

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_parse(argp, argc, argv, 0, NULL, input);
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
