#include "reports/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "reports/manifest_names.h"
#include "sim/base/text.h"

enum {
    PLACE_SIZE_BYTES = 256,
    SECTIONS_MAX = 64,
    BLOCKS_MAX = 256,
    CHARTS_MAX = 64,
    TABLE_COLUMNS_MAX = 64,
    ITEMS_MAX = 20000, /* Rows of a table, checks of a list. */
};

/* Reading one document. The place ("sections[2].blocks[0]") is for messages. */
struct reading {
    struct manifest *manifest;
    struct arena *arena;
    struct error *error;
    char place[PLACE_SIZE_BYTES];
};

static bool fail(const struct reading *reading, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(const struct reading *reading, const char *key, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    bool has_both = *reading->place != '\0' && *key != '\0';
    return error_set(reading->error, ERROR_IO, "%s: %s%s%s: %s", MANIFEST_FILE, reading->place,
                     has_both ? "." : "", key, what);
}

/* Step into an element; step_out with what this returned. */
static size_t step_in(struct reading *reading, const char *list, size_t index)
{
    size_t length = strlen(reading->place);
    snprintf(reading->place + length, sizeof reading->place - length, "%s%s[%zu]",
             length > 0 ? "." : "", list, index);
    return length;
}

static void step_out(struct reading *reading, size_t length)
{
    reading->place[length] = '\0';
}

/* A text; what is optional is empty if it is not there. */
static bool read_text(const struct reading *reading, const json_t *object, const char *key,
                      bool is_required, const char **text)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL && !is_required) {
        *text = "";
        return true;
    }
    if (!json_is_string(value))
        return fail(reading, key, value == NULL ? "is missing" : "must be a text");
    *text = json_string_value(value);
    return true;
}

/* One of several words; what is not there is the first, if it is optional. */
static bool read_word(const struct reading *reading, const json_t *object, const char *key,
                      const char *const *words, size_t count, size_t *index)
{
    const char *word;
    bool is_optional = words == manifest_styles || words == manifest_aligns;
    if (!read_text(reading, object, key, !is_optional, &word))
        return false;
    *index = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            *index = i + 1;
    if (*index > 0 || (is_optional && *word == '\0')) {
        *index -= *index > 0;
        return true;
    }
    const char *closest = text_closest(word, words, count);
    return fail(reading, key, "\"%.80s\" is unknown%s%s%s", word,
                closest != NULL ? "; did you mean \"" : "", closest != NULL ? closest : "",
                closest != NULL ? "\"?" : "");
}

static bool read_list(const struct reading *reading, const json_t *object, const char *key,
                      size_t count_max, const json_t **list)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value))
        return fail(reading, key, value == NULL ? "is missing" : "must be a list");
    if (json_array_size(value) > count_max)
        return fail(reading, key, "has %zu elements; at most %zu", json_array_size(value),
                    count_max);
    *list = value;
    return true;
}

static bool read_count(const struct reading *reading, const json_t *object, const char *key,
                       uint32_t *count)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > UINT32_MAX)
        return fail(reading, key, "must be a count");
    *count = (uint32_t)json_integer_value(value);
    return true;
}

static bool read_hash(const struct reading *reading, const json_t *object, uint64_t *hash)
{
    const char *text;
    if (!read_text(reading, object, "scenario_hash", true, &text))
        return false;
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return fail(reading, "scenario_hash", "must be 16 hexadecimal digits");
    sscanf(text, "%" SCNx64, hash);
    return true;
}

