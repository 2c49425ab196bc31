/* The check of common random numbers: what it must find, what it must not, and its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/chance/synchrony.h"

static struct draw_name name_of(uint32_t i)
{
    return (struct draw_name){.entity = i / 16, .purpose = 256 + i % 4, .occurrence = i / 4 % 4};
}

static uint64_t value_of(uint32_t i)
{
    return (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
}

/* Note draws first .. first + count - 1 in a scrambled order (37 is prime to the counts here). */
static void note_range(struct synchrony *synchrony, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = first + (uint32_t)((uint64_t)i * 37 % count);
        synchrony_note(synchrony, name_of(k), value_of(k));
    }
}

static void test_same_world(void **state)
{
    struct synchrony *synchrony = *state;
    for (int replication = 0; replication < 3; replication++) {
        synchrony_begin_replication(synchrony);
        synchrony_begin_variant(synchrony, 5);
        note_range(synchrony, 0, 3000);
        struct synchrony_result first = synchrony_result(synchrony);
        assert_int_equal(first.draw_count, 3000);
        assert_int_equal(first.mismatch_count, 0);
        synchrony_begin_variant(synchrony, 7);
        note_range(synchrony, 1000, 4000);
        struct synchrony_result second = synchrony_result(synchrony);
        assert_int_equal(second.reference_variant, 5);
        assert_int_equal(second.variant, 7);
        assert_int_equal(second.draw_count, 4000);
        assert_int_equal(second.common_count, 2000);
        assert_true(second.checked_share == 1);
        assert_int_equal(second.mismatch_count, 0);
        assert_true(second.digest == second.reference_digest && second.digest != 0);
        /* Draws of the second variant alone are nothing to compare the third with. */
        synchrony_begin_variant(synchrony, 8);
        synchrony_note(synchrony, name_of(4500), 1);
        assert_int_equal(synchrony_result(synchrony).common_count, 0);
    }
}

static void test_digest_ignores_order_and_depends_on_values(void **state)
{
    struct synchrony *synchrony = *state;
    uint64_t digests[4];
    for (uint32_t run = 0; run < 4; run++) {
        synchrony_begin_replication(synchrony);
        synchrony_begin_variant(synchrony, 0);
        for (uint32_t i = 0; i < 100; i++) {
            uint32_t k = run == 1 ? 99 - i : i;
            /* Run 2: one value differs. Run 3: two values are exchanged. */
            uint32_t from = run == 3 && k < 2 ? 1 - k : k;
            synchrony_note(synchrony, name_of(k), value_of(from) + (run == 2 && k == 50));
        }
        digests[run] = synchrony_result(synchrony).digest;
    }
    assert_true(digests[0] == digests[1]);
    assert_true(digests[0] != digests[2]);
    assert_true(digests[0] != digests[3]);
}

static void test_planted_mismatch(void **state)
{
    struct synchrony *synchrony = *state;
    synchrony_begin_replication(synchrony);
    synchrony_begin_variant(synchrony, 0);
    note_range(synchrony, 0, 500);
    synchrony_begin_variant(synchrony, 1);
    note_range(synchrony, 0, 300);
    synchrony_note(synchrony, name_of(400), value_of(400) + 1);
    synchrony_note(synchrony, name_of(401), value_of(401) + 1);
    struct synchrony_result result = synchrony_result(synchrony);
    assert_int_equal(result.mismatch_count, 2);
    assert_true(result.digest != result.reference_digest);
    assert_int_equal(result.mismatch.name.entity, name_of(400).entity);
    assert_int_equal(result.mismatch.name.purpose, name_of(400).purpose);
    assert_int_equal(result.mismatch.name.occurrence, name_of(400).occurrence);
    assert_int_equal(result.mismatch.reference_variant, 0);
    assert_int_equal(result.mismatch.variant, 1);
    assert_true(result.mismatch.reference_value == value_of(400));
    assert_true(result.mismatch.value == value_of(400) + 1);
    /* The next replication starts clean: the same names may mean other values. */
    synchrony_begin_replication(synchrony);
    synchrony_begin_variant(synchrony, 0);
    synchrony_note(synchrony, name_of(400), 77);
    synchrony_begin_variant(synchrony, 1);
    synchrony_note(synchrony, name_of(400), 77);
    assert_int_equal(synchrony_result(synchrony).mismatch_count, 0);
    assert_int_equal(synchrony_result(synchrony).common_count, 1);
}

