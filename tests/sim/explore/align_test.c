#include "sim/explore/align.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/chance/draw.h"

enum { LENGTH_MAX = 40 };

/* A run from letters, all in one lane; '.' is matched with nothing. */
static struct align_run run_of(struct align_item items[LENGTH_MAX], const char *letters)
{
    uint32_t count = (uint32_t)strlen(letters);
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct align_item){.key = letters[i] == '.' ? 0 : (uint64_t)letters[i]};
    return (struct align_run){.items = items, .count = count};
}

static void assert_matching(const char *left, const char *right, const uint32_t *expected)
{
    struct arena *arena = arena_create("align", 0);
    struct align_item a[LENGTH_MAX], b[LENGTH_MAX];
    struct alignment alignment = align_runs(arena, run_of(a, left), run_of(b, right));
    for (size_t i = 0; i < strlen(left); i++)
        assert_int_equal(alignment.right_of[i], expected[i]);
    arena_destroy(arena);
}

static void test_known_matchings(void **state)
{
    (void)state;
    assert_matching("abc", "abc", (const uint32_t[]){0, 1, 2});
    assert_matching("abc", "ac", (const uint32_t[]){0, ALIGN_NONE, 1});
    assert_matching("ac", "abc", (const uint32_t[]){0, 2});
    assert_matching("abc", "xyz", (const uint32_t[]){ALIGN_NONE, ALIGN_NONE, ALIGN_NONE});
    assert_matching("a.c", "a.c", (const uint32_t[]){0, ALIGN_NONE, 2});
    assert_matching("", "abc", NULL);
    assert_matching("a", "", (const uint32_t[]){ALIGN_NONE});
}

/* The textbook's table. */
static uint32_t longest_common(struct align_run left, struct align_run right, uint64_t lane)
{
    static uint32_t table[LENGTH_MAX + 1][LENGTH_MAX + 1];
    memset(table, 0, sizeof table);
    for (uint32_t i = 1; i <= left.count; i++)
        for (uint32_t j = 1; j <= right.count; j++) {
            const struct align_item *a = &left.items[i - 1], *b = &right.items[j - 1];
            bool is_match = a->key != 0 && a->key == b->key && a->lane == lane && b->lane == lane;
            uint32_t skip = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
            table[i][j] =
                is_match && table[i - 1][j - 1] + 1 > skip ? table[i - 1][j - 1] + 1 : skip;
        }
    return table[left.count][right.count];
}

/* Against the table, in three lanes: as many as there can be, in order, and each both ways. */
static void test_longest_in_every_lane(void **state)
{
    (void)state;
    enum { LANES = 3, ROUNDS = 300 };
    struct arena *arena = arena_create("align", 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct align_item items[2][LENGTH_MAX];
        struct align_run runs[2];
        for (uint32_t side = 0; side < 2; side++) {
            runs[side] = (struct align_run){.items = items[side], .count = round % LENGTH_MAX};
            for (uint32_t i = 0; i < LENGTH_MAX; i++) {
                uint64_t bits = draw_bits(7, round, (struct draw_name){side, 300, i});
                items[side][i] = (struct align_item){.key = bits % 5, .lane = (bits >> 20) % LANES};
            }
        }
        struct alignment alignment = align_runs(arena, runs[0], runs[1]);
        uint32_t most = 0;
        for (uint32_t lane = 0; lane < LANES; lane++)
            most += longest_common(runs[0], runs[1], lane);
        assert_int_equal(alignment.matched_count, most);
        uint32_t matched = 0, last[LANES] = {0};
        for (uint32_t i = 0; i < runs[0].count; i++) {
            uint32_t j = alignment.right_of[i];
            if (j == ALIGN_NONE)
                continue;
            matched++;
            assert_int_equal(alignment.left_of[j], i);
            assert_true(items[0][i].key == items[1][j].key && items[0][i].key != 0);
            assert_true(items[0][i].lane == items[1][j].lane);
            assert_true(j + 1 > last[items[0][i].lane]);
            last[items[0][i].lane] = j + 1;
        }
        assert_int_equal(matched, most);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* What two lanes do side by side comes in any order, and that is no difference. */
static void test_order_between_lanes_means_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_create("align", 0);
    const struct align_item left[] = {{1, 0}, {2, 0}, {3, 1}, {4, 1}};
    const struct align_item right[] = {{3, 1}, {1, 0}, {4, 1}, {2, 0}};
    struct alignment alignment =
        align_runs(arena, (struct align_run){left, 4}, (struct align_run){right, 4});
    assert_int_equal(alignment.matched_count, 4);
    assert_int_equal(alignment.right_of[2], 0);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_matchings),
        cmocka_unit_test(test_longest_in_every_lane),
        cmocka_unit_test(test_order_between_lanes_means_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
