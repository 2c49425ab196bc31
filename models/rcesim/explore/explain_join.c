#include "models/rcesim/explore/explain_join.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* It is worth it to leave out three, not to leave out one. */
enum { FIRST_COUNT = 4, TOLD_MAX = 11, WHOLE_MAX = 13 };

/* Is there a time of day in a text, "07:04:01"? Returns where; NULL: no. */
static const char *find_clock(const char *text)
{
    static const char shape[] = "00:00:00";
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (shape[i] != '\0' &&
               (shape[i] == '0' ? isdigit((unsigned char)text[i]) != 0 : text[i] == shape[i]))
            i++;
        if (shape[i] == '\0')
            return text;
    }
    return NULL;
}

/* Do two clauses say the same, at another time? */
static bool is_same_clause(const char *a, const char *b)
{
    enum { CLOCK_LENGTH = 8 };
    const char *clock_a = find_clock(a), *clock_b = find_clock(b);
    if (clock_a == NULL || clock_b == NULL)
        return clock_a == clock_b && strcmp(a, b) == 0;
    return clock_a - a == clock_b - b && memcmp(a, b, (size_t)(clock_a - a)) == 0 &&
           strcmp(clock_a + CLOCK_LENGTH, clock_b + CLOCK_LENGTH) == 0;
}

/* How often the `length` clauses from `at` on come again, one time right after the other. */
static uint32_t count_repeats(const struct explain_clauses *clauses, uint32_t at, uint32_t length)
{
    uint32_t same = 0;
    while (at + length + same < clauses->count &&
           is_same_clause(clauses->items[at + same], clauses->items[at + length + same]))
        same++;
    return same / length;
}

/* A retry that goes on and on is told once. */
static void fold_repeats(struct arena *arena, struct explain_clauses *clauses)
{
    enum { LENGTH_MAX = 5 };
    uint32_t kept = 0;
    for (uint32_t at = 0; at < clauses->count;) {
        uint32_t length = 1, repeats = 0;
        for (uint32_t tested = 1; tested <= LENGTH_MAX && repeats == 0; tested++) {
            /* A round begins with something that has a time: what was asked, not its answer. */
            repeats =
                find_clock(clauses->items[at]) == NULL ? 0 : count_repeats(clauses, at, tested);
            length = repeats > 0 ? tested : 1;
        }
        const char *last = clauses->items[at + repeats * length];
        for (uint32_t i = 0; i < length; i++)
            clauses->items[kept++] = clauses->items[at + i];
        at += length * (repeats + 1);
        const char *clock = find_clock(last);
        if (repeats > 0)
            clauses->items[kept++] =
                arena_print(arena, "%s%s%.8s", repeats == 1 ? "and once more" : "and so again",
                            clock == NULL  ? ""
                            : repeats == 1 ? " at "
                                           : ", for the last time at ",
                            clock == NULL ? "" : clock);
    }
    clauses->count = kept;
}

/* Of a long story the beginning and the end. */
const char *explain_join(struct arena *arena, struct explain_clauses *clauses)
{
    fold_repeats(arena, clauses);
    const char *text = "";
    uint32_t count = clauses->count, left_out = 0;
    if (count > WHOLE_MAX)
        left_out = count - TOLD_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (left_out > 0 && i >= FIRST_COUNT && i < FIRST_COUNT + left_out) {
            if (i == FIRST_COUNT)
                text = arena_print(arena, "%s; (%" PRIu32 " more)", text, left_out);
            continue;
        }
        text = arena_print(arena, "%s%s%s", text, *text == '\0' ? "" : "; ", clauses->items[i]);
    }
    return text;
}
