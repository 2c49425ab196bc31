/* rest_parts.h - what the files of rest.h share; private to them. */
#ifndef MODELS_TESTBED_REST_PARTS_H
#define MODELS_TESTBED_REST_PARTS_H

#include <jansson.h>

#include "models/testbed/rest.h"

/* A request that waits for the world. Slots are used again. */
struct rest_wait {
    void *waiter;
    struct reply *reply; /* where the answer goes at once: a stepped clock */
    uint64_t async;      /* the number under which the answer is kept; 0: none */
    uint32_t next_free;  /* slot + 1 */
    bool is_open;
};

/* An answer that is fetched later. */
struct rest_async {
    uint64_t number;
    int status; /* -1: not yet */
    char body[240];
};

struct rest_client {
    char name[REST_CLIENT_SIZE_BYTES];
    char url[GUARD_URL_SIZE_BYTES];
};

struct rest {
    struct rest_options options;
    struct rest_sink sink;
    struct arena *arena;
    struct pacer pacer;
    struct vmc_live *live;
    struct rest_wait *waits; /* [waits_room] */
    uint32_t waits_count, waits_room, waits_free, waiting_count;
    struct rest_async *async; /* [REST_ASYNC_MAX], once there is one */
    uint64_t async_count;
    struct rest_client clients[REST_CLIENTS_MAX];
    uint32_t clients_count;
    uint64_t deliveries_count;
    bool is_shutdown_asked, is_closed;
    bool is_at_end; /* of the time that there is */
    struct rest_gauges gauges;
    /* For /metrics. */
    uint64_t answers[RCE_OPERATION_COUNT][RCE_RESULT_COUNT];
    uint64_t replies[600]; /* by status; [0]: closed without one */
    uint64_t callbacks_count, callbacks_unheard_count;
    int64_t lag_max_ns, lag_sum_ns;
    uint64_t lag_count;
};

/* One call on its way through the resources. */
struct rest_call {
    struct rest *rest;
    const struct rest_request *request;
    struct reply *reply;
    int64_t real_ns;
    json_t *body; /* an object, or NULL */
    uint32_t sddc;
    uint8_t cluster, host;
    uint64_t number;
    char text[REST_CLIENT_SIZE_BYTES]; /* a segment of the path that is a name */
    bool is_later;
};

/* rest_world.c: what is asked of the simulated service. */
void rest_operate(struct rest_call *call, enum rce_operation operation);
void rest_maintain(struct rest_call *call);
void rest_read_task(struct rest_call *call);
void rest_read_request(struct rest_call *call);
void rest_on_answer(void *context, const struct vmc_answer *answer);
/* If the clock has come to its end: tell everybody who waits. */
void rest_end_waits(struct rest *rest);
void rest_on_callback(void *context, const struct vmc_callback *callback);
/* Write `"cluster":1,"host":"temporary",` as far as they are there. */
void rest_print_place(struct reply *reply, uint8_t cluster, uint8_t host);

/* rest_fleet.c */
void rest_list_sddcs(struct rest_call *call);
void rest_read_sddc(struct rest_call *call);
void rest_read_workflow(struct rest_call *call);
void rest_tell_workflow(struct rest_call *call);

/* rest_admin.c */
void rest_list_callbacks(struct rest_call *call);
void rest_register_callback(struct rest_call *call);
void rest_remove_callback(struct rest_call *call);
void rest_read_clock(struct rest_call *call);
void rest_move_clock(struct rest_call *call);
void rest_read_faults(struct rest_call *call);
void rest_inject_fault(struct rest_call *call);
void rest_shut_down(struct rest_call *call);

/* metrics.c, status.c, asset.c */
void rest_metrics(struct rest_call *call);
void rest_status(struct rest_call *call);

/* Find a text, or a whole number from `minimum` to `maximum`, in the body. NULL or false, and a
 * problem as the reply, if it is there and is none; an absent one is NULL, or `absent`. */
bool rest_body_text(struct rest_call *call, const char *name, const char **text);
bool rest_body_number(struct rest_call *call, const char *name, int64_t *number, int64_t maximum);

/* Is every member of the body one of these (ended by NULL)? Else a problem. */
bool rest_body_knows(struct rest_call *call, const char *const *names);

/* Index of a text in `names`, or -1 and a problem that lists them. */
int rest_body_choice(struct rest_call *call, const char *what, const char *text,
                     const char *const *names, int count);

#endif
