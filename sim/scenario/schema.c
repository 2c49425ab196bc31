#include "sim/scenario/schema.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/scenario/schema_tree.h"

const char *schema_type_name(enum schema_type type)
{
    switch (type) {
    case SCHEMA_DURATION: return "duration";
    case SCHEMA_SHARE: return "share";
    case SCHEMA_NUMBER: return "number";
    case SCHEMA_COUNT: return "count";
    case SCHEMA_RATE: return "rate";
    case SCHEMA_TEXT: return "text";
    case SCHEMA_CHOICE: return "choice";
    case SCHEMA_FLAG: return "flag";
    case SCHEMA_DIST_DURATION: return "distribution of durations";
    case SCHEMA_DIST_NUMBER: return "distribution of numbers";
    case SCHEMA_TEXT_LIST: return "list of texts";
    case SCHEMA_TREE: return "text or map";
    case SCHEMA_MAP: return "map";
    }
    CHECK(false);
    return "";
}

bool schema_name_is_good(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return *name != '\0' && name[strspn(name, good)] == '\0';
}

/* The end of the segment that begins at `at`. */
static size_t segment_length(const char *at)
{
    return at[0] == '[' ? 2 : strcspn(at, ".[");
}

static struct schema_node *find_child(const struct schema_node *node, const char *segment,
                                      size_t length)
{
    for (struct schema_node *child = node->first_child; child != NULL; child = child->next)
        if (strlen(child->segment) == length && strncmp(child->segment, segment, length) == 0)
            return child;
    return NULL;
}

const struct schema_node *schema_tree_child(const struct schema_node *node, const char *key)
{
    return node->shape == SHAPE_MAP ? find_child(node, key, strlen(key)) : NULL;
}

static struct schema_node *add_child(struct arena *arena, struct schema_node *parent,
                                     const char *path, size_t from, size_t to)
{
    struct schema_node *node = arena_take(arena, sizeof *node);
    node->path = arena_print(arena, "%.*s", (int)to, path);
    node->segment = node->path + from;
    enum schema_shape shape = strcmp(node->segment, "*") == 0    ? SHAPE_NAMES
                              : strcmp(node->segment, "[]") == 0 ? SHAPE_LIST
                                                                 : SHAPE_MAP;
    /* Free names and fixed keys in one map would make "unknown key" undecidable. */
    CHECK(parent->child_count == 0 || (shape == SHAPE_MAP && parent->shape == SHAPE_MAP));
    CHECK(shape != SHAPE_MAP || schema_name_is_good(node->segment));
    parent->shape = shape;
    if (parent->last_child == NULL)
        parent->first_child = node;
    else
        parent->last_child->next = node;
    parent->last_child = node;
    parent->child_count++;
    return node;
}

static void split_choices(struct arena *arena, struct schema_node *node)
{
    size_t count = 1;
    for (const char *at = node->field->choices; *at != '\0'; at++)
        count += *at == '|';
    const char **choices = arena_take_array(arena, count, sizeof *choices);
    const char *at = node->field->choices;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(at, "|");
        CHECK(length > 0);
        choices[i] = arena_print(arena, "%.*s", (int)length, at);
        at += length + 1;
    }
    node->choices = choices;
    node->choice_count = count;
}

static void check_field(const struct schema_field *field)
{
    CHECK(field->doc != NULL);
    CHECK(!(field->required && field->fallback != NULL));
    CHECK((field->type == SCHEMA_CHOICE) == (field->choices != NULL));
    bool has_fallback_type = field->type != SCHEMA_MAP && field->type != SCHEMA_TEXT_LIST;
    CHECK(has_fallback_type || field->fallback == NULL);
    CHECK(strcmp(field->path, "extends") != 0);
}

static void add_field(struct arena *arena, struct schema_node *root,
                      const struct schema_field *field)
{
    struct schema_node *node = root;
    const char *path = field->path;
    for (size_t from = 0; path[from] != '\0';) {
        size_t to = from + segment_length(path + from);
        CHECK(to > from);
        struct schema_node *child = find_child(node, path + from, to - from);
        node = child != NULL ? child : add_child(arena, node, path, from, to);
        from = to + (path[to] == '.');
    }
    CHECK(node != root && node->field == NULL);
    check_field(field);
    node->field = field;
    if (field->type == SCHEMA_CHOICE)
        split_choices(arena, node);
    if (field->type == SCHEMA_TEXT_LIST) {
        struct schema_field *element = arena_take(arena, sizeof *element);
        *element = (struct schema_field){.path = arena_print(arena, "%s[]", path),
                                         .type = SCHEMA_TEXT,
                                         .required = true,
                                         .doc = field->doc};
        struct schema_node *child =
            add_child(arena, node, element->path, strlen(path), strlen(path) + 2);
        child->field = element;
        child->shape = SHAPE_SCALAR;
    } else if (field->type != SCHEMA_MAP) {
        CHECK(node->child_count == 0);
        node->shape = SHAPE_SCALAR;
    }
}

/* An entry under `*` or `[]` is there when it is written; any other map with a row is optional. */
static void mark_optional(struct schema_node *node)
{
    for (struct schema_node *child = node->first_child; child != NULL; child = child->next) {
        child->is_optional =
            child->shape == SHAPE_MAP && child->field != NULL && node->shape == SHAPE_MAP;
        mark_optional(child);
    }
}

const struct schema_node *schema_tree_create(struct arena *arena, const struct schema *schema)
{
    CHECK(schema->field_count > 0 && strcmp(schema->fields[0].path, "question") == 0);
    CHECK(schema->fields[0].type == SCHEMA_TEXT && schema->fields[0].required);
    struct schema_node *root = arena_take(arena, sizeof *root);
    root->path = root->segment = "";
    for (size_t i = 0; i < schema->field_count; i++)
        add_field(arena, root, &schema->fields[i]);
    mark_optional(root);
    return root;
}
