/* live.h - what commands share that run in real time: serve, drive, validate-live. */
#ifndef MODELS_RCESIM_RUN_LIVE_H
#define MODELS_RCESIM_RUN_LIVE_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/publish.h"
#include "sim/base/error.h"

/* What serve and drive take alike; what --help says of it is their own. Where there is no result to
 * write, as in validate-live, it is another matter. */
enum live_key {
    LIVE_KEY_OUTPUT = 'o',
    LIVE_KEY_QUIET = 'q',
    LIVE_KEY_SPEED = 768,
    LIVE_KEY_TOKEN_FILE,
    LIVE_KEY_REPLICATION,
    LIVE_KEY_FORCE,
    LIVE_KEY_JSON,
};

struct live_options {
    double speed;           /* 0: as the command says. */
    const char *token_file; /* NULL: none. */
    uint32_t replication;
    const char *output; /* NULL: out/NAME.COMMAND, with "live" for a service. */
    bool is_forced, is_quiet, is_json;
};

/* Take those options, and what options_one_scenario takes. */
error_t live_one_scenario(int key, char *argument, struct argp_state *state,
                          struct options_scenario *scenario, struct live_options *live);

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

/* How a wave that was observed is published. */
struct publication live_publication(const struct options_scenario *options,
                                    const struct live_options *live,
                                    const struct configuration *configuration, const char *command);

/* Let this process have as many open files as it may: many connections are many files. */
void live_raise_file_limit(void);

#endif
