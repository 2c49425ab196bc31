/* directory.h - a folder of results that appears whole or not at all.
 *
 *     out/.phase2-race.tmp-4711-0/   files are written here ...
 *     out/phase2-race/               ... and the folder is renamed when all of them are whole
 *
 * So a reader never sees half a result, and a failure (full disk, no permission, Ctrl-C) leaves
 * what was there before. Every folder brings a list of its own files along (DIRECTORY_LIST): what
 * kind of result it is, and then a name a line. A folder that holds something is an error unless
 * `replace` is set; with it the two folders change places in one step where the system can do that,
 * and the files of the old one are removed afterwards. Only a folder with such a list, of the same
 * kind, and with nothing in it that is not in the list is ever replaced: --force must not cost
 * anybody a home, or the notes that lie beside a result.
 *
 * Nothing is forced to disk (fsync): results can be computed again, and what counts is that every
 * write error is seen. Every error has code ERROR_IO.
 */
#ifndef REPORTS_DIRECTORY_H
#define REPORTS_DIRECTORY_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct directory_target {
    const char *path; /* Missing folders above it are made. */
    const char *mark; /* The kind of result, by its main file: "summary.json". */
    bool replace;
};

/* The hidden list of its own files in every folder. */
#define DIRECTORY_LIST ".rcesim"

/* Check, and leave nothing behind, that the result can be written there: to be asked before hours
 * of simulation. */
bool directory_check(const struct directory_target *target, struct error *error);

struct directory;

/* Make the temporary folder. On failure nothing is left behind. End with commit or discard. */
bool directory_open(struct directory **out, struct arena *arena,
                    const struct directory_target *target, struct error *error);

/* The path of the temporary folder; the directory owns it. */
const char *directory_path(const struct directory *directory);

/* Make a file in it for writing (the name has no folders), and close one: only close says whether
 * everything was written, and must be called in any case. */
FILE *directory_create_file(struct directory *directory, const char *name, struct error *error);
bool directory_close_file(struct directory *directory, const char *name, FILE *file,
                          struct error *error);

/* Put the folder in its place. On failure everything that was made is removed again. */
bool directory_commit(struct directory *directory, struct error *error);

/* Remove everything that was made. */
void directory_discard(struct directory *directory);

/* Is there something at this path that is not an empty folder? */
bool directory_is_filled(const char *path);

/* The name of a file in a folder that need not be there yet, if it lies directly in it; else
 * NULL. */
const char *directory_own_name(const char *directory_path, const char *path);

/* Add names to the list of a folder that is there, before files of these names are written into it.
 * A folder without a list stays without one. Errors (nothing is changed then): also where the
 * folder has something of such a name that is not in its list, because it is somebody's. */
bool directory_adopt(const char *path, const char *const *names, size_t count, struct error *error);

/* Make a plain folder, and what is missing above it, for files that stand for themselves
 * (output.h). It may be there already. */
bool directory_make(const char *path, struct error *error);

#endif
