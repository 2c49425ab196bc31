#include "sim/scenario/document.h"

#include <stdint.h>
#include <string.h>

#include <yaml.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

struct anchor {
    const char *name;
    const struct node *node; /* NULL while it is being read. */
};

struct reader {
    yaml_parser_t parser;
    const struct source *source;
    struct arena *arena;
    struct complaints *complaints;
    struct anchor *anchors;
    size_t anchor_count, anchor_room;
    size_t node_count;
    bool has_failed; /* Nothing more can be read. */
};

/* Entries of a collection while it grows. */
struct entries {
    struct node_entry *items;
    bool *key_is_plain;
    size_t count, room;
};

static const struct node *read_node(struct reader *reader, const yaml_event_t *event, size_t depth);

bool node_text_is_null(const char *text)
{
    return strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || strcmp(text, "Null") == 0 ||
           strcmp(text, "NULL") == 0;
}

const char *node_kind_name(enum node_kind kind)
{
    switch (kind) {
    case NODE_NULL: return "null";
    case NODE_EMPTY: return "nothing";
    case NODE_SCALAR: return "a text";
    case NODE_MAP: return "a map";
    case NODE_LIST: return "a list";
    }
    CHECK(false);
    return "";
}

static struct place mark_place(const struct reader *reader, yaml_mark_t mark)
{
    return (struct place){reader->source, mark.line, mark.column};
}

static bool fail(struct reader *reader)
{
    reader->has_failed = true;
    return false;
}

/* What a person would call it, for the faults that people make most. */
static const char *syntax_hint(const struct reader *reader, const char *problem)
{
    const yaml_parser_t *parser = &reader->parser;
    if (strstr(problem, "cannot start any token") != NULL) {
        size_t left = (size_t)(parser->buffer.last - parser->buffer.pointer);
        if (left > 0 && *parser->buffer.pointer == '\t')
            return "; a tab cannot indent, use spaces";
        return "; a text that begins with this character needs quotes";
    }
    if (strstr(problem, "mapping values are not allowed") != NULL)
        return "; a text with \": \" in it needs quotes, and keys of one map the same indentation";
    return "";
}

static bool complain_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
    if (parser->error == YAML_MEMORY_ERROR)
        check_limit("no memory to read the scenario %s", reader->source->name);
    if (parser->error == YAML_READER_ERROR) {
        struct place place = source_place(reader->source, parser->problem_offset);
        if (parser->problem_value != -1)
            complain(reader->complaints, place, "YAML: %s (U+%04X)", problem,
                     (unsigned)parser->problem_value);
        else
            complain(reader->complaints, place, "YAML: %s", problem);
        return fail(reader);
    }
    struct place place = mark_place(reader, parser->problem_mark);
    const char *hint = syntax_hint(reader, problem);
    size_t began = parser->context_mark.line;
    /* What is not closed shows at the end of the file; where it opens is of more use. */
    if (parser->context != NULL && strstr(problem, "unexpected end of stream") != NULL)
        place = mark_place(reader, parser->context_mark);
    if (parser->context != NULL && began < place.line)
        complain(reader->complaints, place, "YAML: %s (%s that began in line %zu)%s", problem,
                 parser->context, began + 1, hint);
    else
        complain(reader->complaints, place, "YAML: %s%s", problem, hint);
    return fail(reader);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (!yaml_parser_parse(&reader->parser, event))
        return complain_syntax(reader);
    return true;
}

static bool tag_is_core(const char *tag)
{
    static const char *const core[] = {
        YAML_NULL_TAG,  YAML_BOOL_TAG, YAML_STR_TAG, YAML_INT_TAG,
        YAML_FLOAT_TAG, YAML_SEQ_TAG,  YAML_MAP_TAG,
    };
    for (size_t i = 0; i < sizeof core / sizeof core[0]; i++)
        if (strcmp(tag, core[i]) == 0)
            return true;
    return false;
}

/* A foreign tag asks for a meaning that the schema does not have. */
static void check_tag(struct reader *reader, const yaml_char_t *tag, yaml_mark_t mark)
{
    if (tag != NULL && !tag_is_core((const char *)tag))
        complain(reader->complaints, mark_place(reader, mark),
                 "the tag \"%s\" has no meaning in a scenario; leave it out", (const char *)tag);
}

