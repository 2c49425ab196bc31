#include "reports/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_TRIED_MAX = 100 };

static bool fail(struct error *error, const char *path, int reason)
{
    return error_set(error, ERROR_IO, "cannot write %s: %s", path, strerror(reason));
}

/* A new file beside the target; the name says whose it is, should it ever be left. */
static bool open_temporary(struct output *output, struct arena *arena, struct error *error)
{
    const char *slash = strrchr(output->path, '/');
    size_t folder_length = slash == NULL ? 0 : (size_t)(slash - output->path) + 1;
    for (int i = 0; i < NAMES_TRIED_MAX; i++) {
        const char *path =
            arena_print(arena, "%.*s.%s.tmp-%ld-%d", (int)folder_length, output->path,
                        output->path + folder_length, (long)getpid(), i);
        output->file = fopen(path, "wxe");
        if (output->file != NULL) {
            output->temporary = path;
            return true;
        }
        if (errno != EEXIST)
            break;
    }
    return fail(error, output->path, errno);
}

bool output_open(struct output *out, struct arena *arena, const char *path, struct error *error)
{
    struct output output = {.path = path};
    struct stat status;
    if (*path == '\0')
        return error_set(error, ERROR_IO, "the name of the output file is empty");
    bool is_there = stat(path, &status) == 0;
    if (is_there && S_ISDIR(status.st_mode))
        return fail(error, path, EISDIR);
    if (is_there && !S_ISREG(status.st_mode)) {
        output.file = fopen(path, "we");
        if (output.file == NULL)
            return fail(error, path, errno);
        *out = output;
        return true;
    }
    /* Renaming ignores the permissions of what it replaces. */
    if (is_there && access(path, W_OK) != 0)
        return fail(error, path, errno);
    char *resolved = is_there ? realpath(path, NULL) : NULL;
    if (resolved != NULL)
        output.path = arena_copy_text(arena, resolved);
    free(resolved);
    if (!open_temporary(&output, arena, error))
        return false;
    if (is_there)
        fchmod(fileno(output.file), status.st_mode & 07777); /* If not, then with the usual mode. */
    *out = output;
    return true;
}

bool output_close_file(FILE *file, const char *path, struct error *error)
{
    bool is_whole = fflush(file) == 0 && !ferror(file);
    int reason = errno;
    bool is_closed = fclose(file) == 0;
    if (is_whole && is_closed)
        return true;
    return fail(error, path, is_whole ? errno : reason);
}

bool output_commit(struct output *output, struct error *error)
{
    bool is_good = output_close_file(output->file, output->path, error);
    output->file = NULL;
    if (output->temporary == NULL)
        return is_good;
    if (is_good && rename(output->temporary, output->path) == 0)
        return true;
    if (is_good)
        fail(error, output->path, errno);
    remove(output->temporary);
    return false;
}

void output_discard(struct output *output)
{
    fclose(output->file);
    output->file = NULL;
    if (output->temporary != NULL)
        remove(output->temporary);
}

bool output_check(const char *path, struct error *error)
{
    struct arena *arena = arena_create("output file", 0);
    struct stat status;
    struct output output;
    /* Opening a pipe would be seen at its other end. */
    bool is_special =
        stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
    bool is_good = is_special || output_open(&output, arena, path, error);
    if (is_good && !is_special)
        output_discard(&output);
    arena_destroy(arena);
    return is_good;
}
