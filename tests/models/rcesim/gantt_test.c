#include "models/rcesim/result/gantt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/rce/rce.h"
#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "models/vmc/world.h"
#include "sim/base/units.h"

enum { FAILED = 1, DROPPED = 0, PROVISIONING = 1, CONNECTED = 2, READY = 3 };

struct told {
    struct arena *arena;
    struct trace *trace;
};

static struct told begin(void)
{
    struct trace_options options = {
        .level = TRACE_STEP, .types = vmc_trace_types, .type_count = vmc_trace_type_count};
    struct arena *arena = arena_create("test", 0);
    return (struct told){arena, trace_create(arena, &options)};
}

static void tell(struct told *told, int64_t min, enum story_type type, uint32_t subject,
                 const uint64_t values[2])
{
    struct trace_record record = {.time_ns = min * UNITS_MIN,
                                  .type = (uint16_t)type,
                                  .level = TRACE_STEP,
                                  .subject = subject,
                                  .values = {values[0], values[1]}};
    trace_add(told->trace, &record);
}

#define TELL(told, min, type, subject, a, b)                                                       \
    tell(told, min, type, subject, (const uint64_t[]){(uint64_t)(a), (uint64_t)(b)})

/* The incident: maintenance is asked for at 100 min, the temporary host is ready at 110. */
static struct told tell_incident(void)
{
    struct told told = begin();
    uint32_t temporary = entity_of_host(0, 0, ENTITY_TEMPORARY_HOST);
    uint32_t host = entity_of_host(0, 0, 0);
    TELL(&told, 60, STORY_NOTE, temporary, RCE_NOTE_STEP_STARTED, RCE_ADD_HOST);
    TELL(&told, 60, STORY_SEND, temporary, RCE_ADD_HOST, 1);
    TELL(&told, 60, STORY_HOST, temporary, 0, PROVISIONING);
    TELL(&told, 100, STORY_HOST, temporary, PROVISIONING, CONNECTED);
    TELL(&told, 100, STORY_NOTE, temporary, RCE_NOTE_STEP_ENDED, RCE_ADD_HOST);
    TELL(&told, 100, STORY_NOTE, host, RCE_NOTE_STEP_STARTED, RCE_ENTER_MAINTENANCE);
    TELL(&told, 100, STORY_SEND, host, RCE_ENTER_MAINTENANCE, 1);
    TELL(&told, 101, STORY_TASK, host, RCE_ENTER_MAINTENANCE, DROPPED);
    TELL(&told, 110, STORY_HOST, temporary, CONNECTED, READY);
    TELL(&told, 110, STORY_READY, entity_of_cluster(0, 0), 1, 0);
    TELL(&told, 160, STORY_ENDED, host, FAILED, 0);
    return told;
}

/* The bars of a lane as text: "0-40 provisioning; 40-50 connected", in minutes since the origin. */
static const char *lane(const struct told *told, const struct gantt_frame *frame, const char *name)
{
    struct gantt_bars bars = gantt_cut(told->arena, told->trace, frame);
    const char *text = "";
    for (size_t i = 0; i < bars.count; i++)
        if (strcmp(bars.bars[i].lane, name) == 0)
            text = arena_print(told->arena, "%s%s%g-%g %s", text, *text == '\0' ? "" : "; ",
                               (double)(bars.bars[i].from_ns - frame->origin_ns) / UNITS_MIN,
                               (double)(bars.bars[i].to_ns - frame->origin_ns) / UNITS_MIN,
                               bars.bars[i].state);
    return text;
}

static void incident_has_its_frame_and_moments(void **state)
{
    (void)state;
    struct told told = tell_incident();
    struct gantt_frame frame;
    assert_true(gantt_find_frame(told.trace, &frame));
    assert_int_equal(frame.cluster, 0);
    assert_int_equal(frame.host_count, 1);
    assert_string_equal(frame.origin, "the temporary host was asked for");
    assert_int_equal(frame.origin_ns, 60 * UNITS_MIN);
    assert_int_equal(frame.moment_count, 2);
    assert_string_equal(frame.moments[0].label, "request dropped: cluster not ready");
    assert_int_equal(frame.moments[0].at_ns, 101 * UNITS_MIN);
    assert_string_equal(frame.moments[1].label, "workflow failed");
    assert_int_equal(frame.moments[1].at_ns, 160 * UNITS_MIN);
    arena_destroy(told.arena);
}

static void lanes_have_the_states_of_the_story(void **state)
{
    (void)state;
    struct told told = tell_incident();
    struct gantt_frame frame;
    assert_true(gantt_find_frame(told.trace, &frame));
    assert_string_equal(lane(&told, &frame, "engine"), "0-40 add-host; 40-100 enter-maintenance");
    assert_string_equal(lane(&told, &frame, "temporary host"),
                        "0-40 provisioning; 40-50 connected; 50-105 ready");
    assert_string_equal(lane(&told, &frame, "cluster"), "50-105 ready; 0-50 not ready");
    assert_string_equal(lane(&told, &frame, "host 0"), "0-105 ready");
    assert_string_equal(lane(&told, &frame, "host 1"), "");
    arena_destroy(told.arena);
}

