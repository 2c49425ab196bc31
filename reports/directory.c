#include "reports/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/output.h"
#include "sim/base/check.h"

#define LIST_HEAD "Files of a result of rcesim: "

enum { NAMES_TRIED_MAX = 100, LINE_SIZE_BYTES = 512 };

/* Names of files in a folder. */
struct names {
    const char **items;
    size_t count, room;
};

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

/* "a/b/" does, and "a/.", "..", "/" do not. */
static bool ends_in_a_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    size_t length = end - begin;
    return length > 0 && !(length <= 2 && strncmp(path + begin, "..", length) == 0);
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
    if (!ends_in_a_name(given) || *directory->base == '\0')
        return error_set(error, ERROR_IO,
                         "%s cannot be an output folder; name one with -o, such as -o out/mine",
                         given);
    return true;
}

static void add_name(struct names *names, struct arena *arena, const char *name)
{
    if (names->count == names->room) {
        names->room = 2 * names->room + 16;
        const char **more = arena_take_array(arena, names->room, sizeof *more);
        for (size_t i = 0; i < names->count; i++)
            more[i] = names->items[i];
        names->items = more;
    }
    names->items[names->count++] = arena_copy_text(arena, name);
}

static bool has_name(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *first = a;
    const char *const *second = b;
    return strcmp(*first, *second);
}

/* Everything in a folder, sorted; false: it cannot be read. */
static bool read_folder(struct names *names, struct arena *arena, const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return false;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add_name(names, arena, entry->d_name);
    closedir(folder);
    if (names->count > 0)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    return true;
}

/* The list that the folder brings along: its own files, and what kind of result it is. False:
 * there is none. */
static bool read_list(struct names *own, const char **kind, struct arena *arena, const char *path)
{
    FILE *file = fopen(arena_print(arena, "%s/" DIRECTORY_LIST, path), "re");
    char line[LINE_SIZE_BYTES];
    *kind = NULL;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (*kind != NULL)
            add_name(own, arena, line);
        else if (strncmp(line, LIST_HEAD, strlen(LIST_HEAD)) == 0)
            *kind = arena_copy_text(arena, line + strlen(LIST_HEAD));
        else
            break;
    }
    if (file != NULL)
        fclose(file);
    add_name(own, arena, DIRECTORY_LIST);
    return *kind != NULL;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A folder is replaced only where it holds nothing but files that we wrote. */
static bool check_own(const struct directory_target *target, const struct names *found,
                      struct arena *arena, struct error *error)
{
    struct names own = {0};
    const char *kind;
    if (!read_list(&own, &kind, arena, target->path))
        return error_set(error, ERROR_IO,
                         "%s exists and does not look like a result (it has no list of its "
                         "files, " DIRECTORY_LIST "), so it is not replaced; choose another folder",
                         target->path);
    if (strcmp(kind, target->mark) != 0)
        return error_set(error, ERROR_IO,
                         "%s is another kind of result (%s, not %s), so it is not replaced; choose "
                         "another folder",
                         target->path, kind, target->mark);
    for (size_t i = 0; i < found->count; i++) {
        const char *path = arena_print(arena, "%s/%s", target->path, found->items[i]);
        bool is_inner = is_folder(path);
        struct names inner = {0};
        if (is_inner && read_list(&inner, &kind, arena, path))
            return error_set(error, ERROR_IO,
                             "%s is a result of its own, so %s is not replaced around it; remove "
                             "it or move it away, or choose another folder with -o",
                             path, target->path);
        if (is_inner || !has_name(&own, found->items[i]))
            return error_set(error, ERROR_IO,
                             "%s is not of this program, so %s is not replaced; move it away, or "
                             "choose another folder",
                             path, target->path);
    }
    return true;
}

/* What cannot change its place: a folder where another disk begins, and the one we are in. */
static bool check_movable(const struct directory_target *target, const char *parent,
                          const struct stat *status, struct error *error)
{
    struct stat above, here;
    if (stat(parent, &above) == 0 && above.st_dev != status->st_dev)
        return error_set(error, ERROR_IO, "another disk begins at %s; choose a folder inside it",
                         target->path);
    if (stat(".", &here) == 0 && here.st_dev == status->st_dev && here.st_ino == status->st_ino)
        return error_set(error, ERROR_IO, "%s is the folder that we are in; choose another one",
                         target->path);
    return true;
}

