/* Schedules as text: what is printed is read as the same, what is wrong is said with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/vmc/entity.h"
#include "models/vmc/model.h"
#include "models/vmc/purpose.h"
#include "sim/base/units.h"
#include "sim/chance/draw.h"
#include "sim/explore/schedule.h"

#define HEAD "schedule 1\n"

static bool parse(struct schedule *schedule, struct arena *arena, const char *text,
                  struct error *error)
{
    return schedule_parse(schedule, arena, &vmc_model, "a.sched", text, strlen(text), error);
}

static char *print(const struct schedule *schedule, const char *comment)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    schedule_print(schedule, &vmc_model, comment, file);
    fclose(file);
    return text;
}

static void test_header(void **state)
{
    (void)state;
    static const char text[] = "# A comment.\r\n"
                               "\n"
                               "schedule 1   # the format\n"
                               "scenario ../a b.yaml\n"
                               "hash 0123456789abcdef\n"
                               "set fleet.sddcs=1\n"
                               "set \"question=a \\\"b\\\" # c\"\n"
                               "variant before\n"
                               "engine rce 1.0\n"
                               "digest ffffffffffffffff\n"
                               "seed 20261123\n"
                               "slack 30s\n"
                               "counts safety\n"
                               "expect fails\tdeadline of\tenter-maintenance,  cluster not ready \n"
                               "  sddc0/cluster0   connect  @0 =  25min40s p=0.0123   # slow\n"
                               "sddc0/cluster0/host1 callback loss of update-host @2=yes";
    struct arena *arena = arena_create("test", 0);
    struct schedule schedule;
    struct error error;
    if (!parse(&schedule, arena, text, &error))
        fail_msg("%s", error.message);
    assert_string_equal(schedule.scenario, "../a b.yaml");
    assert_true(schedule.has_hash && schedule.hash == UINT64_C(0x0123456789abcdef));
    assert_int_equal(schedule.set_count, 2);
    assert_string_equal(schedule.sets[0], "fleet.sddcs=1");
    assert_string_equal(schedule.sets[1], "question=a \"b\" # c");
    assert_string_equal(schedule.variant, "before");
    assert_string_equal(schedule.engine, "rce 1.0");
    assert_true(schedule.has_digest && schedule.engine_digest == UINT64_MAX);
    assert_true(schedule.has_seed && schedule.seed == 20261123);
    assert_true(schedule.slack_ns == 30 * UNITS_S && schedule.scope == PROBE_SAFETY);
    assert_int_equal(schedule.expectation, SCHEDULE_EXPECT_FAIL);
    assert_true(schedule.signature != 0);
    assert_int_equal(schedule.item_count, 2);
    const struct schedule_item *slow = &schedule.items[0], *lost = &schedule.items[1];
    assert_int_equal(slow->deviation.name.entity, entity_of_cluster(0, 0));
    assert_int_equal(slow->deviation.name.purpose, PURPOSE_CONNECT);
    assert_int_equal(slow->deviation.name.occurrence, 0);
    assert_true(slow->deviation.value == 25 * UNITS_MIN + 40 * UNITS_S);
    assert_int_equal(slow->form, SCHEDULE_DURATION);
    assert_true(slow->probability == 0.0123);
    assert_int_equal(slow->place.line, 15);
    assert_int_equal(slow->place.column, 3);
    assert_int_equal(lost->deviation.name.entity, entity_of_host(0, 0, 1));
    assert_int_equal(lost->deviation.name.occurrence, 2);
    assert_int_equal(lost->form, SCHEDULE_FLAG);
    assert_int_equal(lost->deviation.value, 1);
    assert_true(lost->probability < 0);
    arena_destroy(arena);
}

/* Each error has its place: line and column, counted in characters. */
static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "a.sched: this is no schedule"},
        {"variant x\n", "a.sched:1:1: the first statement is \"schedule 1\""},
        {"sddc0 start @0 = 0.5\n", "a.sched:1:1: the first statement"},
        {"schedule 7\n", "a.sched:1:10: this is a schedule of format 7"},
        {"schedule one\n", "a.sched:1:10: "},
        {HEAD HEAD, "a.sched:2:1: \"schedule\" stands here a second time"},
        {HEAD "variant\n", "a.sched:2:8: a text is missing"},
        {HEAD "variant \"a\n", "a.sched:2:9: the quotes are not closed"},
        {HEAD "variant \"a\\b\"\n", "a.sched:2:11: after \\ only"},
        {HEAD "variant \"a\" b\n", "a.sched:2:13: there is more behind the quotes"},
        {HEAD "hash 123\n", "a.sched:2:6: expected 16 digits"},
        {HEAD "hash 0123456789ABCDEF\n", "a.sched:2:6: expected 16 digits"},
        {HEAD "hash 0123456789abcdef 0\n", "a.sched:2:23: there is more behind what \"hash\""},
        {HEAD "set fleet.sddcs\n", "a.sched:2:5: expected path=value"},
        {HEAD "seed -1\n", "a.sched:2:6: expected a number from 0"},
        {HEAD "slack 5\n", "a.sched:2:7: "},
        {HEAD "slack -5s\n", "a.sched:2:7: the slack is 0s or more"},
        {HEAD "counts none\n", "a.sched:2:8: expected all, safety or failure"},
        {HEAD "sddc0/cluster0 connect\n",
         "a.sched:2:16: expected a draw, @ and its occurrence, such "
         "as \"connect @0 = VALUE\""},
        {HEAD "expect luck\n", "a.sched:2:8: expected passes, or fails"},
        {HEAD "expect fails so\n", "a.sched:2:14: the model cannot fail like that"},
        {HEAD "varaint a\n", "a.sched:2:1: there is no statement \"varaint\"; did you mean"},
        {HEAD "sddc0/cluster0 connect = 5s\n", "a.sched:2:16: expected a draw, @"},
        {HEAD "sddc0/cluster0 conect @0 = 5s\n",
         "a.sched:2:16: there is no draw \"conect\"; did you mean \"connect\"?"},
        {HEAD "sddc0/clutser0 connect @0 = 5s\n", "a.sched:2:1: \"sddc0/clutser0\" is nothing"},
        {HEAD "sddc0/cluster0 connect @x = 5s\n", "a.sched:2:25: "},
        {HEAD "sddc0/cluster0 connect @4294967296 = 5s\n", "a.sched:2:25: expected a number"},
        {HEAD "sddc0/cluster0 connect @0 5s\n", "a.sched:2:27: expected ="},
        {HEAD "sddc0/cluster0 connect @0 =\n", "a.sched:2:28: the value is missing"},
        {HEAD "sddc0/cluster0 connect @0 = # 5s\n", "the value is missing"},
        {HEAD "sddc0/cluster0 connect @0 = 5sec\n", "a.sched:2:29: "},
        {HEAD "sddc0/cluster0 connect @0 = -5s\n", "a.sched:2:29: a delay is 0s or more"},
        {HEAD "sddc0/cluster0 connect @0 = 101000d\n", "a.sched:2:29: "},
        {HEAD "sddc0/cluster0 connect @0 = 1.5\n", "a.sched:2:29: a fraction lies between"},
        {HEAD "sddc0/cluster0 connect @0 = 0xg\n", "a.sched:2:29: expected 0x"},
        {HEAD "sddc0/cluster0 connect @0 = 5s 3\n", "a.sched:2:32: expected nothing more"},
        {HEAD "sddc0/cluster0 connect @0 = 5s p=2\n", "a.sched:2:34: a probability"},
        {HEAD "sddc0/cluster0 connect @0 = 5s p=0.1 p=0.2\n", "a.sched:2:38: there is more"},
        {HEAD "sddc0/cluster0 connect @0 = 5s\n\nsddc0/cluster0 boot @0 = 1s\n"
              "sddc0/cluster0 connect @0 = 6s\n",
         "a.sched:5:1: this draw has a value already, in line 2"},
        {HEAD "variant \xff\n", "a.sched:2: this is not UTF-8"},
        {HEAD "variant \xc3\xa4 # \xc3\xa4\nvariant \xc3\xa4\n", "a.sched:3:1: \"variant\" stands"},
        {HEAD "set \xc3\xa4 \xc3\xa4\n", "a.sched:2:5: expected path=value"},
        {HEAD "engine \"\xc3\xa4\" x\n", "a.sched:2:12: there is more behind the quotes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create("test", 0);
        struct schedule schedule = {.seed = 77};
        struct error error = {0};
        bool is_parsed = parse(&schedule, arena, rows[i].text, &error);
        if (is_parsed || strstr(error.message, rows[i].message) == NULL)
            fail_msg("\"%s\"\nwas to be \"%s\",\nis \"%s\"", rows[i].text, rows[i].message,
                     is_parsed ? "taken" : error.message);
        assert_int_equal(error.code, ERROR_SCENARIO);
        assert_true(schedule.seed == 77); /* Untouched. */
        arena_destroy(arena);
    }
}

