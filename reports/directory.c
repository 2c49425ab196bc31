#include "reports/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/output.h"
#include "sim/base/check.h"

enum { OPEN_DIRECTORIES_MAX = 16, NAMES_TRIED_MAX = 100 };

struct directory {
    struct arena *arena;
    struct directory_target target; /* The path without slashes at the end. */
    const char *parent;             /* "." where the path has no folder. */
    const char *base;
    const char *temporary;
    const char *first_made; /* The topmost folder above that had to be made, or NULL. */
};

static bool fail(struct error *error, const char *what, const char *path)
{
    return error_set(error, ERROR_IO, "%s %s: %s", what, path, strerror(errno));
}

/* "a//b/" becomes "a/b", so that every slash separates two names. */
static void drop_extra_slashes(char *path)
{
    size_t used = 0;
    for (const char *at = path; *at != '\0'; at++)
        if (*at != '/' || used == 0 || path[used - 1] != '/')
            path[used++] = *at;
    if (used > 1 && path[used - 1] == '/')
        used--;
    path[used] = '\0';
}

/* Split the path into parent and base; follow symbolic links of what exists, so that the folder is
 * replaced and not the link. */
static bool locate(struct directory *directory, struct error *error)
{
    const char *given = directory->target.path;
    if (*given == '\0')
        return error_set(error, ERROR_IO, "the name of the output folder is empty");
    char *path = arena_copy_text(directory->arena, given);
    char *resolved = realpath(given, NULL);
    if (resolved != NULL)
        path = arena_copy_text(directory->arena, resolved);
    free(resolved);
    drop_extra_slashes(path);
    char *slash = strrchr(path, '/');
    directory->target.path = path;
    directory->base = slash != NULL ? slash + 1 : path;
    directory->parent = "/";
    if (slash == NULL)
        directory->parent = ".";
    else if (slash != path)
        directory->parent = arena_print(directory->arena, "%.*s", (int)(slash - path), path);
    bool is_a_name = *directory->base != '\0' && strcmp(directory->base, ".") != 0 &&
                     strcmp(directory->base, "..") != 0;
    if (!is_a_name)
        return error_set(error, ERROR_IO, "%s cannot be an output folder", given);
    return true;
}

static bool check_free(const struct directory_target *target, struct arena *arena,
                       struct error *error)
{
    struct stat status;
    if (lstat(target->path, &status) != 0) {
        if (errno == ENOENT)
            return true;
        return fail(error, "cannot look at", target->path);
    }
    if (!S_ISDIR(status.st_mode))
        return error_set(error, ERROR_IO, "%s exists and is not a folder", target->path);
    if (!target->replace)
        return error_set(error, ERROR_IO,
                         "%s exists; choose another folder with -o, or replace it with --force",
                         target->path);
    const char *mark = arena_print(arena, "%s/%s", target->path, target->mark);
    if (access(mark, F_OK) != 0)
        return error_set(error, ERROR_IO,
                         "%s exists and does not look like a result (it has no %s): --force does "
                         "not replace it",
                         target->path, target->mark);
    return true;
}

/* Make a folder and what is missing above it. */
static bool make_folders(struct arena *arena, const char *folder, const char **first_made,
                         struct error *error)
{
    char *path = arena_copy_text(arena, folder);
    for (char *at = path + 1; at[-1] != '\0'; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(path, 0777) == 0) {
            if (*first_made == NULL)
                *first_made = arena_copy_text(arena, path);
        } else {
            int reason = errno;
            if (reason != EEXIST && access(path, F_OK) != 0) {
                errno = reason; /* Why it cannot be made, not that it is missing. */
                return fail(error, "cannot make the folder", path);
            }
        }
        *at = end;
    }
    return true;
}

bool directory_make(const char *path, struct error *error)
{
    if (*path == '\0')
        return error_set(error, ERROR_IO, "the name of the folder is empty");
    struct arena *arena = arena_create("folders", 0);
    const char *first_made = NULL;
    bool is_made = make_folders(arena, path, &first_made, error);
    arena_destroy(arena);
    return is_made;
}

