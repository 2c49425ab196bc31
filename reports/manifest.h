/* manifest.h - what a result has to say, as data: sections of words, tables, checks and charts.
 *
 * `report.json` in a result folder, together with the .tsv files of the charts, is all that is
 * needed to make the page, report.md and the pictures again. Whoever knows the domain writes it;
 * reports only renders it.
 *
 *     {"schema_version": 2, "identity": {...}, "title": "...", "lead": "...",
 *      "sections": [{"id": "impact", "title": "Impact", "blocks": [BLOCK...]}...],
 *      "charts": [CHART...]}
 *
 * A block has a "kind" and
 *     text      "text", "style": plain, note or warning
 *     table     "caption", "columns": [{"title", "align": left or right}], "rows": [["cell"...]...]
 *     checks    "items": [{"mark": pass, fail or unsure, "text", "detail"}]
 *     chart     "name" of one of the charts
 *     command   "text", "label"
 *     story     "title", "text" (preformatted, several lines)
 *     picture   "title", "alt", "svg": a picture that is not drawn from data, as svg.h takes it
 *
 * A chart has name, kind, title, caption, alt, "x" and "y": {"label", "unit", "scale": linear or
 * log}, "data": NAME.tsv, "columns": [{"name", "role", "label"}], "marks": [{"axis": x or y, "at",
 * "to" (optional, a band), "label", "panel" (optional)}]; kinds and roles stand in chart.h.
 *
 * Texts may come from anybody and hold anything that UTF-8 can say: who renders them, escapes them.
 * Everything lies in the arena; texts that are added are copied, and bytes that are not UTF-8
 * become "?". Reading checks everything, because people edit files; cells of charts are read by
 * chart_read_data.
 */
#ifndef REPORTS_MANIFEST_H
#define REPORTS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "reports/chart.h"
#include "reports/directory.h"
#include "reports/identity.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

/* The name of the file. */
#define MANIFEST_FILE "report.json"

enum { MANIFEST_SCHEMA_VERSION = 2 };

enum manifest_block_kind {
    MANIFEST_TEXT,
    MANIFEST_TABLE,
    MANIFEST_CHECKS,
    MANIFEST_CHART,
    MANIFEST_COMMAND,
    MANIFEST_STORY,
    MANIFEST_PICTURE,
};
enum manifest_style { MANIFEST_PLAIN, MANIFEST_NOTE, MANIFEST_WARNING };
enum manifest_align { MANIFEST_LEFT, MANIFEST_RIGHT };
enum manifest_mark { MANIFEST_PASS, MANIFEST_FAIL, MANIFEST_UNSURE };

struct manifest_column {
    const char *title;
    enum manifest_align align;
};

struct manifest_check {
    enum manifest_mark mark;
    const char *text, *detail; /* The detail may be empty. */
};

struct manifest_block {
    struct arena *arena;
    enum manifest_block_kind kind;
    const char *text;                /* Text, command, story; SVG of a picture. */
    const char *title;               /* Caption of a table, label of a command, title of a story. */
    const char *alt;                 /* Of a picture, for people who cannot see it. */
    enum manifest_style style;       /* Text. */
    const struct chart *chart;       /* Chart. */
    struct manifest_column *columns; /* Table. */
    size_t column_count, column_room;
    const char **cells; /* Table: row by row; a whole number of rows. */
    size_t cell_count, cell_room;
    struct manifest_check *checks; /* Checks. */
    size_t check_count, check_room;
};

struct manifest_section {
    struct arena *arena;
    const char *id; /* Small letters, digits and '-'; no other section has it. */
    const char *title;
    struct manifest_block **blocks;
    size_t block_count, block_room;
};

struct manifest {
    struct arena *arena;
    struct identity identity;
    const char *title, *lead;
    struct manifest_section **sections;
    size_t section_count, section_room;
    struct chart **charts; /* Each name once. */
    size_t chart_count, chart_room;
};

/* Create a manifest without sections. The identity's texts are copied. */
struct manifest *manifest_create(struct arena *arena, const struct identity *identity,
                                 const char *title, const char *lead);

/* Add to it, in the order of the page. */
struct manifest_section *manifest_add_section(struct manifest *manifest, const char *id,
                                              const char *title);
void manifest_add_text(struct manifest_section *section, enum manifest_style style,
                       const char *text);
void manifest_add_command(struct manifest_section *section, const char *label, const char *text);
void manifest_add_story(struct manifest_section *section, const char *title, const char *text);
void manifest_add_picture(struct manifest_section *section, const char *title, const char *alt,
                          const char *svg);

/* A table: columns first, then cells row by row from the left. */
struct manifest_block *manifest_add_table(struct manifest_section *section, const char *caption);
void manifest_add_table_column(struct manifest_block *table, const char *title,
                               enum manifest_align align);
void manifest_add_cell(struct manifest_block *table, const char *text);

/* A list of checks; `detail` may be empty. */
struct manifest_block *manifest_add_checks(struct manifest_section *section);
void manifest_add_check(struct manifest_block *checks, enum manifest_mark mark, const char *text,
                        const char *detail);

/* Add a chart to the manifest and a block for it to the section. The chart stays the caller's and
 * must live as long. */
void manifest_add_chart(struct manifest *manifest, struct manifest_section *section,
                        struct chart *chart);

/* Add a block for a chart that the manifest has. */
void manifest_add_chart_block(struct manifest_section *section, const struct chart *chart);

/* The chart of that name, or NULL. */
struct chart *manifest_find_chart(const struct manifest *manifest, const char *name);

static inline size_t manifest_row_count(const struct manifest_block *table)
{
    return table->column_count > 0 ? table->cell_count / table->column_count : 0;
}

/* Write it as JSON; or as MANIFEST_FILE into a folder that is being made. */
void manifest_print(const struct manifest *manifest, FILE *file);
bool manifest_write(struct directory *directory, const struct manifest *manifest,
                    struct error *error);

/* Read MANIFEST_FILE of a folder, and check it; the charts have no cells yet. Errors: ERROR_IO with
 * the place in the document ("sections[2].blocks[0].kind: ..."). */
bool manifest_read(struct manifest **manifest, struct arena *arena, const char *folder,
                   struct error *error);

/* The same and the cells of all charts. */
bool manifest_read_all(struct manifest **manifest, struct arena *arena, const char *folder,
                       struct error *error);

#endif