static bool count_nodes(struct reader *reader, size_t count, yaml_mark_t mark)
{
    if (count > DOCUMENT_NODES_MAX - reader->node_count) {
        complain(reader->complaints, mark_place(reader, mark),
                 "more than %d values (aliases count as what they stand for)", DOCUMENT_NODES_MAX);
        return fail(reader);
    }
    reader->node_count += count;
    return true;
}

static bool check_depth(struct reader *reader, size_t depth, yaml_mark_t mark)
{
    if (depth <= DOCUMENT_DEPTH_MAX)
        return true;
    complain(reader->complaints, mark_place(reader, mark), "nested more than %d deep",
             DOCUMENT_DEPTH_MAX);
    return fail(reader);
}

/* Open an anchor; returns its index, or SIZE_MAX where there is none. */
static size_t open_anchor(struct reader *reader, const yaml_char_t *name)
{
    if (name == NULL)
        return SIZE_MAX;
    if (reader->anchor_count == reader->anchor_room) {
        size_t room = reader->anchor_room == 0 ? 16 : 2 * reader->anchor_room;
        struct anchor *anchors = arena_take_array(reader->arena, room, sizeof *anchors);
        if (reader->anchor_count > 0)
            memcpy(anchors, reader->anchors, reader->anchor_count * sizeof *anchors);
        reader->anchors = anchors;
        reader->anchor_room = room;
    }
    reader->anchors[reader->anchor_count] =
        (struct anchor){arena_copy_text(reader->arena, (const char *)name), NULL};
    return reader->anchor_count++;
}

static void close_anchor(struct reader *reader, size_t index, const struct node *node)
{
    if (index != SIZE_MAX)
        reader->anchors[index].node = node;
}

static const struct node *read_alias(struct reader *reader, const yaml_event_t *event, size_t depth)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct place place = mark_place(reader, event->start_mark);
    for (size_t i = reader->anchor_count; i-- > 0;) {
        const struct anchor *anchor = &reader->anchors[i];
        if (strcmp(anchor->name, name) != 0)
            continue;
        if (anchor->node == NULL) {
            complain(reader->complaints, place, "the alias *%s stands inside its own anchor", name);
            fail(reader);
            return NULL;
        }
        if (!count_nodes(reader, anchor->node->size, event->start_mark) ||
            !check_depth(reader, depth + anchor->node->height - 1, event->start_mark))
            return NULL;
        return anchor->node;
    }
    complain(reader->complaints, place, "no anchor &%s before this alias", name);
    fail(reader);
    return NULL;
}

static const struct node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    check_tag(reader, event->data.scalar.tag, event->start_mark);
    if (!count_nodes(reader, 1, event->start_mark))
        return NULL;
    struct node *node = arena_take(reader->arena, sizeof *node);
    node->place = mark_place(reader, event->start_mark);
    node->size = node->height = 1;
    node->kind = NODE_SCALAR;
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_copy_text(reader->arena, value);
    if (strlen(value) != event->data.scalar.length)
        complain(reader->complaints, node->place, "a text may not contain a NUL character");
    if (tag != NULL && strcmp(tag, YAML_NULL_TAG) == 0)
        node->kind = NODE_NULL;
    else if (tag == NULL && node->is_plain && value[0] == '\0')
        node->kind = NODE_EMPTY;
    else if (tag == NULL && node->is_plain && node_text_is_null(value))
        node->kind = NODE_NULL;
    close_anchor(reader, open_anchor(reader, event->data.scalar.anchor), node);
    return node;
}

static void add_entry(struct reader *reader, struct entries *entries, struct node_entry entry,
                      bool key_is_plain)
{
    if (entries->count == entries->room) {
        size_t room = entries->room == 0 ? 8 : 2 * entries->room;
        struct node_entry *items = arena_take_array(reader->arena, room, sizeof *items);
        bool *plain = arena_take_array(reader->arena, room, sizeof *plain);
        if (entries->count > 0) {
            memcpy(items, entries->items, entries->count * sizeof *items);
            memcpy(plain, entries->key_is_plain, entries->count * sizeof *plain);
        }
        entries->items = items;
        entries->key_is_plain = plain;
        entries->room = room;
    }
    entries->key_is_plain[entries->count] = key_is_plain;
    entries->items[entries->count++] = entry;
}

