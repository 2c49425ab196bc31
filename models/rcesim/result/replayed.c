#include "models/rcesim/result/replayed.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "models/engines/message.h"
#include "reports/table.h"
#include "sim/base/units.h"

/* Actions that are shown before the first that differs, and from it on. */
enum { SHOWN_BEFORE = 3, SHOWN_AFTER = 8 };

/* Finding */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct replayed *)a)->path, ((const struct replayed *)b)->path);
}

static bool has_end(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return *name != '.' && length > end_length && strcmp(name + length - end_length, end) == 0;
}

static bool find_in(const char *path, DIR *folder, struct arena *arena, struct replayed **list,
                    size_t *count)
{
    size_t found = 0, room = 0;
    struct replayed *items = NULL;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (!has_end(entry->d_name, ".jsonl"))
            continue;
        if (found == room) {
            room = room * 2 + 16;
            struct replayed *larger = arena_take_array(arena, room, sizeof *larger);
            if (found > 0)
                memcpy(larger, items, found * sizeof *larger);
            items = larger;
        }
        bool has_slash = path[strlen(path) - 1] == '/';
        items[found++].path =
            arena_print(arena, "%s%s%s", path, has_slash ? "" : "/", entry->d_name);
    }
    if (found > 1)
        qsort(items, found, sizeof *items, by_path);
    *list = items;
    *count = found;
    return found > 0;
}

bool replayed_find(const char *path, struct arena *arena, struct replayed **list, size_t *count,
                   struct error *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL && errno != ENOTDIR)
        return error_set(error, ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    if (folder == NULL) {
        struct replayed *one = arena_take(arena, sizeof *one);
        one->path = path;
        *list = one;
        *count = 1;
        return true;
    }
    bool is_any = find_in(path, folder, arena, list, count);
    closedir(folder);
    return is_any || error_set(error, ERROR_IO, "there is no history (*.jsonl) in %s", path);
}

/* Words */

/* A name of the protocol that says by itself what it is about. */
static bool is_plain(const char *key)
{
    static const char *const keys[] = {"kind",   "note",    "operation", "reason",
                                       "result", "outcome", "status"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static const char *value_text(struct arena *arena, const char *key, const json_t *value)
{
    char duration[UNITS_TEXT_SIZE_BYTES];
    size_t length = strlen(key);
    int64_t number = json_integer_value(value);
    if (json_is_string(value) && length > 3 && strcmp(key + length - 3, "_ns") == 0)
        number = strtoll(json_string_value(value), NULL, 10);
    if (length > 3 && strcmp(key + length - 3, "_ns") == 0)
        return arena_copy_text(arena, units_print_duration(duration, number));
    if (json_is_string(value))
        return json_string_value(value);
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *text = arena_copy_text(arena, dumped != NULL ? dumped : "?");
    free(dumped);
    return text;
}

/* {"kind":"send","operation":"backup","cluster":0,"request":3} -> "send backup cluster 0 request 3"
 */
static const char *object_text(struct arena *arena, const json_t *object)
{
    const char *text = "", *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcmp(key, "entropy") == 0 || strcmp(key, "now_ns") == 0)
            continue;
        size_t length = strlen(key);
        bool is_time = length > 3 && strcmp(key + length - 3, "_ns") == 0;
        const char *blank = *text == '\0' ? "" : " ";
        const char *shown = value_text(arena, key, value);
        text = is_plain(key) ? arena_print(arena, "%s%s%s", text, blank, shown)
                             : arena_print(arena, "%s%s%.*s %s", text, blank,
                                           (int)(is_time ? length - 3 : length), key, shown);
    }
    return text;
}

static const char *input_text(struct arena *arena, const struct rce_input *input)
{
    char *line = arena_take(arena, MESSAGE_INPUT_MAX_BYTES + 1);
    struct message_text text = {.bytes = line, .room_bytes = MESSAGE_INPUT_MAX_BYTES};
    if (!message_write_step(&text, 1, input))
        return "an input that the contract does not know";
    json_t *root = json_loadb(text.bytes, text.size_bytes, 0, NULL);
    const char *words = object_text(arena, json_object_get(root, "input"));
    json_decref(root);
    return words;
}

/* Two answers, side by side */

/* What one side says in one row, as far as it is not printed yet. */
static void print_cell(const struct page *page, const char **rest, int width, bool is_last)
{
    size_t length = strlen(*rest), room = (size_t)width;
    if (length > room) {
        length = room;
        while (length > 0 && (*rest)[length] != ' ')
            length--;
        length = length > 0 ? length : room;
    }
    fprintf(page->file, "%.*s", (int)length, *rest);
    if (!is_last)
        fprintf(page->file, "%*s", width - (int)length, "");
    *rest += length;
    *rest += strspn(*rest, " ");
}

