/* reply.h - an answer over HTTP as plain data: status, a few headers, a body.
 *
 * The body is built piece by piece; it is memory of malloc, because libmicrohttpd takes it over
 * (reply_take_body). Everything that comes from outside goes through reply_quote.
 */
#ifndef MODELS_TESTBED_REPLY_H
#define MODELS_TESTBED_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No answer at all: the connection is closed. */
enum { REPLY_CLOSE = 0 };

enum { REPLY_HEADER_SIZE_BYTES = 128 };

struct reply {
    int status; /* of HTTP, or REPLY_CLOSE */
    const char *content_type;
    const char *allow;                      /* of 405, or NULL */
    const char *authenticate;               /* of 401, or NULL */
    int64_t retry_after_s;                  /* 0: none */
    bool is_page;                           /* for a browser: with a content security policy */
    char location[REPLY_HEADER_SIZE_BYTES]; /* empty: none */
    const char *fixed;                      /* a constant body in place of `body` */
    char *body;                             /* may be NULL; ended by 0, which does not count */
    size_t size_bytes, room_bytes;
};

void reply_print(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append a text as a string of JSON, with its quotes. What is no UTF-8 becomes '?'. */
void reply_quote(struct reply *reply, const char *text);

/* Make it a problem (RFC 9457), whatever it was. */
void reply_problem(struct reply *reply, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Give the body away: the caller frees it. NULL if there is none. */
char *reply_take_body(struct reply *reply);

/* Free the body, and make it an empty answer. */
void reply_reset(struct reply *reply);

/* "Not Found"; never NULL. */
const char *reply_reason(int status);

#endif
