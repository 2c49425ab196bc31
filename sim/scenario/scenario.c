#include "sim/scenario/scenario.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario_tree.h"

_Static_assert((int)SCENARIO_DEPTH_MAX == (int)DOCUMENT_DEPTH_MAX, "one depth limit");
_Static_assert((int)SCENARIO_NODES_MAX == (int)DOCUMENT_NODES_MAX, "one size limit");
_Static_assert((int)SCENARIO_ERRORS_MAX == (int)COMPLAINTS_MAX, "one limit of errors");

enum { OVERRIDE_RANK = 1000 }; /* Behind every file. */

/* The documents of one load, the scenario first, then what it extends. */
struct loader {
    struct arena *arena;
    struct complaints *complaints;
    const struct source *sources[SCENARIO_EXTENDS_MAX + 1];
    const struct node *documents[SCENARIO_EXTENDS_MAX + 1];
    size_t count;
};

static void check_fields(struct arena *arena, const struct schema_node *node)
{
    if (node->field != NULL)
        value_check_field(arena, node);
    for (const struct schema_node *child = node->first_child; child != NULL; child = child->next)
        check_fields(arena, child);
}

/* The folder part of a file's name; NULL where there is none. */
static const char *directory_of(struct arena *arena, const char *file_name)
{
    const char *slash = strrchr(file_name, '/');
    if (slash == NULL)
        return NULL;
    size_t length = slash == file_name ? 1 : (size_t)(slash - file_name);
    return arena_print(arena, "%.*s", (int)length, file_name);
}

static struct source *create_source(struct loader *loader, const char *name)
{
    struct source *source = arena_take(loader->arena, sizeof *source);
    source->name = arena_copy_text(loader->arena, name);
    source->directory = directory_of(loader->arena, name);
    source->rank = (int)loader->count;
    return source;
}

/* Parse a source whose text is there, and append it. */
static bool add_document(struct loader *loader, struct source *source)
{
    /* A byte order mark says nothing in UTF-8 and would shift the columns of the first line. */
    if (source->size_bytes >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) {
        source->text += 3;
        source->size_bytes -= 3;
    }
    const struct node *document = document_parse(source, loader->arena, loader->complaints);
    if (document == NULL)
        return false;
    loader->sources[loader->count] = source;
    loader->documents[loader->count++] = document;
    return true;
}

static bool load_first(struct loader *loader, const struct scenario_source *given)
{
    struct source *source = create_source(loader, given->file_name);
    struct error error;
    if (given->text == NULL) {
        if (!source_read(source, loader->arena, SCENARIO_SIZE_MAX_BYTES, &error))
            return complain(loader->complaints, (struct place){0}, "cannot read %s: %s",
                            given->file_name, error.message);
        return add_document(loader, source);
    }
    if (given->text_size_bytes > SCENARIO_SIZE_MAX_BYTES)
        return complain(loader->complaints, (struct place){0},
                        "cannot read %s: "
                        "it is larger than %d bytes",
                        given->file_name, SCENARIO_SIZE_MAX_BYTES);
    char *text = arena_take(loader->arena, given->text_size_bytes + 1);
    if (given->text_size_bytes > 0)
        memcpy(text, given->text, given->text_size_bytes);
    source->text = text;
    source->size_bytes = given->text_size_bytes;
    return add_document(loader, source);
}

