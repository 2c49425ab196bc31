/* answer.h - an answer on the wire: its header, and the whole of it past libmicrohttpd.
 *
 * libmicrohttpd has nothing to say before a request is whole, and takes one whose client has said
 * that nothing more comes for gone. What is said there is written here, and ends the connection.
 */
#ifndef MODELS_TESTBED_ANSWER_H
#define MODELS_TESTBED_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "models/testbed/reply.h"

enum { ANSWER_FIELDS_MAX = 10, ANSWER_NUMBER_SIZE_BYTES = 24 };

struct answer_field {
    const char *name, *value;
};

/* The header of a reply: `number` is room for one of them. */
struct answer_header {
    struct answer_field fields[ANSWER_FIELDS_MAX];
    size_t fields_count;
    char number[ANSWER_NUMBER_SIZE_BYTES];
};

/* List the header of a reply, but what tells of its length and of the connection. It points into
 * the reply and into itself. */
void answer_list_header(struct answer_header *header, const struct reply *reply);

/* Write a reply to a socket, as the last one there, without waiting. False: not all of it has found
 * room. `is_head`: without the body. */
bool answer_write(int socket, const struct reply *reply, bool is_head);

#endif
