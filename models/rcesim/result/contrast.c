#include "models/rcesim/result/contrast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/store.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

/* What one argument says. */
struct place {
    const char *path;
    const char *variant; /* NULL: nothing. */
};

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* "@" may also stand in the name of a folder. */
static struct place split_argument(struct arena *arena, const char *argument)
{
    const char *at = strrchr(argument, '@');
    if (at == NULL || exists(argument))
        return (struct place){.path = argument};
    return (struct place){
        .path = arena_print(arena, "%.*s", (int)(at - argument), argument),
        .variant = at + 1,
    };
}

static bool check_comparable(const struct contrast *contrast, struct error *error)
{
    const struct stored *stored = contrast->stored;
    if (stored[0].result->model != stored[1].result->model)
        return error_set(error, ERROR_IO,
                         "%s is of the model \"%s\" and %s of \"%s\": they have nothing to compare",
                         contrast->paths[0], stored[0].result->model->name, contrast->paths[1],
                         stored[1].result->model->name);
    for (int i = 0; i < 2; i++)
        if (stored[i].result->replication_count == 0)
            return error_set(error, ERROR_IO, "%s: there is no replication in it",
                             contrast->paths[i]);
    return true;
}

/* The world of a stored result, one line a value; NULL where its scenario cannot be read any more.
 */
static const char *describe_world(struct arena *arena, const struct stored *stored)
{
    struct scenario_source source = {
        .file_name = stored->scenario_file,
        .text = stored->scenario_text,
        .text_size_bytes = strlen(stored->scenario_text),
    };
    const struct domain *domain = domain_find(stored->result->model->name);
    struct scenario *scenario;
    if (domain == NULL || !scenario_load(&scenario, arena, &source, domain->schema, NULL))
        return NULL;
    char *text = NULL;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    if (file == NULL)
        check_limit("no memory for the world of a scenario");
    configure_print_world(scenario, file);
    fclose(file);
    const char *world = arena_copy_text(arena, text);
    free(text);
    return world;
}

/* Does the text have this line? */
static bool has_line(const char *text, const char *line, size_t size)
{
    for (; *text != '\0'; text += strcspn(text, "\n") + 1)
        if (strcspn(text, "\n") == size && memcmp(text, line, size) == 0)
            return true;
    return false;
}

static bool is_listed(const struct options_list *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], item) == 0)
            return true;
    return false;
}

/* Add the keys of those lines that the other world does not have. */
static void add_world_keys(struct contrast *contrast, struct arena *arena, const char *world,
                           const char *other)
{
    for (const char *line = world; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t size = strcspn(line, "\n");
        if (has_line(other, line, size))
            continue;
        const char *end = strstr(line, " = ");
        size_t key_size = end != NULL && (size_t)(end - line) < size ? (size_t)(end - line) : size;
        const char *key = arena_print(arena, "%.*s", (int)key_size, line);
        if (!is_listed(&contrast->world_keys, key))
            options_list_add(&contrast->world_keys, arena, key);
    }
}

static const char *describe_world_keys(const struct contrast *contrast, struct arena *arena)
{
    enum { NAMED_MAX = 4 };
    const struct options_list *keys = &contrast->world_keys;
    const char *text = keys->count == 0 ? "" : ", in ";
    for (size_t i = 0; i < keys->count && i < NAMED_MAX; i++)
        text = arena_print(arena, "%s%s%s", text, i > 0 ? ", " : "", keys->items[i]);
    if (keys->count > NAMED_MAX)
        text = arena_print(arena, "%s and %zu more", text, keys->count - NAMED_MAX);
    return text;
}

/* Units are paired by their places. Of a simulation all are there; of what was observed those that
 * somebody began, and their rows say which ones. */
static bool have_same_units(const struct contrast *contrast)
{
    const struct result *a = contrast->stored[0].result, *b = contrast->stored[1].result;
    const struct row_table *rows[2] = {
        result_rows(a, contrast->first_replication - a->first_replication, 0),
        result_rows(b, contrast->first_replication - b->first_replication, 0)};
    if (rows[0] == NULL || rows[1] == NULL)
        return true;
    if (rows[0]->row_count != rows[1]->row_count || rows[0]->column_count != rows[1]->column_count)
        return false;
    size_t columns_count = rows[0]->column_count, column = 0;
    while (column < columns_count && a->model->row_columns[column].role != ROW_IDENTIFIER)
        column++;
    for (size_t i = 0; column < columns_count && i < rows[0]->row_count; i++)
        if (rows[0]->values[i * columns_count + column] !=
            rows[1]->values[i * columns_count + column])
            return false;
    return true;
}

