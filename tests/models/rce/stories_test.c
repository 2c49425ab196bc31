/* Lives of workflows as readable traces, with all actions in their order. Those that go on after a
 * failure, a crash or a change of the engine are in recovery_stories_test.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/models/rce/stories.h"

static const char plain_path[] = "00:00:00 start\n"
                                 "    persist\n"
                                 "    # step-started upgrade-control-plane\n"
                                 "    send #1 upgrade-control-plane attempt 1\n"
                                 "    set sddc deadline 08:00:00\n"
                                 "00:00:01 response #1 accepted 1\n"
                                 "    persist\n"
                                 "03:00:01 callback upgrade-control-plane task 1 succeeded\n"
                                 "    # callback-believed upgrade-control-plane task 1\n"
                                 "    # step-ended upgrade-control-plane\n"
                                 "    persist\n"
                                 "    cancel sddc deadline\n"
                                 "    # step-started add-host c0 temporary\n"
                                 "    send #2 add-host c0 temporary attempt 1\n"
                                 "    set c0 hosts deadline 06:00:01\n"
                                 "    # step-started backup c0\n"
                                 "    send #3 backup c0 attempt 1\n"
                                 "    set c0 backup deadline 05:00:01\n"
                                 "03:00:01 response #2 accepted 2\n"
                                 "    persist\n"
                                 "03:00:01 response #3 accepted 3\n"
                                 "    persist\n"
                                 "03:18:01 callback add-host c0 temporary task 2 succeeded\n"
                                 "    # callback-believed add-host c0 temporary task 2\n"
                                 "    # step-ended add-host c0 temporary\n"
                                 "    persist\n"
                                 "    cancel c0 hosts deadline\n"
                                 "03:30:01 callback backup c0 task 3 succeeded\n"
                                 "    # callback-believed backup c0 task 3\n"
                                 "    # step-ended backup c0\n"
                                 "    persist\n"
                                 "    cancel c0 backup deadline\n"
                                 "    # step-started enter-maintenance c0 h0\n"
                                 "    send #4 enter-maintenance c0 h0 attempt 1\n"
                                 "    set c0 hosts deadline 04:30:01\n"
                                 "03:30:02 response #4 accepted 4\n"
                                 "    persist\n"
                                 "03:35:02 callback enter-maintenance c0 h0 task 4 succeeded\n"
                                 "    # callback-believed enter-maintenance c0 h0 task 4\n"
                                 "    # step-ended enter-maintenance c0 h0\n"
                                 "    persist\n"
                                 "    # step-started update-host c0 h0\n"
                                 "    send #5 update-host c0 h0 attempt 1\n"
                                 "    set c0 hosts deadline 06:35:02\n"
                                 "03:35:03 response #5 accepted 5\n"
                                 "    persist\n"
                                 "04:25:03 callback update-host c0 h0 task 5 succeeded\n"
                                 "    # callback-believed update-host c0 h0 task 5\n"
                                 "    # step-ended update-host c0 h0\n"
                                 "    persist\n"
                                 "    # step-started exit-maintenance c0 h0\n"
                                 "    send #6 exit-maintenance c0 h0 attempt 1\n"
                                 "    set c0 hosts deadline 05:25:03\n"
                                 "04:25:04 response #6 accepted 6\n"
                                 "    persist\n"
                                 "04:30:04 callback exit-maintenance c0 h0 task 6 succeeded\n"
                                 "    # callback-believed exit-maintenance c0 h0 task 6\n"
                                 "    # step-ended exit-maintenance c0 h0\n"
                                 "    persist\n"
                                 "    # step-started remove-host c0 temporary\n"
                                 "    send #7 remove-host c0 temporary attempt 1\n"
                                 "    set c0 hosts deadline 07:30:04\n"
                                 "04:30:05 response #7 accepted 7\n"
                                 "    persist\n"
                                 "05:30:05 callback remove-host c0 temporary task 7 succeeded\n"
                                 "    # callback-believed remove-host c0 temporary task 7\n"
                                 "    # step-ended remove-host c0 temporary\n"
                                 "    persist\n"
                                 "    cancel c0 hosts deadline\n"
                                 "    # step-started upgrade-network\n"
                                 "    send #8 upgrade-network attempt 1\n"
                                 "    set sddc deadline 09:30:05\n"
                                 "05:30:06 response #8 accepted 8\n"
                                 "    persist\n"
                                 "06:30:06 callback upgrade-network task 8 succeeded\n"
                                 "    # callback-believed upgrade-network task 8\n"
                                 "    # step-ended upgrade-network\n"
                                 "    persist\n"
                                 "    cancel sddc deadline\n"
                                 "    DONE\n";

static void test_plain_path(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    teller_start(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 1);
    teller_callback(&teller, 180 * MIN, done(RCE_UPGRADE_CONTROL_PLANE, 1));
    teller_answer_to(&teller, 2, RCE_ACCEPTED, 2);
    teller_answer_to(&teller, 3, RCE_ACCEPTED, 3);
    teller_callback(&teller, 18 * MIN, done(RCE_ADD_HOST, 2));
    teller_callback(&teller, 12 * MIN, done(RCE_BACKUP, 3));
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, 5 * MIN, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    teller_callback(&teller, 50 * MIN, done(RCE_UPDATE_HOST, 5));
    teller_answer(&teller, S, RCE_ACCEPTED, 6);
    teller_callback(&teller, 5 * MIN, done(RCE_EXIT_MAINTENANCE, 6));
    teller_answer(&teller, S, RCE_ACCEPTED, 7);
    teller_callback(&teller, 60 * MIN, done(RCE_REMOVE_HOST, 7));
    teller_answer(&teller, S, RCE_ACCEPTED, 8);
    teller_callback(&teller, 60 * MIN, done(RCE_UPGRADE_NETWORK, 8));
    assert_int_equal(teller.status, RCE_SUCCEEDED);
    check_story(&teller, plain_path);
}

/* The incident: the request came too early, was accepted and dropped, and nobody asks again. */
static void test_dropped_request_meets_its_deadline(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 4));
    assert_int_equal(teller.status, RCE_FAILED);
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "01:30:00 timer c0 hosts deadline\n"
                         "    persist\n"
                         "    FAIL deadline enter-maintenance c0 h0\n"
                         "01:31:00 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 4\n");
}

