#include "sim/scenario/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

enum {
    LINE_WIDTH_MAX = 96,    /* Characters of a source line that are shown. */
    LINE_LEAD_MAX = 60,     /* Of these, before the column. */
    MESSAGE_MAX_BYTES = 700 /* Of one complaint: a quoted value may be as long as the file. */
};

static bool read_open_file(struct source *source, int file, struct arena *arena,
                           size_t size_max_bytes, struct error *error)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return error_set(error, ERROR_SCENARIO, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return error_set(error, ERROR_SCENARIO, "it is a folder");
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_SCENARIO, "it is not a regular file");
    /* The size is read, not believed: a file can grow, and those of /proc claim to be empty. */
    size_t room = status.st_size < 4096 ? 4096 : (size_t)status.st_size;
    room = (room > size_max_bytes ? size_max_bytes : room) + 1;
    if (status.st_size > 0 && (size_t)status.st_size > size_max_bytes)
        return error_set(error, ERROR_SCENARIO, "it is larger than %zu bytes", size_max_bytes);
    char *text = arena_take(arena, room + 1);
    size_t size = 0;
    while (size < room) {
        ssize_t got = read(file, text + size, room - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, ERROR_SCENARIO, "%s", strerror(errno));
        if (got == 0)
            break;
        size += (size_t)got;
    }
    if (size == room)
        return error_set(error, ERROR_SCENARIO, "it is larger than %zu bytes", room - 1);
    source->device = (uint64_t)status.st_dev;
    source->inode = (uint64_t)status.st_ino;
    source->text = text;
    source->size_bytes = size;
    return true;
}

bool source_read(struct source *source, struct arena *arena, size_t size_max_bytes,
                 struct error *error)
{
    /* Without O_NONBLOCK opening a FIFO waits for a writer that may never come. */
    int file = open(source->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return error_set(error, ERROR_SCENARIO, "%s", strerror(errno));
    bool good = read_open_file(source, file, arena, size_max_bytes, error);
    close(file);
    return good;
}

/* The length of the line break at the start of `text`, or 0. */
static size_t break_length(const char *text, size_t left)
{
    if (left == 0)
        return 0;
    if (text[0] == '\n')
        return 1;
    if (text[0] == '\r')
        return left > 1 && text[1] == '\n' ? 2 : 1;
    if (left > 1 && memcmp(text, "\xc2\x85", 2) == 0)
        return 2;
    if (left > 2 && (memcmp(text, "\xe2\x80\xa8", 3) == 0 || memcmp(text, "\xe2\x80\xa9", 3) == 0))
        return 3;
    return 0;
}

/* The length of the character at the start of `text`; a bad byte counts as one. */
static size_t character_length(const char *text, size_t left)
{
    for (size_t length = 1; length <= 4 && length <= left; length++)
        if (text_is_utf8(text, length, NULL))
            return length;
    return 1;
}

struct place source_place(const struct source *source, size_t offset)
{
    struct place place = {source, 0, 0};
    const char *text = source->text;
    for (size_t i = 0; i < offset && i < source->size_bytes;) {
        size_t length = break_length(text + i, source->size_bytes - i);
        if (length > 0) {
            place.line++;
            place.column = 0;
        } else {
            length = character_length(text + i, source->size_bytes - i);
            place.column++;
        }
        i += length;
    }
    return place;
}

/* The bytes of a line without its break. */
static const char *source_line(const struct source *source, size_t line, size_t *size_bytes)
{
    const char *text = source->text;
    size_t i = 0;
    for (size_t at_line = 0; at_line < line && i < source->size_bytes;) {
        size_t length = break_length(text + i, source->size_bytes - i);
        at_line += length > 0;
        i += length > 0 ? length : 1;
    }
    size_t end = i;
    while (end < source->size_bytes && break_length(text + end, source->size_bytes - end) == 0)
        end++;
    *size_bytes = end - i;
    return text + i;
}

struct place source_place_within(struct place place, const char *text, size_t offset)
{
    size_t size;
    const char *line = source_line(place.source, place.line, &size);
    size_t from = 0;
    for (size_t column = 0; column < place.column && from < size; column++)
        from += character_length(line + from, size - from);
    const char *found = memmem(line + from, size - from, text, strlen(text));
    if (found == NULL)
        return place;
    const char *target = found + offset;
    struct place within = {place.source, place.line, 0};
    for (const char *at = line; at < target && at < line + size; within.column++)
        at += character_length(at, (size_t)(line + size - at));
    return within;
}

bool complain(struct complaints *complaints, struct place place, const char *format, ...)
{
    if (complaints->count == COMPLAINTS_MAX) {
        complaints->dropped_count++;
        return false;
    }
    char message[MESSAGE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof message) {
        /* Cut at a character, so that the message stays UTF-8. */
        size_t end = sizeof message - 4;
        while ((message[end] & 0xc0) == 0x80)
            end--;
        strcpy(message + end, "...");
    }
    complaints->items[complaints->count++] =
        (struct complaint){place, arena_copy_text(complaints->arena, message)};
    return false;
}

/* One character, or a stand-in for what is not text or would move the cursor. */
static void print_character(FILE *out, const char *at, size_t length)
{
    unsigned char first = (unsigned char)at[0];
    bool is_control = first < 0x20 || first == 0x7f ||
                      (length == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0);
    if (first == '\t')
        fputc(' ', out);
    else if (is_control || (length == 1 && first >= 0x80))
        fputc('?', out);
    else
        fwrite(at, 1, length, out);
}

static void print_clean(FILE *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = character_length(text, left);
        print_character(out, text, length);
        text += length;
        left -= length;
    }
}

