/* options.h - the command line: what several commands share.
 *
 * Every command has an argp of its own; those that read a scenario have one of the options_..._argp
 * as its child, which offers what means something there. --seed
 * and --replications are overrides of the scenario like --set, so they take part in its hash and in
 * errors. All errors here are errors of usage, printed by argp, exit status 2.
 */
#ifndef MODELS_RCESIM_OPTIONS_H
#define MODELS_RCESIM_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/scenario/scenario.h"

/* A growing list of texts that belong to the command line. */
struct options_list {
    const char **items;
    size_t count, room;
};

void options_list_add(struct options_list *list, struct arena *arena, const char *item);

/* What every command that reads scenarios takes. */
struct options_scenario {
    struct arena *arena;
    struct options_list files;
    struct options_list overrides; /* path=value, in the order given */
    struct options_list variants;  /* --variant */
    const char *engine;            /* --engine; NULL: as the scenario says */
    struct options_list words;     /* what was given, for the normal form of the command */
    struct options_list own_words; /* the same of options that only this command has */
};

/* --set, --seed, --engine, and also --replications, --variant; not --variant; neither of them.
 * `input` is a struct options_scenario. What is not offered can be given nevertheless, and is for
 * the command to refuse, who knows what to do instead. */
extern const struct argp options_scenario_argp;
extern const struct argp options_settings_argp;
extern const struct argp options_world_argp;

/* The same for what runs in real time: a service, a drive, both beside a simulation. */
extern const struct argp options_served_argp;
extern const struct argp options_driven_argp;
extern const struct argp options_alongside_argp;

/* What every command that simulates takes. */
struct options_work {
    uint32_t thread_count;
    bool has_thread_count; /* --threads was given. */
    bool is_quiet, is_json, is_forced;
    const char *output; /* NULL: the command's own choice. */
};

/* --output, --force, --json, --threads, --quiet; `input` is a struct options_work, which the argp
 * fills with the defaults. */
extern const struct argp options_work_argp;

/* Parse a whole number of an option; ends the program with a usage error if it is none, or outside
 * the limits. */
uint64_t options_number(const struct argp_state *state, const char *option, const char *text,
                        uint64_t minimum, uint64_t maximum);

/* The same of a duration, within whatever limits, and of one of `names` [up to a NULL], whose index
 * is returned. */
int64_t options_duration(const struct argp_state *state, const char *option, const char *text);
size_t options_choice(const struct argp_state *state, const char *option, const char *text,
                      const char *const *names);

/* Add a value of --set, path=value; ends the program with a usage error if it is none. */
void options_add_override(struct options_list *overrides, struct arena *arena, const char *text,
                          const struct argp_state *state);

/* The source of a file with the overrides of the command line. */
struct scenario_source options_source(const struct options_scenario *options,
                                      const char *file_name);

/* Quote a word for a shell, if it needs that. Lives in the arena. */
const char *options_quote(struct arena *arena, const char *word);

/* Note an option of the command itself that can change a result; `value` NULL: it takes none. */
void options_note(struct options_scenario *options, const char *option, const char *value);

/* Note one that may be given several times, and add its value to the list of them. */
void options_note_in(struct options_scenario *options, struct options_list *list,
                     const char *option, const char *value);

/* Was one of the shared options given, such as --replications, so that a command can refuse it? */
bool options_is_given(const struct options_scenario *options, const char *option);

/* The command for the first file in a normal form, without what cannot change a result: "rcesim run
 * a.yaml --set x=y", on request with its variants and own options. Lives in the arena. */
const char *options_command(const struct options_scenario *options, const char *command,
                            bool is_whole);

/* Take ARGP_KEY_INIT, ARGP_KEY_ARG and ARGP_KEY_END of a command that works on exactly one
 * scenario. Its first child is one of the argps for scenarios. */
error_t options_one_scenario(int key, char *argument, struct argp_state *state,
                             struct options_scenario *options);

/* The same of a command that simulates it: its second child is options_work_argp. */
error_t options_one_simulation(int key, char *argument, struct argp_state *state,
                               struct options_scenario *options, struct options_work *work);

/* Print an error to standard error and return its exit status. */
int options_fail(const struct error *error);

#endif
