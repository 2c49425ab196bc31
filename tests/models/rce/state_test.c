/* Saved states: what comes back is the same, and what does not fit is refused without a trace. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/models/rce/damage.h"
#include "tests/models/rce/obedient.h"

static const struct rce_cluster_plan two_clusters[] = {{.hosts_count = 2, .temporary_host = true},
                                                       {.hosts_count = 3, .temporary_host = false}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 2, .clusters = two_clusters};

enum { SAVED_MAX = 1024 };

struct saved {
    size_t size_bytes;
    uint8_t bytes[SAVED_MAX];
};

static void save(const struct obedient *driver, struct saved *saved)
{
    saved->size_bytes = rce_engine.save(driver->block, saved->bytes, sizeof saved->bytes);
    assert_in_range(saved->size_bytes, 1, SAVED_MAX);
}

/* A driver that has come `steps_count` steps far. */
static void drive(struct obedient *driver, const struct rce_options *options, int steps_count)
{
    obedient_init(driver, &plan, options);
    for (int i = 0; i < steps_count; i++)
        obedient_step(driver);
}

/* At every place of the plain path: saved, loaded into a dirty block, driven on side by side. */
static void test_loaded_goes_on_as_the_saved_one(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = true;
    options.retry = true;
    options.key_scope = RCE_KEY_PER_TASK;
    static struct obedient driver, loaded;
    obedient_init(&driver, &plan, &options);
    int places_count = 0;
    do {
        struct saved saved;
        save(&driver, &saved);
        loaded = driver;
        memset(loaded.block, 0xa5, sizeof loaded.block);
        assert_true(rce_engine.load(loaded.block, &loaded.process, &plan, &options, saved.bytes,
                                    saved.size_bytes));
        assert_true(rce_engine.digest(loaded.block) == rce_engine.digest(driver.block));
        obedient_step(&loaded);
        obedient_step(&driver);
        assert_int_equal(loaded.out.count, driver.out.count);
        assert_memory_equal(loaded.out.items, driver.out.items,
                            driver.out.count * sizeof driver.out.items[0]);
        assert_true(rce_engine.digest(loaded.block) == rce_engine.digest(driver.block));
        places_count++;
    } while (driver.status == RCE_RUNNING);
    assert_in_range(places_count, 40, 80);
}

/* The form is bytes, not memory: a fixed place of the path gives fixed bytes at the front. */
static void test_saved_form_is_little_endian(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    static struct obedient driver;
    drive(&driver, &options, 2);
    struct saved saved;
    save(&driver, &saved);
    const uint8_t front[] = {1, 0, 0, 0, 2, 0, 0, 0}; /* version 1, two clusters */
    assert_memory_equal(saved.bytes, front, sizeof front);
    const uint8_t requests[] = {1, 0, 0, 0}; /* behind the shape of the plan: one request made */
    assert_memory_equal(saved.bytes + 16, requests, sizeof requests);
}

static void test_size_is_told_before_anything_is_written(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    static struct obedient driver;
    drive(&driver, &options, 3);
    struct saved saved;
    save(&driver, &saved);
    uint8_t small[SAVED_MAX];
    memset(small, 0x5a, sizeof small);
    assert_int_equal(rce_engine.save(driver.block, small, saved.size_bytes - 1), saved.size_bytes);
    assert_int_equal(rce_engine.save(driver.block, NULL, 0), saved.size_bytes);
    for (size_t i = 0; i < sizeof small; i++)
        assert_int_equal(small[i], 0x5a);
}

static void check_refused(const struct rce_plan *other, const struct rce_options *options,
                          const void *bytes, size_t size_bytes)
{
    _Alignas(16) uint8_t block[OBEDIENT_BLOCK_BYTES];
    struct rce_process process = {.started = false};
    memset(block, 0x5a, sizeof block);
    assert_false(rce_engine.load(block, &process, other, options, bytes, size_bytes));
    for (size_t i = 0; i < sizeof block; i++)
        assert_int_equal(block[i], 0x5a);
}

/* Any byte changed, any byte missing, one byte more: refused, and the block is as it was. */
static void test_damaged_bytes_are_refused(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    static struct obedient driver;
    drive(&driver, &options, 9);
    struct saved saved;
    save(&driver, &saved);
    for (size_t i = 0; i < saved.size_bytes; i++) {
        struct saved damaged = saved;
        damaged.bytes[i] ^= (uint8_t)(1u << (i % 8));
        check_refused(&plan, &options, damaged.bytes, damaged.size_bytes);
    }
    for (size_t size_bytes = 0; size_bytes < saved.size_bytes; size_bytes++)
        check_refused(&plan, &options, saved.bytes, size_bytes);
    check_refused(&plan, &options, saved.bytes, saved.size_bytes + 1);
}