static bool make_temporary(struct directory *directory, struct error *error)
{
    for (int i = 0; i < NAMES_TRIED_MAX; i++) {
        const char *path = arena_print(directory->arena, "%s/.%s.tmp-%ld-%d", directory->parent,
                                       directory->base, (long)getpid(), i);
        if (mkdir(path, 0777) == 0) {
            directory->temporary = path;
            return true;
        }
        if (errno != EEXIST)
            break;
    }
    return error_set(error, ERROR_IO, "cannot write to %s: %s", directory->parent, strerror(errno));
}

/* Remove the folders above again, as far as they are empty. */
static void remove_parents(struct directory *directory)
{
    if (directory->first_made == NULL)
        return;
    char *path = arena_copy_text(directory->arena, directory->parent);
    size_t shortest = strlen(directory->first_made);
    while (strlen(path) >= shortest && rmdir(path) == 0) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

bool directory_open(struct directory **out, struct arena *arena,
                    const struct directory_target *target, struct error *error)
{
    struct directory *directory = arena_take(arena, sizeof *directory);
    directory->arena = arena;
    directory->target = *target;
    if (!locate(directory, error) || !check_free(&directory->target, arena, error))
        return false;
    if (!make_folders(arena, directory->parent, &directory->first_made, error) ||
        !make_temporary(directory, error)) {
        remove_parents(directory);
        return false;
    }
    *out = directory;
    return true;
}

bool directory_check(const struct directory_target *target, struct error *error)
{
    struct arena *arena = arena_create("output folder", 0);
    struct directory *directory;
    bool is_good = directory_open(&directory, arena, target, error);
    if (is_good)
        directory_discard(directory);
    arena_destroy(arena);
    return is_good;
}

const char *directory_path(const struct directory *directory)
{
    return directory->temporary;
}

FILE *directory_create_file(struct directory *directory, const char *name, struct error *error)
{
    CHECK(strchr(name, '/') == NULL);
    const char *path = arena_print(directory->arena, "%s/%s", directory->temporary, name);
    FILE *file = fopen(path, "wxe");
    if (file == NULL)
        fail(error, "cannot write", path);
    return file;
}

bool directory_close_file(struct directory *directory, const char *name, FILE *file,
                          struct error *error)
{
    const char *path = arena_print(directory->arena, "%s/%s", directory->target.path, name);
    return output_close_file(file, path, error);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static bool remove_tree(const char *path)
{
    return nftw(path, remove_entry, OPEN_DIRECTORIES_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0;
}

/* Let the two folders change places. Where the file system has no exchange, the old one is moved
 * aside first and moved back if the second step fails. */
static bool exchange(struct directory *directory)
{
    const char *target = directory->target.path;
    if (renameat2(AT_FDCWD, directory->temporary, AT_FDCWD, target, RENAME_EXCHANGE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    const char *old = arena_print(directory->arena, "%s.old", directory->temporary);
    if (rename(target, old) != 0)
        return false;
    if (rename(directory->temporary, target) == 0) {
        directory->temporary = old;
        return true;
    }
    int reason = errno;
    rename(old, target);
    errno = reason;
    return false;
}

bool directory_commit(struct directory *directory, struct error *error)
{
    const char *target = directory->target.path;
    /* What happened meanwhile counts: somebody may have put something there. */
    if (!check_free(&directory->target, directory->arena, error)) {
        directory_discard(directory);
        return false;
    }
    bool is_there = access(target, F_OK) == 0;
    bool is_done = is_there ? exchange(directory) : rename(directory->temporary, target) == 0;
    if (!is_done) {
        fail(error, "cannot put the result in its place,", target);
        directory_discard(directory);
        return false;
    }
    if (is_there && !remove_tree(directory->temporary))
        return fail(error, "the result is in its place, but cannot remove the old one,",
                    directory->temporary);
    return true;
}

void directory_discard(struct directory *directory)
{
    remove_tree(directory->temporary);
    remove_parents(directory);
}