static bool read_identity(struct reading *reading, const json_t *document,
                          struct identity *identity)
{
    const json_t *object = json_object_get(document, "identity");
    if (!json_is_object(object))
        return fail(reading, "identity", "is missing");
    size_t before = strlen(reading->place);
    snprintf(reading->place, sizeof reading->place, "identity");
    const json_t *seed = json_object_get(object, "seed");
    if (!json_is_integer(seed))
        return fail(reading, "seed", "must be a whole number");
    identity->seed = (uint64_t)json_integer_value(seed);
    const json_t *schedules = json_object_get(object, "schedules");
    if (schedules != NULL && (!json_is_integer(schedules) || json_integer_value(schedules) < 0))
        return fail(reading, "schedules", "must be a count");
    identity->schedules = (uint64_t)json_integer_value(schedules);
    bool is_good =
        read_text(reading, object, "program", true, &identity->program) &&
        read_text(reading, object, "version", true, &identity->version) &&
        read_text(reading, object, "scenario", true, &identity->scenario) &&
        read_text(reading, object, "command", true, &identity->command) &&
        read_hash(reading, object, &identity->scenario_hash) &&
        read_count(reading, object, "replications", &identity->replications) &&
        read_count(reading, object, "replications_planned", &identity->replications_planned);
    step_out(reading, before);
    return is_good;
}

/* Kinds of charts and their roles. */
static bool read_chart_kind(const struct reading *reading, const json_t *object,
                            enum chart_kind *kind)
{
    const char *word, *words[CHART_KIND_COUNT];
    if (!read_text(reading, object, "kind", true, &word))
        return false;
    if (chart_kind_of(word, kind))
        return true;
    for (int i = 0; i < CHART_KIND_COUNT; i++)
        words[i] = chart_kind_name((enum chart_kind)i);
    const char *closest = text_closest(word, words, CHART_KIND_COUNT);
    return fail(reading, "kind", "there is no chart \"%.80s\"%s%s%s", word,
                closest != NULL ? "; did you mean \"" : "", closest != NULL ? closest : "",
                closest != NULL ? "\"?" : "");
}

static bool read_axis(struct reading *reading, const json_t *object, const char *key,
                      struct chart *chart)
{
    const json_t *value = json_object_get(object, key);
    const char *label, *unit, *scale;
    if (!json_is_object(value))
        return fail(reading, key, "is missing");
    size_t before = strlen(reading->place);
    snprintf(reading->place + before, sizeof reading->place - before, ".%s", key);
    bool is_read = read_text(reading, value, "label", true, &label) &&
                   read_text(reading, value, "unit", false, &unit) &&
                   read_text(reading, value, "scale", false, &scale);
    step_out(reading, before);
    if (!is_read)
        return false;
    bool is_x = *key == 'x', is_log = strcmp(scale, "log") == 0;
    if (!is_log && *scale != '\0' && strcmp(scale, "linear") != 0)
        return fail(reading, key, "the scale is linear or log, not \"%.80s\"", scale);
    (is_x ? chart_set_x : chart_set_y)(chart, label, unit);
    (is_x ? &chart->x : &chart->y)->is_log = is_log;
    return true;
}

static bool read_chart_column(struct reading *reading, const json_t *object, struct chart *chart)
{
    const char *name, *role_name, *label;
    enum chart_role role;
    if (!read_text(reading, object, "name", true, &name) ||
        !read_text(reading, object, "role", true, &role_name) ||
        !read_text(reading, object, "label", false, &label))
        return false;
    if (!chart_role_of(role_name, &role))
        return fail(reading, "role", "there is no role \"%.80s\"", role_name);
    chart_add_column(chart, role, name, label);
    return true;
}

static bool read_mark(const struct reading *reading, const json_t *object, struct chart *chart)
{
    const char *axis, *label, *panel;
    const json_t *at = json_object_get(object, "at"), *end = json_object_get(object, "to");
    if (!read_text(reading, object, "axis", true, &axis) ||
        !read_text(reading, object, "label", false, &label) ||
        !read_text(reading, object, "panel", false, &panel))
        return false;
    if (strcmp(axis, "x") != 0 && strcmp(axis, "y") != 0)
        return fail(reading, "axis", "is x or y");
    if (!json_is_number(at) || (end != NULL && !json_is_number(end)))
        return fail(reading, json_is_number(at) ? "to" : "at", "must be a number");
    if (end != NULL)
        chart_add_band(chart, *axis, json_number_value(at), json_number_value(end), label);
    else if (*panel != '\0' && *axis == 'x')
        chart_add_panel_mark(chart, panel, json_number_value(at), label);
    else
        chart_add_mark(chart, *axis, json_number_value(at), label);
    return true;
}