/* Load the file that the last document extends. */
static bool load_base(struct loader *loader, const struct node *extends)
{
    const struct source *child = loader->sources[loader->count - 1];
    if (extends->kind != NODE_SCALAR || *extends->text == '\0')
        return complain(loader->complaints, extends->place,
                        "extends has to be the name of a file, not %s",
                        extends->kind == NODE_SCALAR ? "blank" : node_kind_name(extends->kind));
    bool is_relative = extends->text[0] != '/' && child->directory != NULL;
    const char *name = is_relative
                           ? arena_print(loader->arena, "%s/%s", child->directory, extends->text)
                           : extends->text;
    if (loader->count > SCENARIO_EXTENDS_MAX)
        return complain(loader->complaints, extends->place,
                        "a scenario may extend at most %d files in a chain", SCENARIO_EXTENDS_MAX);
    struct source *source = create_source(loader, name);
    struct error error;
    if (!source_read(source, loader->arena, SCENARIO_SIZE_MAX_BYTES, &error))
        return complain(loader->complaints, extends->place, "cannot read %s: %s", name,
                        error.message);
    for (size_t i = 0; i < loader->count; i++)
        if (loader->sources[i]->inode == source->inode &&
            loader->sources[i]->device == source->device)
            return complain(loader->complaints, extends->place,
                            "extends goes round in a circle: %s is being loaded already", name);
    return add_document(loader, source);
}

static bool load_chain(struct loader *loader, const struct scenario_source *given)
{
    if (!load_first(loader, given))
        return false;
    for (;;) {
        const struct node *last = loader->documents[loader->count - 1];
        const struct node_entry *extends = node_find(last, "extends");
        if (extends == NULL || extends->value->kind == NODE_NULL)
            return true;
        if (!load_base(loader, extends->value))
            return false;
    }
}

/* A document without its `extends`. */
static const struct node *without_extends(struct arena *arena, const struct node *document)
{
    if (node_find(document, "extends") == NULL)
        return document;
    struct node *copy = arena_take(arena, sizeof *copy);
    struct node_entry *entries = arena_take_array(arena, document->count, sizeof *entries);
    *copy = *document;
    copy->entries = entries;
    copy->count = 0;
    for (size_t i = 0; i < document->count; i++)
        if (strcmp(document->entries[i].key, "extends") != 0)
            entries[copy->count++] = document->entries[i];
    return copy;
}

/* A scenario begins with its own question, whatever it extends. One without any is told so by the
 * schema. */
static void check_question(struct loader *loader, const struct node *merged)
{
    const struct node *document = loader->documents[0];
    if (document->kind != NODE_MAP || document->count == 0 ||
        strcmp(document->entries[0].key, "question") == 0)
        return;
    const struct node_entry *question = node_find(document, "question");
    if (question != NULL)
        complain(loader->complaints, question->key_place,
                 "\"question\" has to be the first key of a scenario");
    else if (node_find(merged, "question") != NULL)
        complain(loader->complaints, document->entries[0].key_place,
                 "the first key of a scenario is its own \"question\", also when it extends");
}

static const struct node *merge_all(struct loader *loader, const struct scenario_source *given,
                                    const struct schema_node *schema)
{
    const struct node *merged = NULL;
    for (size_t i = loader->count; i-- > 0;) {
        const struct node *document = without_extends(loader->arena, loader->documents[i]);
        merged = node_merge(loader->arena, merged, document);
    }
    check_question(loader, merged);
    for (size_t i = 0; i < given->override_count; i++) {
        struct source *source = arena_take(loader->arena, sizeof *source);
        source->name = arena_print(loader->arena, "--set %s", given->overrides[i]);
        source->directory = loader->sources[0]->directory;
        source->text = arena_copy_text(loader->arena, given->overrides[i]);
        source->size_bytes = strlen(source->text);
        source->rank = OVERRIDE_RANK + (int)i;
        source->is_override = true;
        const struct node *changed =
            override_apply(loader->arena, loader->complaints, schema, merged, source);
        merged = changed != NULL ? changed : merged;
    }
    return merged;
}

static const char *name_of(struct arena *arena, const char *file_name)
{
    const char *slash = strrchr(file_name, '/');
    char *name = arena_copy_text(arena, slash != NULL ? slash + 1 : file_name);
    char *dot = strrchr(name, '.');
    if (dot != NULL && dot != name && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0))
        *dot = '\0';
    return name;
}

