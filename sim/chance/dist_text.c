#include "sim/chance/dist_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

bool dist_text_complain(struct dist_parser *parser, size_t at, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    *parser->error_at = at;
    return error_set(parser->error, ERROR_SCENARIO, "%s", message);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

struct dist_span dist_text_trim(const struct dist_parser *parser, struct dist_span span)
{
    while (span.size > 0 && is_blank(parser->text[span.at])) {
        span.at++;
        span.size--;
    }
    while (span.size > 0 && is_blank(parser->text[span.at + span.size - 1]))
        span.size--;
    return span;
}

const char *dist_text_copy(const struct dist_parser *parser, struct dist_span span)
{
    const char *start = parser->text + span.at;
    if (span.size >= 2 && start[0] == '"' && start[span.size - 1] == '"') {
        start++;
        span.size -= 2;
    }
    char *copy = arena_take(parser->arena, span.size + 1);
    memcpy(copy, start, span.size);
    return copy;
}

bool dist_text_equals(const struct dist_parser *parser, struct dist_span span, const char *word)
{
    return strlen(word) == span.size && memcmp(parser->text + span.at, word, span.size) == 0;
}

/* The offset of the "(" of a call, or of the end of the span. */
static size_t find_open(const struct dist_parser *parser, struct dist_span span)
{
    size_t end = span.at + span.size, at = span.at;
    while (at < end && is_word(parser->text[at]))
        at++;
    size_t word_end = at;
    while (at < end && is_blank(parser->text[at]))
        at++;
    return word_end > span.at && at < end && parser->text[at] == '(' ? at : end;
}

bool dist_text_is_call(const struct dist_parser *parser, struct dist_span span)
{
    return find_open(parser, span) < span.at + span.size;
}

/* Going through the text outside quotes, keeping count of parentheses. */
struct scan {
    size_t at;
    int depth;
    bool is_quoted;
};

static char scan_next(struct scan *scan, const char *text)
{
    char c = text[scan->at++];
    if (c == '"')
        scan->is_quoted = !scan->is_quoted;
    if (!scan->is_quoted)
        scan->depth += (c == '(') - (c == ')');
    return scan->is_quoted ? '"' : c;
}

/* Find the ")" of the "(" at `open`; it has to be the last character of the span. */
static bool find_close(struct dist_parser *parser, struct dist_span span, size_t open)
{
    size_t end = span.at + span.size;
    struct scan scan = {.at = open};
    do
        scan_next(&scan, parser->text);
    while (scan.at < end && (scan.depth > 0 || scan.is_quoted));
    if (scan.depth > 0 || scan.is_quoted)
        return dist_text_complain(
            parser, open,
            scan.is_quoted
                ? "a \" behind this \"(\" is not closed"
                : "this \"(\" is not closed (inside YAML { } and [ ] put quotes around it all)");
    while (scan.at < end && is_blank(parser->text[scan.at]))
        scan.at++;
    if (scan.at < end)
        return dist_text_complain(parser, scan.at, "unexpected text behind the closing \")\"");
    return true;
}

/* Cut one argument, which ends before `end`, at its "=". */
static bool cut_argument(struct dist_parser *parser, size_t at, size_t end,
                         struct dist_argument *cut)
{
    struct dist_argument argument = {.value = {at, end - at}};
    struct scan scan = {.at = at};
    while (scan.at < end) {
        if (scan_next(&scan, parser->text) != '=' || scan.depth > 0)
            continue;
        argument.key = dist_text_trim(parser, (struct dist_span){at, scan.at - 1 - at});
        argument.value = (struct dist_span){scan.at, end - scan.at};
        if (argument.key.size == 0)
            return dist_text_complain(parser, scan.at - 1, "a name is missing before this \"=\"");
        break;
    }
    argument.value = dist_text_trim(parser, argument.value);
    if (argument.value.size == 0)
        return dist_text_complain(parser, argument.value.at, "an argument is missing here");
    *cut = argument;
    return true;
}

bool dist_text_cut(struct dist_parser *parser, struct dist_span span, struct dist_call *call)
{
    size_t open = find_open(parser, span), end = span.at + span.size;
    if (!find_close(parser, span, open))
        return false;
    struct dist_span inside = {open + 1, end - 1 - (open + 1)};
    call->name = dist_text_trim(parser, (struct dist_span){span.at, open - span.at});
    call->argument_count = 0;
    if (dist_text_trim(parser, inside).size == 0)
        return true;
    size_t room = 1;
    for (size_t i = open; i < end; i++)
        room += parser->text[i] == ',';
    call->arguments = arena_take_array(parser->arena, room, sizeof *call->arguments);
    size_t start = inside.at;
    struct scan scan = {.at = start};
    while (scan.at < end) {
        char c = scan_next(&scan, parser->text);
        if (!(c == ',' && scan.depth == 0) && scan.at < end)
            continue;
        if (!cut_argument(parser, start, scan.at - 1, &call->arguments[call->argument_count++]))
            return false;
        start = scan.at;
    }
    return true;
}

/* Which of `names` is the key of an argument? `count` and a complaint if none. */
static size_t find_name(struct dist_parser *parser, const struct dist_call *call,
                        struct dist_span key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (dist_text_equals(parser, key, names[i]))
            return i;
    const char *word = dist_text_copy(parser, key);
    const char *closest = text_closest(word, names, count);
    struct dist_writer known = {.arena = parser->arena};
    for (size_t i = 0; i < count; i++) {
        dist_writer_add(&known, i == 0 ? "" : ", ");
        dist_writer_add(&known, names[i]);
    }
    if (closest != NULL)
        dist_text_complain(parser, key.at, "%s has no argument \"%s\"; did you mean \"%s\"?",
                           dist_text_copy(parser, call->name), word, closest);
    else
        dist_text_complain(parser, key.at, "%s has no argument \"%s\" (it has %s)",
                           dist_text_copy(parser, call->name), word, known.bytes);
    return count;
}

bool dist_text_bind(struct dist_parser *parser, const struct dist_call *call,
                    const char *const *names, size_t count, const struct dist_argument **bound)
{
    for (size_t i = 0; i < count; i++)
        bound[i] = NULL;
    for (size_t i = 0; i < call->argument_count; i++) {
        const struct dist_argument *argument = &call->arguments[i];
        size_t place = i;
        if (argument->key.size > 0)
            place = find_name(parser, call, argument->key, names, count);
        else if (place >= count)
            dist_text_complain(parser, argument->value.at, "%s takes at most %zu arguments",
                               dist_text_copy(parser, call->name), count);
        if (place >= count)
            return false;
        if (bound[place] != NULL)
            return dist_text_complain(
                parser, argument->key.size > 0 ? argument->key.at : argument->value.at,
                "%s is given twice", names[place]);
        bound[place] = argument;
    }
    return true;
}

/* Put where and what in front of a message of sim/base/units.h. */
static bool complain_about(struct dist_parser *parser, struct dist_span span, const char *what)
{
    *parser->error_at = span.at;
    return what == NULL ? false : error_context(parser->error, "%s", what);
}

bool dist_text_number(struct dist_parser *parser, struct dist_span span, const char *what,
                      double *number)
{
    if (!units_parse_number(dist_text_copy(parser, span), number, parser->error))
        return complain_about(parser, span, what);
    if (fabs(*number) > 1e15)
        return dist_text_complain(parser, span.at, "the size of a number is at most 1e15");
    return true;
}

bool dist_text_value(struct dist_parser *parser, struct dist_span span, const char *what,
                     double *value)
{
    if (parser->options->dimension == DIST_NUMBER)
        return dist_text_number(parser, span, what, value);
    int64_t duration_ns;
    if (!units_parse_duration(dist_text_copy(parser, span), &duration_ns, parser->error))
        return complain_about(parser, span, what);
    if (duration_ns > DIST_DURATION_MAX_NS || duration_ns < -DIST_DURATION_MAX_NS)
        return dist_text_complain(parser, span.at, "a duration is at most 36500d");
    *value = (double)duration_ns;
    return true;
}

bool dist_text_share(struct dist_parser *parser, struct dist_span span, const char *what,
                     double *share)
{
    if (!units_parse_share(dist_text_copy(parser, span), share, parser->error))
        return complain_about(parser, span, what);
    return true;
}

const char *dist_text_print_number(struct arena *arena, double number)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return arena_copy_text(arena, text);
}

