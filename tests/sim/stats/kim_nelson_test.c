#include "sim/stats/kim_nelson.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "tests/sim/stats/near.h"

static int set_up(void **state)
{
    gsl_set_error_handler_off();
    *state = arena_create("kim_nelson_test", 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* The formulas, worked out with a pocket calculator to 8 digits; the last one by hand:
 * (2 * .05 / 1)^(-2/2) = 10. */
static void test_constants(void **state)
{
    (void)state;
    static const struct {
        struct kim_nelson_options options;
        double eta, h_squared;
    } known[] = {
        {{2, 10, .05, 1, 0}, .3340503, 6.0129048},
        {{5, 10, .05, 1, 0}, .6349673, 11.4294108},
        {{2, 3, .05, 1, 0}, 4.5, 18},
        /* Half of .1, the rest is for what was not seen. */
        {{2, 3, .1, 1, 1}, 4.5, 18},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_near(kim_nelson_eta(&known[i].options), known[i].eta, 5e-8);
        assert_near(kim_nelson_h_squared(&known[i].options), known[i].h_squared, 5e-7);
    }
}

/* k = 2, n0 = 3, error .05: h^2 = 18. Differences -1, 0, -2, -2, -2: mean -1, variance 1 after the
 * first three and less afterwards, so with delta = 1 the triangle closes at 18 and
 * W(r) = (18 - r) / (2 r).
 *     r = 3: |-3/3| = 1 <= 2.5         stay
 *     r = 4: |-5/4| = 1.25 <= 1.75     stay
 *     r = 5: |-7/5| = 1.4 > 1.3        the second is out.
 * They differ in 2 and 3 replications when it is asked how long it may take: log(.05) / log(.99) =
 * 298.1. */
static void test_two_by_hand(void **state)
{
    static const double observations[][2] = {{1, 2}, {2, 2}, {3, 5}, {0, 2}, {7, 9}, {0, 0}};
    struct kim_nelson_options options = {2, 3, .05, 1, 0};
    struct kim_nelson *race = kim_nelson_create(*state, &options);
    for (size_t r = 0; r < 5; r++) {
        assert_false(kim_nelson_is_decided(race));
        assert_true(kim_nelson_replication_max(race) == (r < 3 ? 0 : 299));
        assert_true(kim_nelson_add(race, observations[r]) == (r < 4));
    }
    assert_true(kim_nelson_is_decided(race));
    assert_int_equal(kim_nelson_best(race), 0);
    assert_true(kim_nelson_is_in(race, 0) && !kim_nelson_is_in(race, 1));
    struct kim_nelson_exit out = kim_nelson_exit_of(race, 1);
    assert_true(out.replication_count == 5 && out.by == 0);
    assert_true(kim_nelson_exit_of(race, 0).replication_count == 0);
    /* Nothing changes afterwards. */
    assert_false(kim_nelson_add(race, observations[5]));
    assert_true(kim_nelson_replication_count(race) == 5 && kim_nelson_replication_max(race) == 5);
}

/* The same with the sides exchanged, and a third that is always 10 above the first: its difference
 * from it never varies, so it goes at once (W = 0), and its noise against the other does not
 * matter. k = 3: h^2 = 2 (n0 - 1) eta = 2 (.05^-1 - 1) = 38. Differences 1, 0, 2, 2, 2, 2, ..., of
 * variance 1 after the first three and less afterwards:
 *     r = 4: 5/4 <= 34/8,   r = 8: 13/8 = 1.63 <= 30/16,   r = 9: 15/9 = 1.67 > 29/18
 * Until r = 5 they differ in 4 replications at most: log(.025) / log(.99) = 367.04. */
static void test_three_by_hand(void **state)
{
    struct kim_nelson_options options = {3, 3, .05, 1, 0};
    struct kim_nelson *race = kim_nelson_create(*state, &options);
    for (int r = 1; r <= 9; r++) {
        double difference = r == 1 ? 1 : r == 2 ? 0 : 2;
        double observations[] = {20 + r % 3, 20 + r % 3 - difference, 30 + r % 3};
        assert_true(kim_nelson_add(race, observations) == (r < 9));
        assert_true(kim_nelson_is_in(race, 2) == (r < 3));
        assert_true(kim_nelson_is_in(race, 0) == (r < 9));
        if (r >= 3 && r < 9)
            assert_true(kim_nelson_replication_max(race) == (r < 6 ? 368 : 39));
    }
    assert_int_equal(kim_nelson_best(race), 1);
    /* The second beats the third by 11 - W at r = 3, which is less than 10 - 0: W = 35/6. */
    struct kim_nelson_exit out = kim_nelson_exit_of(race, 2);
    assert_true(out.replication_count == 3 && out.by == 0);
    assert_true(kim_nelson_exit_of(race, 0).by == 1);
}

/* Equal systems never differ, so the triangle has closed at the end of the first stage; but that
 * nothing was seen in 5 replications decides nothing. log(.05 / 3) / log(.99) = 407.4. What is
 * behind by more than delta goes at once. */
static void test_ties(void **state)
{
    struct kim_nelson_options options = {4, 5, .05, .1, 0};
    struct kim_nelson *race = kim_nelson_create(*state, &options);
    for (int r = 1; r <= 408; r++) {
        double x = r * .5;
        double observations[] = {x + 1, x, x, x};
        assert_true(kim_nelson_add(race, observations) == (r < 408));
        assert_true(kim_nelson_is_in(race, 0) == (r < 5));
    }
    assert_int_equal(kim_nelson_best(race), 1);
    assert_true(kim_nelson_exit_of(race, 2).by == 1 && kim_nelson_exit_of(race, 3).by == 1);
    assert_true(kim_nelson_exit_of(race, 2).is_tie && kim_nelson_exit_of(race, 3).is_tie);
    assert_false(kim_nelson_exit_of(race, 0).is_tie);

    /* Means that are equal at the very end, after differences that vary: +1, -1, ... (variance 6/5,
     * h^2 = 5 (.1^(-2/5) - 1) = 7.56; delta 14: closes at 0.05). n0 = 6 > 0.05. */
    struct kim_nelson_options pair = {2, 6, .05, 14, 0};
    race = kim_nelson_create(*state, &pair);
    for (int r = 1; r <= 6; r++)
        assert_true(kim_nelson_add(race, (double[]){r % 2, (r + 1) % 2}) == (r < 6));
    assert_int_equal(kim_nelson_best(race), 0);
}

/* A hash of (seed, position), by the finaliser of SplitMix64, as a standard normal. */
static double normal(uint64_t seed, uint64_t position)
{
    uint64_t bits =
        seed * UINT64_C(0xd1342543de82ef95) + UINT64_C(0x9e3779b97f4a7c15) * (position + 1);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return gsl_cdf_ugaussian_Pinv(((double)(bits >> 12) + .5) * 0x1p-52);
}

enum { RACES = 4000 };

/* What many races did: normal observations with standard deviation 1, the last system better than
 * the others by delta (the least favourable case), pairwise correlation rho. */
struct races {
    size_t correct_count;
    double replications; /* on average */
};

static struct races run_races(struct arena *arena, const struct kim_nelson_options *options,
                              double rho)
{
    struct races races = {0, 0};
    size_t k = options->system_count;
    for (uint64_t seed = 0; seed < RACES; seed++) {
        arena_reset(arena);
        struct kim_nelson *race = kim_nelson_create(arena, options);
        double observations[8];
        for (uint64_t r = 0;; r++) {
            double common = normal(seed, r * 16 + 15);
            for (size_t i = 0; i < k; i++)
                observations[i] = sqrt(rho) * common + sqrt(1 - rho) * normal(seed, r * 16 + i) -
                                  (i == k - 1 ? options->indifference_width : 0);
            if (!kim_nelson_add(race, observations))
                break;
        }
        races.correct_count += kim_nelson_best(race) == k - 1;
        races.replications += (double)kim_nelson_replication_count(race) / RACES;
    }
    return races;
}

/* The promise is .95; 5 sigma of 4000 races with that share are .0172. A procedure that is always
 * right would waste observations: two systems with independent noise should err in some races (more
 * than 1 % of them: 4.5 % was seen). */
static void test_probability_of_correct_selection(void **state)
{
    (void)state;
    struct arena *arena = arena_create("races", 0);
    struct kim_nelson_options two = {2, 10, .05, .3, 0}, five = {5, 10, .05, .3, 0};
    struct races apart = run_races(arena, &two, 0), together = run_races(arena, &two, .75);
    struct races many = run_races(arena, &five, 0), many_together = run_races(arena, &five, .75);
    assert_in_range(apart.correct_count, 3732, 3960);
    assert_in_range(together.correct_count, 3732, RACES);
    assert_in_range(many.correct_count, 3732, RACES);
    assert_in_range(many_together.correct_count, 3732, RACES);
    /* Common random numbers: the variance of a difference falls from 2 to .5, and so does what the
     * race needs, but for the first stage of 10. Five systems need more than two. */
    assert_true(together.replications < .4 * apart.replications);
    assert_true(many_together.replications < .3 * many.replications);
    assert_true(many.replications > 1.5 * apart.replications);
    arena_destroy(arena);
}

/* Differences 0, 1, -1: variance 1, and the triangle closes at 18 (h^2 = 18, delta = 1). The fourth
 * is -8: mean -2, beyond W(4) = 14/8; but its variance is (4 + 9 + 1 + 36) / 3 = 16.7, so the
 * triangle closes at 300. */
static void test_variance_of_later_ones(void **state)
{
    struct kim_nelson_options options = {2, 3, .05, 1, 0};
    struct kim_nelson *race = kim_nelson_create(*state, &options);
    static const double differences[] = {0, 1, -1, -8};
    for (size_t r = 0; r < 4; r++)
        kim_nelson_add(race, (double[]){differences[r], 0});
    assert_false(kim_nelson_is_decided(race));
    assert_true(kim_nelson_replication_max(race) == 301);
}

/* Shares: far apart is decided at once, but those that never differ only after so many
 * replications that an event with a chance of delta would have been seen: exp(-.005 r) <= .05 / 4
 * at r = 876.4. Without a bound of the range it is those 299. In between: differences of .02 take
 * exp(-.025 r) <= .05 / 4, r = 175.3. */
static void test_unseen(void **state)
{
    static const struct {
        double second, range;
        uint64_t decided_at;
    } known[] = {
        {0, 1, 877},
        {0, 0, 299},
        {.02, 1, 176},
        {.02, 0, 20},
        {.5, 1, 20},
        {1, 1, 20},
        {0, 2, 1753},
        /* Always the same, and less than delta. */
        {.004, 0, 299},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct kim_nelson_options options = {2, 20, .05, .005, known[i].range};
        struct kim_nelson *race = kim_nelson_create(*state, &options);
        while (kim_nelson_add(race, (double[]){0, known[i].second}))
            if (known[i].second == 0 && kim_nelson_replication_max(race) > 0)
                assert_in_range(kim_nelson_replication_max(race), known[i].decided_at,
                                known[i].decided_at + known[i].decided_at / 50 + 1);
        assert_true(kim_nelson_replication_count(race) == known[i].decided_at);
        assert_int_equal(kim_nelson_best(race), 0);
        assert_true(kim_nelson_exit_of(race, 1).is_tie == (known[i].second == 0));
    }
}

enum { WAVE_RACES = 1000 };

static double share(uint64_t seed, uint64_t position)
{
    return gsl_cdf_ugaussian_P(normal(seed, position));
}

/* The first policy loses a whole wave now and then; the second one fails a little in every wave,
 * less in the mean by `gap`. How often is the first one chosen? */
static size_t count_wrong(struct arena *arena, double wave_share, double gap, double range)
{
    struct kim_nelson_options options = {2, 20, .05, .005, range};
    size_t wrong_count = 0;
    for (uint64_t seed = 0; seed < WAVE_RACES; seed++) {
        arena_reset(arena);
        struct kim_nelson *race = kim_nelson_create(arena, &options);
        double observations[2];
        uint64_t r = 0;
        do {
            observations[0] = share(seed, 2 * r) < wave_share ? 1 : 0;
            observations[1] = (wave_share - gap) * (1 + .6 * (share(seed, 2 * r + 1) - .5));
            r++;
        } while (kim_nelson_add(race, observations));
        wrong_count += kim_nelson_best(race) == 0;
    }
    return wrong_count;
}

/* The promise is 5 %: 50 of 1000 races, and 5 sigma of that are 34.5. The triangle alone would be
 * wrong where the first stage shows no such wave, as it does with a probability of .95^20 = .358;
 * 5 sigma are .076. */
static void test_waves_lost_whole(void **state)
{
    (void)state;
    struct arena *arena = arena_create("races", 0);
    assert_in_range(count_wrong(arena, .05, .04, 0), 282, 434);
    assert_in_range(count_wrong(arena, .05, .04, 1), 0, 84);
    assert_in_range(count_wrong(arena, .02, .006, 1), 0, 84);
    assert_in_range(count_wrong(arena, .01, .006, 1), 0, 84);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_two_by_hand),
        cmocka_unit_test(test_three_by_hand),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_variance_of_later_ones),
        cmocka_unit_test(test_unseen),
        cmocka_unit_test(test_probability_of_correct_selection),
        cmocka_unit_test(test_waves_lost_whole),
    };
    return cmocka_run_group_tests_name("stats/kim_nelson", tests, set_up, tear_down);
}
