/* The reading half of message_form.h. */
#include "models/engines/message_form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

enum { DEPTH_MAX = 64 };

bool message_fail(struct message_reader *reader, const char *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    reader->problem->at = (size_t)(at - reader->line);
    vsnprintf(reader->problem->text, sizeof reader->problem->text, format, arguments);
    va_end(arguments);
    return false;
}

void message_skip_space(struct message_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' ||
                                        *reader->at == '\r' || *reader->at == '\n'))
        reader->at++;
}

bool message_take_char(struct message_reader *reader, char wanted)
{
    if (reader->at < reader->end && *reader->at != wanted)
        message_skip_space(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

bool message_read_char(struct message_reader *reader, char wanted)
{
    if (message_take_char(reader, wanted))
        return true;
    if (reader->at == reader->end)
        return message_fail(reader, reader->at, "the line ends where '%c' was expected", wanted);
    return message_fail(reader, reader->at, "expected '%c'", wanted);
}

bool message_read_end(struct message_reader *reader)
{
    message_skip_space(reader);
    return reader->at == reader->end ||
           message_fail(reader, reader->at, "something follows the end of the object");
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct message_reader *reader)
{
    const char *at = reader->at;
    size_t left = (size_t)(reader->end - at);
    if (left >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL) {
        reader->at += 2;
        return true;
    }
    if (left >= 6 && at[1] == 'u' && is_hex(at[2]) && is_hex(at[3]) && is_hex(at[4]) &&
        is_hex(at[5])) {
        reader->at += 6;
        return true;
    }
    return message_fail(reader, at, "this is no escape of JSON");
}

/* Does the byte stand for itself in a string? */
static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

bool message_read_string(struct message_reader *reader, struct message_span *span)
{
    message_skip_space(reader);
    const char *start = reader->at;
    if (start == reader->end || *start != '"')
        return message_fail(reader, start, "expected a string");
    reader->at++;
    for (;;) {
        const char *at = reader->at, *end = reader->end;
        while (at < end && is_plain(*at))
            at++;
        reader->at = at;
        if (reader->at == reader->end || *reader->at == '"')
            break;
        if (*reader->at != '\\')
            return message_fail(reader, reader->at, "a control character in a string");
        if (!skip_escape(reader))
            return false;
    }
    if (reader->at == reader->end)
        return message_fail(reader, start, "the line ends within this string");
    *span = (struct message_span){start + 1, (size_t)(reader->at - start) - 1};
    reader->at++;
    return true;
}

static bool skip_digits(struct message_reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at > start;
}

static bool skip_number(struct message_reader *reader)
{
    const char *start = reader->at;
    if (reader->at < reader->end && *reader->at == '-')
        reader->at++;
    bool is_zero = reader->at < reader->end && *reader->at == '0';
    const char *digits = reader->at;
    bool is_number = skip_digits(reader) && !(is_zero && reader->at - digits > 1);
    if (is_number && reader->at < reader->end && *reader->at == '.') {
        reader->at++;
        is_number = skip_digits(reader);
    }
    if (is_number && reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        reader->at++;
        if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
            reader->at++;
        is_number = skip_digits(reader);
    }
    return is_number || message_fail(reader, start, "this is no number of JSON");
}

static bool skip_scalar(struct message_reader *reader)
{
    static const char *const words[] = {"true", "false", "null"};
    struct message_span ignored;
    if (reader->at < reader->end && *reader->at == '"')
        return message_read_string(reader, &ignored);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(reader->end - reader->at) >= length &&
            memcmp(reader->at, words[i], length) == 0) {
            reader->at += length;
            return true;
        }
    }
    return skip_number(reader);
}

/* The key of a member and its colon. */
static bool skip_key(struct message_reader *reader)
{
    struct message_span ignored;
    return message_read_string(reader, &ignored) && message_read_char(reader, ':');
}

/* Go over one value of any kind. `open` remembers which brackets are open. */
bool message_skip_value(struct message_reader *reader, struct message_span *span)
{
    char open[DEPTH_MAX];
    int depth = 0;
    message_skip_space(reader);
    const char *start = reader->at;
    for (;;) {
        bool is_object = message_take_char(reader, '{');
        if (is_object || message_take_char(reader, '[')) {
            if (depth == DEPTH_MAX)
                return message_fail(reader, reader->at, "nested deeper than %d", DEPTH_MAX);
            open[depth++] = is_object ? '}' : ']';
            if (!message_take_char(reader, open[depth - 1])) {
                if (is_object && !skip_key(reader))
                    return false;
                continue;
            }
            depth--;
        } else {
            message_skip_space(reader);
            if (!skip_scalar(reader))
                return false;
        }
        while (depth > 0 && message_take_char(reader, open[depth - 1]))
            depth--;
        if (depth == 0)
            break;
        if (!message_read_char(reader, ',') || (open[depth - 1] == '}' && !skip_key(reader)))
            return false;
    }
    *span = (struct message_span){start, (size_t)(reader->at - start)};
    return true;
}

