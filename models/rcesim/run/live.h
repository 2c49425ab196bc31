/* live.h - what commands share that run in real time: serve, drive, validate-live. */
#ifndef MODELS_RCESIM_RUN_LIVE_H
#define MODELS_RCESIM_RUN_LIVE_H

#include <argp.h>
#include <stdbool.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/publish.h"
#include "sim/base/error.h"

/* The value of --speed; ends the program with a usage error if it is none. */
double live_speed(const struct argp_state *state, const char *text);

/* Load the scenario of a command line, with the variants that it chooses. ERROR_USAGE: it is of
 * another model than vmc; and the errors of configure.h. */
bool live_load(struct configuration **configuration, const struct options_scenario *options,
               struct error *error);

/* The same of what is of one variant, the chosen one or else the first, and happens once.
 * ERROR_USAGE also: several are chosen. */
bool live_load_one(struct configuration **configuration, const struct options_scenario *options,
                   struct error *error);

/* How a wave that was observed is published; `output` NULL: out/NAME.COMMAND, with "live" for a
 * service. What the command line says beyond that is for the command to fill in. */
struct publication live_publication(const struct options_scenario *options,
                                    const struct configuration *configuration, const char *command,
                                    const char *output);

/* Let this process have as many open files as it may: many connections are many files. */
void live_raise_file_limit(void);

#endif