static void find_reasons(struct contrast *contrast, struct arena *arena)
{
    const struct stored *a = &contrast->stored[0], *b = &contrast->stored[1];
    struct options_list *reasons = &contrast->reasons;
    if (strcmp(a->label.program_version, b->label.program_version) != 0)
        options_list_add(reasons, arena,
                         arena_print(arena, "versions %s and %s of the program made them",
                                     a->label.program_version, b->label.program_version));
    if (a->result->seed != b->result->seed)
        options_list_add(reasons, arena,
                         arena_print(arena, "the seeds differ (%" PRIu64 " and %" PRIu64 ")",
                                     a->result->seed, b->result->seed));
    if (a->label.world_hash != b->label.world_hash) {
        const char *worlds[] = {describe_world(arena, a), describe_world(arena, b)};
        if (worlds[0] != NULL && worlds[1] != NULL) {
            add_world_keys(contrast, arena, worlds[0], worlds[1]);
            add_world_keys(contrast, arena, worlds[1], worlds[0]);
        }
        options_list_add(
            reasons, arena,
            arena_print(arena, "the worlds differ%s", describe_world_keys(contrast, arena)));
    }
    if (!compare_find_common(a->result, b->result, &contrast->first_replication,
                             &contrast->replication_count))
        options_list_add(reasons, arena, "they have no replication in common");
    if (reasons->count == 0 && !have_same_units(contrast))
        options_list_add(reasons, arena, "they are not of the same workflows");
    contrast->is_paired = reasons->count == 0;
    if (!contrast->is_paired && a->result->seed == b->result->seed)
        options_list_add(reasons, arena,
                         "the seed is the same, so they are not independent either, and intervals "
                         "are rather too wide");
}

static bool find_variant(const struct contrast *contrast, int side, const char *name,
                         uint32_t *variant, struct error *error)
{
    enum { NAMES_MAX = 64 };
    const struct result *result = contrast->stored[side].result;
    int found = result_find_variant(result, name);
    if (found >= 0) {
        *variant = (uint32_t)found;
        return true;
    }
    const char *names[NAMES_MAX];
    char list[2048] = "";
    uint32_t count = result->variant_count < NAMES_MAX ? result->variant_count : NAMES_MAX;
    for (uint32_t i = 0; i < count; i++) {
        names[i] = result->variants[i].name;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", names[i]);
    }
    const char *closest = text_closest(name, names, count);
    if (closest != NULL)
        return error_set(error, ERROR_USAGE, "%s has no variant \"%s\"; did you mean \"%s\"?",
                         contrast->paths[side], name, closest);
    return error_set(error, ERROR_USAGE, "%s has no variant \"%s\"; there are: %s",
                     contrast->paths[side], name, list);
}

static void add_pair(struct contrast *contrast, uint32_t first, uint32_t later)
{
    contrast->pairs[contrast->pair_count++] = (struct contrast_pair){.variants = {first, later}};
}

static bool add_requested_pairs(struct contrast *contrast, struct arena *arena,
                                const struct options_list *requested, struct error *error)
{
    for (size_t i = 0; i < requested->count; i++) {
        const char *text = requested->items[i], *colon = strchr(text, ':');
        const char *first =
            colon == NULL ? text : arena_print(arena, "%.*s", (int)(colon - text), text);
        const char *later = colon == NULL ? text : colon + 1;
        uint32_t variants[2];
        if (!find_variant(contrast, 0, first, &variants[0], error) ||
            !find_variant(contrast, 1, later, &variants[1], error))
            return false;
        add_pair(contrast, variants[0], variants[1]);
    }
    return true;
}

/* A variant that only one side names is compared with its namesake, or the last one of the other
 * side. */
static bool add_named_pair(struct contrast *contrast, const char *const names[2],
                           struct error *error)
{
    uint32_t variants[2];
    for (int i = 0; i < 2; i++)
        if (names[i] != NULL && !find_variant(contrast, i, names[i], &variants[i], error))
            return false;
    for (int i = 0; i < 2; i++) {
        if (names[i] != NULL)
            continue;
        const struct result *result = contrast->stored[i].result;
        int namesake = result_find_variant(result, names[1 - i]);
        variants[i] = namesake >= 0 ? (uint32_t)namesake : result->variant_count - 1;
    }
    add_pair(contrast, variants[0], variants[1]);
    return true;
}