/* The same with the pre-check: the cluster is read until it is ready, also over a failed read. */
static void test_precheck_waits_until_ready(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    options.precheck = true;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_THROTTLED, 40);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_CLUSTER_READY);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    check_story(&teller, "00:30:01 response #4 state 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:16\n"
                         "    # not-ready-yet read-cluster c0 until 00:30:16\n"
                         "00:30:16 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-cluster c0 attempt 2\n"
                         "    set c0 hosts wait 00:40:16\n"
                         "00:30:17 response #5 throttled 40\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:57\n"
                         "    # not-ready-yet read-cluster c0 until 00:30:57\n"
                         "00:30:57 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #6 read-cluster c0 attempt 3\n"
                         "    set c0 hosts wait 00:40:57\n"
                         "00:30:58 response #6 state 1\n"
                         "    # step-ended read-cluster c0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started enter-maintenance c0 h0\n"
                         "    send #7 enter-maintenance c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 01:30:58\n"
                         "00:30:59 response #7 accepted 4\n"
                         "    persist\n");
}

static void test_precheck_has_a_deadline(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    options.precheck = true;
    options.deadline_ns[RCE_READ_CLUSTER] = 2 * MIN;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, 80 * S, RCE_STATE, 0);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_UNKNOWN, 0);
    teller_fire(&teller);
    check_story(&teller, "00:31:20 response #4 state 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:31:35\n"
                         "    # not-ready-yet read-cluster c0 until 00:31:35\n"
                         "00:31:35 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-cluster c0 attempt 2\n"
                         "    set c0 hosts wait 00:41:35\n"
                         "00:31:36 response #5 no-answer 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:32:06\n"
                         "    # not-ready-yet read-cluster c0 until 00:32:06\n"
                         "00:32:00 timer c0 hosts deadline\n"
                         "    persist\n"
                         "    FAIL deadline read-cluster c0\n");
}

