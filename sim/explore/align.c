#include "sim/explore/align.h"

#include <stdlib.h>
#include <string.h>

/* One lane of both runs: keys, and where they stand in their runs. */
struct lane {
    uint64_t *keys[2];
    uint32_t *places[2];
    uint32_t counts[2];
    uint32_t *forward, *backward; /* Lengths of common subsequences: two rows of scratch. */
    struct alignment *alignment;
};

static void match(const struct lane *lane, uint32_t left, uint32_t right)
{
    lane->alignment->right_of[lane->places[0][left]] = lane->places[1][right];
    lane->alignment->left_of[lane->places[1][right]] = lane->places[0][left];
    lane->alignment->matched_count++;
}

/* lengths[j] = the longest common subsequence of the whole left stretch and the first j (or, from
 * behind, the last j) of the right one. */
static void measure(const struct lane *lane, const uint32_t from[2], const uint32_t count[2],
                    bool is_backward, uint32_t *lengths)
{
    memset(lengths, 0, (count[1] + (size_t)1) * sizeof *lengths);
    for (uint32_t i = 0; i < count[0]; i++) {
        uint64_t key = lane->keys[0][from[0] + (is_backward ? count[0] - 1 - i : i)];
        uint32_t diagonal = 0;
        for (uint32_t j = 0; j < count[1]; j++) {
            uint64_t other = lane->keys[1][from[1] + (is_backward ? count[1] - 1 - j : j)];
            uint32_t above = lengths[j + 1];
            if (key == other)
                lengths[j + 1] = diagonal + 1;
            else if (lengths[j] > above)
                lengths[j + 1] = lengths[j];
            diagonal = above;
        }
    }
}

static void match_one(const struct lane *lane, const uint32_t from[2], uint32_t right_count)
{
    for (uint32_t j = 0; j < right_count; j++)
        if (lane->keys[1][from[1] + j] == lane->keys[0][from[0]]) {
            match(lane, from[0], from[1] + j);
            return;
        }
}

/* Halve the left stretch, find where that cuts the right one, and go on with both halves. The depth
 * is the logarithm of the length. */
static void divide(const struct lane *lane, const uint32_t from[2], const uint32_t count[2])
{
    if (count[0] == 0 || count[1] == 0)
        return;
    if (count[0] == 1) {
        match_one(lane, from, count[1]);
        return;
    }
    uint32_t half = count[0] / 2;
    const uint32_t first[2] = {half, count[1]}, second[2] = {count[0] - half, count[1]};
    const uint32_t middle[2] = {from[0] + half, from[1]};
    measure(lane, from, first, false, lane->forward);
    measure(lane, middle, second, true, lane->backward);
    uint32_t cut = 0, best = 0;
    for (uint32_t j = 0; j <= count[1]; j++) {
        uint32_t length = lane->forward[j] + lane->backward[count[1] - j];
        if (length > best) {
            best = length;
            cut = j;
        }
    }
    const uint32_t left[2] = {half, cut}, right[2] = {count[0] - half, count[1] - cut};
    const uint32_t behind[2] = {from[0] + half, from[1] + cut};
    divide(lane, from, left);
    divide(lane, behind, right);
}

/* What is the same at both ends needs no search; it is nearly everything. */
static void match_lane(const struct lane *lane)
{
    uint32_t from[2] = {0, 0}, count[2] = {lane->counts[0], lane->counts[1]};
    while (count[0] > 0 && count[1] > 0 && lane->keys[0][from[0]] == lane->keys[1][from[1]]) {
        match(lane, from[0]++, from[1]++);
        count[0]--;
        count[1]--;
    }
    while (count[0] > 0 && count[1] > 0 &&
           lane->keys[0][from[0] + count[0] - 1] == lane->keys[1][from[1] + count[1] - 1]) {
        count[0]--;
        count[1]--;
        match(lane, from[0] + count[0], from[1] + count[1]);
    }
    divide(lane, from, count);
}

static void collect(struct lane *lane, int side, struct align_run run, uint64_t number)
{
    lane->counts[side] = 0;
    for (uint32_t i = 0; i < run.count; i++) {
        if (run.items[i].key == 0 || run.items[i].lane != number)
            continue;
        lane->keys[side][lane->counts[side]] = run.items[i].key;
        lane->places[side][lane->counts[side]++] = i;
    }
}

static bool is_first_of_lane(struct align_run run, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (run.items[i].key != 0 && run.items[i].lane == run.items[index].lane)
            return false;
    return true;
}

struct alignment align_runs(struct arena *arena, struct align_run left, struct align_run right)
{
    struct alignment alignment = {
        .right_of = arena_take_array(arena, left.count + (size_t)1, sizeof(uint32_t)),
        .left_of = arena_take_array(arena, right.count + (size_t)1, sizeof(uint32_t)),
    };
    const struct align_run runs[2] = {left, right};
    struct lane lane = {.alignment = &alignment};
    for (int side = 0; side < 2; side++) {
        size_t room = runs[side].count + (size_t)1;
        lane.keys[side] = arena_take_array(arena, room, sizeof(uint64_t));
        lane.places[side] = arena_take_array(arena, room, sizeof(uint32_t));
    }
    lane.forward = arena_take_array(arena, right.count + (size_t)1, sizeof(uint32_t));
    lane.backward = arena_take_array(arena, right.count + (size_t)1, sizeof(uint32_t));
    memset(alignment.right_of, 0xff, left.count * sizeof(uint32_t));
    memset(alignment.left_of, 0xff, right.count * sizeof(uint32_t));
    for (uint32_t i = 0; i < left.count; i++) {
        if (left.items[i].key == 0 || !is_first_of_lane(left, i))
            continue;
        collect(&lane, 0, left, left.items[i].lane);
        collect(&lane, 1, right, left.items[i].lane);
        match_lane(&lane);
    }
    return alignment;
}
