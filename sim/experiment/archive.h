/* archive.h - a result as bytes in a file, exact: what is read back gives the same reports.
 *
 * Everything that result.h holds is stored: names of the variants, records, rows where there are
 * any, what the check of common draws found, which replications these are and how many were
 * planned. The hash over all records and the synchrony of the whole are not: they are reduced again
 * from the runs, by the code that reduces a run of the experiment. Parameters of variants are not
 * stored either; whoever wants to simulate on makes them from `context`.
 *
 * The file, all integers little-endian; "varint" is LEB128 in its shortest form:
 *
 *     magic (8 bytes)  schema version (4)
 *     label  model name and digest  variants  seed  first, done and planned replications
 *     for each replication, for each variant: what was found of its draws, record, rows
 *     checksum of all that stands before (8)  end mark (8)
 *
 * A histogram or a series is its window, one byte for most buckets and one for a gap; a value is a
 * zigzag varint plus one, so that METRIC_NONE and ROW_NONE are the single byte 0. There is one way
 * to write a result, and the reader insists on it: equal results are equal files.
 *
 * The reader believes nothing: no count is used before it is known to fit into the bytes that are
 * left, and what a report relies on (bits of failed units add up, names of cells exist) is checked.
 * Memory for a file of n bytes is a small multiple of n for files that were written here; a forged
 * one can reach a thousand times its size with histograms that are nearly empty.
 *
 * The magic is a PNG's trick: it breaks under a transfer that changes line ends or the eighth bit.
 */
#ifndef SIM_EXPERIMENT_ARCHIVE_H
#define SIM_EXPERIMENT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/experiment/model.h"
#include "sim/experiment/result.h"

enum { ARCHIVE_SCHEMA_VERSION = 2 };

/* What the writing program says about the result. Texts are UTF-8. */
struct archive_label {
    const char *program_version;
    uint64_t simulation_hash; /* Of everything that influences a replication: world, variants. */
    uint64_t world_hash;      /* Of the world alone: results with the same one can be paired. */
    const char *context;      /* The program's own, opaque here. */
};

struct archive {
    struct archive_label label;
    struct result *result; /* The caller's: result_destroy. Its variants have names only. */
};

struct archive_bytes {
    const unsigned char *bytes;
    size_t size_bytes;
};

/* The models that a reader knows. */
struct archive_models {
    const struct model *const *models;
    size_t count;
};

/* Write the result. Errors of writing are the caller's to find (ferror, fclose). About 1 us a KiB;
 * needs 64 KiB of stack and no other memory. */
void archive_write(FILE *file, const struct result *result, const struct archive_label *label);

/* Read a result from bytes. The label lives in `arena`, the result on its own. Errors (ERROR_IO)
 * say what is wrong and what to do: no archive, another schema version, cut short, damaged, a model
 * that is not among `models` or has other metrics, histograms, series or columns. */
bool archive_parse(struct archive *archive, struct arena *arena, struct archive_bytes bytes,
                   const struct archive_models *models, struct error *error);

/* Read a result from a file. Errors begin with the path. */
bool archive_read(struct archive *archive, struct arena *arena, const char *path,
                  const struct archive_models *models, struct error *error);

#endif
