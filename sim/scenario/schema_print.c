#include "sim/scenario/schema.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/scenario/schema_tree.h"

static const char preamble[] =
    "A scenario is one YAML document in UTF-8. Its first key is `question`: what is this run to\n"
    "answer? Unknown and doubled keys, values of the wrong kind and impossible values are errors.\n"
    "\n"
    "- **duration**: a number with a unit: `90s`, `12min`, `1h30min` (ns us ms s min h d).\n"
    "- **share**: `0.02` or `2%`. **rate**: `50/s`, `3/min`. **count**: a whole number. **flag**:\n"
    "  `true` or `false`.\n"
    "- **distribution**: one value (`30min`) or a function: `uniform(45min, 60min)`,\n"
    "  `exponential(mean=5s)`, `lognormal(median=15min, sigma=0.45)`, ...\n"
    "- `*` in a path stands for names of your own (letters, digits, _ and -), `[]` for the "
    "elements\n"
    "  of a list.\n"
    "- A **map** that is not there is off; `{}` switches it on with the defaults below it.\n"
    "- `extends: other.yaml` (relative to the file) lays this scenario over another: maps merge,\n"
    "  all else replaces, `null` takes away. `--set path=value` on the command line comes last;\n"
    "  there a list's element is `path[0]`.\n";

/* A table cell: no line break and no bar. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            fputs("\\|", out);
        else
            fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_limits(const struct schema_field *field, FILE *out)
{
    if (field->minimum != NULL && field->maximum != NULL)
        fprintf(out, "%s to %s", field->minimum, field->maximum);
    else if (field->minimum != NULL)
        fprintf(out, "at least %s", field->minimum);
    else if (field->maximum != NULL)
        fprintf(out, "at most %s", field->maximum);
    if (field->reason != NULL) {
        fputs(" (", out);
        print_cell(field->reason, out);
        fputc(')', out);
    }
    for (const char *at = field->choices; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "|");
        fprintf(out, "`%.*s`%s", (int)length, at, at[length] == '|' ? ", " : "");
        at += length + (at[length] == '|');
    }
}

static size_t section_length(const char *path)
{
    return strcspn(path, ".[");
}

void schema_print_document(const struct schema *schema, FILE *out)
{
    fprintf(out, "# %s\n\n%s", schema->title, preamble);
    const char *section = "";
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->fields[i];
        size_t length = section_length(field->path);
        if (length != section_length(section) || strncmp(section, field->path, length) != 0) {
            section = field->path;
            fprintf(out, "\n## %.*s\n\n", (int)length, section);
            fputs("| path | type | default | limits | meaning |\n|---|---|---|---|---|\n", out);
        }
        const char *fallback = field->required             ? "required"
                               : field->type == SCHEMA_MAP ? ""
                                                           : "none";
        fprintf(out, "| `%s` | %s | ", field->path, schema_type_name(field->type));
        if (field->fallback != NULL)
            fprintf(out, "`%s`", field->fallback);
        else
            fputs(fallback, out);
        fputs(" | ", out);
        print_limits(field, out);
        fputs(" | ", out);
        print_cell(field->doc, out);
        fputs(" |\n", out);
    }
}

void schema_print_paths(const struct schema *schema, FILE *out)
{
    for (size_t i = 0; i < schema->field_count; i++)
        fprintf(out, "%s\n", schema->fields[i].path);
}

/* jansson returns an error only for lack of memory or for text that is not UTF-8. */
static void put(json_t *object, const char *key, json_t *value)
{
    CHECK(json_object_set_new(object, key, value) == 0);
}

static json_t *types(const char *type, const char *other)
{
    json_t *list = json_array();
    json_array_append_new(list, json_string(type));
    if (other != NULL)
        json_array_append_new(list, json_string(other));
    json_array_append_new(list, json_string("null"));
    return list;
}

static void put_count_limits(json_t *object, const struct schema_field *field, const char *minimum,
                             const char *maximum)
{
    int64_t limit;
    if (field->minimum != NULL && units_parse_count(field->minimum, &limit, NULL))
        put(object, minimum, json_integer(limit));
    if (field->maximum != NULL && units_parse_count(field->maximum, &limit, NULL))
        put(object, maximum, json_integer(limit));
}

static void put_number_limits(json_t *object, const struct schema_field *field)
{
    double limit;
    if (field->minimum != NULL && units_parse_number(field->minimum, &limit, NULL))
        put(object, "minimum", json_real(limit));
    if (field->maximum != NULL && units_parse_number(field->maximum, &limit, NULL))
        put(object, "maximum", json_real(limit));
}

/* The default in the JSON type that an editor would write it in. */
static json_t *fallback_json(const struct schema_field *field)
{
    int64_t count;
    double number;
    bool is_number = field->type == SCHEMA_NUMBER || field->type == SCHEMA_SHARE;
    if (field->type == SCHEMA_FLAG)
        return json_boolean(strcmp(field->fallback, "true") == 0);
    if (field->type == SCHEMA_COUNT && units_parse_count(field->fallback, &count, NULL))
        return json_integer(count);
    if (is_number && units_parse_number(field->fallback, &number, NULL))
        return json_real(number);
    return json_string(field->fallback);
}

