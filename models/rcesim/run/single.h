/* single.h - run one replication of one variant again, to look at it more closely. */
#ifndef MODELS_RCESIM_RUN_SINGLE_H
#define MODELS_RCESIM_RUN_SINGLE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rcesim/format/configure.h"
#include "sim/experiment/model.h"

struct single {
    const struct configuration *configuration;
    uint32_t variant;
    uint32_t replication;
    struct model_sink *sink;                  /* May be NULL. */
    const volatile sig_atomic_t *interrupted; /* May be NULL: then it is simulated to the end. */
};

/* Simulate it with the seed of the configuration; the record lies in the arena. */
bool single_run(const struct single *single, struct arena *arena, const struct record **record,
                struct error *error);

/* Find the first unit that failed. False: none did. */
bool single_first_failed(const struct record *record, uint32_t *unit);

/* The index of the row column of that name; the number of columns if there is none. */
size_t single_column(const struct model *model, const char *name);

/* Simulate it and find the first unit whose column of that name is not 0. False: there is none. */
bool single_find_row(const struct single *single, const char *column, uint32_t *unit);

#endif