/* The mark stands below the place, also in a long line of wide characters. */
static void test_mark(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct schedule schedule;
    struct error error;
    assert_false(parse(&schedule, arena, HEAD "\tsddc0 start @0 = 5x\n", &error));
    const char *line = strstr(error.message, "    2 | ");
    assert_non_null(line);
    const char *mark = strchr(line, '\n') + 1;
    assert_int_equal(strchr(mark, '^') - mark, strstr(line, "5x") - line);
    arena_destroy(arena);
}

/* A random uniform of this test. */
static uint64_t bits(uint32_t round, uint32_t what)
{
    return draw_bits(20261123, round, (struct draw_name){what, 1, 0});
}

static const char *const texts[] = {"a",    "../a b.yaml", "#a",      "a #b",
                                    "a\"b", "\"",          "tab\tin", "line\nin",
                                    " led", "trailed ",    "a\\nb",   "\xc3\xa4 \xe2\x82\xac"};
enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };

static struct schedule_item random_item(uint32_t round, uint32_t index)
{
    size_t purpose_count = 0;
    while (vmc_purposes[purpose_count].name != NULL)
        purpose_count++;
    uint64_t a = bits(round, 100 + 4 * index), b = bits(round, 101 + 4 * index);
    uint64_t c = bits(round, 102 + 4 * index);
    struct schedule_item item = {
        .form = (enum schedule_form)(a % SCHEDULE_FORM_COUNT),
        .probability = a >> 8 & 1 ? -1 : (double)(1 + (a >> 16) % 999) / 1000,
    };
    item.deviation.name = (struct draw_name){
        .entity = entity_of_host((uint32_t)(b % 2000), b >> 16 & 7, b >> 24 & 7),
        .purpose = vmc_purposes[(b >> 32) % purpose_count].number,
        .occurrence = (uint32_t)(c >> 40 & 1 ? c : index),
    };
    if (item.deviation.name.purpose == PURPOSE_REGION_OUTAGE_GAP ||
        item.deviation.name.purpose == PURPOSE_REGION_OUTAGE_DURATION)
        item.deviation.name.entity = b & 15;
    uint64_t d = bits(round, 103 + 4 * index) >> (c % 60);
    switch (item.form) {
    case SCHEDULE_DURATION:
        item.deviation.value = (int64_t)(d % (uint64_t)DIST_DURATION_MAX_NS);
        break;
    case SCHEDULE_FLAG: item.deviation.value = d & 1; break;
    case SCHEDULE_NUMBER: item.deviation.value = (int64_t)(d >> 12) * (c & 1 ? 1 : -1); break;
    case SCHEDULE_FRACTION: item.deviation.value = (int64_t)(d >> 12); break;
    case SCHEDULE_BITS:
    case SCHEDULE_FORM_COUNT: item.deviation.value = (int64_t)d; break;
    }
    return item;
}

