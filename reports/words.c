#include "reports/words.h"

#include <stdbool.h>
#include <string.h>

#include "reports/page_text.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

static const char ellipsis[] = "\xE2\x80\xA6";

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* A control character: C0, DEL, or C1 as UTF-8 writes it (two bytes). */
static size_t control_size(const char *at)
{
    unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    if (first < ' ' || first == 0x7F)
        return 1;
    return first == 0xC2 && second >= 0x80 && second < 0xA0 ? 2 : 0;
}

/* Columns of the character that begins here: ideographs and the like, and pictures, take two. */
static size_t columns_of(const char *text)
{
    unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
    if (is_continuation(*text))
        return 0;
    bool is_wide = (first == 0xE1 && second >= 0x84 && second < 0x86) || /* U+1100 */
                   (first == 0xE2 && second >= 0xBA) ||                  /* U+2E80 */
                   (first >= 0xE3 && first <= 0xED) ||                   /* U+3000 to U+D7FF */
                   (first == 0xEF && second >= 0xA4 && second < 0xAC) || /* U+F900 */
                   (first == 0xEF && second >= 0xBC && second < 0xBE) || /* U+FF00 */
                   (first == 0xF0 && second >= 0x9F);                    /* U+1F000 */
    return is_wide ? 2 : 1;
}

size_t words_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++)
        length += columns_of(text);
    return length;
}

char *words_clean(struct arena *arena, const char *text)
{
    char *clean = arena_copy_text(arena, text != NULL ? text : "");
    size_t size = strlen(clean), at = 0, bad;
    while (!text_is_utf8(clean + at, size - at, &bad)) {
        at += bad;
        clean[at++] = '?';
    }
    return clean;
}

/* Bytes of the characters that have room in `length` columns. */
static size_t byte_of(const char *text, size_t length)
{
    size_t at = 0;
    for (; text[at] != '\0'; at++) {
        size_t columns = columns_of(text + at);
        if (columns > length)
            break;
        length -= columns;
    }
    return at;
}

/* Copy `size` bytes as one line: control characters become blanks, and what a page would leave out
 * (marks that turn the direction around, code points that are no characters) is left out. */
static char *copy_line(struct arena *arena, const char *text, size_t size)
{
    char *line = arena_take(arena, size + 1);
    const char *end = text + size;
    size_t used = 0;
    while (text < end) {
        size_t control = control_size(text);
        if (control > 0) {
            line[used++] = ' ';
            text += control;
            continue;
        }
        const char *next = text;
        uint32_t character = page_text_next(&next);
        if (next > end)
            break;
        size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
        if (character == '\n' || character == '\t') {
            line[used++] = ' ';
        } else if (length > (size_t)(next - text)) {
            line[used++] = '?'; /* A byte that is not UTF-8. */
        } else if (character != 0) {
            memcpy(line + used, next - length, length);
            used += length;
        }
        text = next;
    }
    line[used] = '\0';
    return line;
}

char *words_shorten(struct arena *arena, const char *text, size_t length_max)
{
    CHECK(length_max >= 2);
    char *line = copy_line(arena, text, strlen(text));
    if (words_length(line) <= length_max)
        return line;
    size_t size = byte_of(line, length_max - 1);
    while (size > 0 && line[size - 1] == ' ')
        size--;
    return arena_print(arena, "%.*s%s", (int)size, line, ellipsis);
}

/* Where a line that starts here ends, in bytes, if it may have `length_max` characters. */
static size_t line_size(const char *text, size_t length_max)
{
    size_t end = strcspn(text, "\n"), most = byte_of(text, length_max);
    if (end <= most)
        return end;
    for (size_t at = most; at > most / 4; at--)
        if (text[at] == ' ')
            return at;
    return most;
}

struct words_lines words_wrap(struct arena *arena, const char *text, size_t length_max,
                              size_t count_max)
{
    struct words_lines lines = {.lines = arena_take_array(arena, count_max, sizeof(char *))};
    while (*text != '\0' && lines.count < count_max) {
        size_t size = line_size(text, length_max);
        bool is_last = lines.count + 1 == count_max, has_more = text[size] != '\0';
        char *line = copy_line(arena, text, size);
        if (is_last && has_more)
            line = words_shorten(arena, arena_print(arena, "%s%s", line, ellipsis), length_max);
        lines.lines[lines.count++] = line;
        text += size;
        text += *text == '\n' || *text == ' ';
    }
    return lines;
}
