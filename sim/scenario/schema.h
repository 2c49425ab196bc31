/* schema.h - the table that says which keys a scenario may have, and what their values are.
 *
 * The program that knows a model writes one table; everything else follows from it: validation,
 * defaults, `--set`, the manual of the format, a JSON Schema for editors and the list of paths for
 * completion. This folder knows no field of any model.
 *
 * A path is written with dots: "phase2.backup". Two segments are special:
 *   *     a map with free names: "variants.*.retry.after" (names: letters, digits, _ and -)
 *   []    a list:                "wave.windows[].from"
 * In a concrete path a name or an index stands there: "variants.after.retry.after",
 * "wave.windows[0].from".
 *
 * Maps on the way need no row of their own: they are always there, and so are the defaults in them.
 * A row of type SCHEMA_MAP makes a map *optional*: absent means off, `retry: {}` means on with
 * every default, and the fields below it have no value while it is absent. An entry under `*` or
 * `[]` is there when the scenario writes it; a row of its own ("variants.*", SCHEMA_MAP) only
 * documents it. A SCHEMA_MAP row at the path of a list or of a map with free names itself
 * ("wave.windows", "variants") documents that, may require it and may limit its length.
 *
 * Limits and defaults are text in the field's own form ("10min", "2%", "1"), so that the table
 * reads like a scenario. A table with a mistake in it is a bug and ends in a CHECK.
 */
#ifndef SIM_SCENARIO_SCHEMA_H
#define SIM_SCENARIO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum schema_type {
    SCHEMA_DURATION,      /* 12min, 1h30min. Not negative unless `minimum` is. */
    SCHEMA_SHARE,         /* A probability or a part of a whole: 0.02 or 2%, within 0 to 1. */
    SCHEMA_NUMBER,        /* 0.5 */
    SCHEMA_COUNT,         /* A whole number: 300. */
    SCHEMA_RATE,          /* 50/s, 3/min. Not negative unless `minimum` is. */
    SCHEMA_TEXT,          /* Anything; a required text may not be blank. */
    SCHEMA_CHOICE,        /* One of `choices`. */
    SCHEMA_FLAG,          /* true or false, nothing else. */
    SCHEMA_DIST_DURATION, /* uniform(45min, 60min), or plainly 30min. */
    SCHEMA_DIST_NUMBER,   /* discrete(1=0.62, 2=0.38), or plainly 4. */
    SCHEMA_TEXT_LIST,     /* A list of texts; element i is read as the text "path[i]". */
    SCHEMA_TREE,          /* Anything, also maps and lists whose keys no table knows. */
    SCHEMA_MAP,           /* A container whose presence has a meaning. */
};

struct schema_field {
    const char *path;
    enum schema_type type;
    bool required;        /* Must be written (where its map is present). Excludes a fallback. */
    const char *fallback; /* The value when nothing is written; NULL: then there is none. */
    const char *minimum;  /* Inclusive limits, NULL: none. For a distribution: of all its values; */
    const char *maximum;  /* for a list and for a map with free names: of its length. */
    const char *reason;   /* Why the maximum (without one: the minimum) is there; may be NULL. */
    const char *choices;  /* "drop|drop_recorded|reject|queue" for SCHEMA_CHOICE, else NULL. */
    const char *doc;      /* One or two sentences for the manual. Never NULL. */
    bool is_decisive;     /* If it is wrong, nothing behind it is looked at: which table holds? */
};

/* The first row must be {"question", SCHEMA_TEXT, .required = true}; the key `extends` belongs to
 * the loader and may not be in the table. */
struct schema {
    const char *title; /* Of the manual and the JSON Schema. */
    const struct schema_field *fields;
    size_t field_count;
};

/* Print the manual of the format as Markdown, in the order of the table. */
void schema_print_document(const struct schema *schema, FILE *out);

/* Print a JSON Schema (draft 2020-12) for editors. It is a little more generous than the loader: it
 * does not look inside distributions and cannot check what `extends` brings. */
void schema_print_json_schema(const struct schema *schema, FILE *out);

/* Print every path of the table, one a line, for completion. */
void schema_print_paths(const struct schema *schema, FILE *out);

/* The name of a type for messages and the manual ("duration", "share", ...). */
const char *schema_type_name(enum schema_type type);

#endif
