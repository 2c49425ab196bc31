/* output.h - one file that appears whole or not at all.
 *
 *     out/.result.xml.tmp-4711     the file is written here ...
 *     out/result.xml               ... and renamed when it is whole
 *
 * A reader never sees half of it, and a failure leaves what was there before; what was there is
 * replaced. A symbolic link is followed. What is not a regular file (/dev/stdout, a pipe) is
 * written to directly, because renaming would replace the device. Missing folders are not made.
 *
 * Nothing is forced to disk, see directory.h. Every error has code ERROR_IO.
 */
#ifndef REPORTS_OUTPUT_H
#define REPORTS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct output {
    FILE *file; /* To write to. */
    const char *path;
    const char *temporary; /* NULL where the file is written directly. */
};

/* Begin. On failure nothing is left behind. End with commit or discard. The paths lie in the
 * arena. */
bool output_open(struct output *output, struct arena *arena, const char *path, struct error *error);

/* Put the file in its place, if everything was written. On failure it is removed. */
bool output_commit(struct output *output, struct error *error);

/* Remove what was written. */
void output_discard(struct output *output);

/* Check, and leave nothing behind, that the file can be written: to be asked before hours of
 * simulation. */
bool output_check(const char *path, struct error *error);

/* Close a file of any kind; only this says whether everything was written to it. `path` is for the
 * message. */
bool output_close_file(FILE *file, const char *path, struct error *error);

#endif
