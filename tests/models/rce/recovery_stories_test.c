/* Lives of workflows that go on after a failure, a crash or a change of the engine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/models/rce/stories.h"

/* The old engine failed; the fixed one takes the state over and is told to go on. */
static void test_redriven_by_the_fixed_engine(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller.is_silent = false;
    struct rce_options fixed = with_retry(RCE_KEY_PER_TASK);
    fixed.precheck = true;
    uint8_t saved[512];
    size_t size_bytes = rce_engine.save(teller.block, saved, sizeof saved);
    assert_true(size_bytes <= sizeof saved);
    assert_true(rce_engine.load(teller.block, &teller.process, &plan, &fixed, saved, size_bytes));
    teller.now_ns += 5 * MIN;
    teller_event(&teller, RCE_INPUT_ENGINE_CHANGED, "engine changed");
    teller_event(&teller, RCE_INPUT_REDRIVEN, "redriven");
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_CLUSTER_READY);
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    check_story(&teller, "01:35:00 engine changed\n"
                         "01:35:00 redriven\n"
                         "    persist\n"
                         "    # step-started read-cluster c0\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 01:45:00\n"
                         "    set c0 hosts deadline 04:35:00\n"
                         "01:35:01 response #5 state 0\n"
                         "    persist\n"
                         "    send #6 read-cluster c0 attempt 1\n"
                         "    set c0 hosts wait 01:45:01\n"
                         "01:35:02 response #6 state 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 01:35:17\n"
                         "    # not-ready-yet read-cluster c0 until 01:35:17\n"
                         "01:35:17 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #7 read-host c0 h0 attempt 2\n"
                         "    set c0 hosts wait 01:45:17\n"
                         "01:35:18 response #7 state 0\n"
                         "    persist\n"
                         "    send #8 read-cluster c0 attempt 2\n"
                         "    set c0 hosts wait 01:45:18\n"
                         "01:35:19 response #8 state 1\n"
                         "    # step-ended read-cluster c0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started enter-maintenance c0 h0\n"
                         "    send #9 enter-maintenance c0 h0 attempt 2 key 0000000700160001\n"
                         "    set c0 hosts wait 01:45:19\n"
                         "    set c0 hosts deadline 02:35:19\n"
                         "01:35:20 response #9 accepted 5\n"
                         "    persist\n");
}

/* A re-drive finds that the host got there in the meantime. */
static void test_redriven_when_the_host_is_in(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_PER_TASK);
    options.precheck = true;
    options.retry_after_ns = 100 * MIN;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_CLUSTER_READY);
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_fire(&teller);
    teller.is_silent = false;
    assert_int_equal(teller.status, RCE_FAILED);
    teller_event(&teller, RCE_INPUT_REDRIVEN, "redriven");
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_HOST_IN_MAINTENANCE);
    check_story(&teller, "01:30:01 redriven\n"
                         "    persist\n"
                         "    # step-started read-cluster c0\n"
                         "    send #6 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 03:10:01\n"
                         "    set c0 hosts deadline 04:30:01\n"
                         "01:30:02 response #6 state 2\n"
                         "    # step-ended read-cluster c0\n"
                         "    # state-believed enter-maintenance c0 h0\n"
                         "    # step-ended enter-maintenance c0 h0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #7 update-host c0 h0 attempt 1 key 00000007001a0000\n"
                         "    set c0 hosts deadline 04:30:02\n");
}

/* The new engine takes over a workflow that is stalled: it reads the silent host at once. */
static void test_engine_changed_in_the_silence(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller.is_silent = false;
    options = with_retry(RCE_KEY_PER_TASK);
    teller.now_ns += 20 * MIN;
    teller_event(&teller, RCE_INPUT_ENGINE_CHANGED, "engine changed");
    teller_fire(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    check_story(&teller, "00:50:01 engine changed\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:50:01\n"
                         "    set c0 hosts deadline 01:30:00\n"
                         "00:50:01 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 01:00:01\n"
                         "00:50:02 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:50:02\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2 key 0000000700160000\n"
                         "    set c0 hosts wait 01:00:17\n");
}

/* A crash between the effect and its record: the request was sent, its answer is lost. */
static void test_crash_before_the_answer_is_recorded(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_preparation(&teller);
    teller_crash(&teller);
    teller_answer_to(&teller, 2, RCE_ACCEPTED, 2);
    teller_answer_to(&teller, 4, RCE_ACCEPTED, 4);
    teller_crash(&teller);
    check_story(&teller, "00:00:00 resumed\n"
                         "    persist\n"
                         "    send #4 add-host c0 temporary attempt 2\n"
                         "    set c0 hosts deadline 03:00:00\n"
                         "    send #5 backup c0 attempt 2\n"
                         "    set c0 backup deadline 02:00:00\n"
                         "00:00:00 response #2 accepted 2\n"
                         "    # response-ignored task 2 #2\n"
                         "00:00:00 response #4 accepted 4\n"
                         "    persist\n"
                         "00:00:00 resumed\n"
                         "    persist\n"
                         "    set c0 hosts deadline 03:00:00\n"
                         "    send #6 backup c0 attempt 3\n"
                         "    set c0 backup deadline 02:00:00\n");
}

/* The watched request of a crashed engine is read before it is repeated; a pause is taken up again.
 */
static void test_crash_with_retry(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_PER_TASK);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_crash(&teller);
    teller_answer(&teller, S, RCE_STATE, 0);
    teller_answer(&teller, S, RCE_UNAVAILABLE, 0);
    teller_crash(&teller);
    teller_fire(&teller);
    check_story(&teller, "00:30:00 resumed\n"
                         "    persist\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:40:00\n"
                         "    set c0 hosts deadline 01:30:00\n"
                         "00:30:01 response #5 state 0\n"
                         "    # retry enter-maintenance c0 h0 until 00:30:01\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2 key 0000000700160000\n"
                         "    set c0 hosts wait 00:40:16\n"
                         "00:30:02 response #6 unavailable 0\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:32\n"
                         "    # retry enter-maintenance c0 h0 until 00:30:32\n"
                         "00:30:02 resumed\n"
                         "    persist\n"
                         "    set c0 hosts wait 00:30:32\n"
                         "    set c0 hosts deadline 01:30:00\n"
                         "00:30:32 timer c0 hosts wait\n"
                         "    persist\n"
                         "    send #7 enter-maintenance c0 h0 attempt 3 key 0000000700160000\n"
                         "    set c0 hosts wait 00:41:02\n");
}

