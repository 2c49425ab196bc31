#include "sim/scenario/scenario_tree.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/scenario/tree.h"

struct binder {
    struct arena *arena;
    struct complaints *complaints;
    const struct schema_node *top;
};

static void bind_value(struct binder *binder, struct value *value, const struct node *node);

/* A node that has this key (or whole path) somewhere below `node`; `*parent` is where. */
static const struct schema_node *find_elsewhere(const struct schema_node *node, const char *key,
                                                const struct schema_node **parent)
{
    for (const struct schema_node *child = node->first_child; child != NULL; child = child->next) {
        bool is_same = strcmp(child->segment, key) == 0 || strcmp(child->path, key) == 0;
        if (node->shape == SHAPE_MAP && is_same) {
            *parent = node;
            return child;
        }
        const struct schema_node *found = find_elsewhere(child, key, parent);
        if (found != NULL)
            return found;
    }
    return NULL;
}

void bind_complain_unknown(struct complaints *complaints, struct place place,
                           const struct schema_node *top, const struct unknown_key *unknown)
{
    const struct schema_node *parent = unknown->parent;
    const char *key = unknown->key;
    const char *in = *unknown->path != '\0' ? " in " : "";
    const char **known = arena_take_array(complaints->arena, parent->child_count, sizeof *known);
    size_t count = 0;
    for (const struct schema_node *at = parent->first_child; at != NULL; at = at->next)
        known[count++] = at->segment;
    const char *closest = text_closest(key, known, count);
    const struct schema_node *home = NULL;
    if (closest != NULL) {
        complain(complaints, place, "unknown key \"%s\"%s%s; did you mean \"%s\"?", key, in,
                 unknown->path, closest);
        return;
    }
    const struct schema_node *other = find_elsewhere(top, key, &home);
    if (other != NULL && home != parent && *home->path != '\0')
        complain(complaints, place, "unknown key \"%s\"%s%s; \"%s\" belongs inside \"%s\"", key, in,
                 unknown->path, other->segment, home->path);
    else
        complain(complaints, place, "unknown key \"%s\"%s%s", key, in, unknown->path);
}

static const char *article(const char *noun)
{
    return strchr("aeiou", noun[0]) != NULL ? "an" : "a";
}

static void complain_kind(struct binder *binder, const struct value *value, const struct node *node)
{
    const struct schema_node *schema = value->schema;
    const char *wanted = schema->shape == SHAPE_SCALAR ? schema_type_name(schema->field->type)
                         : schema->shape == SHAPE_LIST ? "list"
                                                       : "map";
    const char *hint = schema->is_optional ? "; {} switches it on with its defaults" : "";
    const char *found = node_kind_name(node->kind);
    if (*value->path == '\0')
        complain(binder->complaints, node->place, "a scenario is a map of keys, not %s", found);
    else if (node->kind == NODE_EMPTY && schema->is_optional)
        complain(binder->complaints, value->place,
                 "\"%s\" has no value; {} switches it on with its defaults, null leaves it off",
                 value->path);
    else if (node->kind == NODE_EMPTY)
        complain(binder->complaints, value->place, "\"%s\" has no value; it has to be %s %s",
                 value->path, article(wanted), wanted);
    else
        complain(binder->complaints, node->place, "\"%s\" has to be %s %s, not %s%s", value->path,
                 article(wanted), wanted, found, hint);
}

/* The limits of a map with free names or of a list count its entries. */
static void check_length(struct binder *binder, const struct value *value, struct place place)
{
    const struct schema_field *field = value->schema->field;
    int64_t limit;
    if (field == NULL)
        return;
    if (field->minimum != NULL && units_parse_count(field->minimum, &limit, NULL) &&
        (int64_t)value->child_count < limit)
        complain(binder->complaints, place, "\"%s\" has %zu entries, less than the minimum %s%s",
                 value->path, value->child_count, field->minimum,
                 value_reason(binder->arena, field, field->maximum == NULL));
    if (field->maximum != NULL && units_parse_count(field->maximum, &limit, NULL) &&
        (int64_t)value->child_count > limit)
        complain(binder->complaints, place, "\"%s\" has %zu entries, more than the maximum %s%s",
                 value->path, value->child_count, field->maximum,
                 value_reason(binder->arena, field, true));
}

static void bind_scalar(struct binder *binder, struct value *value, const struct node *node)
{
    const struct schema_field *field = value->schema->field;
    bool is_tree = node != NULL && node->kind != NODE_SCALAR;
    const char *text = is_tree        ? tree_json(binder->arena, node)
                       : node != NULL ? node->text
                                      : field->fallback;
    if (text == NULL)
        return;
    if (node != NULL) {
        value->place = node->place;
        value->is_given = true;
    }
    struct value_reader reader = {.arena = binder->arena,
                                  .directory = value->place.source->directory};
    struct error error;
    value->text = text;
    if (field->type == SCHEMA_TREE && node != NULL) {
        value->node = node;
        value->content.json = tree_json(binder->arena, node);
        value->is_present = true;
        return;
    }
    value->is_present = value_parse(&reader, value->schema, text, &value->content, &error);
    if (value->is_present)
        return;
    CHECK(node != NULL); /* A default was checked with the table. */
    struct place place = value->place;
    if (reader.error_at > 0)
        place = source_place_within(place, text, reader.error_at);
    complain(binder->complaints, place, "%s%s%s", value->path,
             field->type == SCHEMA_TEXT ? " has to be " : ": ", error.message);
}