static bool read_chart_lists(struct reading *reading, const json_t *object, struct chart *chart)
{
    const json_t *columns, *marks;
    if (!read_list(reading, object, "columns", CHART_COLUMNS_MAX, &columns) ||
        !read_list(reading, object, "marks", CHART_MARKS_MAX, &marks))
        return false;
    bool is_good = true;
    for (size_t i = 0; is_good && i < json_array_size(columns); i++) {
        size_t before = step_in(reading, "columns", i);
        is_good = read_chart_column(reading, json_array_get(columns, i), chart);
        step_out(reading, before);
    }
    for (size_t i = 0; is_good && i < json_array_size(marks); i++) {
        size_t before = step_in(reading, "marks", i);
        is_good = read_mark(reading, json_array_get(marks, i), chart);
        step_out(reading, before);
    }
    return is_good;
}

static bool read_chart(struct reading *reading, const json_t *object, struct chart **out)
{
    enum chart_kind kind;
    const char *name, *title, *caption, *alt, *data;
    if (!read_text(reading, object, "name", true, &name) ||
        !read_chart_kind(reading, object, &kind) ||
        !read_text(reading, object, "title", true, &title) ||
        !read_text(reading, object, "caption", true, &caption) ||
        !read_text(reading, object, "alt", false, &alt) ||
        !read_text(reading, object, "data", true, &data))
        return false;
    struct chart *chart = chart_create(reading->arena, kind, name);
    chart_set_words(chart, title, caption, alt);
    if (!read_axis(reading, object, "x", chart) || !read_axis(reading, object, "y", chart) ||
        !read_chart_lists(reading, object, chart))
        return false;
    struct error reason;
    if (!chart_validate(chart, &reason))
        return fail(reading, "", "%s", reason.message);
    if (strcmp(data, chart_file_name(chart, "tsv")) != 0)
        return fail(reading, "data", "must be \"%s\"", chart_file_name(chart, "tsv"));
    if (manifest_find_chart(reading->manifest, name) != NULL)
        return fail(reading, "name", "there are two charts \"%s\"", name);
    *out = chart;
    return true;
}

/* Charts come first, because blocks name them; the order of the list stays. */
static bool read_charts(struct reading *reading, const json_t *document)
{
    const json_t *list;
    if (!read_list(reading, document, "charts", CHARTS_MAX, &list))
        return false;
    struct manifest *manifest = reading->manifest;
    manifest->charts = arena_take_array(reading->arena, json_array_size(list) + 1, sizeof(void *));
    manifest->chart_room = json_array_size(list) + 1;
    bool is_good = true;
    for (size_t i = 0; is_good && i < json_array_size(list); i++) {
        size_t before = step_in(reading, "charts", i);
        struct chart *chart = NULL;
        is_good = read_chart(reading, json_array_get(list, i), &chart);
        if (is_good)
            manifest->charts[manifest->chart_count++] = chart;
        step_out(reading, before);
    }
    return is_good;
}

static bool read_table_columns(struct reading *reading, const json_t *columns,
                               struct manifest_block *table)
{
    bool is_good = true;
    for (size_t i = 0; is_good && i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        const char *title;
        size_t align, before = step_in(reading, "columns", i);
        is_good =
            read_text(reading, column, "title", true, &title) &&
            read_word(reading, column, "align", manifest_aligns, MANIFEST_ALIGN_COUNT, &align);
        if (is_good)
            manifest_add_table_column(table, title, (enum manifest_align)align);
        step_out(reading, before);
    }
    return is_good;
}

