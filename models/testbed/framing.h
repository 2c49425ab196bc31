/* framing.h - can a request be read in one way only?
 *
 * Where two programs on a request's way could disagree about where it ends, or for whom it is, one
 * can be made to let through what the other would refuse. So what is ambiguous is refused, although
 * libmicrohttpd takes it: headers that say twice what can be said once, a body of two lengths, a
 * coding that is not chunked, blanks within names, control characters, and bytes of 0, after which
 * a text seems to end.
 *
 * libmicrohttpd has no lengths of texts as they were sent, so a 0 is looked for in what lies
 * between them in its buffer. Texts that lie elsewhere are taken as they are.
 *
 * Sources: RFC 9110 5.5 and 5.6.2, RFC 9112 2.2, 3.2.2, 5.1, 6.1 and 6.3.
 */
#ifndef MODELS_TESTBED_FRAMING_H
#define MODELS_TESTBED_FRAMING_H

#include <stdbool.h>

#include <microhttpd.h>

/* Arguments of a query that are taken: more of them use up the memory of a connection before
 * libmicrohttpd has anything to say. */
enum { FRAMING_ARGUMENTS_MAX = 64 };

/* The first line of a request; method, uri_at and version are in the buffer of the connection. */
struct framing_line {
    const char *method, *version;
    const char *uri_at; /* where it was when it was logged; it is decoded there since */
    const char *uri;    /* a copy, as it was sent */
};

/* What is wrong, for the answer, or NULL. */
const char *framing_problem(struct MHD_Connection *connection, const struct framing_line *line);

/* Has a URI, as it was sent, more arguments than are taken? */
bool framing_has_many_arguments(const char *uri);

/* Take a target that is a whole address ("http://127.0.0.1:8080/healthz", the absolute form) apart,
 * in place. Returns the path with the query, and sets `host` to that of the address, which then
 * counts in place of the header; other targets are their own path, and `host` stays. */
char *framing_split_target(char *target, const char **host);

#endif
