#include "models/rcesim/study/constraint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/text.h"

enum { TOKEN_SIZE_BYTES = 256, NAMES_MAX = 64 };

struct reader {
    const char *text, *at;
    const struct constraint_name *names;
    size_t name_count;
    struct error *error;
};

struct term {
    enum quantity_kind kind;
    double value;
};

static bool fail(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The place goes before a suggestion, which is a question. */
static bool fail(struct reader *reader, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const char *suggestion = strstr(message, "; did you mean ");
    size_t length = suggestion == NULL ? strlen(message) : (size_t)(suggestion - message);
    bool is_end = *reader->at == '\0';
    return error_set(reader->error, ERROR_USAGE, "--where '%s': %.*s, at %s%s%s%s", reader->text,
                     (int)length, message, is_end ? "the end" : "\"", is_end ? "" : reader->at,
                     is_end ? "" : "\"", message + length);
}

static void skip_blanks(struct reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
}

/* A name or a number reaches to a blank or a sign of the grammar; "-" and "+" inside belong to it,
 * and so do brackets of a list element. */
static size_t token_length(const char *at)
{
    return strcspn(at, " \t*<>=!,()");
}

static bool fail_unknown(struct reader *reader, const char *token)
{
    const char *names[NAMES_MAX];
    size_t count = reader->name_count < NAMES_MAX ? reader->name_count : NAMES_MAX;
    for (size_t i = 0; i < count; i++)
        names[i] = reader->names[i].name;
    const char *closest = text_closest(token, names, count);
    return fail(reader, "\"%s\" is neither a number with its unit nor swept%s%s%s", token,
                closest == NULL ? "" : "; did you mean \"", closest == NULL ? "" : closest,
                closest == NULL ? "" : "\"?");
}

static bool read_term(struct reader *reader, struct term *term)
{
    char token[TOKEN_SIZE_BYTES];
    skip_blanks(reader);
    size_t length = token_length(reader->at);
    if (length == 0 || length >= sizeof token)
        return fail(reader, "expected a number or a path");
    memcpy(token, reader->at, length);
    token[length] = '\0';
    const struct quantity *value = NULL;
    struct quantity number;
    for (size_t i = 0; i < reader->name_count; i++) {
        if (strcmp(reader->names[i].name, token) != 0)
            continue;
        value = reader->names[i].value;
        if (value == NULL)
            return fail(reader, "the values of \"%s\" are not numbers of one kind", token);
    }
    if (value == NULL) {
        if (!quantity_parse(&number, token, NULL))
            return fail_unknown(reader, token);
        value = &number;
    }
    *term = (struct term){value->kind, value->value};
    reader->at += length;
    return true;
}

/* Take `sign` if it comes next. */
static bool take(struct reader *reader, const char *sign)
{
    skip_blanks(reader);
    if (strncmp(reader->at, sign, strlen(sign)) != 0)
        return false;
    reader->at += strlen(sign);
    return true;
}

static bool read_product(struct reader *reader, struct term *product)
{
    if (!read_term(reader, product))
        return false;
    while (take(reader, "*")) {
        struct term factor;
        if (!read_term(reader, &factor))
            return false;
        if (product->kind != QUANTITY_NUMBER && factor.kind != QUANTITY_NUMBER)
            return fail(reader, "a %s times a %s means nothing here",
                        quantity_kind_name(product->kind), quantity_kind_name(factor.kind));
        if (product->kind == QUANTITY_NUMBER)
            product->kind = factor.kind;
        product->value *= factor.value;
    }
    return true;
}

/* Make two sides comparable: a plain 0 fits everything. `from` is where the second one begins. */
static bool match_kinds(struct reader *reader, const struct term *a, const struct term *b,
                        const char *from)
{
    bool is_zero = (a->kind == QUANTITY_NUMBER && a->value == 0) ||
                   (b->kind == QUANTITY_NUMBER && b->value == 0);
    if (a->kind == b->kind || is_zero)
        return true;
    reader->at = from;
    skip_blanks(reader);
    return fail(reader, "a %s and a %s do not go together", quantity_kind_name(a->kind),
                quantity_kind_name(b->kind));
}

static bool read_sum(struct reader *reader, struct term *sum)
{
    if (!read_product(reader, sum))
        return false;
    for (;;) {
        bool is_minus = take(reader, "-");
        if (!is_minus && !take(reader, "+"))
            return true;
        struct term other;
        const char *from = reader->at;
        if (!read_product(reader, &other) || !match_kinds(reader, sum, &other, from))
            return false;
        if (sum->kind == QUANTITY_NUMBER)
            sum->kind = other.kind;
        sum->value += is_minus ? -other.value : other.value;
    }
}

/* Are two numbers equal but for what units and fractions do to the last digits? */
static bool is_same(double a, double b)
{
    double size = a < 0 ? -a : a;
    double difference = a < b ? b - a : a - b;
    return difference <= 1e-12 * size;
}

static bool compare(struct reader *reader, const struct term *left, bool *holds)
{
    /* Longer signs stand before their beginnings. */
    static const char *const signs[] = {"<=", ">=", "==", "!=", "<", ">"};
    size_t i = 0;
    while (i < sizeof signs / sizeof signs[0] && !take(reader, signs[i]))
        i++;
    if (i == sizeof signs / sizeof signs[0])
        return fail(reader, "expected <, <=, >, >=, == or !=");
    struct term right;
    const char *from = reader->at;
    if (!read_sum(reader, &right) || !match_kinds(reader, left, &right, from))
        return false;
    bool is_equal = is_same(left->value, right.value);
    bool is_less = !is_equal && left->value < right.value;
    bool is_more = !is_equal && left->value > right.value;
    const bool answers[] = {
        is_less || is_equal, is_more || is_equal, is_equal, !is_equal, is_less, is_more};
    *holds = answers[i];
    return true;
}

bool constraint_holds(const char *text, const struct constraint_name *names, size_t name_count,
                      bool *holds, struct error *error)
{
    struct reader reader = {text, text, names, name_count, error};
    struct term left;
    bool answer = false;
    if (!read_sum(&reader, &left) || !compare(&reader, &left, &answer))
        return false;
    skip_blanks(&reader);
    if (*reader.at != '\0')
        return fail(&reader, "expected the end of the condition");
    *holds = answer;
    return true;
}
