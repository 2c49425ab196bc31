#include "sim/scenario/scenario_tree.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

/* One "path=value" on its way down the tree. */
struct override {
    struct arena *arena;
    struct complaints *complaints;
    const struct schema_node *top;
    struct place place;
    const char *path;
    const char *value;
};

/* One segment of a concrete path. */
struct segment {
    const char *parent_path; /* What stands before it. */
    const char *name;        /* NULL for an index. */
    size_t index;
    const char *rest;
};

static bool read_index(const char *at, struct segment *segment)
{
    size_t digits = strspn(at + 1, "0123456789");
    if (digits == 0 || digits > 6 || at[1 + digits] != ']')
        return false;
    segment->name = NULL;
    segment->index = 0;
    for (size_t i = 1; i <= digits; i++)
        segment->index = 10 * segment->index + (size_t)(at[i] - '0');
    segment->rest = at + digits + 2;
    return *segment->rest == '\0' || *segment->rest == '.' || *segment->rest == '[';
}

static bool read_segment(struct override *override, const char *at, struct segment *segment)
{
    if (*at == '[')
        return read_index(at, segment);
    at += at != override->path && *at == '.';
    size_t length = strcspn(at, ".[");
    segment->name = arena_print(override->arena, "%.*s", (int)length, at);
    segment->rest = at + length;
    return length > 0 && strcmp(segment->rest, ".") != 0;
}

