#include "models/rcesim/run/shard.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/store.h"
#include "reports/directory.h"
#include "reports/output.h"

#define SHARD_PATTERN "shard-*-of-*.rcesim"
/* What a process leaves that is killed while it writes one (reports/output.h). */
#define SHARD_DRAFT_PATTERN "." SHARD_PATTERN ".tmp-*"

enum { MISSING_NAMED_MAX = 8 };

const char *shard_folder(struct arena *arena, const char *result_path)
{
    size_t length = strlen(result_path);
    while (length > 1 && result_path[length - 1] == '/')
        length--;
    return arena_print(arena, "%.*s.shards", (int)length, result_path);
}

const char *shard_path(struct arena *arena, const char *folder, struct stored_shard shard)
{
    return arena_print(arena, "%s/shard-%" PRIu32 "-of-%" PRIu32 ".rcesim", folder, shard.number,
                       shard.count);
}

void shard_range(struct stored_shard shard, uint32_t replication_count, uint32_t *first,
                 uint32_t *end)
{
    *first = (uint32_t)((uint64_t)replication_count * (shard.number - 1) / shard.count);
    *end = (uint32_t)((uint64_t)replication_count * shard.number / shard.count);
}

bool shard_is_there(const struct shard_job *job)
{
    const struct configuration *configuration = job->simulation.configuration;
    struct arena *arena = arena_create("shard", 0);
    const char *path = shard_path(arena, job->folder, job->shard);
    struct stored stored;
    bool fits = stored_read(&stored, arena, path, NULL);
    if (fits) {
        const struct result *result = stored.result;
        uint32_t first, end;
        shard_range(job->shard, configuration->replication_count, &first, &end);
        fits = stored_is_of(&stored, configuration, &job->commands, job->shard) &&
               result->seed == configuration->seed && !result->is_partial &&
               result->first_replication == first && result->replication_count == end - first;
        result_destroy(stored.result);
    }
    arena_destroy(arena);
    return fits;
}

static bool make_result(const struct shard_job *job, const struct shard_report *report,
                        struct result **result, struct error *error)
{
    const struct configuration *configuration = job->simulation.configuration;
    if (report->first == report->end) {
        *result = result_create_empty(&(struct result){
            .model = configuration->domain->model,
            .variants = configuration->variants,
            .variant_count = configuration->variant_count,
            .seed = configuration->seed,
            .first_replication = report->first,
        });
        return true;
    }
    struct simulation simulation = job->simulation;
    simulation.first_replication = report->first;
    simulation.replication_count = report->end - report->first;
    return simulate(&simulation, result, error);
}

bool shard_write(const struct shard_job *job, const struct result *result, struct error *error)
{
    struct output output;
    const char *path = shard_path(job->arena, job->folder, job->shard);
    /* Another process may have tidied the folder up, if it was empty. */
    if (!directory_make(job->folder, error) || !output_open(&output, job->arena, path, error))
        return false;
    stored_write(output.file, job->simulation.configuration, result, &job->commands, job->shard);
    return output_commit(&output, error);
}

bool shard_check_path(const struct shard_job *job, struct error *error)
{
    const char *path = shard_path(job->arena, job->folder, job->shard);
    return directory_make(job->folder, error) && output_check(path, error);
}

bool shard_check_rule(const struct configuration *configuration, struct error *error)
{
    if (configuration->stop.rule != STOP_HALF_WIDTH)
        return true;
    return error_set(error, ERROR_USAGE,
                     "several processes need a number of replications, and the rule half_width "
                     "finds it as it goes; use the rule decide, or --set experiment.stop=null");
}

static bool make_shard(const struct shard_job *job, struct shard_report *made, struct error *error)
{
    if (!job->may_replace && access(made->path, F_OK) == 0)
        return error_set(error, ERROR_IO, "%s exists; replace it with --force", made->path);
    struct result *result;
    if (!shard_check_path(job, error) || !make_result(job, made, &result, error))
        return false;
    made->is_interrupted = result->is_partial;
    bool is_good = made->is_interrupted || shard_write(job, result, error);
    result_destroy(result);
    return is_good;
}

bool shard_make(const struct shard_job *job, struct shard_report *report, struct error *error)
{
    const struct configuration *configuration = job->simulation.configuration;
    struct shard_report made = {.path = shard_path(job->arena, job->folder, job->shard)};
    shard_range(job->shard, configuration->replication_count, &made.first, &made.end);
    if (!shard_check_rule(configuration, error))
        return false;
    bool was_there = access(job->folder, F_OK) == 0;
    bool is_good = make_shard(job, &made, error);
    if (!was_there && (!is_good || made.is_interrupted))
        rmdir(job->folder); /* Unless somebody has written to it. */
    if (is_good)
        *report = made;
    return is_good;
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *first = a;
    const char *const *second = b;
    return strcmp(*first, *second);
}

/* The files of a folder by their names, in an order of their names, which is no order of their
 * numbers. */
static bool list_files(struct options_list *paths, struct arena *arena, const char *folder,
                       const char *pattern)
{
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return false;
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (fnmatch(pattern, entry->d_name, 0) == 0)
            options_list_add(paths, arena, arena_print(arena, "%s/%s", folder, entry->d_name));
    closedir(directory);
    if (paths->count > 0)
        qsort(paths->items, paths->count, sizeof *paths->items, compare_texts);
    return true;
}

