#include "reports/page_text.h"

#include "sim/base/text.h"

enum { NO_BREAK_SPACE = 0xa0, REPLACEMENT = 0xfffd };

/* The bytes of the UTF-8 sequence at the start of `text`; 0 if there is none. The empty text and
 * NUL are none. */
static size_t sequence_length(const char *text)
{
    for (size_t length = 1; length <= 4 && text[length - 1] != '\0'; length++)
        if (text_is_utf8(text, length, NULL))
            return length;
    return 0;
}

static uint32_t decode(const char *text, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = (unsigned char)text[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    return character;
}

static bool is_between(uint32_t character, uint32_t first, uint32_t last)
{
    return character >= first && character <= last;
}

static bool is_left_out(uint32_t character)
{
    bool is_control = (character < 0x20 && character != '\n' && character != '\t') ||
                      is_between(character, 0x7f, 0x9f);
    bool is_direction = is_between(character, 0x200e, 0x200f) ||
                        is_between(character, 0x202a, 0x202e) ||
                        is_between(character, 0x2066, 0x2069) || character == 0x061c;
    bool is_no_character = (character & 0xfffe) == 0xfffe || is_between(character, 0xfdd0, 0xfdef);
    bool is_byte_order_mark = character == 0xfeff;
    return is_control || is_direction || is_no_character || is_byte_order_mark;
}

uint32_t page_text_next(const char **at)
{
    while (**at != '\0') {
        size_t length = sequence_length(*at);
        uint32_t character = length == 0 ? REPLACEMENT : decode(*at, length);
        *at += length == 0 ? 1 : length;
        if (!is_left_out(character))
            return character;
    }
    return 0;
}

void page_text_put(FILE *file, uint32_t character)
{
    if (character < 0x80) {
        putc((int)character, file);
        return;
    }
    int follow = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    putc((int)(heads[follow] | character >> 6 * follow), file);
    while (follow-- > 0)
        putc((int)(0x80 | (character >> 6 * follow & 0x3f)), file);
}

void page_text_put_html(FILE *file, uint32_t character)
{
    switch (character) {
    case '&': fputs("&amp;", file); return;
    case '<': fputs("&lt;", file); return;
    case '>': fputs("&gt;", file); return;
    case '"': fputs("&quot;", file); return;
    case '\'': fputs("&#39;", file); return;
    default: page_text_put(file, character);
    }
}

void page_text_escape(FILE *file, const char *text)
{
    uint32_t character;
    while (text != NULL && (character = page_text_next(&text)) != 0)
        page_text_put_html(file, character);
}

void page_text_escape_line(FILE *file, const char *text)
{
    uint32_t character;
    while (text != NULL && (character = page_text_next(&text)) != 0)
        page_text_put_html(file, character == '\n' || character == '\t' ? ' ' : character);
}

/* May a line of a cell of numbers end at the blank between `before` and `next`? Numbers and their
 * units, which have three letters at most, stay together. */
static bool may_end_line(uint32_t before, const char *next)
{
    enum { UNIT_LENGTH_MAX = 3 };
    size_t length = 0;
    while (is_between((uint32_t)(unsigned char)next[length] | 0x20, 'a', 'z'))
        length++;
    return before == ':' || *next == '[' || *next == '(' || length > UNIT_LENGTH_MAX;
}

void page_text_escape_numbers(FILE *file, const char *text, size_t size_bytes)
{
    const char *end = text + size_bytes;
    uint32_t before = 0, character;
    while (text < end && (character = page_text_next(&text)) != 0) {
        bool is_blank = character == ' ' || character == '\n' || character == '\t';
        uint32_t blank = may_end_line(before, text) ? ' ' : NO_BREAK_SPACE;
        page_text_put_html(file, is_blank ? blank : character);
        before = character;
    }
}

static bool is_digit(uint32_t character)
{
    return is_between(character, '0', '9');
}

uint32_t page_text_tie(struct page_tie *tie, uint32_t character, const char *next)
{
    bool is_before_percent = *next == '%' && (is_digit(tie->before) || tie->before == ']');
    bool is_before_number = is_digit((unsigned char)*next) ||
                            ((*next == '-' || *next == '+') && is_digit((unsigned char)next[1]));
    bool is_in_interval = tie->is_in_bracket && tie->before == ',' && is_before_number;
    bool is_tied = character == ' ' && (is_before_percent || is_in_interval);
    if (character == '[' || character == ']')
        tie->is_in_bracket = character == '[';
    tie->before = character;
    return is_tied ? NO_BREAK_SPACE : character;
}