static void bind_map(struct binder *binder, struct value *value, const struct node *node)
{
    const struct schema_node *schema = value->schema;
    value->is_present = true;
    value->is_given = node != NULL;
    value->child_count = schema->child_count;
    value->children = arena_take_array(binder->arena, schema->child_count, sizeof *value->children);
    struct value *child = value->children;
    for (const struct schema_node *at = schema->first_child; at != NULL; at = at->next, child++) {
        const struct node_entry *entry = node_find(node, at->segment);
        child->schema = at;
        child->name = at->segment;
        child->path = *value->path == '\0'
                          ? at->segment
                          : arena_print(binder->arena, "%s.%s", value->path, at->segment);
        child->place = entry != NULL ? entry->key_place : value->place;
        size_t before_count = binder->complaints->count;
        bind_value(binder, child, entry != NULL ? entry->value : NULL);
        bool is_wrong = binder->complaints->count > before_count;
        if (is_wrong && at->field != NULL && at->field->is_decisive)
            return;
    }
    for (size_t i = 0; node != NULL && i < node->count; i++)
        if (schema_tree_child(schema, node->entries[i].key) == NULL)
            bind_complain_unknown(binder->complaints, node->entries[i].key_place, binder->top,
                                  &(struct unknown_key){schema, value->path, node->entries[i].key});
}

/* A map with free names, or a list. */
static void bind_entries(struct binder *binder, struct value *value, const struct node *node)
{
    bool is_list = value->schema->shape == SHAPE_LIST;
    size_t count = node != NULL ? node->count : 0;
    value->is_present = true;
    value->is_given = node != NULL;
    value->children = arena_take_array(binder->arena, count, sizeof *value->children);
    for (size_t i = 0; i < count; i++) {
        const struct node_entry *entry = &node->entries[i];
        if (entry->value->kind == NODE_NULL && !is_list)
            continue; /* Taken away. */
        struct value *child = &value->children[value->child_count++];
        child->schema = value->schema->first_child;
        child->name = entry->key;
        child->place = entry->key_place;
        child->path = is_list ? arena_print(binder->arena, "%s[%zu]", value->path, i)
                              : arena_print(binder->arena, "%s.%s", value->path, entry->key);
        if (!is_list && (!schema_name_is_good(entry->key) || strlen(entry->key) > 64))
            complain(binder->complaints, entry->key_place,
                     "\"%s\" is not a name (1 to 64 letters, digits, _ and -)", entry->key);
        else if (entry->value->kind == NODE_NULL)
            complain_kind(binder, child, entry->value);
        else
            bind_value(binder, child, entry->value);
    }
    check_length(binder, value, node != NULL ? node->place : value->place);
}

/* Nothing is written (or null). Returns true if the value stays absent. */
static bool bind_absent(struct binder *binder, struct value *value, bool is_null)
{
    const struct schema_field *field = value->schema->field;
    if (field != NULL && field->required) {
        complain(binder->complaints, value->place, "the required \"%s\" (%s) %s", value->path,
                 value->schema->shape == SHAPE_SCALAR ? schema_type_name(field->type)
                 : value->schema->shape == SHAPE_LIST ? "list"
                                                      : "map",
                 is_null ? "may not be null" : "is missing");
        return true;
    }
    return value->schema->is_optional;
}

static void bind_value(struct binder *binder, struct value *value, const struct node *node)
{
    if (node == NULL || node->kind == NODE_NULL) {
        if (bind_absent(binder, value, node != NULL))
            return;
        node = NULL;
    }
    enum node_kind wanted = value->schema->shape == SHAPE_SCALAR ? NODE_SCALAR
                            : value->schema->shape == SHAPE_LIST ? NODE_LIST
                                                                 : NODE_MAP;
    bool is_tree = value->schema->field != NULL && value->schema->field->type == SCHEMA_TREE;
    if (node != NULL && is_tree && node->kind != NODE_EMPTY)
        wanted = node->kind;
    if (node != NULL && node->kind != wanted) {
        complain_kind(binder, value, node);
        return;
    }
    switch (value->schema->shape) {
    case SHAPE_SCALAR: bind_scalar(binder, value, node); break;
    case SHAPE_MAP: bind_map(binder, value, node); break;
    case SHAPE_NAMES:
    case SHAPE_LIST: bind_entries(binder, value, node); break;
    }
}

void bind_document(struct arena *arena, struct complaints *complaints, struct value *root,
                   const struct node *document)
{
    struct binder binder = {arena, complaints, root->schema};
    bind_value(&binder, root, document);
}
