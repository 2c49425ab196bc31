/* What both directions need: base64, and pieces of lines that are shown to people. */
#include "models/engines/message.h"

#include <string.h>

#include "models/engines/message_form.h"
#include "sim/base/text.h"

size_t message_base64_size(size_t size_bytes)
{
    return (size_bytes + 2) / 3 * 4;
}

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void message_put_base64(struct message_text *text, const uint8_t *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i += 3) {
        size_t left = size_bytes - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0u);
        char letters[4] = {base64_letters[group >> 18], base64_letters[group >> 12 & 63],
                           left > 1 ? base64_letters[group >> 6 & 63] : '=',
                           left > 2 ? base64_letters[group & 63] : '='};
        message_put(text, letters, sizeof letters);
    }
}

/* The six bits of a letter, or -1. */
static int base64_value(char letter)
{
    const char *found = letter == '\0' ? NULL : strchr(base64_letters, letter);
    return found == NULL ? -1 : (int)(found - base64_letters);
}

/* Four letters; some JSON writers put a backslash in front of each slash. */
static bool take_base64_group(struct message_span *left, int values[4], int *padding)
{
    *padding = 0;
    for (int i = 0; i < 4; i++) {
        if (left->size_bytes >= 2 && left->text[0] == '\\' && left->text[1] == '/') {
            left->text++;
            left->size_bytes--;
        }
        if (left->size_bytes == 0)
            return false;
        char letter = *left->text++;
        left->size_bytes--;
        if (letter == '=' && i >= 2) {
            ++*padding;
            values[i] = 0;
            continue;
        }
        values[i] = base64_value(letter);
        if (values[i] < 0 || *padding > 0)
            return false;
    }
    return *padding == 0 || left->size_bytes == 0;
}

bool message_base64_read(struct message_span text, void *bytes, size_t room_bytes,
                         size_t *size_bytes)
{
    uint8_t *out = bytes;
    size_t length = 0;
    while (text.size_bytes > 0) {
        int values[4], padding;
        if (!take_base64_group(&text, values, &padding))
            return false;
        uint32_t group = (uint32_t)values[0] << 18 | (uint32_t)values[1] << 12 |
                         (uint32_t)values[2] << 6 | (uint32_t)values[3];
        int count = 3 - padding;
        if (room_bytes - length < (size_t)count || (group & (padding == 2   ? 0xffffu
                                                             : padding == 1 ? 0xffu
                                                                            : 0u)) != 0)
            return false;
        for (int i = 0; i < count; i++)
            out[length++] = (uint8_t)(group >> (16 - 8 * i));
    }
    *size_bytes = length;
    return true;
}

const char *message_quote(char *quote, size_t quote_size_bytes, const char *line,
                          size_t line_size_bytes)
{
    static const char cut[] = "...";
    size_t room = quote_size_bytes - 1;
    bool fits = line_size_bytes <= room;
    size_t length = fits ? line_size_bytes : room - (sizeof cut - 1);
    /* A character of several bytes is not cut in two. */
    while (!fits && length > 0 && ((unsigned char)line[length] & 0xc0) == 0x80)
        length--;
    memcpy(quote, line, length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)quote[i] < 0x20 || quote[i] == 0x7f)
            quote[i] = '?';
    for (size_t from = 0, bad; !text_is_utf8(quote + from, length - from, &bad);) {
        from += bad;
        quote[from++] = '?';
    }
    memcpy(quote + length, fits ? "" : cut, fits ? 1 : sizeof cut);
    return quote;
}