/* Opening less closing parentheses. */
static int open_parentheses(const char *text)
{
    int open = 0;
    for (; *text != '\0'; text++)
        open += (*text == '(') - (*text == ')');
    return open;
}

/* How many keys behind entry `i` belong to its value: those without a value that close the
 * parentheses which it opens; 0 if they do not close. */
static size_t spilled_count(const struct entries *entries, size_t i)
{
    const struct node *value = entries->items[i].value;
    int open = value->kind == NODE_SCALAR && value->is_plain ? open_parentheses(value->text) : 0;
    for (size_t j = i + 1; open > 0 && j < entries->count; j++) {
        if (entries->items[j].value->kind != NODE_EMPTY || !entries->key_is_plain[j])
            return 0;
        open += open_parentheses(entries->items[j].key);
        if (open <= 0)
            return open == 0 ? j - i : 0;
    }
    return 0;
}

/* In { } YAML ends a plain text at a comma, also within parentheses: {a: uniform(1h, 2h)} becomes
 * the keys "a" and "2h)", the second without a value. Such a key is an error anyway, so putting
 * the pieces together again changes no file that would load without it. */
static void join_spilled(struct reader *reader, struct entries *entries)
{
    size_t kept = 0;
    for (size_t i = 0; i < entries->count; i++) {
        struct node_entry entry = entries->items[i];
        bool is_plain = entries->key_is_plain[i];
        size_t spilled = spilled_count(entries, i);
        if (spilled > 0) {
            size_t size = strlen(entry.value->text) + 1;
            for (size_t j = 1; j <= spilled; j++)
                size += strlen(entries->items[i + j].key) + 2;
            char *text = arena_take(reader->arena, size);
            char *end = stpcpy(text, entry.value->text);
            for (size_t j = 1; j <= spilled; j++)
                end = stpcpy(stpcpy(end, ", "), entries->items[i + j].key);
            struct node *joined = arena_take(reader->arena, sizeof *joined);
            *joined = *entry.value;
            joined->text = text;
            entry.value = joined;
            i += spilled;
        }
        entries->key_is_plain[kept] = is_plain;
        entries->items[kept++] = entry;
    }
    entries->count = kept;
}

static void drop_bad_keys(struct reader *reader, struct entries *entries)
{
    size_t kept = 0;
    for (size_t i = 0; i < entries->count; i++) {
        struct node_entry entry = entries->items[i];
        size_t first = 0;
        while (first < kept && strcmp(entries->items[first].key, entry.key) != 0)
            first++;
        if (entries->key_is_plain[i] && strcmp(entry.key, "<<") == 0)
            complain(reader->complaints, entry.key_place,
                     "merge keys (<<) are not part of this format; use `extends`, or an alias for "
                     "the whole map");
        else if (first < kept)
            complain(reader->complaints, entry.key_place,
                     "the key \"%s\" stands here a second time (first in line %zu)", entry.key,
                     entries->items[first].key_place.line + 1);
        else
            entries->items[kept++] = entry;
    }
    entries->count = kept;
}

static const struct node *close_collection(struct node *node, const struct entries *entries)
{
    node->entries = entries->items;
    node->count = entries->count;
    node->size = 1;
    for (size_t i = 0; i < node->count; i++) {
        node->size += node->entries[i].value->size;
        if (node->height < node->entries[i].value->height)
            node->height = node->entries[i].value->height;
    }
    node->height++;
    return node;
}

/* Read a key. A key that is not a text is complained about, and `*key` stays NULL: its value has to
 * be read all the same. */
static bool read_key(struct reader *reader, const yaml_event_t *event, size_t depth,
                     struct node_entry *entry)
{
    entry->key_place = mark_place(reader, event->start_mark);
    if (event->type == YAML_SCALAR_EVENT && event->data.scalar.value[0] != '\0' &&
        strlen((const char *)event->data.scalar.value) == event->data.scalar.length) {
        check_tag(reader, event->data.scalar.tag, event->start_mark);
        entry->key = arena_copy_text(reader->arena, (const char *)event->data.scalar.value);
        return true;
    }
    complain(reader->complaints, entry->key_place, "a key has to be a plain word");
    return event->type == YAML_ALIAS_EVENT || read_node(reader, event, depth + 1) != NULL;
}

