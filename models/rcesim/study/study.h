/* study.h - the same scenario many times, each time with other values.
 *
 * What sweep, calibrate and ablate share: a scenario with the overrides of the command line and
 * then some more, simulated, and reduced. No draw has the values in its name, so all runs of a
 * study share their worlds, and runs are compared pair by pair over replications.
 *
 * A run has an arena of its own and can be given back at once, so a study needs memory for what it
 * keeps of a run only.
 */
#ifndef MODELS_RCESIM_STUDY_STUDY_H
#define MODELS_RCESIM_STUDY_STUDY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "reports/directory.h"
#include "reports/identity.h"
#include "reports/manifest.h"
#include "reports/table.h"
#include "sim/experiment/result.h"
#include "sim/experiment/summary.h"

struct study {
    struct arena *arena;
    const struct options_scenario *options;
    const struct options_work *work;
    const struct options_list *variants;      /* The ones to keep; none: all. */
    const volatile sig_atomic_t *interrupted; /* interrupt_catch() */
};

/* One setting, simulated. */
struct study_run {
    struct arena *arena; /* Of everything here. */
    struct configuration *configuration;
    struct result *result;
    const struct summary *summary;
};

/* Load the scenario with more overrides [override_count], and check that it has a fixed number of
 * replications. */
bool study_load(const struct study *study, struct arena *arena, const char *const *overrides,
                size_t override_count, struct configuration **configuration, struct error *error);

/* Simulate a configuration that lies in the arena, which the run takes over on success.
 * `replication_count` 0: as many as it says. A run that was interrupted has a partial result. */
bool study_simulate(const struct study *study, struct arena *arena,
                    struct configuration *configuration, uint32_t replication_count,
                    struct study_run *run, struct error *error);

/* Give back everything of a run. One that is all zero is nothing. */
void study_release(struct study_run *run);

/* A variant's values of a metric against those of another one, which may be of another run, pair by
 * pair over the replications that both have: first minus second. */
struct interval study_difference(const struct study_run *first, uint32_t first_variant,
                                 const struct study_run *second, uint32_t second_variant,
                                 size_t metric);

/* Find a metric by name; ERROR_USAGE with a suggestion if there is none. */
bool study_find_metric(const struct model *model, const char *name, size_t *metric,
                       struct error *error);

/* What the result says about how it was made. `command` is in a normal form. */
struct identity study_identity(const struct configuration *configuration, const char *command,
                               uint32_t replications);

/* Where the result goes: what --output says, else out/NAME-COMMAND. */
struct directory_target study_target(const struct study *study,
                                     const struct configuration *configuration, const char *command,
                                     const char *mark);

/* A file of the result directory, and who writes it. */
struct study_file {
    const char *name;
    void (*write)(const void *context, FILE *file);
};

/* The end of a study: its files, and what it says to people. */
struct study_report {
    const void *context;            /* Handed to all functions here. */
    const struct study_file *files; /* The first one is the mark, a JSON document. */
    size_t file_count;
    /* Write more files, whose number only the study knows; NULL: there are none. */
    bool (*write_others)(const void *context, struct directory *directory, struct error *error);
    const struct configuration *configuration; /* Whose resolved form is another file. */
    bool is_partial;                           /* Interrupted. */
    void (*print)(const void *context, const char *directory, const struct page *page);
    const struct manifest *manifest; /* Of its page and charts. */
};

/* Write the directory, whole or not at all, with its page and charts (render.h), and print: tables
 * or, on request, the JSON document. Returns the exit status: 0, that of an interruption (a partial
 * result goes beside what --force was to replace), that of an error, which is printed, or
 * ERROR_CHART where pictures are missing. */
int study_publish(const struct study *study, const struct directory_target *target,
                  const struct study_report *report);

#endif