/* With the scope "every host" the second host is checked as well. */
static void test_precheck_of_every_host(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    options.precheck = true;
    options.precheck_scope = RCE_PRECHECK_EVERY_HOST;
    struct teller teller;
    teller_init(&teller, &bare_plan, &options);
    reach_preparation(&teller);
    teller.is_silent = true;
    teller_answer(&teller, 0, RCE_ACCEPTED, 2);
    teller_callback(&teller, 30 * MIN, done(RCE_BACKUP, 2));
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_CLUSTER_READY);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    teller_callback(&teller, MIN, done(RCE_UPDATE_HOST, 5));
    teller_answer(&teller, S, RCE_ACCEPTED, 6);
    teller.is_silent = false;
    teller_callback(&teller, MIN, done(RCE_EXIT_MAINTENANCE, 6));
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_CLUSTER_READY);
    check_story(&teller, "00:33:04 callback exit-maintenance c0 h0 task 6 succeeded\n"
                         "    # callback-believed exit-maintenance c0 h0 task 6\n"
                         "    # step-ended exit-maintenance c0 h0\n"
                         "    persist\n"
                         "    # step-started read-cluster c0\n"
                         "    send #7 read-cluster c0 attempt 2\n"
                         "    set c0 hosts wait 00:43:04\n"
                         "    set c0 hosts deadline 03:33:04\n"
                         "00:33:05 response #7 state 1\n"
                         "    # step-ended read-cluster c0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started enter-maintenance c0 h1\n"
                         "    send #8 enter-maintenance c0 h1 attempt 1\n"
                         "    set c0 hosts deadline 01:33:05\n");
}

static void test_settle_waits_a_fixed_time(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    options.settle_ns = 10 * MIN;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_preparation(&teller);
    teller_answer_to(&teller, 2, RCE_ACCEPTED, 2);
    teller_answer_to(&teller, 3, RCE_ACCEPTED, 3);
    teller_callback(&teller, 15 * MIN, done(RCE_ADD_HOST, 2));
    teller_callback(&teller, 15 * MIN, done(RCE_BACKUP, 3));
    teller_fire(&teller);
    check_story(&teller, "00:00:00 response #2 accepted 2\n"
                         "    persist\n"
                         "00:00:00 response #3 accepted 3\n"
                         "    persist\n"
                         "00:15:00 callback add-host c0 temporary task 2 succeeded\n"
                         "    # callback-believed add-host c0 temporary task 2\n"
                         "    # step-ended add-host c0 temporary\n"
                         "    persist\n"
                         "    cancel c0 hosts deadline\n"
                         "00:30:00 callback backup c0 task 3 succeeded\n"
                         "    # callback-believed backup c0 task 3\n"
                         "    # step-ended backup c0\n"
                         "    persist\n"
                         "    cancel c0 backup deadline\n"
                         "    # settling enter-maintenance c0 h0 until 00:40:00\n"
                         "    set c0 hosts wait 00:40:00\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    # step-started enter-maintenance c0 h0\n"
                         "    send #4 enter-maintenance c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 01:40:00\n");
}

/* Retry: silence, the state is read, asked again without a key; the callback of the first attempt
 * comes late and is not believed, that of the second one is. */
static void test_late_callback_after_a_retry(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    teller_callback(&teller, S, done(RCE_ENTER_MAINTENANCE, 4));
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 5));
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:01 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:40:01\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:50:16\n"
                         "00:40:01 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    persist\n"
                         "00:40:02 response #6 accepted 5\n"
                         "    persist\n"
                         "00:40:03 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 4\n"
                         "00:41:03 callback enter-maintenance c0 h0 task 5 succeeded\n"
                         "    # callback-believed enter-maintenance c0 h0 task 5\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 4\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #7 update-host c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 03:41:03\n");
}

/* With a key both attempts are the same task, and its callback is believed once the answer says so.
 */
static void test_early_callback_with_a_key(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_PER_TASK);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, S, done(RCE_ENTER_MAINTENANCE, 4));
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:01 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:40:01\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2 key 0000000700160000\n"
                         "    set c0 hosts wait 00:50:16\n"
                         "00:40:01 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    persist\n"
                         "00:40:02 response #6 accepted 4\n"
                         "    persist\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #7 update-host c0 h0 attempt 1 key 00000007001a0000\n"
                         "    set c0 hosts deadline 03:40:02\n"
                         "00:40:03 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 4\n");
}

