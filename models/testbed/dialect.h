/* dialect.h - the service's words: actions as requests over HTTP, answers and webhooks as inputs.
 *
 * Pure text in, structs out: no sockets. README.md and openapi.json say what the words mean. The
 * other side is not trusted: what is not exactly what it should be is no answer, which for a
 * request that may have been carried out is RCE_UNKNOWN.
 *
 *     status                  result
 *     202 with a task         accepted           200 with a state  state
 *     429                     throttled          503               unavailable
 *     409 not-ready           not ready          other 4xx, 507    refused
 *     no connection           unavailable: it was not sent
 *     anything else           unknown: it may have been carried out
 */
#ifndef MODELS_TESTBED_DIALECT_H
#define MODELS_TESTBED_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rce/rce.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

enum {
    DIALECT_PATH_SIZE_BYTES = 128,
    DIALECT_BODY_SIZE_BYTES = 768,
    DIALECT_KEY_SIZE_BYTES = 24,
};

struct dialect_request {
    const char *method; /* "GET", "POST", "DELETE" */
    char path[DIALECT_PATH_SIZE_BYTES];
    char body[DIALECT_BODY_SIZE_BYTES]; /* empty: none */
    char key[DIALECT_KEY_SIZE_BYTES];   /* empty: none */
};

/* Say a SEND. */
void dialect_ask(struct dialect_request *request, uint32_t sddc, const struct rce_action *action);

/* What came back over the connection. */
struct dialect_answer {
    int status; /* 0: no answer, or not a whole one */
    bool was_never_sent;
    bool is_nobody_there;  /* no connection was taken; implies that it was never sent */
    int64_t retry_after_s; /* the header, in seconds of the machine's; -1: none */
    const char *body;      /* [size_bytes] */
    size_t size_bytes;
};

/* Fill in result, and what goes with it, of a RESPONSE to `operation`; the rest of the input is the
 * caller's. `speed` turns the machine's seconds into simulated ones. False: the answer was none of
 * the service's, the result is RCE_UNKNOWN. */
bool dialect_read_answer(struct rce_input *input, enum rce_operation operation,
                         const struct dialect_answer *answer, double speed);

/* Read a webhook into a CALLBACK; `*sddc` says for whom. False: it is none. */
bool dialect_read_webhook(struct rce_input *input, uint32_t *sddc, const char *body,
                          size_t size_bytes);

/* A page of the fleet: SDDC `offset` + i has plans[i]. The clusters lie in the arena. ERROR_IO. */
enum { DIALECT_PAGE = 100 };
enum dialect_begun { DIALECT_NOT_SAID, DIALECT_NOT_BEGUN, DIALECT_BEGUN };
struct dialect_fleet {
    uint32_t sddcs_count; /* of the whole fleet */
    uint32_t plans_count; /* of this page */
    struct rce_plan plans[DIALECT_PAGE];
    enum dialect_begun are_begun[DIALECT_PAGE]; /* their workflows, if the service says it */
};
void dialect_ask_fleet(struct dialect_request *request, uint32_t offset);
bool dialect_read_fleet(struct dialect_fleet *fleet, struct arena *arena, const char *body,
                        size_t size_bytes, struct error *error);

/* What is said about a workflow as a whole; `failure` NULL: not a failure. */
void dialect_tell(struct dialect_request *request, uint32_t sddc, const char *state,
                  const struct rce_action *failure);

/* What a simulated service answers to that. Names are those of vmc_cause_names and
 * vmc_violation_names, which the caller knows; `cause` empty: none. Only DIALECT_TOLD fills it. */
struct dialect_truth {
    char cause[DIALECT_KEY_SIZE_BYTES];
    bool early_trigger;
    int64_t duplicates, temporary_hosts;
    uint32_t violations; /* bit i: name i of the caller's */
};
enum dialect_told {
    DIALECT_UNTOLD, /* nothing: it does not know */
    DIALECT_TOLD,
    DIALECT_TOLD_RUBBISH, /* something else than openapi.json has */
};
enum dialect_told dialect_read_truth(struct dialect_truth *truth,
                                     const char *const *violation_names, size_t violation_count,
                                     const char *body, size_t size_bytes);

/* Where webhooks go. False: the URL is too long, or no text. */
bool dialect_register(struct dialect_request *request, const char *client, const char *url);
void dialect_unregister(struct dialect_request *request, const char *client);

/* Where those of a client go now; an empty URL: nowhere. False: it is no list of clients. */
enum { DIALECT_URL_SIZE_BYTES = 512 };
void dialect_ask_callbacks(struct dialect_request *request);
bool dialect_read_callbacks(char url[DIALECT_URL_SIZE_BYTES], const char *client, const char *body,
                            size_t size_bytes);

/* Is anybody there? Any answer says so. */
void dialect_ask_health(struct dialect_request *request);

/* The clock of a service that shows it. */
struct dialect_clock {
    int64_t now_ns; /* when the service read it */
    double speed;
    bool is_stepped;
};
void dialect_ask_clock(struct dialect_request *request);
bool dialect_read_clock(struct dialect_clock *clock, const char *body, size_t size_bytes);

#endif
