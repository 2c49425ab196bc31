#include "reports/manifest.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "reports/manifest_names.h"
#include "sim/base/check.h"

static void set_text(json_t *object, const char *key, const char *text)
{
    int status = json_object_set_new(object, key, json_string(text));
    CHECK(status == 0); /* Texts are UTF-8: words_clean. */
}

static json_t *table_columns_json(const struct manifest_block *table)
{
    json_t *columns = json_array();
    for (size_t i = 0; i < table->column_count; i++) {
        json_t *column = json_object();
        set_text(column, "title", table->columns[i].title);
        set_text(column, "align", manifest_aligns[table->columns[i].align]);
        json_array_append_new(columns, column);
    }
    return columns;
}

static json_t *rows_json(const struct manifest_block *table)
{
    CHECK(table->column_count > 0 && table->cell_count % table->column_count == 0);
    json_t *rows = json_array();
    for (size_t i = 0; i < manifest_row_count(table); i++) {
        json_t *row = json_array();
        for (size_t k = 0; k < table->column_count; k++)
            json_array_append_new(row, json_string(table->cells[i * table->column_count + k]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *checks_json(const struct manifest_block *block)
{
    json_t *items = json_array();
    for (size_t i = 0; i < block->check_count; i++) {
        json_t *item = json_object();
        set_text(item, "mark", manifest_marks[block->checks[i].mark]);
        set_text(item, "text", block->checks[i].text);
        set_text(item, "detail", block->checks[i].detail);
        json_array_append_new(items, item);
    }
    return items;
}

static json_t *block_json(const struct manifest_block *block)
{
    json_t *value = json_object();
    set_text(value, "kind", manifest_block_kinds[block->kind]);
    switch (block->kind) {
    case MANIFEST_TEXT:
        set_text(value, "style", manifest_styles[block->style]);
        set_text(value, "text", block->text);
        break;
    case MANIFEST_TABLE:
        set_text(value, "caption", block->title);
        json_object_set_new(value, "columns", table_columns_json(block));
        json_object_set_new(value, "rows", rows_json(block));
        break;
    case MANIFEST_CHECKS: json_object_set_new(value, "items", checks_json(block)); break;
    case MANIFEST_CHART: set_text(value, "name", block->chart->name); break;
    case MANIFEST_COMMAND:
        set_text(value, "label", block->title);
        set_text(value, "text", block->text);
        break;
    case MANIFEST_STORY:
        set_text(value, "title", block->title);
        set_text(value, "text", block->text);
        break;
    case MANIFEST_PICTURE:
        set_text(value, "title", block->title);
        set_text(value, "alt", block->alt);
        set_text(value, "svg", block->text);
        break;
    }
    return value;
}

static json_t *section_json(const struct manifest_section *section)
{
    json_t *value = json_object(), *blocks = json_array();
    set_text(value, "id", section->id);
    set_text(value, "title", section->title);
    for (size_t i = 0; i < section->block_count; i++)
        json_array_append_new(blocks, block_json(section->blocks[i]));
    json_object_set_new(value, "blocks", blocks);
    return value;
}

static json_t *axis_json(const struct chart_axis *axis)
{
    json_t *value = json_object();
    set_text(value, "label", axis->label);
    set_text(value, "unit", axis->unit);
    set_text(value, "scale", axis->is_log ? "log" : "linear");
    return value;
}

static json_t *chart_columns_json(const struct chart *chart)
{
    json_t *columns = json_array();
    for (size_t i = 0; i < chart->column_count; i++) {
        json_t *column = json_object();
        set_text(column, "name", chart->columns[i].name);
        set_text(column, "role", chart_role_name(chart->columns[i].role));
        if (*chart->columns[i].label != '\0')
            set_text(column, "label", chart->columns[i].label);
        json_array_append_new(columns, column);
    }
    return columns;
}

static json_t *marks_json(const struct chart *chart)
{
    json_t *marks = json_array();
    for (size_t i = 0; i < chart->mark_count; i++) {
        const struct chart_mark *mark = &chart->marks[i];
        json_t *value = json_object();
        set_text(value, "axis", mark->axis == 'x' ? "x" : "y");
        json_object_set_new(value, "at", json_real(mark->at));
        if (mark->has_end)
            json_object_set_new(value, "to", json_real(mark->end));
        set_text(value, "label", mark->label);
        if (*mark->panel != '\0')
            set_text(value, "panel", mark->panel);
        json_array_append_new(marks, value);
    }
    return marks;
}

static json_t *chart_json(const struct chart *chart)
{
    CHECK(chart_validate(chart, NULL));
    json_t *value = json_object();
    set_text(value, "name", chart->name);
    set_text(value, "kind", chart_kind_name(chart->kind));
    set_text(value, "title", chart->title);
    set_text(value, "caption", chart->caption);
    set_text(value, "alt", chart->alt);
    json_object_set_new(value, "x", axis_json(&chart->x));
    json_object_set_new(value, "y", axis_json(&chart->y));
    set_text(value, "data", chart_file_name(chart, "tsv"));
    json_object_set_new(value, "columns", chart_columns_json(chart));
    json_object_set_new(value, "marks", marks_json(chart));
    return value;
}

void manifest_print(const struct manifest *manifest, FILE *file)
{
    json_t *sections = json_array(), *charts = json_array();
    for (size_t i = 0; i < manifest->section_count; i++)
        json_array_append_new(sections, section_json(manifest->sections[i]));
    for (size_t i = 0; i < manifest->chart_count; i++)
        json_array_append_new(charts, chart_json(manifest->charts[i]));
    json_t *value = json_object();
    json_object_set_new(value, "schema_version", json_integer(MANIFEST_SCHEMA_VERSION));
    json_object_set_new(value, "identity", identity_json(&manifest->identity));
    set_text(value, "title", manifest->title);
    set_text(value, "lead", manifest->lead);
    json_object_set_new(value, "sections", sections);
    json_object_set_new(value, "charts", charts);
    identity_write_json(value, file);
    json_decref(value);
}

bool manifest_write(struct directory *directory, const struct manifest *manifest,
                    struct error *error)
{
    FILE *file = directory_create_file(directory, MANIFEST_FILE, error);
    if (file == NULL)
        return false;
    manifest_print(manifest, file);
    return directory_close_file(directory, MANIFEST_FILE, file, error);
}