/* Damage behind a right checksum, at every byte of every place of the path: it is refused, or the
 * workflow goes on somehow; a trap would end this program. */
static void test_whatever_loads_takes_all_inputs(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    options.retry = true;
    options.precheck = true;
    static struct obedient driver, copy;
    obedient_init(&driver, &plan, &options);
    uint32_t loaded_count = 0, refused_count = 0;
    while (obedient_step(&driver) && driver.steps_count < 40) {
        struct saved saved;
        save(&driver, &saved);
        for (size_t at = 0; at < saved.size_bytes - DAMAGE_CHECKSUM_BYTES; at++)
            for (int value = 0; value < 16; value++) {
                struct saved damaged = saved;
                damaged.bytes[at] = (uint8_t)(value < 15 ? value : 255);
                damage_make_right(damaged.bytes, damaged.size_bytes);
                if (!rce_engine.load(copy.block, &copy.process, &plan, &options, damaged.bytes,
                                     damaged.size_bytes)) {
                    refused_count++;
                    continue;
                }
                loaded_count++;
                struct rce_input input = {.kind = RCE_INPUT_TIMER, .now_ns = INT64_MAX};
                for (input.timer = 1; input.timer < rce_timers_count(&plan); input.timer += 2)
                    rce_engine.step(copy.block, &copy.process, &input, &copy.out);
                for (input.request = 0; input.request < 12; input.request++) {
                    input.kind = RCE_INPUT_RESPONSE;
                    rce_engine.step(copy.block, &copy.process, &input, &copy.out);
                }
                input.kind = RCE_INPUT_RESUMED;
                rce_engine.step(copy.block, &copy.process, &input, &copy.out);
            }
    }
    assert_true(loaded_count > 1000 && refused_count > 1000);
}

static void test_other_plans_are_refused(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    static struct obedient driver;
    drive(&driver, &options, 9);
    struct saved saved;
    save(&driver, &saved);
    struct rce_plan other = plan;
    other.workflow = 8;
    check_refused(&other, &options, saved.bytes, saved.size_bytes);
    other = plan;
    other.clusters_count = 1;
    check_refused(&other, &options, saved.bytes, saved.size_bytes);
    struct rce_cluster_plan clusters[2] = {two_clusters[0], two_clusters[1]};
    other = (struct rce_plan){.workflow = 7, .clusters_count = 2, .clusters = clusters};
    clusters[1].hosts_count = 4;
    check_refused(&other, &options, saved.bytes, saved.size_bytes);
    clusters[1] = two_clusters[1];
    clusters[0].temporary_host = false;
    check_refused(&other, &options, saved.bytes, saved.size_bytes);
    clusters[0] = two_clusters[0];
    _Alignas(16) uint8_t block[OBEDIENT_BLOCK_BYTES];
    assert_true(
        rce_engine.load(block, &driver.process, &other, &options, saved.bytes, saved.size_bytes));
}

/* Everything that decides shows in the digest: all places of the path differ, and a foreign
 * callback leaves no trace. */
static void test_digest_tells_states_apart(void **state)
{
    (void)state;
    struct rce_options options;
    rce_options_init(&options);
    static struct obedient driver;
    obedient_init(&driver, &plan, &options);
    uint64_t digests[128];
    int count = 0;
    do {
        digests[count++] = rce_engine.digest(driver.block);
        struct rce_input foreign = {.kind = RCE_INPUT_CALLBACK,
                                    .operation = RCE_UPDATE_HOST,
                                    .cluster = 1,
                                    .host = 9,
                                    .task = 5};
        rce_engine.step(driver.block, &driver.process, &foreign, &driver.out);
        assert_true(rce_engine.digest(driver.block) == digests[count - 1]);
    } while (obedient_step(&driver) && count < 128);
    assert_true(count > 40 && count < 128);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            assert_true(digests[i] != digests[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loaded_goes_on_as_the_saved_one),
        cmocka_unit_test(test_saved_form_is_little_endian),
        cmocka_unit_test(test_size_is_told_before_anything_is_written),
        cmocka_unit_test(test_damaged_bytes_are_refused),
        cmocka_unit_test(test_whatever_loads_takes_all_inputs),
        cmocka_unit_test(test_other_plans_are_refused),
        cmocka_unit_test(test_digest_tells_states_apart),
    };
    return cmocka_run_group_tests_name("rce/state", tests, NULL, NULL);
}
