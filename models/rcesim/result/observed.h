/* observed.h - a result of one wave that nobody simulated: what a service saw of its clients, or
 * what an engine did against a service.
 *
 * It is a result directory like that of `run`, with one variant and one replication, and every
 * command that reads one takes it. What cannot be had without simulating it again (the story of one
 * failure, the requests in a database) is left out. Charts may be left for `rcesim report`, where
 * the program has to be gone within a second.
 */
#ifndef MODELS_RCESIM_RESULT_OBSERVED_H
#define MODELS_RCESIM_RESULT_OBSERVED_H

#include <stdbool.h>

#include "models/rcesim/result/publish.h"
#include "sim/base/error.h"
#include "sim/experiment/record.h"
#include "sim/experiment/result.h"

struct observed {
    const struct record *record;  /* of the configuration's model */
    const struct row_table *rows; /* NULL: none */
    uint32_t replication;         /* whose draws they were */
};

/* Make a result of it, which belongs to the caller (result_destroy). The configuration has exactly
 * one variant. Errors: those of experiment_run. */
bool observed_result(const struct observed *observed, const struct configuration *configuration,
                     struct result **result, struct error *error);

/* Publish it: the publication has everything but the result. Returns the exit status. */
int observed_publish(const struct observed *observed, struct publication *publication);

#endif