static void test_one_name_for_two_things(void **state)
{
    struct synchrony *synchrony = *state;
    synchrony_begin_replication(synchrony);
    synchrony_begin_variant(synchrony, 3);
    synchrony_note(synchrony, name_of(9), 1);
    synchrony_note(synchrony, name_of(9), 1);
    assert_int_equal(synchrony_result(synchrony).mismatch_count, 0);
    synchrony_note(synchrony, name_of(9), 2);
    struct synchrony_result result = synchrony_result(synchrony);
    assert_int_equal(result.mismatch_count, 1);
    assert_int_equal(result.mismatch.reference_variant, 3);
    assert_int_equal(result.mismatch.variant, 3);
}

/* Names that crowd any simple hash: all pairs of few high and low bits. None may be taken for
 * another, whatever slots they share. */
static void test_colliding_names_stay_apart(void **state)
{
    struct synchrony *synchrony = *state;
    synchrony_begin_replication(synchrony);
    for (uint32_t variant = 0; variant < 2; variant++) {
        synchrony_begin_variant(synchrony, variant);
        uint64_t value = 0;
        for (uint32_t i = 0; i < 32; i++)
            for (uint32_t j = 0; j < 32; j++)
                for (uint32_t k = 0; k < 32; k++)
                    synchrony_note(
                        synchrony,
                        (struct draw_name){UINT32_C(1) << i, UINT32_C(1) << j, UINT32_C(1) << k},
                        value++);
    }
    struct synchrony_result result = synchrony_result(synchrony);
    assert_int_equal(result.common_count, 32768);
    assert_int_equal(result.mismatch_count, 0);
}

/* 64 entries for 100,000 names: 1 in 2^11 or 2^12 is kept, and a mismatch of all is seen. */
static void test_full_table_samples(void **state)
{
    (void)state;
    struct synchrony *synchrony = synchrony_create(64);
    for (uint32_t replication = 0; replication < 2; replication++) {
        synchrony_begin_replication(synchrony);
        synchrony_begin_variant(synchrony, 0);
        note_range(synchrony, 0, 100000);
        double share = synchrony_result(synchrony).checked_share;
        assert_true(share <= 64.0 / 100000 * 2 && share >= 64.0 / 100000 / 8);
        synchrony_begin_variant(synchrony, 1);
        note_range(synchrony, 0, 100000);
        struct synchrony_result same = synchrony_result(synchrony);
        assert_int_equal(same.mismatch_count, 0);
        assert_int_equal(same.draw_count, 100000);
        assert_true(same.common_count > 0 && same.common_count <= 64);
        synchrony_begin_variant(synchrony, 2);
        for (uint32_t i = 0; i < 100000; i++)
            synchrony_note(synchrony, name_of(i), value_of(i) ^ 1);
        struct synchrony_result other = synchrony_result(synchrony);
        assert_int_equal(other.mismatch_count, same.common_count);
        assert_int_equal(other.common_count, same.common_count);
    }
    /* A small replication after a large one is checked in full again. */
    synchrony_begin_replication(synchrony);
    synchrony_begin_variant(synchrony, 0);
    note_range(synchrony, 0, 60);
    assert_true(synchrony_result(synchrony).checked_share == 1);
    synchrony_destroy(synchrony);
}

static int set_up(void **state)
{
    *state = synchrony_create(1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    synchrony_destroy(*state);
    synchrony_destroy(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_world),
        cmocka_unit_test(test_digest_ignores_order_and_depends_on_values),
        cmocka_unit_test(test_planted_mismatch),
        cmocka_unit_test(test_one_name_for_two_things),
        cmocka_unit_test(test_colliding_names_stay_apart),
        cmocka_unit_test(test_full_table_samples),
    };
    return cmocka_run_group_tests_name("chance/synchrony", tests, set_up, tear_down);
}
