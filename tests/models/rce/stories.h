/* stories.h - the workflows, inputs and beginnings that the stories of the engine have in common.
 *
 * A story is the life of one workflow as text (teller.h), compared as a whole. Include <cmocka.h>
 * first.
 */
#ifndef TESTS_MODELS_RCE_STORIES_H
#define TESTS_MODELS_RCE_STORIES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/models/rce/teller.h"

#define S   TELLER_S
#define MIN TELLER_MIN

static const struct rce_cluster_plan one_host[] = {{.hosts_count = 1, .temporary_host = true}};
static const struct rce_cluster_plan bare_hosts[] = {{.hosts_count = 2, .temporary_host = false}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 1, .clusters = one_host};
static const struct rce_plan bare_plan = {
    .workflow = 7, .clusters_count = 1, .clusters = bare_hosts};

/* The callbacks of these stories. */
static inline struct rce_input done(enum rce_operation operation, uint64_t task)
{
    struct rce_input input = {.operation = operation, .task = task, .host = RCE_NO_HOST};
    if (operation == RCE_ADD_HOST || operation == RCE_REMOVE_HOST)
        input.host = RCE_TEMPORARY_HOST;
    else if (operation == RCE_UPGRADE_CONTROL_PLANE || operation == RCE_UPGRADE_NETWORK)
        input.cluster = RCE_NO_CLUSTER;
    else if (operation != RCE_BACKUP)
        input.host = 0;
    return input;
}

static inline struct rce_input failed(enum rce_operation operation, uint64_t task)
{
    struct rce_input input = done(operation, task);
    input.outcome = RCE_TASK_FAILED;
    return input;
}

static inline struct rce_options old_engine(void)
{
    struct rce_options options;
    rce_options_init(&options);
    return options;
}

static inline struct rce_options with_retry(enum rce_key_scope key_scope)
{
    struct rce_options options = old_engine();
    options.retry = true;
    options.key_scope = key_scope;
    return options;
}

/* Silently go on until the control plane is done and the cluster's preparation has begun. */
static inline void reach_preparation(struct teller *teller)
{
    teller->is_silent = true;
    teller_start(teller);
    teller_answer(teller, 0, RCE_ACCEPTED, 1);
    teller_callback(teller, 0, done(RCE_UPGRADE_CONTROL_PLANE, 1));
    teller->is_silent = false;
}

/* Silently go on until preparation is over: 30 minutes after the start, requests #2 and #3 made. */
static inline void reach_hosts(struct teller *teller)
{
    reach_preparation(teller);
    teller->is_silent = true;
    teller_answer_to(teller, 2, RCE_ACCEPTED, 2);
    teller_answer_to(teller, 3, RCE_ACCEPTED, 3);
    teller_callback(teller, 15 * MIN, done(RCE_ADD_HOST, 2));
    teller_callback(teller, 15 * MIN, done(RCE_BACKUP, 3));
    teller->last_request = 4;
    teller->is_silent = false;
}

static inline void check_story(const struct teller *teller, const char *expected)
{
    assert_string_equal(teller->text, expected);
}

#endif