/* The source line with a caret under the column. */
static void print_line(FILE *out, struct place place)
{
    size_t size;
    const char *line = source_line(place.source, place.line, &size);
    size_t first = place.column > LINE_LEAD_MAX + 12 ? place.column - LINE_LEAD_MAX : 0;
    fprintf(out, "\n%5zu | %s", place.line + 1, first > 0 ? "..." : "");
    size_t column = 0;
    for (size_t i = 0; i < size && column < first + LINE_WIDTH_MAX; column++) {
        size_t length = character_length(line + i, size - i);
        if (column >= first)
            print_character(out, line + i, length);
        i += length;
    }
    fprintf(out, "\n      | %*s^", (int)(place.column - first + (first > 0 ? 3 : 0)), "");
}

static void print_complaint(FILE *out, const struct complaint *complaint)
{
    struct place place = complaint->place;
    if (place.source == NULL) {
        print_clean(out, complaint->message);
        return;
    }
    print_clean(out, place.source->name);
    if (!place.source->is_override)
        fprintf(out, ":%zu:%zu", place.line + 1, place.column + 1);
    fputs(": ", out);
    print_clean(out, complaint->message);
    size_t size;
    source_line(place.source, place.line, &size);
    bool shows = place.source->is_override ? place.column > 0 : size > 0;
    if (shows)
        print_line(out, place);
}

static int compare_places(const void *left, const void *right)
{
    const struct complaint *a = *(const struct complaint *const *)left;
    const struct complaint *b = *(const struct complaint *const *)right;
    int rank_a = a->place.source != NULL ? a->place.source->rank : -1;
    int rank_b = b->place.source != NULL ? b->place.source->rank : -1;
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return a < b ? -1 : a > b; /* In the order found. */
}

bool complaints_verdict(const struct complaints *complaints, struct error *error)
{
    if (complaints->count == 0)
        return true;
    const struct complaint *sorted[COMPLAINTS_MAX];
    for (size_t i = 0; i < complaints->count; i++)
        sorted[i] = &complaints->items[i];
    qsort(sorted, complaints->count, sizeof sorted[0], compare_places);

    char *text = NULL;
    size_t size = 0;
    size_t shown = 0, shown_size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return error_set(error, ERROR_INTERNAL, "no memory for the messages about the scenario");
    for (; shown < complaints->count; shown++) {
        if (shown > 0)
            fputc('\n', out);
        print_complaint(out, sorted[shown]);
        fflush(out);
        if (shown > 0 && size > ERROR_MESSAGE_SIZE_BYTES - 64)
            break; /* The last line is needed for the number of those left out. */
        shown_size = size;
    }
    fclose(out);
    size_t more = complaints->count - shown + complaints->dropped_count;
    char note[64] = "";
    if (more > 0)
        snprintf(note, sizeof note, "\nand %zu more", more);
    error_set(error, ERROR_SCENARIO, "%.*s%s", (int)shown_size, text, note);
    free(text);
    return false;
}

void place_print_origin(struct place place, FILE *out)
{
    if (place.source->is_override) {
        fputs("--set", out);
        return;
    }
    print_clean(out, place.source->name);
    fprintf(out, ":%zu", place.line + 1);
}