static const char *random_text(uint32_t round, uint32_t what)
{
    uint64_t value = bits(round, what);
    return value >> 32 & 1 ? NULL : texts[value % TEXT_COUNT];
}

static struct schedule random_schedule(struct arena *arena, uint32_t round)
{
    struct schedule schedule = {
        .scenario = random_text(round, 1),
        .variant = random_text(round, 2),
        .engine = random_text(round, 3),
        .has_hash = bits(round, 4) & 1,
        .has_digest = bits(round, 5) & 1,
        .has_seed = bits(round, 6) & 1,
        .scope = (enum probe_scope)(bits(round, 7) % PROBE_SCOPE_COUNT),
        .slack_ns = bits(round, 8) & 1 ? (int64_t)(bits(round, 9) % (uint64_t)UNITS_D) : 0,
        .expectation = (enum schedule_expectation)(bits(round, 10) % 3),
        .item_count = bits(round, 11) % 20,
    };
    schedule.hash = schedule.has_hash ? bits(round, 12) : 0;
    schedule.engine_digest = schedule.has_digest ? bits(round, 13) : 0;
    schedule.seed = schedule.has_seed ? bits(round, 14) >> 1 : 0;
    if (schedule.expectation == SCHEDULE_EXPECT_FAIL && (bits(round, 15) & 1) != 0) {
        const struct model_explore *explore = vmc_model.explore;
        schedule.signature = finding_signature(&(struct model_finding){
            .kind = (uint32_t)(bits(round, 16) % explore->finding_count),
            .step = (uint32_t)(bits(round, 17) % explore->step_count),
            .state = (uint32_t)(bits(round, 18) % explore->state_count),
        });
    }
    schedule.sets = arena_take_array(arena, 4, sizeof *schedule.sets);
    schedule.set_count = bits(round, 19) % 4;
    for (uint32_t i = 0; i < schedule.set_count; i++)
        schedule.sets[i] = arena_print(arena, "a=%s", texts[bits(round, 20 + i) % TEXT_COUNT]);
    schedule.items = arena_take_array(arena, schedule.item_count + 1, sizeof *schedule.items);
    for (uint32_t i = 0; i < schedule.item_count; i++)
        schedule.items[i] = random_item(round, i);
    return schedule;
}

