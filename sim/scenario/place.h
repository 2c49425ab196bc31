/* place.h - texts that came from outside, places in them, and complaints about those places.
 *
 * A source is one document (a file or the text of one override) that stays in the arena, so that a
 * complaint can show the line it is about. A place is 0-based here and 1-based in messages; columns
 * count characters, not bytes. Lines end where YAML ends them: LF, CR, CR LF, NEL, LS, PS.
 *
 * Complaints are collected, at most SCENARIO_ERRORS_MAX, and printed in the order of their places;
 * lines are cut around the column and cleaned of everything that a terminal might obey.
 */
#ifndef SIM_SCENARIO_PLACE_H
#define SIM_SCENARIO_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct source {
    const char *name;      /* As in messages: the file, or "--set path=value". */
    const char *directory; /* Where files that it names are looked for. */
    const char *text;
    size_t size_bytes;
    uint64_t device, inode; /* Of a file that was read; else 0. */
    int rank;               /* Order among sources: the scenario, its base, ..., the overrides. */
    bool is_override;
};

struct place {
    const struct source *source; /* NULL: nowhere in particular. */
    size_t line, column;
};

enum { COMPLAINTS_MAX = 20 };

struct complaint {
    struct place place;
    const char *message;
};

struct complaints {
    struct arena *arena;
    struct complaint items[COMPLAINTS_MAX];
    size_t count;
    size_t dropped_count;
};

/* Read a regular file of at most `size_max_bytes` into the arena; it is not checked to be text. On
 * failure set `error` to a message without the file's name. */
bool source_read(struct source *source, struct arena *arena, size_t size_max_bytes,
                 struct error *error);

/* Return the place of a byte offset. O(offset). */
struct place source_place(const struct source *source, size_t offset);

/* Return where `text` stands in the source's line at or behind `place`, `offset` bytes into it; the
 * place itself if it is not written there letter by letter (escapes, folding). */
struct place source_place_within(struct place place, const char *text, size_t offset);

/* Add a complaint. Always returns false. */
bool complain(struct complaints *complaints, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Set `error` to all complaints; false if there are any. */
bool complaints_verdict(const struct complaints *complaints, struct error *error);

/* Print "file:line" for an origin comment, in one line whatever the name holds. */
void place_print_origin(struct place place, FILE *out);

#endif