/* The value as a scalar: taken as it stands, except null and what stands in quotes. */
static const struct node *make_scalar(struct override *override, const struct source *source)
{
    const char *text = override->value + strspn(override->value, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    if (*text == '"' || *text == '\'')
        return document_parse(source, override->arena, override->complaints);
    struct node *node = arena_take(override->arena, sizeof *node);
    node->text = arena_print(override->arena, "%.*s", (int)length, text);
    node->kind = length == 0 ? NODE_EMPTY : NODE_SCALAR;
    if (node_text_is_null(node->text))
        node->kind = NODE_NULL;
    node->is_plain = true;
    node->place = (struct place){source, 0, 0};
    node->size = node->height = 1;
    return node;
}

static const struct node *make_value(struct override *override, const struct schema_node *schema)
{
    struct source *source = arena_take(override->arena, sizeof *source);
    *source = *override->place.source;
    source->text = override->value;
    source->size_bytes = strlen(override->value);
    bool is_blank = override->value[strspn(override->value, " \t\r\n")] == '\0';
    bool is_tree = schema->field != NULL && schema->field->type == SCHEMA_TREE;
    if ((schema->shape == SHAPE_SCALAR && !is_tree) || is_blank)
        return make_scalar(override, source);
    return document_parse(source, override->arena, override->complaints);
}

static const struct node *descend(struct override *override, const struct schema_node *schema,
                                  const struct node *node, const char *at);

static const struct node *descend_name(struct override *override, const struct schema_node *schema,
                                       const struct node *node, const struct segment *segment)
{
    bool is_free = schema->shape == SHAPE_NAMES;
    const struct schema_node *child =
        is_free ? schema->first_child : schema_tree_child(schema, segment->name);
    const struct node_entry *old = node_find(node, segment->name);
    bool is_there = old != NULL && old->value->kind != NODE_NULL;
    if (child == NULL) {
        bind_complain_unknown(override->complaints, override->place, override->top,
                              &(struct unknown_key){schema, segment->parent_path, segment->name});
        return NULL;
    }
    if (is_free && !is_there && *segment->rest != '\0') {
        /* A new name this far up is a slip of the pen more often than a wish. */
        size_t count = node != NULL && node->kind == NODE_MAP ? node->count : 0;
        const char **names = arena_take_array(override->arena, count, sizeof *names);
        for (size_t i = 0; i < count; i++)
            names[i] = node->entries[i].key;
        const char *closest = text_closest(segment->name, names, count);
        complain(override->complaints, override->place,
                 "%s has no \"%s\"%s%s%s (to add one: --set %s.%s={...})", schema->path,
                 segment->name, closest != NULL ? "; did you mean \"" : "",
                 closest != NULL ? closest : "", closest != NULL ? "\"?" : "", schema->path,
                 segment->name);
        return NULL;
    }
    const struct node *value =
        descend(override, child, old != NULL ? old->value : NULL, segment->rest);
    if (value == NULL)
        return NULL;
    /* A map that is only passed through keeps its place. */
    struct place place = is_there && *segment->rest != '\0' ? old->key_place : override->place;
    return node_with_entry(override->arena, node, (struct node_entry){segment->name, place, value});
}

static const struct node *descend_index(struct override *override, const struct schema_node *schema,
                                        const struct node *node, size_t index, const char *rest)
{
    size_t count = node != NULL && node->kind == NODE_LIST ? node->count : 0;
    if (index >= count) {
        complain(override->complaints, override->place, "%s has no element %zu; it has %zu",
                 schema->path, index, count);
        return NULL;
    }
    const struct node *value =
        descend(override, schema->first_child, node->entries[index].value, rest);
    return value == NULL ? NULL : node_with_element(override->arena, node, index, value);
}

/* In a tree every key is good. */
static const struct node *descend_tree(struct override *override, const struct schema_node *schema,
                                       const struct node *node, const struct segment *segment)
{
    const struct node_entry *old = node_find(node, segment->name);
    const struct node *value =
        descend(override, schema, old != NULL ? old->value : NULL, segment->rest);
    if (value == NULL)
        return NULL;
    struct place place = old != NULL && *segment->rest != '\0' ? old->key_place : override->place;
    return node_with_entry(override->arena, node, (struct node_entry){segment->name, place, value});
}

/* `*` stands for all names that are there. */
static const struct node *descend_all(struct override *override, const struct schema_node *schema,
                                      const struct node *node, const struct segment *segment)
{
    const struct node *changed = node;
    size_t count = node != NULL && node->kind == NODE_MAP ? node->count : 0;
    for (size_t i = 0; i < count; i++) {
        struct segment one = *segment;
        one.name = node->entries[i].key;
        if (node->entries[i].value->kind != NODE_NULL && changed != NULL)
            changed = descend_name(override, schema, changed, &one);
    }
    if (count == 0)
        complain(override->complaints, override->place, "%s has no names that * could stand for",
                 schema->path);
    return count == 0 ? NULL : changed;
}

/* Return what `node` becomes when the rest of the path, from `at`, is set; NULL after a complaint.
 * The recursion ends with the schema. */
static const struct node *descend(struct override *override, const struct schema_node *schema,
                                  const struct node *node, const char *at)
{
    if (*at == '\0') {
        const struct node *value = make_value(override, schema);
        return value == NULL ? NULL : node_merge(override->arena, node, value);
    }
    struct segment segment = {
        .parent_path =
            arena_print(override->arena, "%.*s", (int)(at - override->path), override->path)};
    if (!read_segment(override, at, &segment)) {
        complain(override->complaints, override->place,
                 "\"%s\" is not a path (write for example a.b or list[0].c)", override->path);
        return NULL;
    }
    bool is_tree = schema->field != NULL && schema->field->type == SCHEMA_TREE;
    if (is_tree && segment.name != NULL)
        return descend_tree(override, schema, node, &segment);
    if (schema->shape == SHAPE_SCALAR) {
        complain(override->complaints, override->place, "\"%s\" is a %s, there is nothing in it",
                 schema->path, schema_type_name(schema->field->type));
        return NULL;
    }
    bool is_list = schema->shape == SHAPE_LIST;
    if (is_list != (segment.name == NULL)) {
        complain(override->complaints, override->place, "\"%s\" is %s list", schema->path,
                 is_list ? "a" : "not a");
        return NULL;
    }
    if (is_list)
        return descend_index(override, schema, node, segment.index, segment.rest);
    if (schema->shape == SHAPE_NAMES && strcmp(segment.name, "*") == 0)
        return descend_all(override, schema, node, &segment);
    return descend_name(override, schema, node, &segment);
}

const struct node *override_apply(struct arena *arena, struct complaints *complaints,
                                  const struct schema_node *schema, const struct node *document,
                                  const struct source *source)
{
    struct override override = {arena, complaints, schema, {source, 0, 0}, NULL, NULL};
    size_t at;
    if (!text_is_utf8(source->text, source->size_bytes, &at)) {
        complain(complaints, override.place, "the byte 0x%02x is not UTF-8",
                 (unsigned)(unsigned char)source->text[at]);
        return NULL;
    }
    const char *equals = strchr(source->text, '=');
    if (equals == NULL || equals == source->text) {
        complain(complaints, override.place, "an override has the form path=value");
        return NULL;
    }
    override.path = arena_print(arena, "%.*s", (int)(equals - source->text), source->text);
    override.value = equals + 1;
    if (strcmp(override.path, "extends") == 0) {
        complain(complaints, override.place, "only a file can say what it extends");
        return NULL;
    }
    return descend(&override, schema, document, override.path);
}