static bool read_digits(struct message_reader *reader, uint64_t max, uint64_t *value)
{
    const char *start = reader->at, *at = start, *end = reader->end;
    uint64_t sum = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (sum > UINT64_MAX / 10 || sum * 10 > max || max - sum * 10 < digit)
            return message_fail(reader, start, "a number above %llu", (unsigned long long)max);
        sum = sum * 10 + digit;
    }
    reader->at = at;
    if (at == start)
        return message_fail(reader, start, "expected an integer");
    if (*start == '0' && at - start > 1)
        return message_fail(reader, start, "a number with a zero in front");
    *value = sum;
    return true;
}

/* An integer: as a number up to 2^53 - 1, as a string beyond; `is_text` wants a string always. */
static bool read_integer(struct message_reader *reader, uint64_t max, bool is_text, uint64_t *value)
{
    message_skip_space(reader);
    const char *start = reader->at;
    bool is_quoted = reader->at < reader->end && *reader->at == '"';
    if (is_text && !is_quoted)
        return message_fail(reader, start, "expected a string of decimal digits");
    reader->at += is_quoted;
    if (!read_digits(reader, max, value))
        return false;
    if (is_quoted)
        return reader->at < reader->end && *reader->at++ == '"'
                   ? true
                   : message_fail(reader, start, "expected a string of decimal digits");
    if (reader->at < reader->end &&
        (*reader->at == '.' || *reader->at == 'e' || *reader->at == 'E'))
        return message_fail(reader, start, "expected an integer, without fraction or exponent");
    if (*value > MESSAGE_NUMBER_MAX)
        return message_fail(reader, start, "an integer above 2^53 - 1 has to be a string");
    return true;
}

bool message_read_integer(struct message_reader *reader, uint64_t max, uint64_t *value)
{
    return read_integer(reader, max, false, value);
}

static bool read_int64(struct message_reader *reader, int64_t *value)
{
    message_skip_space(reader);
    const char *start = reader->at;
    bool is_quoted = reader->at < reader->end && *reader->at == '"';
    const char *sign = start + is_quoted;
    bool is_negative = sign < reader->end && *sign == '-';
    uint64_t magnitude;
    if (!is_negative) {
        if (!read_integer(reader, INT64_MAX, false, &magnitude))
            return false;
        *value = (int64_t)magnitude;
        return true;
    }
    reader->at = sign + 1;
    if (!read_digits(reader, (uint64_t)INT64_MAX + 1, &magnitude))
        return false;
    if (is_quoted && !message_read_char(reader, '"'))
        return false;
    if (!is_quoted && magnitude > MESSAGE_NUMBER_MAX)
        return message_fail(reader, start, "an integer below 1 - 2^53 has to be a string");
    *value = magnitude > INT64_MAX ? INT64_MIN : -(int64_t)magnitude;
    return true;
}

/* By hand, because names are short and most differ in their first letter. */
static inline bool is_name(struct message_span span, const char *name)
{
    size_t i = 0;
    while (i < span.size_bytes && name[i] == span.text[i])
        i++;
    return i == span.size_bytes && name[i] == '\0';
}

bool message_read_name(struct message_reader *reader, const char *const *names, uint32_t *index)
{
    struct message_span span;
    message_skip_space(reader);
    const char *start = reader->at;
    if (!message_read_string(reader, &span))
        return false;
    uint32_t count = 0;
    for (; names[count] != NULL; count++)
        if (is_name(span, names[count])) {
            *index = count;
            return true;
        }
    char word[64], quote[64];
    snprintf(word, sizeof word, "%.*s", (int)(span.size_bytes < 63 ? span.size_bytes : 63),
             span.text);
    message_quote(quote, sizeof quote, span.text, span.size_bytes);
    const char *closest = text_closest(word, names, count);
    if (closest != NULL)
        return message_fail(reader, start, "unknown name \"%s\"; did you mean \"%s\"?", quote,
                            closest);
    return message_fail(reader, start, "unknown name \"%s\"", quote);
}