static bool read_table_row(const struct reading *reading, const json_t *row,
                           struct manifest_block *table)
{
    if (!json_is_array(row) || json_array_size(row) != table->column_count)
        return fail(reading, "", "must be a list of %zu texts", table->column_count);
    for (size_t i = 0; i < table->column_count; i++) {
        const json_t *cell = json_array_get(row, i);
        if (!json_is_string(cell))
            return fail(reading, "", "cell %zu must be a text", i);
        manifest_add_cell(table, json_string_value(cell));
    }
    return true;
}

static bool read_table(struct reading *reading, const json_t *object,
                       struct manifest_section *section)
{
    const json_t *columns, *rows;
    const char *caption;
    if (!read_text(reading, object, "caption", false, &caption) ||
        !read_list(reading, object, "columns", TABLE_COLUMNS_MAX, &columns) ||
        !read_list(reading, object, "rows", ITEMS_MAX, &rows))
        return false;
    if (json_array_size(columns) == 0)
        return fail(reading, "columns", "a table needs a column");
    struct manifest_block *table = manifest_add_table(section, caption);
    bool is_good = read_table_columns(reading, columns, table);
    for (size_t i = 0; is_good && i < json_array_size(rows); i++) {
        size_t before = step_in(reading, "rows", i);
        is_good = read_table_row(reading, json_array_get(rows, i), table);
        step_out(reading, before);
    }
    return is_good;
}

static bool read_checks(struct reading *reading, const json_t *object,
                        struct manifest_section *section)
{
    const json_t *items;
    if (!read_list(reading, object, "items", ITEMS_MAX, &items))
        return false;
    struct manifest_block *checks = manifest_add_checks(section);
    bool is_good = true;
    for (size_t i = 0; is_good && i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *text, *detail;
        size_t mark, before = step_in(reading, "items", i);
        is_good = read_word(reading, item, "mark", manifest_marks, MANIFEST_MARK_COUNT, &mark) &&
                  read_text(reading, item, "text", true, &text) &&
                  read_text(reading, item, "detail", false, &detail);
        if (is_good)
            manifest_add_check(checks, (enum manifest_mark)mark, text, detail);
        step_out(reading, before);
    }
    return is_good;
}

static bool read_text_block(const struct reading *reading, const json_t *object,
                            struct manifest_section *section)
{
    const char *text;
    size_t style;
    if (!read_text(reading, object, "text", true, &text) ||
        !read_word(reading, object, "style", manifest_styles, MANIFEST_STYLE_COUNT, &style))
        return false;
    manifest_add_text(section, (enum manifest_style)style, text);
    return true;
}

static bool read_chart_block(const struct reading *reading, const json_t *object,
                             struct manifest_section *section)
{
    const char *name;
    if (!read_text(reading, object, "name", true, &name))
        return false;
    const struct chart *chart = manifest_find_chart(reading->manifest, name);
    if (chart == NULL)
        return fail(reading, "name", "there is no chart \"%.80s\" in charts", name);
    manifest_add_chart_block(section, chart);
    return true;
}

static bool read_block(struct reading *reading, const json_t *object,
                       struct manifest_section *section)
{
    size_t kind;
    const char *title, *text, *alt;
    if (!read_word(reading, object, "kind", manifest_block_kinds, MANIFEST_BLOCK_KIND_COUNT, &kind))
        return false;
    switch ((enum manifest_block_kind)kind) {
    case MANIFEST_TEXT: return read_text_block(reading, object, section);
    case MANIFEST_TABLE: return read_table(reading, object, section);
    case MANIFEST_CHECKS: return read_checks(reading, object, section);
    case MANIFEST_CHART: return read_chart_block(reading, object, section);
    case MANIFEST_COMMAND:
        if (!read_text(reading, object, "label", false, &title) ||
            !read_text(reading, object, "text", true, &text))
            return false;
        manifest_add_command(section, title, text);
        return true;
    case MANIFEST_STORY:
        if (!read_text(reading, object, "title", false, &title) ||
            !read_text(reading, object, "text", true, &text))
            return false;
        manifest_add_story(section, title, text);
        return true;
    case MANIFEST_PICTURE:
        if (!read_text(reading, object, "title", true, &title) ||
            !read_text(reading, object, "alt", true, &alt) ||
            !read_text(reading, object, "svg", true, &text))
            return false;
        manifest_add_picture(section, title, alt, text);
        return true;
    }
    return false;
}