bool scenario_load(struct scenario **out, struct arena *arena, const struct scenario_source *source,
                   const struct schema *schema, struct error *error)
{
    struct complaints complaints = {.arena = arena};
    struct loader loader = {.arena = arena, .complaints = &complaints};
    const struct schema_node *top = schema_tree_create(arena, schema);
    check_fields(arena, top);
    if (!load_chain(&loader, source))
        return complaints_verdict(&complaints, error);
    const struct node *document = merge_all(&loader, source, top);

    struct scenario *scenario = arena_take(arena, sizeof *scenario);
    scenario->arena = arena;
    scenario->complaints.arena = arena;
    scenario->file_name = loader.sources[0]->name;
    scenario->name = name_of(arena, scenario->file_name);
    scenario->root =
        (struct value){.schema = top, .path = "", .name = "", .place = {loader.sources[0], 0, 0}};
    bind_document(arena, &complaints, &scenario->root, document);
    if (!complaints_verdict(&complaints, error))
        return false;
    *out = scenario;
    return true;
}

const char *scenario_peek(struct arena *arena, const struct scenario_source *source,
                          const char *key)
{
    struct complaints complaints = {.arena = arena};
    struct loader loader = {.arena = arena, .complaints = &complaints};
    if (!load_chain(&loader, source))
        return NULL;
    const char *text = NULL;
    for (size_t i = loader.count; i-- > 0;) {
        const struct node_entry *entry = node_find(loader.documents[i], key);
        if (entry != NULL)
            text = entry->value->kind == NODE_SCALAR ? entry->value->text : NULL;
    }
    size_t length = strlen(key);
    for (size_t i = 0; i < source->override_count; i++)
        if (strncmp(source->overrides[i], key, length) == 0 && source->overrides[i][length] == '=')
            text = arena_copy_text(arena, source->overrides[i] + length + 1);
    return text;
}

const char *scenario_name(const struct scenario *scenario)
{
    return scenario->name;
}

/* Where a walk along a concrete path ended. */
struct position {
    const struct schema_node *schema;
    const struct value *value;   /* NULL: there is none. */
    const struct value *nearest; /* The last that there was. */
};

static const struct value *find_named(const struct value *parent, const char *name, size_t length)
{
    for (size_t i = 0; i < parent->child_count; i++)
        if (strlen(parent->children[i].name) == length &&
            strncmp(parent->children[i].name, name, length) == 0)
            return &parent->children[i];
    return NULL;
}

/* Step into the segment at `at`; returns what follows it, or NULL if the schema has no such. */
static const char *step(struct position *position, const char *at)
{
    const struct schema_node *schema = position->schema;
    const struct value *value = position->value;
    if (schema->shape == SHAPE_SCALAR)
        return NULL;
    position->schema = schema->first_child;
    position->value = NULL;
    if (schema->shape == SHAPE_LIST) {
        char *end;
        size_t index = *at == '[' ? (size_t)strtoull(at + 1, &end, 10) : 0;
        if (*at != '[' || *end != ']')
            return NULL;
        if (value != NULL && index < value->child_count)
            position->value = &value->children[index];
        at = end + 1;
    } else {
        size_t length = strcspn(at, ".[");
        while (schema->shape == SHAPE_MAP && position->schema != NULL &&
               (strlen(position->schema->segment) != length ||
                strncmp(position->schema->segment, at, length) != 0))
            position->schema = position->schema->next;
        if (value != NULL)
            position->value = find_named(value, at, length);
        at += length;
    }
    if (position->value != NULL)
        position->nearest = position->value;
    return position->schema == NULL ? NULL : at + (*at == '.');
}

_Noreturn static void path_failed(const char *path, const char *what)
{
    char message[256];
    snprintf(message, sizeof message, "\"%s\" %s", path, what);
    check_failed(__FILE__, __LINE__, message);
}