static bool read_bits(struct message_reader *reader, const char *const *names, uint32_t *bits)
{
    *bits = 0;
    if (!message_read_char(reader, '['))
        return false;
    if (message_take_char(reader, ']'))
        return true;
    do {
        uint32_t index;
        const char *start = reader->at;
        if (!message_read_name(reader, names, &index))
            return false;
        if ((*bits >> index & 1) != 0)
            return message_fail(reader, start, "\"%s\" stands there twice", names[index]);
        *bits |= 1u << index;
    } while (message_take_char(reader, ','));
    return message_read_char(reader, ']');
}

static bool read_bool(struct message_reader *reader, bool *value)
{
    message_skip_space(reader);
    size_t left = (size_t)(reader->end - reader->at);
    if (left >= 4 && memcmp(reader->at, "true", 4) == 0) {
        *value = true;
        reader->at += 4;
        return true;
    }
    if (left >= 5 && memcmp(reader->at, "false", 5) == 0) {
        *value = false;
        reader->at += 5;
        return true;
    }
    return message_fail(reader, reader->at, "expected true or false");
}

/* The index of a cluster or host; larger ones than any plan has are the contract's business. */
static bool read_index(struct message_reader *reader, const struct message_field *field,
                       uint8_t *value)
{
    static const char *const names[] = {"temporary", NULL};
    uint64_t number;
    uint32_t ignored;
    message_skip_space(reader);
    bool is_name = reader->at < reader->end && *reader->at == '"';
    if (field->type == MESSAGE_TYPE_HOST && is_name) {
        *value = RCE_TEMPORARY_HOST;
        return message_read_name(reader, names, &ignored);
    }
    if (!read_integer(reader, RCE_TEMPORARY_HOST - 1, false, &number))
        return false;
    *value = (uint8_t)number;
    return true;
}

static bool read_unsigned(struct message_reader *reader, const struct message_field *field,
                          void *place)
{
    uint64_t value;
    switch (field->type) {
    case MESSAGE_TYPE_UINT64:
    case MESSAGE_TYPE_UINT64_TEXT:
        return read_integer(reader, UINT64_MAX, field->type == MESSAGE_TYPE_UINT64_TEXT, place);
    case MESSAGE_TYPE_UINT32:
        if (!read_integer(reader, UINT32_MAX, false, &value))
            return false;
        *(uint32_t *)place = (uint32_t)value;
        return true;
    case MESSAGE_TYPE_UINT16:
        if (!read_integer(reader, UINT16_MAX, false, &value))
            return false;
        *(uint16_t *)place = (uint16_t)value;
        return true;
    case MESSAGE_TYPE_UINT8:
        if (!read_integer(reader, UINT8_MAX, false, &value))
            return false;
        *(uint8_t *)place = (uint8_t)value;
        return true;
    case MESSAGE_TYPE_INT64:
    case MESSAGE_TYPE_CLUSTER:
    case MESSAGE_TYPE_HOST:
    case MESSAGE_TYPE_BOOL:
    case MESSAGE_TYPE_NAME:
    case MESSAGE_TYPE_BITS:
    case MESSAGE_TYPE_OBJECT:
    case MESSAGE_TYPE_RAW:
    case MESSAGE_TYPE_TEXT:
    case MESSAGE_TYPE_CUSTOM: break;
    }
    CHECK_UNREACHABLE("not an unsigned integer");
    return false;
}

static bool read_value(struct message_reader *reader, const struct message_field *field,
                       void *place)
{
    switch (field->type) {
    case MESSAGE_TYPE_INT64: return read_int64(reader, place);
    case MESSAGE_TYPE_UINT64:
    case MESSAGE_TYPE_UINT64_TEXT:
    case MESSAGE_TYPE_UINT32:
    case MESSAGE_TYPE_UINT16:
    case MESSAGE_TYPE_UINT8: return read_unsigned(reader, field, place);
    case MESSAGE_TYPE_CLUSTER:
    case MESSAGE_TYPE_HOST: return read_index(reader, field, place);
    case MESSAGE_TYPE_BOOL: return read_bool(reader, place);
    case MESSAGE_TYPE_NAME: return message_read_name(reader, field->names, place);
    case MESSAGE_TYPE_BITS: return read_bits(reader, field->names, place);
    case MESSAGE_TYPE_RAW: return message_skip_value(reader, place);
    case MESSAGE_TYPE_TEXT: return message_read_string(reader, place);
    case MESSAGE_TYPE_CUSTOM: return field->read(reader, place);
    case MESSAGE_TYPE_OBJECT: break;
    }
    uint32_t seen;
    message_skip_space(reader);
    const char *start = reader->at;
    return message_read_object(reader, field->object, place, &seen) &&
           message_has_shape(reader, start, seen, field->object,
                             (struct message_shape){.required = message_all_of(field->object)},
                             NULL);
}