static json_t *choices_json(const struct schema_node *node)
{
    json_t *list = json_array();
    for (size_t i = 0; i < node->choice_count; i++)
        json_array_append_new(list, json_string(node->choices[i]));
    json_array_append_new(list, json_null());
    return list;
}

static void put_scalar(json_t *object, const struct schema_node *node)
{
    const struct schema_field *field = node->field;
    switch (field->type) {
    case SCHEMA_DURATION:
        put(object, "type", types("string", NULL));
        put(object, "pattern", json_string("^-?([0-9.]+([eE][-+]?[0-9]+)?(ns|us|ms|s|min|h|d))+$"));
        break;
    case SCHEMA_SHARE:
        put(object, "type", types("number", "string"));
        put(object, "minimum", json_integer(0));
        put(object, "maximum", json_integer(1));
        put(object, "pattern", json_string("^[-+]?[0-9.]+([eE][-+]?[0-9]+)?%?$"));
        break;
    case SCHEMA_NUMBER:
        put(object, "type", types("number", NULL));
        put_number_limits(object, field);
        break;
    case SCHEMA_COUNT:
        put(object, "type", types("integer", NULL));
        put_count_limits(object, field, "minimum", "maximum");
        break;
    case SCHEMA_RATE:
        put(object, "type", types("string", NULL));
        put(object, "pattern", json_string("/(ns|us|ms|s|min|h|d)$"));
        break;
    case SCHEMA_TEXT: put(object, "type", types("string", "number")); break;
    case SCHEMA_CHOICE: put(object, "enum", choices_json(node)); break;
    case SCHEMA_FLAG: put(object, "type", types("boolean", NULL)); break;
    case SCHEMA_DIST_DURATION: put(object, "type", types("string", NULL)); break;
    case SCHEMA_DIST_NUMBER: put(object, "type", types("string", "number")); break;
    case SCHEMA_TREE: break;
    case SCHEMA_TEXT_LIST:
    case SCHEMA_MAP: CHECK(false);
    }
    if (field->fallback != NULL)
        put(object, "default", fallback_json(field));
}

static json_t *node_json(const struct schema_node *node);

static void put_children(json_t *object, const struct schema_node *node)
{
    json_t *properties = json_object();
    for (const struct schema_node *child = node->first_child; child != NULL; child = child->next)
        put(properties, child->segment, node_json(child));
    put(object, "properties", properties);
    put(object, "additionalProperties", json_false());
}

static json_t *node_json(const struct schema_node *node)
{
    json_t *object = json_object();
    const struct schema_field *field = node->field;
    if (field != NULL)
        put(object, "description", json_string(field->doc));
    switch (node->shape) {
    case SHAPE_SCALAR: put_scalar(object, node); break;
    case SHAPE_MAP:
        put(object, "type", types("object", NULL));
        put_children(object, node);
        break;
    case SHAPE_NAMES: {
        json_t *names = json_object();
        put(names, "pattern", json_string("^[A-Za-z0-9_-]{1,64}$"));
        put(object, "type", types("object", NULL));
        put(object, "propertyNames", names);
        put(object, "additionalProperties", node_json(node->first_child));
        if (field != NULL)
            put_count_limits(object, field, "minProperties", "maxProperties");
        break;
    }
    case SHAPE_LIST:
        put(object, "type", types("array", NULL));
        put(object, "items", node_json(node->first_child));
        if (field != NULL)
            put_count_limits(object, field, "minItems", "maxItems");
        break;
    }
    return object;
}

/* Only the question is required of every document: the rest may come from what it extends. */
static void put_required(json_t *object, const struct schema_node *root)
{
    json_t *all = json_array();
    for (const struct schema_node *child = root->first_child; child != NULL; child = child->next)
        if (child->field != NULL && child->field->required)
            json_array_append_new(all, json_string(child->segment));
    put(object, "required", json_pack("[s]", "question"));
    put(object, "if", json_pack("{s:{s:[s]}}", "not", "required", "extends"));
    put(object, "then", json_pack("{s:o}", "required", all));
}

void schema_print_json_schema(const struct schema *schema, FILE *out)
{
    struct arena *arena = arena_create("schema", 0);
    const struct schema_node *root = schema_tree_create(arena, schema);
    json_t *object = json_object();
    put(object, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    put(object, "title", json_string(schema->title));
    put(object, "type", json_string("object"));
    put_children(object, root);
    put(json_object_get(object, "properties"), "extends",
        json_pack("{s:s, s:[s,s]}", "description",
                  "The scenario that this one is laid over, relative to this file.", "type",
                  "string", "null"));
    put_required(object, root);
    (void)json_dumpf(object, out, JSON_INDENT(2)); /* A full disk shows in ferror(out). */
    fputc('\n', out);
    json_decref(object);
    arena_destroy(arena);
}
