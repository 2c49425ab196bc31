/* calibrate.h - turn values of a scenario until it shows what was observed.
 *
 * One parameter: the metric is a function of it, under common random numbers a step function with
 * many small steps, and where it meets the observation is found by bracketing and Brent's method.
 * The interval of the parameter is where the metric is within the observation's interval, widened
 * by the simulation's own error (both half-widths squared and added): from the first such place of
 * the range to the last one, because noise makes the metric pass a level more than once.
 *
 * Several: Levenberg-Marquardt (GSL) on the distances between metrics and observations, each in its
 * standard errors, with finite differences wide enough to stand out of the noise. The interval
 * follows from the Jacobian; where some combination of the parameters is less well known than the
 * range allowed, they are not identified. The errors are those where the search ended.
 *
 * An interval that goes on beyond the range at both ends says nothing: not identified. At one end
 * it is a bound, and what was found is written, with a note that the other end is not identified.
 *
 * Where the metric jumps over what was observed, no value is right, and both sides of the jump are
 * named.
 *
 * Parameters are searched between LOW and HIGH on a scale of 0 to 1, logarithmic where the range
 * spans more than a decade.
 *
 * A few replications find the neighbourhood, all of them the value. What was found is rounded to
 * four digits and simulated again with another seed.
 */
#ifndef MODELS_RCESIM_STUDY_CALIBRATE_H
#define MODELS_RCESIM_STUDY_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/study/quantity.h"
#include "models/rcesim/study/study.h"
#include "models/rcesim/study/target.h"
#include "models/rcesim/study/template.h"
#include "reports/progress.h"
#include "reports/manifest.h"
#include "reports/table.h"

enum { CALIBRATE_PARAMETERS_MAX = 4 };

struct calibrate_parameter {
    const char *name;
    size_t template;
    struct quantity low, high; /* Of the search. */
    bool is_logarithmic;
};

enum calibrate_outcome {
    CALIBRATE_FOUND,
    CALIBRATE_UNREACHABLE,
    CALIBRATE_UNIDENTIFIED,
    CALIBRATE_INTERRUPTED,
};

/* One setting that was simulated on the way. */
struct calibrate_sample {
    double scale[CALIBRATE_PARAMETERS_MAX]; /* 0 to 1 */
    uint32_t replication_count;
    struct interval metrics[CALIBRATE_PARAMETERS_MAX]; /* One for each target. */
};

/* What was found of a parameter. */
struct calibrate_value {
    struct quantity estimate, low, high;
    bool is_low_open, is_high_open; /* The interval goes on beyond what was searched. */
};

/* How the metrics compare with the targets at what was found. */
struct calibrate_check {
    struct interval found;    /* With the seed of the scenario. */
    struct interval verified; /* With another. */
    bool is_met;              /* The verified one, within both errors and the observation's. */
};

struct calibrate {
    const struct study *study;
    const struct configuration *base;
    struct template templates[CALIBRATE_PARAMETERS_MAX];
    size_t template_count;
    struct calibrate_parameter parameters[CALIBRATE_PARAMETERS_MAX];
    struct target targets[CALIBRATE_PARAMETERS_MAX];
    size_t count; /* Of parameters, and of targets. */
    double tolerance;
    uint64_t verify_seed;
    const char *command;
    struct progress *progress;
    /* What came out. */
    enum calibrate_outcome outcome;
    const char *reason; /* Of an outcome that is not "found". */
    struct calibrate_value values[CALIBRATE_PARAMETERS_MAX];
    struct calibrate_check checks[CALIBRATE_PARAMETERS_MAX];
    struct options_list notes;
    struct calibrate_sample *samples; /* [sample_count], in order */
    size_t sample_count, sample_room;
    struct error error; /* Set where an evaluation failed. */
    bool has_error;
};

/* Read --turn and --target, which must be equally many. `base` has all variants that targets may
 * name. */
bool calibrate_add_turn(struct calibrate *calibrate, const char *text, struct error *error);
bool calibrate_add_target(struct calibrate *calibrate, const char *text, struct error *error);

/* Search and verify. False for an error; an outcome of any kind is none. */
bool calibrate_run(struct calibrate *calibrate, struct error *error);

/* The value of a parameter at a place between 0 and 1, and back. */
struct quantity calibrate_quantity(const struct calibrate_parameter *parameter, double scale);
double calibrate_scale(const struct calibrate_parameter *parameter, double value);

/* Simulate at a place, with the seed of the scenario; false: stop (an error, or interrupted). `run`
 * may be NULL. */
bool calibrate_evaluate(struct calibrate *calibrate, const double *scale,
                        uint32_t replication_count, struct calibrate_sample *sample,
                        struct study_run *run);

/* Replications for a first look. */
uint32_t calibrate_few(const struct calibrate *calibrate);

/* Is some parameter bounded at one end only? */
bool calibrate_is_open(const struct calibrate *calibrate);

/* Half the width of an interval, 0 where it is not known. */
double calibrate_half(const struct interval *interval);

/* Search for one parameter and for several; they set the outcome, and `values` where found. */
bool calibrate_find_one(struct calibrate *calibrate);
bool calibrate_find_several(struct calibrate *calibrate);

/* "18.3 %" of a target's metric. */
const char *calibrate_metric_text(const struct calibrate *calibrate, size_t target, double value);

/* The override of a template with these values of all parameters. */
const char *calibrate_override(const struct calibrate *calibrate, struct arena *arena,
                               size_t template, const struct quantity *values);

/* Whose it is. */
struct identity calibrate_identity(const struct calibrate *calibrate);

/* "[2.1min, 2.5min]" of a parameter; an end that was not found is the end of what was searched. */
const char *calibrate_limits_text(const struct calibrate *calibrate, size_t parameter);

/* The page; it lies in the arena of the study. */
struct manifest *calibrate_manifest(const struct calibrate *calibrate);

/* Show it: to people, as JSON, and as a scenario that extends the one beside it. */
void calibrate_print(const struct calibrate *calibrate, const char *directory,
                     const struct page *page);
void calibrate_write_json(const struct calibrate *calibrate, FILE *file);
void calibrate_write_overlay(const struct calibrate *calibrate, FILE *file);

#endif