/* The field of that key. Writers tend to keep the order of the table, so the search goes round
 * from `from`. */
static uint32_t find_field(const struct message_object *object, struct message_span key,
                           uint32_t from)
{
    uint32_t index = from;
    for (uint32_t i = 0; i < object->count; i++, index++) {
        if (index >= object->count)
            index = 0;
        if (is_name(key, object->fields[index].key))
            return index;
    }
    return object->count;
}

static bool read_member(struct message_reader *reader, const struct message_object *object,
                        void *into, uint32_t *seen, uint32_t *next)
{
    struct message_span key;
    if (!message_read_string(reader, &key))
        return false;
    uint32_t index = find_field(object, key, *next);
    char quote[64];
    if (index == object->count)
        return message_fail(reader, key.text - 1, "unknown field \"%s\" in %s",
                            message_quote(quote, sizeof quote, key.text, key.size_bytes),
                            object->what);
    const struct message_field *field = &object->fields[index];
    if ((*seen >> index & 1) != 0)
        return message_fail(reader, key.text - 1, "\"%s\" stands there twice", field->key);
    *seen |= 1u << index;
    *next = index + 1;
    return message_read_char(reader, ':') &&
           read_value(reader, field, (char *)into + field->offset);
}

bool message_read_object(struct message_reader *reader, const struct message_object *object,
                         void *into, uint32_t *seen)
{
    uint32_t next = 0;
    *seen = 0;
    message_skip_space(reader);
    if (reader->at == reader->end || *reader->at != '{')
        return message_fail(reader, reader->at, "expected %s, an object", object->what);
    reader->at++;
    if (message_take_char(reader, '}'))
        return true;
    do {
        if (!read_member(reader, object, into, seen, &next))
            return false;
    } while (message_take_char(reader, ','));
    return message_read_char(reader, '}');
}

bool message_has_shape(struct message_reader *reader, const char *at, uint32_t seen,
                       const struct message_object *object, struct message_shape shape,
                       const char *kind)
{
    uint32_t missing = shape.required & ~seen;
    uint32_t excess = seen & ~(shape.required | shape.optional);
    if ((missing | excess) == 0)
        return true;
    const char *of = kind == NULL ? "" : " of kind ";
    const char *name = kind == NULL ? "" : kind;
    if (missing != 0)
        return message_fail(reader, at, "%s%s%s lacks \"%s\"", object->what, of, name,
                            object->fields[__builtin_ctz(missing)].key);
    return message_fail(reader, at, "%s%s%s has no \"%s\"", object->what, of, name,
                        object->fields[__builtin_ctz(excess)].key);
}

static size_t put_code_point(char *at, uint32_t code)
{
    if (code < 0x80) {
        at[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        at[0] = (char)(0xc0 | code >> 6);
        at[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        at[0] = (char)(0xe0 | code >> 12);
        at[1] = (char)(0x80 | (code >> 6 & 0x3f));
        at[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    at[0] = (char)(0xf0 | code >> 18);
    at[1] = (char)(0x80 | (code >> 12 & 0x3f));
    at[2] = (char)(0x80 | (code >> 6 & 0x3f));
    at[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static uint32_t hex_value(const char *at)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* The code point at "\uXXXX", with its second half where it has one; a lone half is a '?'. */
static uint32_t unescape_unicode(const char **at, const char *end)
{
    uint32_t code = hex_value(*at + 2);
    *at += 6;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return '?';
    uint32_t low = hex_value(*at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return '?';
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

bool message_unescape(struct message_span span, char *text, size_t size_bytes)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *at = span.text, *end = at + span.size_bytes;
    size_t length = 0;
    while (at < end) {
        if (length + 5 > size_bytes)
            return false;
        if (*at != '\\') {
            text[length++] = *at++;
        } else if (at[1] == 'u') {
            length += put_code_point(text + length, unescape_unicode(&at, end));
        } else {
            text[length++] = meanings[strchr(letters, at[1]) - letters];
            at += 2;
        }
    }
    text[length] = '\0';
    return true;
}