bool shard_find(struct options_list *paths, struct arena *arena, const char *folder,
                struct error *error)
{
    struct options_list found = {0};
    if (!list_files(&found, arena, folder, SHARD_PATTERN))
        return error_set(error, ERROR_IO, "cannot read the folder %s: %s", folder, strerror(errno));
    const char *records = arena_print(arena, "%s/%s", folder, STORE_RECORDS);
    if (found.count == 0 && access(records, F_OK) == 0)
        options_list_add(&found, arena, records);
    if (found.count == 0)
        return error_set(error, ERROR_IO, "there are no shards (%s) in %s", SHARD_PATTERN, folder);
    for (size_t i = 0; i < found.count; i++)
        options_list_add(paths, arena, found.items[i]);
    return true;
}

void shard_remove(const struct options_list *paths, struct arena *arena, const char *folder)
{
    struct options_list drafts = {0};
    list_files(&drafts, arena, folder, SHARD_DRAFT_PATTERN);
    for (size_t i = 0; i < drafts.count; i++)
        unlink(drafts.items[i]);
    for (size_t i = 0; i < paths->count; i++)
        unlink(paths->items[i]);
    rmdir(folder);
}

static int compare_numbers(const void *a, const void *b)
{
    const struct stored *first = a;
    const struct stored *second = b;
    return (first->shard.number > second->shard.number) -
           (first->shard.number < second->shard.number);
}

/* "shards 2/4 and 3/4 are", and how many more after the first few. The parts are sorted. */
static const char *list_missing(struct arena *arena, const struct stored *parts, size_t part_count)
{
    uint32_t count = parts[0].shard.count;
    size_t missing = count - part_count, named = 0, at = 0;
    if (missing > MISSING_NAMED_MAX)
        missing = MISSING_NAMED_MAX;
    const char *list = missing == 1 ? "shard" : "shards";
    for (uint32_t number = 1; named < missing; number++) {
        if (at < part_count && parts[at].shard.number == number) {
            at++;
            continue;
        }
        const char *before = named == 0 ? "" : named + 1 == missing ? " and" : ",";
        list = arena_print(arena, "%s%s %" PRIu32 "/%" PRIu32, list, before, number, count);
        named++;
    }
    if (count - part_count > missing)
        list = arena_print(arena, "%s and %zu more", list, count - part_count - missing);
    return arena_print(arena, "%s %s", list, count - part_count == 1 ? "is" : "are");
}

/* Check that the parts, which are sorted, are all shards of one run, or all none. */
static bool check_set(struct arena *arena, const struct stored *parts, size_t part_count,
                      struct error *error)
{
    for (size_t i = 1; i < part_count; i++) {
        const struct stored *a = &parts[i - 1], *b = &parts[i];
        if (a->shard.count == 0 && b->shard.count > 0)
            return error_set(error, ERROR_IO, "%s is a whole run and %s is a shard of one", a->path,
                             b->path);
        if (a->shard.count != b->shard.count)
            return error_set(error, ERROR_IO,
                             "%s is one of %" PRIu32 " shards and %s one of %" PRIu32
                             "; name the files that belong together",
                             a->path, a->shard.count, b->path, b->shard.count);
        if (a->shard.count > 0 && a->shard.number == b->shard.number)
            return error_set(error, ERROR_IO, "%s and %s are both shard %" PRIu32 "/%" PRIu32,
                             a->path, b->path, a->shard.number, a->shard.count);
        if (!stored_check_same_run(&parts[0], b, error))
            return false;
    }
    if (parts[0].shard.count > part_count)
        return error_set(error, ERROR_IO, "%s missing; simulate what is not there with --shard",
                         list_missing(arena, parts, part_count));
    return true;
}

static bool join_parts(const struct stored *parts, size_t part_count, struct arena *arena,
                       struct result **result, struct error *error)
{
    struct result **results = arena_take_array(arena, part_count, sizeof(struct result *));
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < part_count; i++) {
        results[i] = parts[i].result;
        if (results[i]->first_replication < first)
            first = results[i]->first_replication;
    }
    if (first > 0)
        return error_set(error, ERROR_IO, "no part has the replications before %" PRIu32, first);
    return result_join(result, results, part_count, error);
}

bool shard_join(const struct options_list *paths, struct arena *arena, struct stored *first,
                struct result **result, struct error *error)
{
    struct stored *parts = arena_take_array(arena, paths->count, sizeof *parts);
    size_t count = 0;
    bool is_good = true;
    while (is_good && count < paths->count) {
        is_good = stored_read(&parts[count], arena, paths->items[count], error);
        count += is_good;
    }
    if (is_good) {
        qsort(parts, count, sizeof *parts, compare_numbers);
        is_good =
            check_set(arena, parts, count, error) && join_parts(parts, count, arena, result, error);
    }
    for (size_t i = 0; i < count && !is_good; i++)
        result_destroy(parts[i].result);
    if (is_good) {
        *first = parts[0];
        first->result = NULL;
    }
    return is_good;
}