static void assert_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        assert_true(a == b);
    else
        assert_string_equal(a, b);
}

static void assert_same(const struct schedule *a, const struct schedule *b)
{
    assert_same_text(a->scenario, b->scenario);
    assert_same_text(a->variant, b->variant);
    assert_same_text(a->engine, b->engine);
    assert_true(a->has_hash == b->has_hash && a->hash == b->hash);
    assert_true(a->has_digest == b->has_digest && a->engine_digest == b->engine_digest);
    assert_true(a->has_seed == b->has_seed && a->seed == b->seed);
    assert_true(a->scope == b->scope && a->slack_ns == b->slack_ns);
    assert_true(a->expectation == b->expectation && a->signature == b->signature);
    assert_int_equal(a->set_count, b->set_count);
    for (size_t i = 0; i < a->set_count; i++)
        assert_string_equal(a->sets[i], b->sets[i]);
    assert_int_equal(a->item_count, b->item_count);
    for (size_t i = 0; i < a->item_count; i++) {
        const struct schedule_item *x = &a->items[i], *y = &b->items[i];
        assert_memory_equal(&x->deviation.name, &y->deviation.name, sizeof x->deviation.name);
        if (x->deviation.value != y->deviation.value || x->form != y->form)
            fail_msg("%lld of form %d became %lld of form %d", (long long)x->deviation.value,
                     x->form, (long long)y->deviation.value, y->form);
        assert_true(x->probability == y->probability);
    }
}

