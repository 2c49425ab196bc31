#include "sim/base/text.h"

#include <string.h>

enum { WORD_MAX = 64 };

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance; words longer than WORD_MAX are "far". */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return SIZE_MAX;
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = minimum(change, minimum(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = minimum(now[j], two_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *text_closest(const char *word, const char *const *candidates, size_t count)
{
    size_t limit = strlen(word) / 3;
    size_t best = (limit == 0 ? 1 : limit) + 1;
    const char *closest = NULL;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i] == NULL)
            continue;
        size_t d = distance(word, candidates[i]);
        if (d < best) {
            best = d;
            closest = candidates[i];
        }
    }
    return closest;
}

/* The length of the well-formed sequence at `s` (RFC 3629, table of section 4), or 0. */
static size_t sequence_length(const unsigned char *s, size_t left)
{
    if (s[0] == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < length)
        return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return length;
}

bool text_is_utf8(const char *text, size_t size_bytes, size_t *at)
{
    for (size_t i = 0; i < size_bytes;) {
        size_t length = sequence_length((const unsigned char *)text + i, size_bytes - i);
        if (length == 0) {
            if (at != NULL)
                *at = i;
            return false;
        }
        i += length;
    }
    return true;
}

uint64_t text_hash(const void *bytes, size_t size_bytes)
{
    const unsigned char *byte = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size_bytes; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}
