/* Draws: published known answers, batches equal to single draws, names that do not collide. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/chance/draw.h"

/* Random123, tests/kat_vectors, philox4x32 10: counter, key, output. The counter's words are block,
 * entity, purpose, replication; its block number has 31 bits behind a name, so the second vector
 * (block ffffffff) is out of reach of draw_bits and checks the generator below it. */
static void zero_name_gives_the_published_block(void **state)
{
    (void)state;
    assert_int_equal(draw_bits(0, 0, (struct draw_name){0, 0, 0}), 0x6627e8d5e169c58d);
    assert_int_equal(draw_bits(0, 0, (struct draw_name){0, 0, 1}), 0xbc57ac4c9b00dbd8);
}

static void generator_gives_the_published_blocks(void **state)
{
    (void)state;
    static const struct {
        philox4x32_ctr_t counter;
        philox4x32_key_t key;
        philox4x32_ctr_t words;
    } KNOWN[] = {
        {{{0, 0, 0, 0}}, {{0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
         {{0xffffffff, 0xffffffff}},
         {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        philox4x32_ctr_t words = philox4x32_R(10, KNOWN[i].counter, KNOWN[i].key);
        for (size_t j = 0; j < 4; j++)
            assert_int_equal(words.v[j], KNOWN[i].words.v[j]);
    }
}

/* Every word of the name and both halves of the seed reach their place in counter and key. */
static void name_is_laid_out_as_documented(void **state)
{
    (void)state;
    philox4x32_ctr_t counter = {{5, 11, 300, 17}};
    philox4x32_key_t key = {{0x89abcdef, 0x01234567}};
    philox4x32_ctr_t words = philox4x32_R(10, counter, key);
    uint64_t odd = (uint64_t)words.v[2] << 32 | words.v[3];
    assert_int_equal(draw_bits(0x0123456789abcdef, 17, (struct draw_name){11, 300, 11}), odd);
}

static void uniform_is_on_the_open_grid(void **state)
{
    (void)state;
    assert_true(draw_uniform_from_bits(0) == 0x1p-53);
    assert_true(draw_uniform_from_bits(UINT64_MAX) == 1 - 0x1p-53);
    assert_true(draw_uniform_from_bits(UINT64_C(1) << 63) == 0.5 + 0x1p-53);
    assert_true(1 - draw_uniform_from_bits(0) == draw_uniform_from_bits(UINT64_MAX));
}

static void batch_equals_single_draws(void **state)
{
    (void)state;
    enum { SEED = 20261123, COUNT_MAX = 70 };
    static const uint32_t FIRST[] = {0, 1, 2, 7, UINT32_MAX - 9, UINT32_MAX - 8};
    for (size_t i = 0; i < sizeof FIRST / sizeof FIRST[0]; i++) {
        for (size_t count = 0; count <= COUNT_MAX; count++) {
            double out[COUNT_MAX + 1];
            out[count] = -1;
            struct draw_name name = {3, 256, FIRST[i]};
            draw_uniform_batch(SEED, 9, name, out, count);
            for (size_t j = 0; j < count; j++, name.occurrence++)
                assert_true(out[j] == draw_uniform(SEED, 9, name));
            assert_true(out[count] == -1);
        }
    }
}

/* Change one part of the name, or one bit of the seed: other bits. By chance equal with probability
 * 2^-64 a pair. */
static void every_part_of_the_name_matters(void **state)
{
    (void)state;
    uint64_t base = draw_bits(1, 2, (struct draw_name){3, 4, 5});
    assert_int_equal(base, draw_bits(1, 2, (struct draw_name){3, 4, 5}));
    for (int bit = 0; bit < 32; bit++) {
        uint32_t flip = UINT32_C(1) << bit;
        assert_int_not_equal(base, draw_bits(1 ^ flip, 2, (struct draw_name){3, 4, 5}));
        assert_int_not_equal(base,
                             draw_bits(1 ^ (uint64_t)flip << 32, 2, (struct draw_name){3, 4, 5}));
        assert_int_not_equal(base, draw_bits(1, 2 ^ flip, (struct draw_name){3, 4, 5}));
        assert_int_not_equal(base, draw_bits(1, 2, (struct draw_name){3 ^ flip, 4, 5}));
        assert_int_not_equal(base, draw_bits(1, 2, (struct draw_name){3, 4 ^ flip, 5}));
        assert_int_not_equal(base, draw_bits(1, 2, (struct draw_name){3, 4, 5 ^ flip}));
    }
}

/* Mean and variance of 2^20 draws over entities, and the correlation of the two halves of a block,
 * within 5 standard errors: 1/sqrt(12 n), sqrt(1/180 n), 1/sqrt(n / 2). */
static void moments_are_those_of_a_uniform(void **state)
{
    (void)state;
    enum { COUNT = 1 << 20 };
    double sum = 0, square_sum = 0, product_sum = 0;
    for (uint32_t i = 0; i < COUNT / 2; i++) {
        double even = draw_uniform(7, 1, (struct draw_name){i, 256, 0}) - 0.5;
        double odd = draw_uniform(7, 1, (struct draw_name){i, 256, 1}) - 0.5;
        sum += even + odd;
        square_sum += even * even + odd * odd;
        product_sum += 12 * even * odd;
    }
    assert_true(sum / COUNT > -5 * 0.00028191 && sum / COUNT < 5 * 0.00028191);
    double variance = square_sum / COUNT;
    assert_true(variance > 1.0 / 12 - 5 * 0.0000727876 && variance < 1.0 / 12 + 5 * 0.0000727876);
    double correlation = product_sum / (COUNT / 2.0);
    assert_true(correlation > -5 * 0.00138107 && correlation < 5 * 0.00138107);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_name_gives_the_published_block),
        cmocka_unit_test(generator_gives_the_published_blocks),
        cmocka_unit_test(name_is_laid_out_as_documented),
        cmocka_unit_test(uniform_is_on_the_open_grid),
        cmocka_unit_test(batch_equals_single_draws),
        cmocka_unit_test(every_part_of_the_name_matters),
        cmocka_unit_test(moments_are_those_of_a_uniform),
    };
    return cmocka_run_group_tests_name("chance/draw", tests, NULL, NULL);
}