/* Read one key and its value, of which `event` is the key's first. */
static bool read_entry(struct reader *reader, const yaml_event_t *event, size_t depth,
                       struct entries *entries)
{
    struct node_entry entry = {NULL, {0}, NULL};
    bool is_plain =
        event->type == YAML_SCALAR_EVENT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    yaml_event_t value;
    if (!read_key(reader, event, depth, &entry) || !next_event(reader, &value))
        return false;
    entry.value = read_node(reader, &value, depth + 1);
    yaml_event_delete(&value);
    if (entry.value == NULL)
        return false;
    if (entry.key != NULL)
        add_entry(reader, entries, entry, is_plain);
    return true;
}

static const struct node *read_map(struct reader *reader, const yaml_event_t *start, size_t depth)
{
    struct node *node = arena_take(reader->arena, sizeof *node);
    struct entries entries = {0};
    bool is_flow = start->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    node->kind = NODE_MAP;
    node->place = mark_place(reader, start->start_mark);
    check_tag(reader, start->data.mapping_start.tag, start->start_mark);
    size_t anchor = open_anchor(reader, start->data.mapping_start.anchor);
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return NULL;
        bool is_end = event.type == YAML_MAPPING_END_EVENT;
        bool good = is_end || read_entry(reader, &event, depth, &entries);
        yaml_event_delete(&event);
        if (!good)
            return NULL;
        if (is_end)
            break;
    }
    if (is_flow)
        join_spilled(reader, &entries);
    drop_bad_keys(reader, &entries);
    close_anchor(reader, anchor, node);
    return close_collection(node, &entries);
}

static const struct node *read_list(struct reader *reader, const yaml_event_t *start, size_t depth)
{
    struct node *node = arena_take(reader->arena, sizeof *node);
    struct entries entries = {0};
    node->kind = NODE_LIST;
    node->place = mark_place(reader, start->start_mark);
    check_tag(reader, start->data.sequence_start.tag, start->start_mark);
    size_t anchor = open_anchor(reader, start->data.sequence_start.anchor);
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return NULL;
        bool is_end = event.type == YAML_SEQUENCE_END_EVENT;
        struct node_entry entry = {NULL, mark_place(reader, event.start_mark), NULL};
        if (!is_end)
            entry.value = read_node(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (is_end)
            break;
        if (entry.value == NULL)
            return NULL;
        add_entry(reader, &entries, entry, false);
    }
    close_anchor(reader, anchor, node);
    return close_collection(node, &entries);
}

/* Read the node that begins with `event`; NULL when reading cannot go on. Recursion is bounded by
 * DOCUMENT_DEPTH_MAX. */
static const struct node *read_node(struct reader *reader, const yaml_event_t *event, size_t depth)
{
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, event, depth);
    if (event->type == YAML_SCALAR_EVENT)
        return check_depth(reader, depth, event->start_mark) ? read_scalar(reader, event) : NULL;
    if (!check_depth(reader, depth, event->start_mark) ||
        !count_nodes(reader, 1, event->start_mark))
        return NULL;
    if (event->type == YAML_MAPPING_START_EVENT)
        return read_map(reader, event, depth);
    CHECK(event->type == YAML_SEQUENCE_START_EVENT);
    return read_list(reader, event, depth);
}

/* Read the next event of the stream and return its type, YAML_NO_EVENT on failure. */
static yaml_event_type_t next_frame(struct reader *reader, struct place *place)
{
    yaml_event_t event;
    if (!next_event(reader, &event))
        return YAML_NO_EVENT;
    yaml_event_type_t type = event.type;
    *place = mark_place(reader, event.start_mark);
    yaml_event_delete(&event);
    return type;
}