static bool is_id(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length <= CHART_NAME_LENGTH_MAX && *id >= 'a' && *id <= 'z' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool read_section(struct reading *reading, const json_t *object)
{
    const json_t *blocks;
    const char *id, *title;
    if (!read_text(reading, object, "id", true, &id) ||
        !read_text(reading, object, "title", true, &title) ||
        !read_list(reading, object, "blocks", BLOCKS_MAX, &blocks))
        return false;
    if (!is_id(id))
        return fail(reading, "id", "\"%.80s\" is no id (small letters, digits and -)", id);
    for (size_t i = 0; i < reading->manifest->section_count; i++)
        if (strcmp(reading->manifest->sections[i]->id, id) == 0)
            return fail(reading, "id", "there are two sections \"%s\"", id);
    struct manifest_section *section = manifest_add_section(reading->manifest, id, title);
    bool is_good = true;
    for (size_t i = 0; is_good && i < json_array_size(blocks); i++) {
        size_t before = step_in(reading, "blocks", i);
        is_good = read_block(reading, json_array_get(blocks, i), section);
        step_out(reading, before);
    }
    return is_good;
}

static bool read_document(struct reading *reading, const json_t *document)
{
    const json_t *version = json_object_get(document, "schema_version"), *sections;
    if (!json_is_object(document) || !json_is_integer(version))
        return fail(reading, "schema_version", "is missing");
    if (json_integer_value(version) != MANIFEST_SCHEMA_VERSION)
        return fail(reading, "schema_version",
                    "%lld cannot be read, only %d; run the scenario again with this version",
                    (long long)json_integer_value(version), MANIFEST_SCHEMA_VERSION);
    struct identity identity = {0};
    const char *title, *lead;
    if (!read_identity(reading, document, &identity) ||
        !read_text(reading, document, "title", true, &title) ||
        !read_text(reading, document, "lead", true, &lead))
        return false;
    reading->manifest = manifest_create(reading->arena, &identity, title, lead);
    if (!read_charts(reading, document) ||
        !read_list(reading, document, "sections", SECTIONS_MAX, &sections))
        return false;
    bool is_good = true;
    for (size_t i = 0; is_good && i < json_array_size(sections); i++) {
        size_t before = step_in(reading, "sections", i);
        is_good = read_section(reading, json_array_get(sections, i));
        step_out(reading, before);
    }
    return is_good;
}

bool manifest_read(struct manifest **manifest, struct arena *arena, const char *folder,
                   struct error *error)
{
    const char *path = arena_print(arena, "%s/%s", folder, MANIFEST_FILE);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    json_error_t where;
    json_t *document = json_loadf(file, JSON_REJECT_DUPLICATES, &where);
    fclose(file);
    if (document == NULL)
        return error_set(error, ERROR_IO, "%s:%d:%d: %s", path, where.line, where.column,
                         where.text);
    struct reading reading = {.arena = arena, .error = error};
    bool is_good = read_document(&reading, document);
    json_decref(document);
    if (is_good)
        *manifest = reading.manifest;
    else
        error_context(error, "%s", folder);
    return is_good;
}

bool manifest_read_all(struct manifest **manifest, struct arena *arena, const char *folder,
                       struct error *error)
{
    struct manifest *read;
    if (!manifest_read(&read, arena, folder, error))
        return false;
    for (size_t i = 0; i < read->chart_count; i++)
        if (!chart_read_data(read->charts[i], folder, error))
            return false;
    *manifest = read;
    return true;
}
