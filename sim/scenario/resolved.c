#include "sim/scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario_tree.h"

/* A text that YAML reads back as itself without quotes, wherever a value may stand. */
static bool is_safe_plain(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./(";
    if (*text == '\0' || strchr(first, *text) == NULL || node_text_is_null(text))
        return false;
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return strstr(text, ": ") == NULL && strstr(text, " #") == NULL && text[length - 1] != ':' &&
           text[length - 1] != ' ';
}

/* Decode one character of well-formed UTF-8. */
static unsigned decode(const unsigned char *text, size_t *length)
{
    unsigned first = text[0];
    *length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (*length == 1)
        return first;
    unsigned code = first & (0x7fu >> *length);
    for (size_t i = 1; i < *length; i++)
        code = code << 6 | (text[i] & 0x3fu);
    return code;
}

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    while (*text != '\0') {
        size_t length;
        unsigned code = decode((const unsigned char *)text, &length);
        if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (int)code);
        else if (code == '\n')
            fputs("\\n", out);
        else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            fprintf(out, "\\x%02x", code);
        else if (code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe ||
                 code == 0xffff)
            fprintf(out, "\\u%04x", code);
        else
            fwrite(text, 1, length, out);
        text += length;
    }
    fputc('"', out);
}

static void print_text(const char *text, FILE *out)
{
    if (is_safe_plain(text))
        fputs(text, out);
    else
        print_quoted(text, out);
}

/* A map that is there only because it was written, not because of a key in it. */
static bool is_switch(const struct value *value)
{
    return value->schema->shape == SHAPE_MAP &&
           (value->schema->is_optional || value->name == NULL ||
            strcmp(value->schema->segment, "*") == 0);
}

/* Is there something to print? A map that is merely on the way prints only with what is in it. */
static bool has_content(const struct value *value)
{
    if (!value->is_present)
        return false;
    switch (value->schema->shape) {
    case SHAPE_SCALAR: return true;
    case SHAPE_NAMES:
    case SHAPE_LIST: return value->is_given;
    case SHAPE_MAP: break;
    }
    if (is_switch(value))
        return true;
    for (size_t i = 0; i < value->child_count; i++)
        if (has_content(&value->children[i]))
            return true;
    return false;
}

static void print_origin(const struct value *value, FILE *out)
{
    fputs(" # ", out);
    if (value->is_given)
        place_print_origin(value->place, out);
    else
        fputs("default", out);
    fputc('\n', out);
}

static void print_value(const struct value *value, int indent, FILE *out)
{
    fprintf(out, "%*s", indent, "");
    if (value->name == NULL)
        fputc('-', out);
    else {
        print_text(value->name, out);
        fputc(':', out);
    }
    if (value->schema->shape == SHAPE_SCALAR) {
        fputc(' ', out);
        if (value->node != NULL && value->node->kind != NODE_SCALAR)
            fputs(value->text, out); /* JSON is YAML. */
        else
            print_text(value->text, out);
        print_origin(value, out);
        return;
    }
    bool is_empty = true;
    for (size_t i = 0; i < value->child_count; i++)
        is_empty = is_empty && !has_content(&value->children[i]);
    if (is_empty)
        fputs(value->schema->shape == SHAPE_LIST ? " []" : " {}", out);
    print_origin(value, out);
    for (size_t i = 0; i < value->child_count; i++)
        if (has_content(&value->children[i]))
            print_value(&value->children[i], indent + 2, out);
}

void scenario_print_resolved(const struct scenario *scenario, FILE *out)
{
    fprintf(out, "# Scenario %016llx, resolved: every value with its origin.\n",
            (unsigned long long)scenario_hash(scenario));
    for (size_t i = 0; i < scenario->root.child_count; i++)
        if (has_content(&scenario->root.children[i]))
            print_value(&scenario->root.children[i], 0, out);
}

/* One line a value, and one for each map whose presence has a meaning. */
static void print_canonical(const struct value *value, FILE *out)
{
    if (!has_content(value))
        return;
    if (value->schema->shape == SHAPE_SCALAR) {
        fprintf(out, "%s = ", value->path);
        value_print_canonical(value->schema, value->text, value->content, out);
        fputc('\n', out);
        return;
    }
    if (is_switch(value))
        fprintf(out, "%s\n", value->path);
    for (size_t i = 0; i < value->child_count; i++)
        print_canonical(&value->children[i], out);
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

void scenario_print_content_without(const struct scenario *scenario, const char *const *keys,
                                    size_t count, FILE *out)
{
    for (size_t i = 0; i < scenario->root.child_count; i++)
        if (!is_among(scenario->root.children[i].name, keys, count))
            print_canonical(&scenario->root.children[i], out);
}

uint64_t scenario_hash_without(const struct scenario *scenario, const char *const *keys,
                               size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        check_limit("no memory for the hash of the scenario");
    scenario_print_content_without(scenario, keys, count, out);
    fclose(out);
    uint64_t hash = text_hash(text, size);
    free(text);
    return hash;
}

uint64_t scenario_hash(const struct scenario *scenario)
{
    return scenario_hash_without(scenario, NULL, 0);
}