static void test_printing_and_parsing(void **state)
{
    (void)state;
    enum { ROUNDS = 3000 };
    uint32_t item_count = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct arena *arena = arena_create("test", 0);
        struct schedule schedule = random_schedule(arena, round), parsed;
        struct error error;
        char *text = print(&schedule, "Two lines\n# of comment.");
        /* Two of the draws may be the same by chance; that is refused and no matter here. */
        bool is_parsed = parse(&parsed, arena, text, &error);
        if (!is_parsed && strstr(error.message, "has a value already") == NULL)
            fail_msg("round %u: %s", round, error.message);
        if (is_parsed) {
            assert_same(&schedule, &parsed);
            char *again = print(&parsed, "Two lines\n# of comment.");
            assert_string_equal(text, again);
            free(again);
            item_count += (uint32_t)parsed.item_count;
        }
        free(text);
        arena_destroy(arena);
    }
    assert_true(item_count > ROUNDS);
}

static struct oracle_asked asked_delay(const struct dist *dist)
{
    return (struct oracle_asked){
        .name = {entity_of_cluster(0, 0), PURPOSE_CONNECT, 0}, .kind = ORACLE_DELAY, .dist = dist};
}

/* What a run says about an item, for each thing that it can say. */
static void test_judging(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct dist_options options = {.dimension = DIST_DURATION};
    const struct dist *dist = dist_parse(arena, "uniform(10min, 20min)", &options, NULL, NULL);
    struct oracle_asked asked = asked_delay(dist);
    const struct {
        int64_t value;
        enum schedule_form form;
        double probability;
        uint32_t occurrence;
        enum schedule_state expected;
    } rows[] = {
        {18 * UNITS_MIN, SCHEDULE_DURATION, -1, 0, SCHEDULE_USED},
        {18 * UNITS_MIN, SCHEDULE_DURATION, 0.2, 0, SCHEDULE_USED},
        {18 * UNITS_MIN, SCHEDULE_DURATION, 0.201, 0, SCHEDULE_USED},
        {18 * UNITS_MIN, SCHEDULE_DURATION, 0.21, 0, SCHEDULE_MISMATCH},
        {18 * UNITS_MIN, SCHEDULE_NUMBER, -1, 0, SCHEDULE_FORM_WRONG},
        {18 * UNITS_MIN, SCHEDULE_DURATION, -1, 1, SCHEDULE_UNUSED},
        {20 * UNITS_MIN, SCHEDULE_DURATION, -1, 0, SCHEDULE_USED},
        {21 * UNITS_MIN, SCHEDULE_DURATION, -1, 0, SCHEDULE_IMPOSSIBLE},
        {9 * UNITS_MIN, SCHEDULE_DURATION, -1, 0, SCHEDULE_IMPOSSIBLE},
        {15 * UNITS_MIN, SCHEDULE_DURATION, -1, 0, SCHEDULE_TYPICAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct schedule_item item = {
            .deviation = {asked.name, rows[i].value},
            .form = rows[i].form,
            .probability = rows[i].probability,
        };
        item.deviation.name.occurrence = rows[i].occurrence;
        const struct oracle_asked *found;
        assert_int_equal(schedule_judge(&item, &asked, 1, &found), rows[i].expected);
        assert_true((found != NULL) == (rows[i].occurrence == 0));
    }
    arena_destroy(arena);
}

/* Items of deviations know form and probability from what was asked. */
static void test_items(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct dist_options options = {.dimension = DIST_DURATION};
    struct oracle_asked asked =
        asked_delay(dist_parse(arena, "uniform(10min, 20min)", &options, NULL, NULL));
    struct deviation deviations[] = {
        {asked.name, 18 * UNITS_MIN},
        {{entity_of_sddc(0), PURPOSE_START, 0}, 1},
    };
    struct schedule_item *items = schedule_items(arena, deviations, 2, &asked, 1);
    assert_int_equal(items[0].form, SCHEDULE_DURATION);
    assert_true(items[0].probability > 0.1999 && items[0].probability < 0.2001);
    assert_true(items[1].probability < 0);
    assert_string_equal(schedule_print_deviation(arena, &vmc_model, &deviations[0], items[0].form),
                        "sddc0/cluster0 connect @0 = 18min");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),  cmocka_unit_test(test_errors),
        cmocka_unit_test(test_mark),    cmocka_unit_test(test_printing_and_parsing),
        cmocka_unit_test(test_judging), cmocka_unit_test(test_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