static void add_common_pairs(struct contrast *contrast)
{
    const struct result *a = contrast->stored[0].result, *b = contrast->stored[1].result;
    for (uint32_t i = 0; i < a->variant_count; i++) {
        int namesake = result_find_variant(b, a->variants[i].name);
        if (namesake >= 0)
            add_pair(contrast, i, (uint32_t)namesake);
    }
    if (contrast->pair_count == 0)
        add_pair(contrast, a->variant_count - 1, b->variant_count - 1);
}

/* What a variant is called beside the other one: its name, unless both have the same. */
static const char *name_side(const struct contrast *contrast, struct arena *arena,
                             const struct contrast_pair *pair, int side)
{
    const char *names[2];
    for (int i = 0; i < 2; i++)
        names[i] = contrast->stored[i].result->variants[pair->variants[i]].name;
    if (strcmp(names[0], names[1]) != 0)
        return names[side];
    return arena_print(arena, "%s (%c)", names[side], "AB"[side]);
}

static void reduce_pairs(struct contrast *contrast, struct arena *arena, double confidence)
{
    size_t count = contrast->pair_count;
    const struct summary **summaries = arena_take_array(arena, count, sizeof(struct summary *));
    contrast->results = arena_take_array(arena, count, sizeof(struct result *));
    for (size_t i = 0; i < count; i++) {
        const struct contrast_pair *pair = &contrast->pairs[i];
        struct compare_side sides[2];
        for (int k = 0; k < 2; k++)
            sides[k] = (struct compare_side){
                .result = contrast->stored[k].result,
                .variant = pair->variants[k],
                .name = name_side(contrast, arena, pair, k),
            };
        if (contrast->is_paired) {
            contrast->results[i] = compare_pair(&sides[0], &sides[1]);
            summaries[i] = summary_create(arena, contrast->results[i], confidence);
        } else {
            summaries[i] = compare_independent(arena, &sides[0], &sides[1], confidence);
        }
    }
    compare_adjust(arena, summaries, count);
    for (size_t i = 0; i < count; i++)
        contrast->pairs[i].summary = summaries[i];
}

static bool choose_pairs(struct contrast *contrast, struct arena *arena,
                         const struct options_list *requested, const char *const names[2],
                         struct error *error)
{
    size_t room = requested->count + contrast->stored[0].result->variant_count + 1;
    contrast->pairs = arena_take_array(arena, room, sizeof *contrast->pairs);
    if (requested->count > 0 && (names[0] != NULL || names[1] != NULL))
        return error_set(error, ERROR_USAGE,
                         "%s@%s and --variant both say what is compared; take one of them",
                         contrast->paths[names[0] == NULL], names[names[0] == NULL]);
    if (requested->count > 0)
        return add_requested_pairs(contrast, arena, requested, error);
    if (names[0] != NULL || names[1] != NULL)
        return add_named_pair(contrast, names, error);
    add_common_pairs(contrast);
    return true;
}

bool contrast_create(struct contrast *contrast, struct arena *arena,
                     const struct contrast_request *request, struct error *error)
{
    struct contrast made = {0};
    const char *names[2], *records[2];
    for (int i = 0; i < 2; i++) {
        struct place place = split_argument(arena, request->paths[i]);
        made.paths[i] = place.path;
        names[i] = place.variant;
        if (!stored_find(&records[i], arena, place.path, error))
            return false;
    }
    bool is_good = stored_read(&made.stored[0], arena, records[0], error) &&
                   stored_read(&made.stored[1], arena, records[1], error) &&
                   check_comparable(&made, error) &&
                   choose_pairs(&made, arena, &request->variants, names, error);
    if (!is_good) {
        contrast_destroy(&made);
        return false;
    }
    find_reasons(&made, arena);
    reduce_pairs(&made, arena, request->confidence);
    *contrast = made;
    return true;
}

bool contrast_is_same(const struct contrast *contrast, const struct contrast_pair *pair)
{
    const struct stored *a = &contrast->stored[0], *b = &contrast->stored[1];
    const struct result *first = a->result, *later = b->result;
    return contrast->is_paired && pair->variants[0] == pair->variants[1] &&
           strcmp(first->variants[pair->variants[0]].name,
                  later->variants[pair->variants[1]].name) == 0 &&
           first->first_replication == later->first_replication &&
           first->replication_count == later->replication_count &&
           first->history_hash == later->history_hash;
}

void contrast_destroy(struct contrast *contrast)
{
    for (size_t i = 0; contrast->results != NULL && i < contrast->pair_count; i++)
        result_destroy(contrast->results[i]);
    for (int i = 0; i < 2; i++)
        result_destroy(contrast->stored[i].result);
}