const char *dist_text_print_share(struct arena *arena, double share)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g%%", 100 * share);
    return strtod(text, NULL) / 100 == share ? arena_copy_text(arena, text)
                                             : dist_text_print_number(arena, share);
}

const char *dist_text_print_value(struct arena *arena, enum dist_dimension dimension, double value)
{
    if (dimension == DIST_NUMBER)
        return dist_text_print_number(arena, value);
    char text[UNITS_TEXT_SIZE_BYTES];
    return arena_copy_text(arena, units_print_duration(text, llround(value)));
}

const char *dist_text_print_word(struct arena *arena, const char *word)
{
    size_t size = strlen(word);
    bool is_plain = size > 0 && strpbrk(word, ",()=\"#:") == NULL && !is_blank(word[0]) &&
                    !is_blank(word[size - 1]);
    return is_plain ? word : arena_print(arena, "\"%s\"", word);
}

void dist_writer_add(struct dist_writer *writer, const char *text)
{
    size_t size = strlen(text);
    if (writer->used + size + 1 > writer->room) {
        writer->room = 2 * (writer->used + size + 1);
        char *bytes = arena_take(writer->arena, writer->room);
        if (writer->used > 0)
            memcpy(bytes, writer->bytes, writer->used);
        writer->bytes = bytes;
    }
    memcpy(writer->bytes + writer->used, text, size + 1);
    writer->used += size;
}
