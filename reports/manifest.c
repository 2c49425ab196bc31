#include "reports/manifest.h"

#include <string.h>

#include "reports/words.h"
#include "sim/base/check.h"

/* A list that has no room left moves to twice the room. */
static void *grow(struct arena *arena, void *list, size_t count, size_t *room, size_t size_bytes)
{
    if (count < *room)
        return list;
    *room = *room > 0 ? 2 * *room : 8;
    void *more = arena_take_array(arena, *room, size_bytes);
    if (count > 0)
        memcpy(more, list, count * size_bytes);
    return more;
}

static struct identity copy_identity(struct arena *arena, const struct identity *identity)
{
    struct identity copy = *identity;
    copy.program = words_clean(arena, identity->program);
    copy.version = words_clean(arena, identity->version);
    copy.scenario = words_clean(arena, identity->scenario);
    copy.command = words_clean(arena, identity->command);
    return copy;
}

struct manifest *manifest_create(struct arena *arena, const struct identity *identity,
                                 const char *title, const char *lead)
{
    struct manifest *manifest = arena_take(arena, sizeof *manifest);
    *manifest = (struct manifest){
        .arena = arena,
        .identity = copy_identity(arena, identity),
        .title = words_clean(arena, title),
        .lead = words_clean(arena, lead),
    };
    return manifest;
}

struct manifest_section *manifest_add_section(struct manifest *manifest, const char *id,
                                              const char *title)
{
    struct arena *arena = manifest->arena;
    struct manifest_section *section = arena_take(arena, sizeof *section);
    *section = (struct manifest_section){
        .arena = arena, .id = words_clean(arena, id), .title = words_clean(arena, title)};
    manifest->sections = grow(arena, manifest->sections, manifest->section_count,
                              &manifest->section_room, sizeof(struct manifest_section *));
    manifest->sections[manifest->section_count++] = section;
    return section;
}

static struct manifest_block *add_block(struct manifest_section *section,
                                        enum manifest_block_kind kind, const char *title,
                                        const char *text)
{
    struct arena *arena = section->arena;
    struct manifest_block *block = arena_take(arena, sizeof *block);
    *block = (struct manifest_block){.arena = arena,
                                     .kind = kind,
                                     .title = words_clean(arena, title),
                                     .text = words_clean(arena, text)};
    section->blocks = grow(arena, section->blocks, section->block_count, &section->block_room,
                           sizeof(struct manifest_block *));
    section->blocks[section->block_count++] = block;
    return block;
}

void manifest_add_text(struct manifest_section *section, enum manifest_style style,
                       const char *text)
{
    add_block(section, MANIFEST_TEXT, "", text)->style = style;
}

void manifest_add_command(struct manifest_section *section, const char *label, const char *text)
{
    add_block(section, MANIFEST_COMMAND, label, text);
}

void manifest_add_story(struct manifest_section *section, const char *title, const char *text)
{
    add_block(section, MANIFEST_STORY, title, text);
}

void manifest_add_picture(struct manifest_section *section, const char *title, const char *alt,
                          const char *svg)
{
    add_block(section, MANIFEST_PICTURE, title, svg)->alt = words_clean(section->arena, alt);
}

struct manifest_block *manifest_add_table(struct manifest_section *section, const char *caption)
{
    return add_block(section, MANIFEST_TABLE, caption, "");
}

void manifest_add_table_column(struct manifest_block *table, const char *title,
                               enum manifest_align align)
{
    CHECK(table->kind == MANIFEST_TABLE && table->cell_count == 0);
    table->columns = grow(table->arena, table->columns, table->column_count, &table->column_room,
                          sizeof *table->columns);
    table->columns[table->column_count++] =
        (struct manifest_column){.title = words_clean(table->arena, title), .align = align};
}

void manifest_add_cell(struct manifest_block *table, const char *text)
{
    CHECK(table->kind == MANIFEST_TABLE && table->column_count > 0);
    table->cells = grow(table->arena, table->cells, table->cell_count, &table->cell_room,
                        sizeof *table->cells);
    table->cells[table->cell_count++] = words_clean(table->arena, text);
}

struct manifest_block *manifest_add_checks(struct manifest_section *section)
{
    return add_block(section, MANIFEST_CHECKS, "", "");
}

void manifest_add_check(struct manifest_block *checks, enum manifest_mark mark, const char *text,
                        const char *detail)
{
    CHECK(checks->kind == MANIFEST_CHECKS);
    checks->checks = grow(checks->arena, checks->checks, checks->check_count, &checks->check_room,
                          sizeof *checks->checks);
    checks->checks[checks->check_count++] =
        (struct manifest_check){.mark = mark,
                                .text = words_clean(checks->arena, text),
                                .detail = words_clean(checks->arena, detail)};
}

void manifest_add_chart(struct manifest *manifest, struct manifest_section *section,
                        struct chart *chart)
{
    CHECK(manifest_find_chart(manifest, chart->name) == NULL);
    manifest->charts = grow(manifest->arena, manifest->charts, manifest->chart_count,
                            &manifest->chart_room, sizeof(struct chart *));
    manifest->charts[manifest->chart_count++] = chart;
    manifest_add_chart_block(section, chart);
}

void manifest_add_chart_block(struct manifest_section *section, const struct chart *chart)
{
    add_block(section, MANIFEST_CHART, "", "")->chart = chart;
}

struct chart *manifest_find_chart(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->chart_count; i++)
        if (strcmp(manifest->charts[i]->name, name) == 0)
            return manifest->charts[i];
    return NULL;
}