static void print_row(const struct page *page, const char *left, const char *right)
{
    bool is_same = strcmp(left, right) == 0;
    int width = (page->width - 5) / 2;
    const char *mark = is_same ? "  " : "* ";
    int indent = 0;
    do {
        page_style(page, is_same ? PAGE_PLAIN : PAGE_BAD);
        fputs(mark, page->file);
        fprintf(page->file, "%*s", indent, "");
        print_cell(page, &left, width - indent, false);
        fputs(*right != '\0' ? " | " : " |", page->file);
        fprintf(page->file, "%*s", *right != '\0' ? indent : 0, "");
        print_cell(page, &right, width - indent, true);
        page_style(page, PAGE_PLAIN);
        putc('\n', page->file);
        mark = "  ";
        indent = 2;
    } while (*left != '\0' || *right != '\0');
}

struct answer {
    json_t *root;
    const json_t *actions;
};

static struct answer read_answer(const char *line)
{
    json_t *root = json_loads(line, 0, NULL);
    return (struct answer){root, json_object_get(root, "actions")};
}

/* What it does at place `index`; place 0 is the status, and behind the last one is nothing. */
static const char *answer_text(struct arena *arena, const struct answer *answer, size_t index)
{
    if (index == 0)
        return arena_print(arena, "status %s",
                           json_string_value(json_object_get(answer->root, "status")));
    const json_t *action = json_array_get(answer->actions, index - 1);
    return action == NULL ? "" : object_text(arena, action);
}

static void print_answers(const struct page *page, struct arena *arena, const char *recorded,
                          const char *given)
{
    struct answer left = read_answer(recorded), right = read_answer(given);
    if (left.root == NULL || right.root == NULL) {
        print_row(page, recorded, given);
        json_decref(left.root);
        json_decref(right.root);
        return;
    }
    size_t count = json_array_size(left.actions), other = json_array_size(right.actions);
    size_t end = 1 + (count > other ? count : other), first = 1;
    while (first < end &&
           strcmp(answer_text(arena, &left, first), answer_text(arena, &right, first)) == 0)
        first++;
    size_t from = first > SHOWN_BEFORE + 1 ? first - SHOWN_BEFORE : 1;
    size_t to = end > first + SHOWN_AFTER ? first + SHOWN_AFTER : end;
    print_row(page, answer_text(arena, &left, 0), answer_text(arena, &right, 0));
    if (from > 1)
        fprintf(page->file, "  (%zu more, the same)\n", from - 1);
    for (size_t i = from; i < to; i++)
        print_row(page, answer_text(arena, &left, i), answer_text(arena, &right, i));
    if (to < end)
        fprintf(page->file, "  (%zu more)\n", end - to);
    json_decref(left.root);
    json_decref(right.root);
}

static void print_context(const struct page *page, struct arena *arena,
                          const struct replayed *replayed)
{
    const struct history_result *result = &replayed->result;
    char time[UNITS_TEXT_SIZE_BYTES];
    for (uint32_t i = 0; i < result->context_count; i++) {
        const struct history_input *input = &result->context[i];
        page_paragraph(page, 2,
                       arena_print(arena, "line %llu, at %s: %s", (unsigned long long)input->line,
                                   units_print_duration(time, input->input.now_ns),
                                   input_text(arena, &input->input)));
    }
}

/* Where an engine shares what nobody has recorded, it cannot answer as it did. */
static void print_caveat(const struct page *page, const struct history_result *result,
                         const struct engine_spec *spec)
{
    if (result->workflows > 1 || spec->kind == ENGINE_LINKED)
        return;
    putc('\n', page->file);
    page_paragraph(page, 0,
                   "If workflows of this engine share something, such as a budget, one of them "
                   "alone cannot be repeated; `rcesim run --record-workflows all` writes a history "
                   "of all of them.");
}

