/* dist_text.h - the text of distributions: cutting it up, and writing it; for dist_parse.c and
 * fit_law.c (words) only.
 *
 * A span is a stretch of the text that is being parsed, by byte offset, so that every complaint
 * knows its place. The grammar, blanks allowed everywhere between:
 *
 *     distribution = value | name "(" [ argument { "," argument } ] ")"
 *     argument     = [ key "=" ] value-or-distribution      the first "=" outside ( ) and " "
 * splits
 */
#ifndef SIM_CHANCE_DIST_TEXT_H
#define SIM_CHANCE_DIST_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/chance/dist.h"

struct dist_span {
    size_t at, size;
};

struct dist_argument {
    struct dist_span key; /* size 0: there is none */
    struct dist_span value;
};

struct dist_call {
    struct dist_span name;
    struct dist_argument *arguments;
    size_t argument_count;
};

struct dist_parser {
    struct arena *arena;
    const char *text;
    const struct dist_options *options;
    size_t *error_at; /* never NULL */
    struct error *error;
    int depth;
};

/* Complain about the text at `at`. Returns false. */
bool dist_text_complain(struct dist_parser *parser, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The span without blanks at its ends. */
struct dist_span dist_text_trim(const struct dist_parser *parser, struct dist_span span);

/* A copy of the span as a string; surrounding double quotes are taken off. */
const char *dist_text_copy(const struct dist_parser *parser, struct dist_span span);

bool dist_text_equals(const struct dist_parser *parser, struct dist_span span, const char *word);

/* Does the trimmed span look like a call, that is a word and "("? */
bool dist_text_is_call(const struct dist_parser *parser, struct dist_span span);

/* Cut up a call, which is the whole of the trimmed span. */
bool dist_text_cut(struct dist_parser *parser, struct dist_span span, struct dist_call *call);

/* Give each argument its place among `names`: bound[i] is the one called names[i], or NULL. Those
 * without a key take the places in order. An unknown or repeated name is an error. */
bool dist_text_bind(struct dist_parser *parser, const struct dist_call *call,
                    const char *const *names, size_t count, const struct dist_argument **bound);

/* Read a value of the dimension (ns or number), a bare number, a probability. `what` comes in
 * front of the message; it may be NULL. */
bool dist_text_value(struct dist_parser *parser, struct dist_span span, const char *what,
                     double *value);
bool dist_text_number(struct dist_parser *parser, struct dist_span span, const char *what,
                      double *number);
bool dist_text_share(struct dist_parser *parser, struct dist_span span, const char *what,
                     double *share);

/* Print what those read, so that it reads back to the same bits. The text is in the arena. */
const char *dist_text_print_number(struct arena *arena, double number);
const char *dist_text_print_share(struct arena *arena, double share);
const char *dist_text_print_value(struct arena *arena, enum dist_dimension dimension, double value);
/* Quoted if the grammar needs it. */
const char *dist_text_print_word(struct arena *arena, const char *word);

/* A text that grows in an arena. */
struct dist_writer {
    struct arena *arena;
    char *bytes;
    size_t used, room;
};
void dist_writer_add(struct dist_writer *writer, const char *text);

#endif
