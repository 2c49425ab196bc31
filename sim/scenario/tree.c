#include "sim/scenario/tree.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

static size_t count_digits(const char *at)
{
    return strspn(at, "0123456789");
}

/* By the grammar of JSON, which is narrower than that of YAML: no leading zeros, no "+1", no ".5".
 */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-');
    size_t digits = count_digits(at);
    if (digits == 0 || (digits > 1 && *at == '0'))
        return false;
    at += digits;
    if (*at == '.') {
        digits = count_digits(at + 1);
        if (digits == 0)
            return false;
        at += 1 + digits;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        digits = count_digits(at);
        if (digits == 0)
            return false;
        at += digits;
    }
    return *at == '\0';
}

static void print_text(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

static void print_scalar(const char *text, bool is_plain, FILE *out)
{
    bool is_word = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    if (is_plain && (is_word || is_number(text)))
        fputs(text, out);
    else
        print_text(text, out);
}

static int compare_keys(const void *left, const void *right)
{
    const struct node_entry *a = *(const struct node_entry *const *)left;
    const struct node_entry *b = *(const struct node_entry *const *)right;
    return strcmp(a->key, b->key);
}

static void print_node(struct arena *arena, const struct node *node, FILE *out);

static void print_map(struct arena *arena, const struct node *map, FILE *out)
{
    const struct node_entry **entries = arena_take_array(arena, map->count, sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->entries[i].value->kind != NODE_NULL)
            entries[count++] = &map->entries[i];
    if (count > 1)
        qsort(entries, count, sizeof entries[0], compare_keys);
    fputc('{', out);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_text(entries[i]->key, out);
        fputs(": ", out);
        print_node(arena, entries[i]->value, out);
    }
    fputc('}', out);
}

/* The depth is bounded: documents are (document.h). */
static void print_node(struct arena *arena, const struct node *node, FILE *out)
{
    switch (node->kind) {
    case NODE_NULL:
    case NODE_EMPTY: fputs("null", out); return;
    case NODE_SCALAR: print_scalar(node->text, node->is_plain, out); return;
    case NODE_MAP: print_map(arena, node, out); return;
    case NODE_LIST: break;
    }
    fputc('[', out);
    for (size_t i = 0; i < node->count; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_node(arena, node->entries[i].value, out);
    }
    fputc(']', out);
}

const char *tree_json(struct arena *arena, const struct node *node)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        check_limit("no memory for a value of the scenario");
    print_node(arena, node, out);
    fclose(out);
    const char *copy = arena_copy_text(arena, text);
    free(text);
    return copy;
}

const char *tree_json_of_text(struct arena *arena, const char *text)
{
    struct node node = {.kind = NODE_SCALAR, .is_plain = true, .text = text};
    return tree_json(arena, &node);
}