/* May the folder be put in its place? One that is there has to be empty, or a result of ours. */
static bool check_free(const struct directory *directory, struct error *error)
{
    const struct directory_target *target = &directory->target;
    struct stat status;
    if (lstat(target->path, &status) != 0) {
        if (errno == ENOENT)
            return true;
        return fail(error, "cannot look at", target->path);
    }
    if (!S_ISDIR(status.st_mode))
        return error_set(error, ERROR_IO, "%s exists and is not a folder", target->path);
    struct names found = {0};
    if (!read_folder(&found, directory->arena, target->path))
        return fail(error, "cannot read the folder", target->path);
    if (found.count > 0 && !target->replace)
        return error_set(error, ERROR_IO,
                         "%s exists; choose another folder, or replace it with --force",
                         target->path);
    return check_movable(target, directory->parent, &status, error) &&
           (found.count == 0 || check_own(target, &found, directory->arena, error));
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
    if (!locate(directory, error) || !check_free(directory, error))
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

/* Remove files of a folder (NULL: all) and then the folder, if it is empty. Nothing is removed that
 * lies deeper: we make no folders in it. */
static bool remove_files(struct arena *arena, const char *path, const struct names *own)
{
    struct names found = {0};
    read_folder(&found, arena, path);
    for (size_t i = 0; i < found.count; i++)
        if (own == NULL || has_name(own, found.items[i]))
            unlink(arena_print(arena, "%s/%s", path, found.items[i]));
    return rmdir(path) == 0;
}

/* Write the list of what the folder holds. */
static bool write_list(struct directory *directory, struct error *error)
{
    struct names found = {0};
    if (!read_folder(&found, directory->arena, directory->temporary))
        return fail(error, "cannot read the folder", directory->temporary);
    FILE *file = directory_create_file(directory, DIRECTORY_LIST, error);
    if (file == NULL)
        return false;
    fprintf(file, LIST_HEAD "%s\n", directory->target.mark);
    for (size_t i = 0; i < found.count; i++)
        fprintf(file, "%s\n", found.items[i]);
    return directory_close_file(directory, DIRECTORY_LIST, file, error);
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

/* Put the folder where nothing is, or an empty one, or the old result. */
static bool put_in_place(struct directory *directory, bool *is_exchanged)
{
    const char *target = directory->target.path;
    struct stat status;
    if (stat(target, &status) == 0)
        chmod(directory->temporary, status.st_mode & 07777); /* If not, then with the usual mode. */
    *is_exchanged = false;
    if (rename(directory->temporary, target) == 0)
        return true;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return false;
    *is_exchanged = exchange(directory);
    return *is_exchanged;
}

bool directory_commit(struct directory *directory, struct error *error)
{
    const char *target = directory->target.path;
    /* What happened meanwhile counts: somebody may have put something there. */
    if (!write_list(directory, error) || !check_free(directory, error)) {
        directory_discard(directory);
        return false;
    }
    bool is_exchanged;
    if (!put_in_place(directory, &is_exchanged)) {
        fail(error, "cannot put the result in its place,", target);
        directory_discard(directory);
        return false;
    }
    struct names own = {0};
    const char *kind;
    if (!is_exchanged)
        return true;
    if (read_list(&own, &kind, directory->arena, directory->temporary) &&
        remove_files(directory->arena, directory->temporary, &own))
        return true;
    return fail(error, "the result is in its place, but cannot remove the old one,",
                directory->temporary);
}

void directory_discard(struct directory *directory)
{
    remove_files(directory->arena, directory->temporary, NULL);
    remove_parents(directory);
}

bool directory_is_filled(const char *path)
{
    struct arena *arena = arena_create("folder", 0);
    struct names found = {0};
    struct stat status;
    bool is_filled =
        lstat(path, &status) == 0 && !(read_folder(&found, arena, path) && found.count == 0);
    arena_destroy(arena);
    return is_filled;
}

/* The path without links as far as it exists, and the rest as it is written. */
static const char *resolve(struct arena *arena, const char *path)
{
    char *start = arena_copy_text(arena, *path == '\0' ? "." : path);
    const char *rest = "";
    for (;;) {
        const char *nothing = *path == '/' ? "/" : ".";
        char *resolved = realpath(*start == '\0' ? nothing : start, NULL);
        if (resolved != NULL) {
            char *whole = arena_copy_text(arena, arena_print(arena, "%s/%s", resolved, rest));
            free(resolved);
            drop_extra_slashes(whole);
            return whole;
        }
        if (*start == '\0')
            return path;
        char *slash = strrchr(start, '/');
        rest = arena_print(arena, "%s/%s", slash != NULL ? slash + 1 : start, rest);
        *(slash != NULL ? slash : start) = '\0';
    }
}

const char *directory_own_name(const char *directory_path, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return NULL; /* In the folder that we are in, which cannot be an output folder. */
    struct arena *arena = arena_create("paths", 0);
    const char *folder = arena_print(arena, "%.*s", (int)(slash - path), path);
    bool is_inside =
        slash != path && strcmp(resolve(arena, folder), resolve(arena, directory_path)) == 0;
    arena_destroy(arena);
    return is_inside ? slash + 1 : NULL;
}

/* Write the list of a folder that is there, as a whole. */
static bool rewrite_list(struct arena *arena, const char *path, const char *kind,
                         struct names *names, struct error *error)
{
    struct output output;
    if (!output_open(&output, arena, arena_print(arena, "%s/" DIRECTORY_LIST, path), error))
        return false;
    qsort(names->items, names->count, sizeof *names->items, compare_names);
    fprintf(output.file, LIST_HEAD "%s\n", kind);
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], DIRECTORY_LIST) != 0)
            fprintf(output.file, "%s\n", names->items[i]);
    return output_commit(&output, error);
}

static bool adopt(struct arena *arena, const char *path, const struct names *wanted,
                  struct error *error)
{
    struct names own = {0};
    const char *kind;
    struct stat status;
    size_t added = 0;
    if (!read_list(&own, &kind, arena, path))
        return true;
    for (size_t i = 0; i < wanted->count; i++) {
        if (has_name(&own, wanted->items[i]))
            continue;
        const char *file = arena_print(arena, "%s/%s", path, wanted->items[i]);
        if (lstat(file, &status) == 0)
            return error_set(error, ERROR_IO,
                             "%s is not of this program, so it is not replaced; move it away, or "
                             "choose another folder",
                             file);
        add_name(&own, arena, wanted->items[i]);
        added++;
    }
    return added == 0 || rewrite_list(arena, path, kind, &own, error);
}

bool directory_adopt(const char *path, const char *const *names, size_t count, struct error *error)
{
    struct arena *arena = arena_create("list of files", 0);
    struct names wanted = {0};
    for (size_t i = 0; i < count; i++)
        add_name(&wanted, arena, names[i]);
    bool is_good = adopt(arena, path, &wanted, error);
    arena_destroy(arena);
    return is_good;
}