static void print_difference(const struct page *page, struct arena *arena,
                             const struct replayed *replayed, const struct engine_spec *spec)
{
    const struct history_result *result = &replayed->result;
    putc('\n', page->file);
    page_style(page, PAGE_STRONG);
    page_paragraph(page, 0,
                   arena_print(arena, "%s:%llu: workflow %llu (id %u) is answered otherwise:",
                               replayed->path, (unsigned long long)result->line,
                               (unsigned long long)result->workflow, result->id));
    page_style(page, PAGE_PLAIN);
    print_context(page, arena, replayed);
    putc('\n', page->file);
    if (result->problem[0] != '\0') {
        page_style(page, PAGE_BAD);
        page_paragraph(page, 0, arena_print(arena, "The engine: %s.", result->problem));
        page_style(page, PAGE_PLAIN);
        return;
    }
    int width = (page->width - 5) / 2;
    const char *left =
        arena_print(arena, "recorded in line %llu", (unsigned long long)result->answer_line);
    fprintf(page->file, "  %-*s | %s\n", width, left, "the engine says");
    print_answers(page, arena, result->recorded, result->given);
    print_caveat(page, result, spec);
}

/* All of them */

static const char *verdict_of(const struct history_result *result)
{
    return result->differs         ? result->problem[0] != '\0' ? "no answer" : "differs"
           : result->compared == 0 ? "nothing recorded"
                                   : "the same";
}

static void print_table(const struct page *page, const struct replayed *list, size_t count,
                        struct arena *arena)
{
    struct table *table = table_create(arena);
    table_add_column(table, "history", TABLE_LEFT);
    table_add_column(table, "answers", TABLE_LEFT);
    table_add_column(table, "workflows", TABLE_RIGHT);
    table_add_column(table, "compared", TABLE_RIGHT);
    for (size_t i = 0; i < count; i++) {
        const struct history_result *result = &list[i].result;
        const char *slash = strrchr(list[i].path, '/');
        table_add(table, slash != NULL ? slash + 1 : list[i].path);
        table_add_styled(table, verdict_of(result),
                         result->differs         ? PAGE_BAD
                         : result->compared == 0 ? PAGE_UNSURE
                                                 : PAGE_GOOD);
        table_print_cell(table, "%llu", (unsigned long long)result->workflows);
        table_print_cell(table, "%llu", (unsigned long long)result->compared);
    }
    table_print(table, page);
    putc('\n', page->file);
}

void replayed_print(const struct replayed *list, size_t count, const struct engine_spec *spec,
                    struct arena *arena)
{
    struct page page = page_of(stdout);
    const struct replayed *first = NULL;
    unsigned long long workflows = 0, inputs = 0, compared = 0;
    size_t differing = 0;
    for (size_t i = 0; i < count; i++) {
        workflows += list[i].result.workflows;
        inputs += list[i].result.steps;
        compared += list[i].result.compared;
        differing += list[i].result.differs;
        if (first == NULL && list[i].result.differs)
            first = &list[i];
    }
    if (count > 1)
        print_table(&page, list, count, arena);
    page_paragraph(
        &page, 0,
        arena_print(arena, "%s: %llu workflow%s, %llu inputs, %llu answers compared.",
                    count > 1 ? arena_print(arena, "%zu histories", count) : list[0].path,
                    workflows, workflows == 1 ? "" : "s", inputs, compared));
    if (differing > 0 && count > 1)
        page_paragraph(&page, 0,
                       arena_print(arena, "%zu of them differ; this is the first.", differing));
    if (differing == 0)
        page_paragraph(&page, 0,
                       compared > 0 ? "The engine answers as recorded."
                                    : "There is nothing to compare: no answer was recorded.");
    if (first != NULL)
        print_difference(&page, arena, first, spec);
}

static json_t *result_json(const struct replayed *replayed)
{
    const struct history_result *result = &replayed->result;
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:I, s:b}", "file", replayed->path, "workflows",
                  (json_int_t)result->workflows, "inputs", (json_int_t)result->steps, "compared",
                  (json_int_t)result->compared, "differs", result->differs);
    if (!result->differs)
        return object;
    json_object_set_new(object, "line", json_integer((json_int_t)result->line));
    json_object_set_new(object, "workflow", json_integer((json_int_t)result->workflow));
    json_object_set_new(object, "id", json_integer(result->id));
    if (result->problem[0] != '\0') {
        json_object_set_new(object, "problem", json_string(result->problem));
        return object;
    }
    json_object_set_new(object, "recorded", json_loads(result->recorded, 0, NULL));
    json_object_set_new(object, "given", json_loads(result->given, 0, NULL));
    return object;
}

void replayed_print_json(const struct replayed *list, size_t count)
{
    json_t *histories = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(histories, result_json(&list[i]));
    json_t *root = json_pack("{s:i, s:o}", "schema_version", 1, "histories", histories);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putc('\n', stdout);
    json_decref(root);
}