/* The callback was lost, the host is in maintenance: the read finds it out. */
static void test_read_finds_a_lost_callback(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_UNAVAILABLE, 0);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_HOST_IN_MAINTENANCE);
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:01 response #5 unavailable 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:40:16\n"
                         "00:40:16 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #6 read-host c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:50:16\n"
                         "00:40:17 response #6 state 2\n"
                         "    # state-believed enter-maintenance c0 h0\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #7 update-host c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 03:40:17\n");
}

/* Silence after silence: the second re-ask waits longer by the policy, the third is one too many,
 * and the deadline decides. */
static void test_silence_until_the_retries_are_spent(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    options.retry_policy.attempts_max = 3;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, 0, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    teller_answer(&teller, 0, RCE_ACCEPTED, 5);
    teller_fire(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    teller_answer(&teller, 0, RCE_ACCEPTED, 6);
    teller_fire(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    teller_fire(&teller);
    check_story(&teller, "00:30:00 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:00 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:40:00\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:50:15\n"
                         "00:40:00 response #6 accepted 5\n"
                         "    persist\n"
                         "00:50:15 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #7 read-host c0 h0 attempt 2\n"
                         "    set c0 hosts wait 01:00:15\n"
                         "00:50:15 response #7 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:50:15\n"
                         "    persist\n"
                         "    send #8 enter-maintenance c0 h0 attempt 3\n"
                         "    set c0 hosts wait 01:00:45\n"
                         "00:50:15 response #8 accepted 6\n"
                         "    persist\n"
                         "01:00:45 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #9 read-host c0 h0 attempt 3\n"
                         "    set c0 hosts wait 01:10:45\n"
                         "01:00:45 response #9 state 0\n"
                         "    persist\n"
                         "    # retries-spent enter-maintenance c0 h0\n"
                         "    cancel c0 hosts wait\n"
                         "01:30:00 timer c0 hosts deadline\n"
                         "    persist\n"
                         "    FAIL deadline enter-maintenance c0 h0\n");
}

/* After the last attempt a callback still ends the step. */
static void test_callback_after_the_retries_are_spent(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    options.retry_policy.attempts_max = 1;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, 0, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 4));
    check_story(&teller, "00:30:00 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:00 response #5 state 0\n"
                         "    persist\n"
                         "    # retries-spent enter-maintenance c0 h0\n"
                         "    cancel c0 hosts wait\n"
                         "00:41:00 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    persist\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #6 update-host c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 03:41:00\n");
}

static void test_duplicate_and_foreign_callbacks(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 4));
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 4));
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 9));
    teller_callback(&teller, 0, done(RCE_UPDATE_HOST, 4));
    teller_callback(&teller, 0, done(RCE_BACKUP, 3));
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_answer(&teller, 0, RCE_ACCEPTED, 5);
    teller_callback(&teller, MIN, done(RCE_UPDATE_HOST, 4));
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 4));
    check_story(&teller, "00:30:00 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    persist\n"
                         "00:30:00 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 4\n"
                         "00:30:00 callback enter-maintenance c0 h0 task 9 succeeded\n"
                         "    persist\n"
                         "00:30:00 callback update-host c0 h0 task 4 succeeded\n"
                         "    # callback-ignored update-host c0 h0 task 4\n"
                         "00:30:00 callback backup c0 task 3 succeeded\n"
                         "    # callback-ignored backup c0 task 3\n"
                         "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 9\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #5 update-host c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 03:30:01\n"
                         "00:30:01 response #5 accepted 5\n"
                         "    persist\n"
                         "00:31:01 callback update-host c0 h0 task 4 succeeded\n"
                         "    # callback-ignored update-host c0 h0 task 4\n"
                         "00:31:01 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    # callback-ignored enter-maintenance c0 h0 task 4\n");
}

/* An indefinite error fails the old engine; with retry it is read first, and asked again. */
static void test_indefinite_error(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_UNKNOWN, 0);
    teller_say(&teller, "with retry:\n");
    options = with_retry(RCE_KEY_PER_TASK);
    struct teller other;
    teller_init(&other, &plan, &options);
    reach_hosts(&other);
    teller_answer(&other, S, RCE_UNKNOWN, 0);
    teller_fire(&other);
    teller_answer(&other, S, RCE_STATE, 0);
    teller_answer(&other, S, RCE_ACCEPTED, 4);
    teller_say(&teller, "%s", other.text);
    check_story(&teller, "00:30:01 response #4 no-answer 0\n"
                         "    persist\n"
                         "    FAIL no-answer enter-maintenance c0 h0\n"
                         "with retry:\n"
                         "00:30:01 response #4 no-answer 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:16\n"
                         "00:30:16 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:40:16\n"
                         "00:30:17 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:30:17\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2 key 0000000700160000\n"
                         "    set c0 hosts wait 00:40:32\n"
                         "00:30:18 response #6 accepted 4\n"
                         "    persist\n");
}