/* A crash between the record of the end and the word: the word is repeated. */
static void test_crash_at_the_end(void **state)
{
    (void)state;
    struct rce_options options = old_engine();
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller_answer(&teller, S, RCE_REFUSED, 0);
    teller_crash(&teller);
    teller_event(&teller, RCE_INPUT_START, "start");
    check_story(&teller, "00:30:01 response #4 refused 0\n"
                         "    persist\n"
                         "    FAIL refused enter-maintenance c0 h0\n"
                         "00:30:01 resumed\n"
                         "    FAIL refused enter-maintenance c0 h0\n"
                         "00:30:01 start\n");
}

/* With retry alone a re-drive reads the host and then asks, whatever was spent before. */
static void test_redriven_with_retry_alone(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_PER_TASK);
    options.retry_policy.attempts_max = 1;
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_REFUSED, 0);
    teller.is_silent = false;
    teller_event(&teller, RCE_INPUT_REDRIVEN, "redriven");
    teller_answer(&teller, S, RCE_STATE, 0);
    check_story(&teller, "00:30:01 redriven\n"
                         "    persist\n"
                         "    # step-started enter-maintenance c0 h0\n"
                         "    send #5 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:40:01\n"
                         "    set c0 hosts deadline 01:30:01\n"
                         "00:30:02 response #5 state 0\n"
                         "    persist\n"
                         "    send #6 enter-maintenance c0 h0 attempt 2 key 0000000700160001\n"
                         "    set c0 hosts wait 00:40:02\n");
}

/* The update had been done when the workflow failed: a re-drive does not do it twice. */
static void test_redriven_when_the_host_is_updated(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_ACCEPTED, 5);
    teller_fire(&teller);
    teller.is_silent = false;
    assert_int_equal(teller.status, RCE_FAILED);
    teller_event(&teller, RCE_INPUT_REDRIVEN, "redriven");
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_HOST_IN_MAINTENANCE | RCE_STATE_HOST_UPDATED);
    check_story(&teller, "03:31:01 redriven\n"
                         "    persist\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #6 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 03:41:01\n"
                         "    set c0 hosts deadline 06:31:01\n"
                         "03:31:02 response #6 state 6\n"
                         "    # state-believed update-host c0 h0\n"
                         "    # step-ended update-host c0 h0\n"
                         "    persist\n"
                         "    cancel c0 hosts wait\n"
                         "    # step-started exit-maintenance c0 h0\n"
                         "    send #7 exit-maintenance c0 h0 attempt 1\n"
                         "    set c0 hosts deadline 04:31:02\n");
}

/* In maintenance, but not updated: the update is asked for again. */
static void test_redriven_when_the_host_is_not_updated(void **state)
{
    (void)state;
    struct rce_options options = with_retry(RCE_KEY_NONE);
    struct teller teller;
    teller_init(&teller, &plan, &options);
    reach_hosts(&teller);
    teller.is_silent = true;
    teller_answer(&teller, S, RCE_ACCEPTED, 4);
    teller_callback(&teller, MIN, done(RCE_ENTER_MAINTENANCE, 4));
    teller_answer(&teller, S, RCE_REFUSED, 0);
    teller.is_silent = false;
    teller_event(&teller, RCE_INPUT_REDRIVEN, "redriven");
    teller_answer(&teller, S, RCE_STATE, RCE_STATE_HOST_IN_MAINTENANCE);
    check_story(&teller, "00:31:02 redriven\n"
                         "    persist\n"
                         "    # step-started update-host c0 h0\n"
                         "    send #6 read-host c0 h0 attempt 1\n"
                         "    set c0 hosts wait 00:41:02\n"
                         "    set c0 hosts deadline 03:31:02\n"
                         "00:31:03 response #6 state 2\n"
                         "    persist\n"
                         "    send #7 update-host c0 h0 attempt 2\n"
                         "    cancel c0 hosts wait\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redriven_by_the_fixed_engine),
        cmocka_unit_test(test_redriven_when_the_host_is_in),
        cmocka_unit_test(test_engine_changed_in_the_silence),
        cmocka_unit_test(test_crash_before_the_answer_is_recorded),
        cmocka_unit_test(test_crash_with_retry),
        cmocka_unit_test(test_crash_at_the_end),
        cmocka_unit_test(test_redriven_with_retry_alone),
        cmocka_unit_test(test_redriven_when_the_host_is_updated),
        cmocka_unit_test(test_redriven_when_the_host_is_not_updated),
    };
    return cmocka_run_group_tests_name("rce/recovery_stories", tests, NULL, NULL);
}