static struct position find(const struct scenario *scenario, const char *path)
{
    const struct value *root = &scenario->root;
    struct position position = {root->schema, root, root};
    const char *at = path;
    while (at != NULL && *at != '\0')
        at = step(&position, at);
    if (at == NULL)
        path_failed(path, "is a path of the schema");
    return position;
}

/* The present value of a type. */
static const struct value *find_typed(const struct scenario *scenario, const char *path,
                                      enum schema_type type)
{
    struct position position = find(scenario, path);
    if (position.schema->shape != SHAPE_SCALAR || position.schema->field->type != type)
        path_failed(path, "has the type that is asked for");
    if (position.value == NULL || !position.value->is_present)
        path_failed(path, "has a value");
    return position.value;
}

bool scenario_has(const struct scenario *scenario, const char *path)
{
    const struct value *value = find(scenario, path).value;
    return value != NULL && value->is_present;
}

bool scenario_is_given(const struct scenario *scenario, const char *path)
{
    const struct value *value = find(scenario, path).value;
    return value != NULL && value->is_given;
}

int64_t scenario_duration_ns(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_DURATION)->content.whole;
}

double scenario_share(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_SHARE)->content.number;
}

double scenario_number(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_NUMBER)->content.number;
}

int64_t scenario_count(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_COUNT)->content.whole;
}

double scenario_rate_per_s(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_RATE)->content.number;
}

const char *scenario_text(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_TEXT)->text;
}

int scenario_choice(const struct scenario *scenario, const char *path)
{
    return (int)find_typed(scenario, path, SCHEMA_CHOICE)->content.whole;
}

bool scenario_flag(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_FLAG)->content.flag;
}

const struct dist *scenario_dist(const struct scenario *scenario, const char *path)
{
    struct position position = find(scenario, path);
    bool is_number = position.schema->shape == SHAPE_SCALAR &&
                     position.schema->field->type == SCHEMA_DIST_NUMBER;
    return find_typed(scenario, path, is_number ? SCHEMA_DIST_NUMBER : SCHEMA_DIST_DURATION)
        ->content.dist;
}

const char *scenario_tree(const struct scenario *scenario, const char *path)
{
    return find_typed(scenario, path, SCHEMA_TREE)->content.json;
}

const char *scenario_directory(const struct scenario *scenario, const char *path)
{
    return find(scenario, path).nearest->place.source->directory;
}

static const struct value *find_container(const struct scenario *scenario, const char *path)
{
    struct position position = find(scenario, path);
    if (position.schema->shape != SHAPE_NAMES && position.schema->shape != SHAPE_LIST)
        path_failed(path, "is a list or a map with free names");
    return position.value;
}

size_t scenario_child_count(const struct scenario *scenario, const char *path)
{
    const struct value *value = find_container(scenario, path);
    return value == NULL ? 0 : value->child_count;
}

const char *scenario_child_name(const struct scenario *scenario, const char *path, size_t index)
{
    const struct value *value = find_container(scenario, path);
    CHECK(value != NULL && index < value->child_count);
    CHECK(value->schema->shape == SHAPE_NAMES);
    return value->children[index].name;
}

bool scenario_complain_in(struct scenario *scenario, const char *path, const char *key,
                          struct error *error, const char *format, ...)
{
    const struct value *value = find_typed(scenario, path, SCHEMA_TREE);
    bool is_map = value->node != NULL && value->node->kind == NODE_MAP;
    const struct node_entry *entry = is_map ? node_find(value->node, key) : NULL;
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (entry == NULL)
        complain(&scenario->complaints, value->place, "%s: %s", path, message);
    else
        complain(&scenario->complaints, entry->key_place, "%s.%s: %s", path, key, message);
    return complaints_verdict(&scenario->complaints, error);
}

bool scenario_complain(struct scenario *scenario, const char *path, struct error *error,
                       const char *format, ...)
{
    struct position position = find(scenario, path);
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    complain(&scenario->complaints, position.nearest->place, "%s: %s", path, message);
    return complaints_verdict(&scenario->complaints, error);
}