/* Of an operation that no read can tell about, an unanswered request is made again after a while.
 */
static void test_indefinite_error_of_an_update(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_PER_ATTEMPT);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 4));
    teller.is_silent = false;
    teller_answer(&teller, S, RCE_UNKNOWN, 0);
    teller_callback(&teller, S, done(RCE_UPDATE_HOST, 5));
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    check_story(&teller, "00:31:02 response #5 no-answer 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:31:17\n"
                         "    # retry update-host c0 h0 until 00:31:17\n"
                         "00:31:03 callback update-host c0 h0 task 5 succeeded\n"
                         "    persist\n"
                         "00:31:17 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #6 update-host c0 h0 attempt 2 key 0000000700190002\n"
                         "00:31:18 response #6 accepted 5\n"
                         "    persist\n"
                         "    # callback-believed update-host c0 h0 task 5\n"
                         "    # step-ended update-host c0 h0\n"
                         "    # step-started exit-maintenance c0 h0\n"
                         "    send #7 exit-maintenance c0 h0 attempt 1 key 00000007001d0001\n"
                         "    set c0 hosts deadline 01:31:18\n");
}

/* 429 with Retry-After: at least as long as asked for. Without retry it is the end. */
static void test_throttled_with_retry_after(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_THROTTLED, 100);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_THROTTLED, 0);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_REFUSED, 0);
    check_story(&teller, "00:30:01 response #4 throttled 100\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:31:41\n"
                         "    # retry enter-maintenance c0 h0 until 00:31:41\n"
                         "00:31:41 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 enter-maintenance c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:41:56\n"
                         "00:31:42 response #5 throttled 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:32:12\n"
                         "    # retry enter-maintenance c0 h0 until 00:32:12\n"
                         "00:32:12 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 3\n"
                         "    set c0 hosts wait 00:42:42\n"
                         "00:32:13 response #6 refused 0\n"
                         "    persist\n"
                         "    FAIL refused enter-maintenance c0 h0\n");
}

/* Errors until the attempts are spent: there is nothing to wait for, the workflow fails. */
static void test_definite_errors_spend_the_attempts(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    options.retry_policy.attempts_max = 2;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_NOT_READY, 0);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_NOT_READY, 0);
    check_story(&teller, "00:30:01 response #4 not-ready 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:16\n"
                         "    # retry enter-maintenance c0 h0 until 00:30:16\n"
                         "00:30:16 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 enter-maintenance c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:40:31\n"
                         "00:30:17 response #5 not-ready 0\n"
                         "    persist\n"
                         "    FAIL not-ready enter-maintenance c0 h0\n");
}

/* A task that failed is asked for anew, under a new key where the key stands for the task. */
static void test_failed_task(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_PER_TASK);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, MIN, failed(RCE_ENTER_MAINTENANCE, 4));
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    teller_say(&teller, "without retry:\n");
    options = old_engine();
    struct teller other;
    teller_init(&other, &plan, &options);
    reach_hosts(&other);
    teller_answer(&other, S, RCE_ACCEPTED, 4);
    teller_callback(&other, MIN, failed(RCE_ENTER_MAINTENANCE, 4));
    teller_say(&teller, "%s", other.text);
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:31:01 callback enter-maintenance c0 h0 task 4 failed\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:31:16\n"
                         "    # retry enter-maintenance c0 h0 until 00:31:16\n"
                         "00:31:16 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 enter-maintenance c0 h0 attempt 2 key 0000000700160001\n"
                         "    set c0 hosts wait 00:41:31\n"
                         "00:31:17 response #5 accepted 5\n"
                         "    persist\n"
                         "without retry:\n"
                         "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:31:01 callback enter-maintenance c0 h0 task 4 failed\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    persist\n"
                         "    FAIL task-failed enter-maintenance c0 h0\n");
}

