/* message_form.h - JSON objects as tables: reading and writing structs field by field. Internal to
 * message_request.c and message_reply.c.
 *
 * An object of the protocol is a table of fields (key, type, place in a struct), so that one line
 * of code describes both directions. Which fields go together depends on what the object is (a
 * timer input has a timer, no task): a shape, two sets of bits over the table. The reader is strict
 * JSON: what it accepts, every JSON library accepts.
 */
#ifndef MODELS_ENGINES_MESSAGE_FORM_H
#define MODELS_ENGINES_MESSAGE_FORM_H

#include "models/engines/message.h"

/* What every JSON library can hold exactly. */
#define MESSAGE_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

enum message_type {
    MESSAGE_TYPE_INT64,
    MESSAGE_TYPE_UINT64,
    MESSAGE_TYPE_UINT64_TEXT, /* always a string */
    MESSAGE_TYPE_UINT32,
    MESSAGE_TYPE_UINT16,
    MESSAGE_TYPE_UINT8,
    MESSAGE_TYPE_CLUSTER, /* uint8_t; left out if RCE_NO_CLUSTER */
    MESSAGE_TYPE_HOST,    /* uint8_t; left out if RCE_NO_HOST, "temporary" for the temporary one */
    MESSAGE_TYPE_BOOL,
    MESSAGE_TYPE_NAME,   /* an enum, by `names` */
    MESSAGE_TYPE_BITS,   /* uint32_t; a list of `names` */
    MESSAGE_TYPE_OBJECT, /* all of `object` */
    MESSAGE_TYPE_RAW,    /* struct message_span: any JSON value */
    MESSAGE_TYPE_TEXT,   /* struct message_span: a string as it stands in the line */
    MESSAGE_TYPE_CUSTOM, /* `read`, `write` */
};

struct message_reader {
    const char *line, *at, *end;
    struct message_problem *problem;
};

struct message_field {
    const char *key;
    enum message_type type;
    uint16_t offset;
    const char *const *names; /* ended by NULL */
    const struct message_object *object;
    bool (*read)(struct message_reader *reader, void *field);
    void (*write)(struct message_text *text, const void *field);
};

/* At most 32 fields. */
struct message_object {
    const char *what; /* "input" */
    const struct message_field *fields;
    uint32_t count;
};

/* Which fields an object has to have, and may have: bits over its table. */
struct message_shape {
    uint32_t required, optional;
};

/* For writing the tables. */
#define COUNT(table) (sizeof(table) / sizeof *(table))
#define BIT(index)   (UINT32_C(1) << (index))
#define OBJECT(text, table)                                                                        \
    {                                                                                              \
        .what = text, .fields = table, .count = COUNT(table)                                       \
    }
#define AT(type, member) .offset = offsetof(type, member)

static inline uint32_t message_all_of(const struct message_object *object)
{
    return object->count == 32 ? UINT32_MAX : (UINT32_C(1) << object->count) - 1;
}

/* Read an object into a struct, which holds the defaults; `seen` has a bit for each field. */
bool message_read_object(struct message_reader *reader, const struct message_object *object,
                         void *into, uint32_t *seen);
/* Are the fields those of the shape? `kind` names the shape ("timer"), `at` is the object's place.
 */
bool message_has_shape(struct message_reader *reader, const char *at, uint32_t seen,
                       const struct message_object *object, struct message_shape shape,
                       const char *kind);

/* Write the required fields, and the optional ones that are not zero (no cluster, no host). */
void message_write_object(struct message_text *text, const struct message_object *object,
                          const void *from, struct message_shape shape);

/* The pieces. A reader stands at the first byte of a value, and behind it afterwards. */
bool message_fail(struct message_reader *reader, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void message_skip_space(struct message_reader *reader);
bool message_read_char(struct message_reader *reader, char wanted);
/* Is the next character `wanted`? Takes it if so. White space before it is skipped. */
bool message_take_char(struct message_reader *reader, char wanted);
/* Nothing but white space follows. */
bool message_read_end(struct message_reader *reader);
bool message_read_string(struct message_reader *reader, struct message_span *span);
bool message_skip_value(struct message_reader *reader, struct message_span *span);
/* An integer from 0 to `max`. */
bool message_read_integer(struct message_reader *reader, uint64_t max, uint64_t *value);
bool message_read_name(struct message_reader *reader, const char *const *names, uint32_t *index);
/* Copy a string of the line, its escapes resolved; false if it is too long. */
bool message_unescape(struct message_span span, char *text, size_t size_bytes);

void message_check_room(const struct message_text *text, size_t size_bytes);
void message_put(struct message_text *text, const char *bytes, size_t size_bytes);
void message_put_literal(struct message_text *text, const char *literal);
void message_put_uint64(struct message_text *text, uint64_t value);
void message_put_base64(struct message_text *text, const uint8_t *bytes, size_t size_bytes);
/* A JSON string with the escapes that it needs. */
void message_put_string(struct message_text *text, const char *string);

#endif
