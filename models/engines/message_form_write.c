/* The writing half of message_form.h. */
#include "models/engines/message_form.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"

void message_check_room(const struct message_text *text, size_t size_bytes)
{
    CHECK(text->room_bytes >= text->size_bytes &&
          text->room_bytes - text->size_bytes >= size_bytes);
}

void message_put(struct message_text *text, const char *bytes, size_t size_bytes)
{
    memcpy(text->bytes + text->size_bytes, bytes, size_bytes);
    text->size_bytes += size_bytes;
}

void message_put_literal(struct message_text *text, const char *literal)
{
    message_put(text, literal, strlen(literal));
}

void message_put_uint64(struct message_text *text, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    while (value >= 100) {
        uint64_t rest = value % 100;
        value /= 100;
        digits[--at] = (char)('0' + rest % 10);
        digits[--at] = (char)('0' + rest / 10);
    }
    digits[--at] = (char)('0' + value % 10);
    if (value >= 10)
        digits[--at] = (char)('0' + value / 10);
    message_put(text, digits + at, sizeof digits - at);
}

static void put_char(struct message_text *text, char c)
{
    text->bytes[text->size_bytes++] = c;
}

static void put_quoted_uint64(struct message_text *text, uint64_t value)
{
    put_char(text, '"');
    message_put_uint64(text, value);
    put_char(text, '"');
}

static void put_integer(struct message_text *text, uint64_t value)
{
    if (value > MESSAGE_NUMBER_MAX)
        put_quoted_uint64(text, value);
    else
        message_put_uint64(text, value);
}

static void put_int64(struct message_text *text, int64_t value)
{
    if (value >= 0) {
        put_integer(text, (uint64_t)value);
        return;
    }
    uint64_t magnitude = -(uint64_t)value;
    bool is_quoted = magnitude > MESSAGE_NUMBER_MAX;
    if (is_quoted)
        put_char(text, '"');
    put_char(text, '-');
    message_put_uint64(text, magnitude);
    if (is_quoted)
        put_char(text, '"');
}

void message_put_string(struct message_text *text, const char *string)
{
    put_char(text, '"');
    for (const char *at = string; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\') {
            put_char(text, '\\');
            put_char(text, *at);
        } else if (c < 0x20) {
            char escape[8];
            snprintf(escape, sizeof escape, "\\u%04x", c);
            message_put(text, escape, 6);
        } else {
            put_char(text, *at);
        }
    }
    put_char(text, '"');
}

static void put_name(struct message_text *text, const char *name)
{
    put_char(text, '"');
    message_put_literal(text, name);
    put_char(text, '"');
}

static void put_bits(struct message_text *text, const char *const *names, uint32_t bits)
{
    put_char(text, '[');
    bool is_first = true;
    for (uint32_t i = 0; names[i] != NULL; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        if (!is_first)
            put_char(text, ',');
        is_first = false;
        put_name(text, names[i]);
    }
    put_char(text, ']');
}

static void put_value(struct message_text *text, const struct message_field *field,
                      const void *place)
{
    switch (field->type) {
    case MESSAGE_TYPE_INT64: put_int64(text, *(const int64_t *)place); return;
    case MESSAGE_TYPE_UINT64: put_integer(text, *(const uint64_t *)place); return;
    case MESSAGE_TYPE_UINT64_TEXT: put_quoted_uint64(text, *(const uint64_t *)place); return;
    case MESSAGE_TYPE_UINT32: message_put_uint64(text, *(const uint32_t *)place); return;
    case MESSAGE_TYPE_UINT16: message_put_uint64(text, *(const uint16_t *)place); return;
    case MESSAGE_TYPE_UINT8:
    case MESSAGE_TYPE_CLUSTER: message_put_uint64(text, *(const uint8_t *)place); return;
    case MESSAGE_TYPE_HOST:
        if (*(const uint8_t *)place == RCE_TEMPORARY_HOST)
            message_put_literal(text, "\"temporary\"");
        else
            message_put_uint64(text, *(const uint8_t *)place);
        return;
    case MESSAGE_TYPE_BOOL:
        message_put_literal(text, *(const bool *)place ? "true" : "false");
        return;
    case MESSAGE_TYPE_NAME: put_name(text, field->names[*(const uint32_t *)place]); return;
    case MESSAGE_TYPE_BITS: put_bits(text, field->names, *(const uint32_t *)place); return;
    case MESSAGE_TYPE_OBJECT:
        message_write_object(text, field->object, place,
                             (struct message_shape){.required = message_all_of(field->object)});
        return;
    case MESSAGE_TYPE_RAW:
    case MESSAGE_TYPE_TEXT: break;
    case MESSAGE_TYPE_CUSTOM: field->write(text, place); return;
    }
    CHECK_UNREACHABLE("a field that is only read");
}

static bool is_default(const struct message_field *field, const void *place)
{
    switch (field->type) {
    case MESSAGE_TYPE_INT64:
    case MESSAGE_TYPE_UINT64:
    case MESSAGE_TYPE_UINT64_TEXT: return *(const uint64_t *)place == 0;
    case MESSAGE_TYPE_UINT32:
    case MESSAGE_TYPE_NAME:
    case MESSAGE_TYPE_BITS: return *(const uint32_t *)place == 0;
    case MESSAGE_TYPE_UINT16: return *(const uint16_t *)place == 0;
    case MESSAGE_TYPE_UINT8: return *(const uint8_t *)place == 0;
    case MESSAGE_TYPE_CLUSTER: return *(const uint8_t *)place == RCE_NO_CLUSTER;
    case MESSAGE_TYPE_HOST: return *(const uint8_t *)place == RCE_NO_HOST;
    case MESSAGE_TYPE_BOOL: return !*(const bool *)place;
    case MESSAGE_TYPE_OBJECT:
    case MESSAGE_TYPE_RAW:
    case MESSAGE_TYPE_TEXT:
    case MESSAGE_TYPE_CUSTOM: break;
    }
    return false;
}

void message_write_object(struct message_text *text, const struct message_object *object,
                          const void *from, struct message_shape shape)
{
    char before = '{';
    for (uint32_t mask = shape.required | shape.optional; mask != 0; mask &= mask - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(mask);
        const struct message_field *field = &object->fields[index];
        const char *place = (const char *)from + field->offset;
        if ((shape.required >> index & 1) == 0 && is_default(field, place))
            continue;
        put_char(text, before);
        before = ',';
        put_name(text, field->key);
        put_char(text, ':');
        put_value(text, field, place);
    }
    if (before == '{')
        put_char(text, '{');
    put_char(text, '}');
}
