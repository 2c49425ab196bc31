#include "models/rcesim/study/template.h"

#include <ctype.h>
#include <string.h>

static const char *copy_part(struct arena *arena, const char *start, const char *end)
{
    return arena_print(arena, "%.*s", (int)(end - start), start);
}

/* Without blanks at both ends. */
static const char *copy_trimmed(struct arena *arena, const char *start, const char *end)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    return copy_part(arena, start, end);
}

/* The next "{...}" that is a slot; false: there is none. */
static bool find_slot(const char *text, const char **open, const char **close)
{
    for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
        const char *end = strchr(at, '}');
        if (end == NULL)
            return false;
        const char *inner = memchr(at + 1, '{', (size_t)(end - at - 1));
        const char *colon = memmem(at, (size_t)(end - at), ": ", 2);
        if (inner != NULL || colon != NULL || end == at + 1)
            continue;
        *open = at;
        *close = end;
        return true;
    }
    return false;
}

/* "median" of "lognormal(median=". */
static const char *argument_before(struct arena *arena, const char *start, const char *open)
{
    const char *end = open;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    if (end == start || end[-1] != '=')
        return NULL;
    const char *word = --end;
    while (word > start && (isalnum((unsigned char)word[-1]) || word[-1] == '_'))
        word--;
    return word == end ? NULL : copy_part(arena, word, end);
}

static bool add_slot(struct template *out, struct arena *arena, const struct template_slot *slot,
                     struct error *error)
{
    if (out->slot_count == TEMPLATE_SLOTS_MAX)
        return error_set(error, ERROR_USAGE, "\"%s\" has more than %d values in braces", out->path,
                         TEMPLATE_SLOTS_MAX);
    struct template_slot added = *slot;
    /* Two slots with the same word before them, or none, are told apart by number. */
    for (size_t i = 0; i < out->slot_count; i++)
        if (strcmp(out->slots[i].name, added.name) == 0) {
            added.name = arena_print(arena, "%s:%zu", out->path, out->slot_count + 1);
            break;
        }
    out->slots[out->slot_count++] = added;
    return true;
}

bool template_parse(struct template *out, struct arena *arena, const char *text,
                    struct error *error)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is not PATH=VALUES (write for example fleet.sddcs=10,100)", text);
    struct template parsed = {.path = copy_trimmed(arena, text, equals), .after = ""};
    const char *value = equals + 1, *open, *close, *at = value;
    while (find_slot(at, &open, &close)) {
        const char *argument = argument_before(arena, at, open);
        struct template_slot slot = {
            .before = copy_part(arena, at, open),
            .text = copy_trimmed(arena, open + 1, close),
            .name =
                argument == NULL ? parsed.path : arena_print(arena, "%s:%s", parsed.path, argument),
        };
        if (!add_slot(&parsed, arena, &slot, error))
            return false;
        at = close + 1;
    }
    parsed.after = copy_part(arena, at, at + strlen(at));
    if (parsed.slot_count == 0) {
        parsed.slots[0] = (struct template_slot){
            .before = "",
            .text = copy_trimmed(arena, value, value + strlen(value)),
            .name = parsed.path,
        };
        parsed.slot_count = 1;
        parsed.after = "";
    }
    *out = parsed;
    return true;
}

const char *template_value(const struct template *template, struct arena *arena,
                           const char *const *texts)
{
    const char *value = "";
    for (size_t i = 0; i < template->slot_count; i++)
        value = arena_print(arena, "%s%s%s", value, template->slots[i].before, texts[i]);
    return arena_print(arena, "%s%s", value, template->after);
}

const char *template_fill(const struct template *template, struct arena *arena,
                          const char *const *texts)
{
    return arena_print(arena, "%s=%s", template->path, template_value(template, arena, texts));
}
