/* arena.h - memory of one run or one replication: taken piece by piece, given back all at once.
 *
 * An arena is a chain of blocks. `arena_reset` keeps the blocks, so the second replication
 * allocates nothing from the system. Freed bytes are poisoned under AddressSanitizer. There is no
 * failure to handle: at the limit the process ends with a message that names the limit
 * (check_limit).
 */
#ifndef SIM_BASE_ARENA_H
#define SIM_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* Create an arena that may grow to `limit_bytes` (0 = no limit but the machine's). `name` (not
 * copied) is for messages. */
struct arena *arena_create(const char *name, size_t limit_bytes);
void arena_destroy(struct arena *arena);

/* Call `end(context)` before the memory goes, at the next reset or at the end of the arena: for
 * what lies in the arena and holds something outside it. The last one added is the first one
 * called. */
void arena_at_end(struct arena *arena, void (*end)(void *context), void *context);

/* Give back everything that was taken; every pointer into the arena is dead. O(blocks). */
void arena_reset(struct arena *arena);

/* Take `size_bytes` zeroed bytes, aligned for any type (16). Never NULL. */
void *arena_take(struct arena *arena, size_t size_bytes);

/* Take an array of `count` zeroed elements; the product is checked. */
void *arena_take_array(struct arena *arena, size_t count, size_t element_size_bytes);

/* Copy a string, or print one, into the arena. */
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_print(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull));

/* Bytes taken since the last reset, and bytes held from the system. */
size_t arena_used_bytes(const struct arena *arena);
size_t arena_held_bytes(const struct arena *arena);

#endif
