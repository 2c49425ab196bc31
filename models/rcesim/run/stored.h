/* stored.h - a run as records in a file, with everything that is needed to go on from there.
 *
 * The file is an archive (sim/experiment/archive.h). Its context says, as JSON, how the run was
 * made: the resolved scenario word for word, the file that it came from (data files of
 * distributions are looked for beside it), selected variants, thresholds and rows of the command
 * line, the commands in a normal form, and which shard it is, if it is one. With that the same
 * configuration is made again, and from it and the records the same reports, byte by byte.
 */
#ifndef MODELS_RCESIM_RUN_STORED_H
#define MODELS_RCESIM_RUN_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/options.h"
#include "models/rcesim/result/outcome.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/archive.h"
#include "sim/experiment/result.h"

/* One part of a run that is done in several: number 1 to count; 0 of 0: the whole. */
struct stored_shard {
    uint32_t number;
    uint32_t count;
};

struct stored {
    const char *path;
    struct archive_label label;
    struct result *result; /* The caller's; its variants have names only. */
    struct outcome_commands commands;
    const char *scenario_file;
    const char *scenario_text;
    struct options_list selected;
    struct options_list thresholds;
    struct stored_shard shard;
};

/* Write records. Errors of writing are the caller's to find. */
void stored_write(FILE *file, const struct configuration *configuration,
                  const struct result *result, const struct outcome_commands *commands,
                  struct stored_shard shard);

/* Find the records of a result: in its folder, or the path itself is theirs. The path lies in the
 * arena. ERROR_IO. */
bool stored_find(const char **records, struct arena *arena, const char *path, struct error *error);

/* Read records; everything but the result lives in the arena. ERROR_IO. */
bool stored_read(struct stored *stored, struct arena *arena, const char *path, struct error *error);

/* Make the configuration again. ERROR_IO where the scenario means something else today, because a
 * data file has changed; ERROR_SCENARIO where it cannot be read any more. */
bool stored_configure(const struct stored *stored, struct arena *arena,
                      struct configuration **configuration, struct error *error);

/* Check that what this configuration would simulate continues what is stored: program version,
 * model, seed, variants, everything that influences a replication, and rows. The message names what
 * differs, and both values. ERROR_IO. */
bool stored_check_continues(const struct stored *stored, const struct configuration *configuration,
                            const char *rows, struct error *error);

/* Is this what stored_write would say about how a run was made? Records are not looked at. */
bool stored_is_of(const struct stored *stored, const struct configuration *configuration,
                  const struct outcome_commands *commands, struct stored_shard shard);

/* Check that two stored parts come from the same run: everything but the records and the number of
 * the shard is equal. ERROR_IO. */
bool stored_check_same_run(const struct stored *a, const struct stored *b, struct error *error);

#endif