/* The re-ask is refused for now, and then the attempts are spent: the first task may still end the
 * step, and its failure ends the workflow, even if the budget has recovered meanwhile. */
static void test_spent_while_a_task_is_under_way(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    options.retry_policy.budget_capacity = 10;
    options.retry_policy.budget_cost = 10;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_answer(&teller, S, RCE_UNAVAILABLE, 0);
    teller.process.budget_tokens = 10;
    teller_callback(&teller, MIN, failed(RCE_ENTER_MAINTENANCE, 4));
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:01 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:40:01\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:50:16\n"
                         "00:40:02 response #6 unavailable 0\n"
                         "    persist\n"
                         "    # retries-spent enter-maintenance c0 h0\n"
                         "    cancel c0 hosts wait\n"
                         "00:41:02 callback enter-maintenance c0 h0 task 4 failed\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    persist\n"
                         "    FAIL task-failed enter-maintenance c0 h0\n");
}

/* The callback of the first attempt comes while the second one is out; that turns out not to have
 * been carried out, so the first is the one that counts. */
static void test_callback_before_a_refused_retry(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_callback(&teller, 0, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_UNAVAILABLE, 0);
    check_story(&teller, "00:30:01 response #4 accepted 4\n"
                         "    persist\n"
                         "00:40:00 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:50:00\n"
                         "00:40:01 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:40:01\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2\n"
                         "    set c0 hosts wait 00:50:16\n"
                         "00:40:01 callback enter-maintenance c0 h0 task 4 succeeded\n"
                         "    persist\n"
                         "00:40:02 response #6 unavailable 0\n"
                         "    # callback-believed enter-maintenance c0 h0 task 4\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #7 update-host c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 03:40:02\n");
}

/* The pre-check has a policy of its own, with or without retry. */
static void test_precheck_has_a_policy_of_its_own(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    options.precheck = true;
    options.precheck_poll =
        (struct rce_retry_policy){.base_ns = 7 * S, .multiplier_permille = 3000, .cap_ns = MIN};
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    teller_fire(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    teller_fire(&teller);
    teller_answer(&teller, 0, RCE_STATE, 0);
    check_story(&teller, "00:30:00 response #4 state 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:07\n"
                         "    # not-ready-yet read-cluster c0 until 00:30:07\n"
                         "00:30:07 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-cluster c0 attempt 2\n"
                         "    set c0 hosts wait 00:40:07\n"
                         "00:30:07 response #5 state 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:28\n"
                         "    # not-ready-yet read-cluster c0 until 00:30:28\n"
                         "00:30:28 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #6 read-cluster c0 attempt 3\n"
                         "    set c0 hosts wait 00:40:28\n"
                         "00:30:28 response #6 state 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:31:28\n"
                         "    # not-ready-yet read-cluster c0 until 00:31:28\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_path),
        cmocka_unit_test(test_dropped_request_meets_its_deadline),
        cmocka_unit_test(test_precheck_waits_until_ready),
        cmocka_unit_test(test_precheck_has_a_deadline),
        cmocka_unit_test(test_precheck_of_every_host),
        cmocka_unit_test(test_settle_waits_a_fixed_time),
        cmocka_unit_test(test_late_callback_after_a_retry),
        cmocka_unit_test(test_early_callback_with_a_key),
        cmocka_unit_test(test_read_finds_a_lost_callback),
        cmocka_unit_test(test_silence_until_the_retries_are_spent),
        cmocka_unit_test(test_callback_after_the_retries_are_spent),
        cmocka_unit_test(test_duplicate_and_foreign_callbacks),
        cmocka_unit_test(test_indefinite_error),
        cmocka_unit_test(test_indefinite_error_of_an_update),
        cmocka_unit_test(test_throttled_with_retry_after),
        cmocka_unit_test(test_definite_errors_spend_the_attempts),
        cmocka_unit_test(test_failed_task),
        cmocka_unit_test(test_spent_while_a_task_is_under_way),
        cmocka_unit_test(test_callback_before_a_refused_retry),
        cmocka_unit_test(test_precheck_has_a_policy_of_its_own),
    };
    return cmocka_run_group_tests_name("rce/stories", tests, NULL, NULL);
}