static const struct node *read_stream(struct reader *reader)
{
    struct place place;
    if (next_frame(reader, &place) == YAML_NO_EVENT)
        return NULL;
    yaml_event_type_t type = next_frame(reader, &place);
    if (type == YAML_STREAM_END_EVENT)
        complain(reader->complaints, (struct place){reader->source, 0, 0},
                 "there is nothing in this document");
    if (type != YAML_DOCUMENT_START_EVENT)
        return NULL;
    yaml_event_t event;
    if (!next_event(reader, &event))
        return NULL;
    const struct node *root = read_node(reader, &event, 1);
    yaml_event_delete(&event);
    if (root == NULL || next_frame(reader, &place) == YAML_NO_EVENT)
        return NULL;
    type = next_frame(reader, &place);
    if (type == YAML_DOCUMENT_START_EVENT)
        complain(reader->complaints, place,
                 "a second document begins here; a file holds one scenario");
    return type == YAML_STREAM_END_EVENT ? root : NULL;
}

static bool check_encoding(const struct source *source, struct complaints *complaints)
{
    size_t at;
    if (text_is_utf8(source->text, source->size_bytes, &at))
        return true;
    struct place place = source_place(source, at);
    if (source->text[at] == '\0')
        return complain(complaints, place, "a NUL byte; a scenario is text in UTF-8");
    return complain(complaints, place, "the byte 0x%02x is not UTF-8",
                    (unsigned)(unsigned char)source->text[at]);
}

const struct node *document_parse(const struct source *source, struct arena *arena,
                                  struct complaints *complaints)
{
    if (!check_encoding(source, complaints))
        return NULL;
    struct reader reader = {.source = source, .arena = arena, .complaints = complaints};
    if (!yaml_parser_initialize(&reader.parser))
        check_limit("no memory to read the scenario %s", source->name);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)source->text,
                                 source->size_bytes);
    const struct node *root = read_stream(&reader);
    yaml_parser_delete(&reader.parser);
    return root;
}

const struct node_entry *node_find(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return &map->entries[i];
    return NULL;
}

/* Copy a collection's entries with room for `more`. */
static struct node_entry *copy_entries(struct arena *arena, const struct node *node, size_t more)
{
    struct node_entry *entries = arena_take_array(arena, node->count + more, sizeof *entries);
    if (node->count > 0)
        memcpy(entries, node->entries, node->count * sizeof *entries);
    return entries;
}

const struct node *node_merge(struct arena *arena, const struct node *base,
                              const struct node *overlay)
{
    if (base == NULL || base->kind != NODE_MAP || overlay->kind != NODE_MAP)
        return overlay;
    struct node *merged = arena_take(arena, sizeof *merged);
    struct node_entry *entries = copy_entries(arena, base, overlay->count);
    *merged = *overlay;
    merged->count = base->count;
    merged->entries = entries;
    for (size_t i = 0; i < overlay->count; i++) {
        const struct node_entry *over = &overlay->entries[i];
        const struct node_entry *under = node_find(base, over->key);
        struct node_entry *entry =
            under == NULL ? &entries[merged->count++] : &entries[under - base->entries];
        *entry = *over;
        entry->value = node_merge(arena, under == NULL ? NULL : under->value, over->value);
    }
    return merged;
}

const struct node *node_with_entry(struct arena *arena, const struct node *map,
                                   struct node_entry entry)
{
    struct node_entry *only = arena_take(arena, sizeof *only);
    struct node *one = arena_take(arena, sizeof *one);
    *only = entry;
    *one = (struct node){
        .kind = NODE_MAP, .place = entry.key_place, .entries = only, .count = 1, .size = 1};
    if (map == NULL || map->kind != NODE_MAP)
        return one;
    const struct node_entry *old = node_find(map, entry.key);
    struct node *changed = arena_take(arena, sizeof *changed);
    struct node_entry *entries = copy_entries(arena, map, 1);
    *changed = *map;
    changed->entries = entries;
    entries[old == NULL ? changed->count++ : (size_t)(old - map->entries)] = entry;
    return changed;
}

const struct node *node_with_element(struct arena *arena, const struct node *list, size_t index,
                                     const struct node *value)
{
    CHECK(list->kind == NODE_LIST && index <= list->count);
    struct node *changed = arena_take(arena, sizeof *changed);
    struct node_entry *entries = copy_entries(arena, list, 1);
    *changed = *list;
    changed->entries = entries;
    entries[index] = (struct node_entry){NULL, value->place, value};
    changed->count += index == list->count;
    return changed;
}
