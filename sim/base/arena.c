#include "sim/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONED 1
#endif
#endif
#ifdef ARENA_POISONED
#include <sanitizer/asan_interface.h>
#define POISON(start, size)   ASAN_POISON_MEMORY_REGION(start, size)
#define UNPOISON(start, size) ASAN_UNPOISON_MEMORY_REGION(start, size)
#define ARENA_GAP_BYTES       16 /* A poisoned gap behind each piece catches overruns. */
#else
#define POISON(start, size)   ((void)(start), (void)(size))
#define UNPOISON(start, size) ((void)(start), (void)(size))
#define ARENA_GAP_BYTES       0
#endif

enum { ALIGNMENT_BYTES = 16, FIRST_BLOCK_BYTES = 64 << 10 };

struct block {
    struct block *next;
    size_t size_bytes;
    size_t used_bytes;
    size_t padding;
    unsigned char bytes[];
};

struct at_end {
    struct at_end *before;
    void (*end)(void *context);
    void *context;
};

struct arena {
    const char *name;
    size_t limit_bytes;
    size_t held_bytes;
    size_t used_bytes;
    struct block *first;
    struct block *current;
    struct at_end *at_end; /* The last one added. */
};

struct arena *arena_create(const char *name, size_t limit_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        check_limit("out of memory while creating the arena \"%s\"", name);
    arena->name = name;
    arena->limit_bytes = limit_bytes;
    return arena;
}

void arena_at_end(struct arena *arena, void (*end)(void *context), void *context)
{
    struct at_end *at_end = arena_take(arena, sizeof *at_end);
    *at_end = (struct at_end){.before = arena->at_end, .end = end, .context = context};
    arena->at_end = at_end;
}

static void call_ends(struct arena *arena)
{
    while (arena->at_end != NULL) {
        struct at_end *at_end = arena->at_end;
        arena->at_end = at_end->before;
        at_end->end(at_end->context);
    }
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL)
        return;
    call_ends(arena);
    for (struct block *block = arena->first, *next; block != NULL; block = next) {
        next = block->next;
        UNPOISON(block->bytes, block->size_bytes);
        free(block);
    }
    free(arena);
}

void arena_reset(struct arena *arena)
{
    if (arena->at_end != NULL)
        call_ends(arena);
    for (struct block *block = arena->first; block != NULL; block = block->next) {
        block->used_bytes = 0;
        POISON(block->bytes, block->size_bytes);
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
}

/* Large blocks are asked to lie on huge pages: a simulated fleet is visited in random order, and
 * with small pages most of these visits miss the TLB too (measured: a third of the time at 100,000
 * SDDCs). */
static void *take_block(size_t size_bytes)
{
    enum { HUGE_PAGE_BYTES = 2 << 20 };
    if (size_bytes < 2 * HUGE_PAGE_BYTES)
        return malloc(size_bytes);
    size_t rounded = (size_bytes + HUGE_PAGE_BYTES - 1) & ~(size_t)(HUGE_PAGE_BYTES - 1);
    void *block = aligned_alloc(HUGE_PAGE_BYTES, rounded);
#ifdef MADV_HUGEPAGE
    if (block != NULL)
        (void)madvise(block, rounded, MADV_HUGEPAGE); /* Only a wish: small pages work too. */
#endif
    return block;
}

/* Append a block of at least `size_bytes`; each is twice the one before, so there are O(log n) of
 * them. */
static struct block *add_block(struct arena *arena, size_t size_bytes)
{
    size_t wanted = FIRST_BLOCK_BYTES;
    struct block *last = arena->current;
    while (last != NULL && last->next != NULL)
        last = last->next;
    if (last != NULL && last->size_bytes < (SIZE_MAX >> 2))
        wanted = last->size_bytes < ((size_t)64 << 20) ? last->size_bytes * 2 : last->size_bytes;
    if (wanted < size_bytes)
        wanted = size_bytes;
    if (arena->limit_bytes != 0 && arena->held_bytes + wanted > arena->limit_bytes)
        wanted = size_bytes;
    if (arena->limit_bytes != 0 && arena->held_bytes + wanted > arena->limit_bytes)
        check_limit("the arena \"%s\" needs more than its limit of %zu MiB; make the fleet smaller "
                    "or use fewer threads",
                    arena->name, arena->limit_bytes >> 20);
    struct block *block = take_block(sizeof *block + wanted);
    if (block == NULL)
        check_limit("out of memory: the arena \"%s\" holds %zu MiB and the system gave no %zu MiB "
                    "more; make the "
                    "fleet smaller or use fewer threads",
                    arena->name, arena->held_bytes >> 20, wanted >> 20);
    *block = (struct block){.size_bytes = wanted};
    POISON(block->bytes, block->size_bytes);
    arena->held_bytes += wanted;
    if (last == NULL)
        arena->first = block;
    else
        last->next = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size_bytes)
{
    CHECK(size_bytes < SIZE_MAX / 2);
    size_t rounded = (size_bytes + ALIGNMENT_BYTES - 1) & ~(size_t)(ALIGNMENT_BYTES - 1);
    rounded += ARENA_GAP_BYTES;
    struct block *block = arena->current;
    while (block != NULL && block->size_bytes - block->used_bytes < rounded)
        block = block->next;
    if (block == NULL)
        block = add_block(arena, rounded);
    arena->current = block;
    void *piece = block->bytes + block->used_bytes;
    block->used_bytes += rounded;
    arena->used_bytes += rounded;
    UNPOISON(piece, size_bytes);
    return memset(piece, 0, size_bytes);
}

void *arena_take_array(struct arena *arena, size_t count, size_t element_size_bytes)
{
    size_t size_bytes;
    CHECK(!__builtin_mul_overflow(count, element_size_bytes, &size_bytes));
    return arena_take(arena, size_bytes);
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    return memcpy(arena_take(arena, size_bytes), text, size_bytes);
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    char *text = arena_take(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t arena_used_bytes(const struct arena *arena)
{
    return arena->used_bytes;
}

size_t arena_held_bytes(const struct arena *arena)
{
    return arena->held_bytes;
}