/* Hosts that only another life came to have lanes, but not more than there is room for. */
static void hosts_of_another_life_have_lanes(void **state)
{
    (void)state;
    struct told told = tell_incident(), other = begin();
    struct gantt_frame frame;
    assert_true(gantt_find_frame(told.trace, &frame));
    TELL(&other, 120, STORY_HOST, entity_of_host(0, 0, 11), READY, 4);
    TELL(&other, 120, STORY_HOST, entity_of_host(0, 1, 13), READY, 4);
    gantt_count_hosts(other.trace, &frame);
    assert_int_equal(frame.host_count, 12);
    assert_string_equal(lane(&told, &frame, "host 7"), "0-105 ready");
    assert_string_equal(lane(&told, &frame, "host 8"), "");
    arena_destroy(told.arena);
    arena_destroy(other.arena);
}

/* A step that failed is over, also where the workflow is driven again afterwards. */
static void what_was_open_ends_with_the_drive(void **state)
{
    (void)state;
    struct told told = tell_incident();
    struct gantt_frame frame;
    uint32_t host = entity_of_host(0, 0, 0);
    assert_true(gantt_find_frame(told.trace, &frame));
    frame.to_ns = 240 * UNITS_MIN;
    TELL(&told, 200, STORY_NOTE, host, RCE_NOTE_STEP_STARTED, RCE_ENTER_MAINTENANCE);
    TELL(&told, 210, STORY_NOTE, host, RCE_NOTE_STEP_ENDED, RCE_ENTER_MAINTENANCE);
    assert_string_equal(lane(&told, &frame, "engine"),
                        "0-40 add-host; 40-100 enter-maintenance; 140-150 enter-maintenance");
    arena_destroy(told.arena);
}

/* Of an answer that fails again and again, the first of the step is the moment, and the picture
 * begins with the step at the latest. */
static void first_of_many_answers_is_the_moment(void **state)
{
    (void)state;
    struct told told = begin();
    struct gantt_frame frame;
    uint32_t sddc = entity_of_sddc(0);
    TELL(&told, 0, STORY_NOTE, sddc, RCE_NOTE_STEP_STARTED, RCE_UPGRADE_CONTROL_PLANE);
    TELL(&told, 1, STORY_ANSWER, sddc, RCE_UPGRADE_CONTROL_PLANE, RCE_THROTTLED);
    TELL(&told, 180, STORY_NOTE, sddc, RCE_NOTE_STEP_ENDED, RCE_UPGRADE_CONTROL_PLANE);
    TELL(&told, 500, STORY_NOTE, sddc, RCE_NOTE_STEP_STARTED, RCE_UPGRADE_NETWORK);
    for (int min = 501; min < 740; min++)
        TELL(&told, min, STORY_ANSWER, sddc, RCE_UPGRADE_NETWORK, RCE_THROTTLED);
    TELL(&told, 740, STORY_ENDED, sddc, FAILED, 0);
    assert_true(gantt_find_frame(told.trace, &frame));
    assert_int_equal(frame.cluster, ENTITY_NO_CLUSTER);
    assert_string_equal(frame.moments[0].label, "throttled");
    assert_int_equal(frame.moments[0].at_ns, 501 * UNITS_MIN);
    assert_true(frame.from_ns <= 500 * UNITS_MIN);
    assert_non_null(strstr(lane(&told, &frame, "engine"), "500-740 upgrade-network"));
    assert_string_equal(lane(&told, &frame, "host 0"), "");
    arena_destroy(told.arena);
}

static void without_a_failure_there_is_no_frame(void **state)
{
    (void)state;
    struct told told = begin();
    struct gantt_frame frame;
    TELL(&told, 60, STORY_SEND, entity_of_host(0, 0, 0), RCE_ADD_HOST, 1);
    TELL(&told, 90, STORY_ENDED, entity_of_sddc(0), 0, 0);
    assert_false(gantt_find_frame(told.trace, &frame));
    arena_destroy(told.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incident_has_its_frame_and_moments),
        cmocka_unit_test(lanes_have_the_states_of_the_story),
        cmocka_unit_test(hosts_of_another_life_have_lanes),
        cmocka_unit_test(what_was_open_ends_with_the_drive),
        cmocka_unit_test(first_of_many_answers_is_the_moment),
        cmocka_unit_test(without_a_failure_there_is_no_frame),
    };
    return cmocka_run_group_tests_name("rcesim/gantt", tests, NULL, NULL);
}
