#include "models/rcesim/command.h"

#include <stddef.h>

#ifndef RCESIM_VERSION
#define RCESIM_VERSION "unknown"
#endif

const char *const command_version = RCESIM_VERSION;

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_parse(argp, argc, argv, 0, NULL, input);
}
