#include "sim/explore/schedule.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/explore/schedule_value.h"

enum schedule_form schedule_form_of(enum oracle_kind kind)
{
    switch (kind) {
    case ORACLE_DELAY: return SCHEDULE_DURATION;
    case ORACLE_COUNT:
    case ORACLE_PICK:
    case ORACLE_TIE: return SCHEDULE_NUMBER;
    case ORACLE_HAPPENS: return SCHEDULE_FLAG;
    case ORACLE_UNIFORM: return SCHEDULE_FRACTION;
    case ORACLE_ENTROPY: return SCHEDULE_BITS;
    }
    check_failed(__FILE__, __LINE__, "a known kind of draw");
}

/* A text as take_text of the parser reads it: in quotes where it could be taken for something
 * else. */
static void print_text(const char *text, FILE *file)
{
    size_t length = strlen(text);
    bool is_plain = length > 0 && text[0] != '"' && text[0] != '#' && text[0] != ' ' &&
                    text[0] != '\t' && text[length - 1] != ' ' && text[length - 1] != '\t' &&
                    strpbrk(text, "\n\r\t") == NULL && strstr(text, " #") == NULL &&
                    strstr(text, " \"") == NULL;
    if (is_plain) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (; *text != '\0'; text++) {
        static const char characters[] = "\"\\\n\r\t", names[] = "\"\\nrt";
        const char *special = strchr(characters, *text);
        if (special != NULL)
            fprintf(file, "\\%c", names[special - characters]);
        else
            putc(*text, file);
    }
    putc('"', file);
}

static void print_statement(const char *name, const char *text, FILE *file)
{
    if (text == NULL)
        return;
    fprintf(file, "%s ", name);
    print_text(text, file);
    putc('\n', file);
}

static void print_comment(const char *comment, FILE *file)
{
    while (comment != NULL && *comment != '\0') {
        size_t length = strcspn(comment, "\n");
        fprintf(file, "#%s%.*s\n", length > 0 ? " " : "", (int)length, comment);
        comment += length + (comment[length] == '\n');
    }
}

static void print_header(const struct schedule *schedule, const struct model *model, FILE *file)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    fprintf(file, "schedule %d\n", SCHEDULE_FORMAT);
    print_statement("scenario", schedule->scenario, file);
    if (schedule->has_hash)
        fprintf(file, "hash %016" PRIx64 "\n", schedule->hash);
    for (size_t i = 0; i < schedule->set_count; i++)
        print_statement("set", schedule->sets[i], file);
    print_statement("variant", schedule->variant, file);
    print_statement("engine", schedule->engine, file);
    if (schedule->has_digest)
        fprintf(file, "digest %016" PRIx64 "\n", schedule->engine_digest);
    if (schedule->has_seed)
        fprintf(file, "seed %" PRIu64 "\n", schedule->seed);
    if (schedule->slack_ns != 0)
        fprintf(file, "slack %s\n", units_print_duration(text, schedule->slack_ns));
    if (schedule->scope != PROBE_ALL)
        fprintf(file, "counts %s\n", probe_scope_names[schedule->scope]);
    if (schedule->expectation == SCHEDULE_EXPECT_PASS)
        fprintf(file, "expect passes\n");
    if (schedule->expectation == SCHEDULE_EXPECT_FAIL && schedule->signature == 0)
        fprintf(file, "expect fails\n");
    char signature[SIGNATURE_TEXT_SIZE_BYTES];
    if (schedule->expectation == SCHEDULE_EXPECT_FAIL && schedule->signature != 0)
        print_statement(
            "expect fails",
            signature_print(signature, sizeof signature, model->explore, schedule->signature),
            file);
}

static const char *print_draw(struct arena *arena, const struct model *model,
                              const struct draw_name *name)
{
    const struct purpose *purpose = purpose_find(model->purposes, name->purpose);
    CHECK(purpose != NULL);
    return arena_print(arena, "%s @%" PRIu32, purpose->name, name->occurrence);
}

const char *schedule_print_deviation(struct arena *arena, const struct model *model,
                                     const struct deviation *deviation, enum schedule_form form)
{
    const struct draw_name *name = &deviation->name;
    char text[UNITS_TEXT_SIZE_BYTES], entity[64];
    return arena_print(
        arena, "%s %s = %s",
        model->explore->entity_print(entity, sizeof entity, name->purpose, name->entity),
        print_draw(arena, model, name), schedule_value_print(text, deviation->value, form));
}

const char *schedule_note(char note[SCHEDULE_NOTE_SIZE_BYTES], const struct model *model,
                          const struct draw_name *name)
{
    if (model->explore->draw_note == NULL)
        return NULL;
    return model->explore->draw_note(note, SCHEDULE_NOTE_SIZE_BYTES, *name);
}

static void print_item(const struct schedule_item *item, const struct model *model,
                       struct arena *arena, FILE *file)
{
    const struct draw_name *name = &item->deviation.name;
    char text[UNITS_TEXT_SIZE_BYTES], entity[64];
    fprintf(file, "%-24s  %s = %s",
            model->explore->entity_print(entity, sizeof entity, name->purpose, name->entity),
            print_draw(arena, model, name),
            schedule_value_print(text, item->deviation.value, item->form));
    if (item->probability >= 0)
        fprintf(file, "  p=%.3g", item->probability);
    char note[SCHEDULE_NOTE_SIZE_BYTES];
    if (schedule_note(note, model, name) != NULL)
        fprintf(file, "  # %s", note);
    putc('\n', file);
}

void schedule_print(const struct schedule *schedule, const struct model *model, const char *comment,
                    FILE *file)
{
    struct arena *arena = arena_create("schedule", 0);
    print_comment(comment, file);
    print_header(schedule, model, file);
    if (schedule->item_count > 0)
        putc('\n', file);
    for (size_t i = 0; i < schedule->item_count; i++)
        print_item(&schedule->items[i], model, arena, file);
    arena_destroy(arena);
}

static const struct oracle_asked *find_asked(const struct draw_name *name,
                                             const struct oracle_asked *asked, uint32_t asked_count)
{
    for (uint32_t i = 0; i < asked_count; i++)
        if (asked[i].name.entity == name->entity && asked[i].name.purpose == name->purpose &&
            asked[i].name.occurrence == name->occurrence)
            return &asked[i];
    return NULL;
}

struct schedule_item *schedule_items(struct arena *arena, const struct deviation *deviations,
                                     size_t count, const struct oracle_asked *asked,
                                     uint32_t asked_count)
{
    struct schedule_item *items = arena_take_array(arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        const struct oracle_asked *found = find_asked(&deviations[i].name, asked, asked_count);
        items[i] = (struct schedule_item){
            .deviation = deviations[i],
            .form = found == NULL ? SCHEDULE_NUMBER : schedule_form_of(found->kind),
            .probability = found == NULL ? -1 : oracle_asked_tail(found, deviations[i].value),
        };
    }
    return items;
}

struct deviation *schedule_deviations(struct arena *arena, const struct schedule *schedule)
{
    struct deviation *deviations =
        arena_take_array(arena, schedule->item_count + 1, sizeof *deviations);
    for (size_t i = 0; i < schedule->item_count; i++)
        deviations[i] = schedule->items[i].deviation;
    return deviations;
}

/* Could the draw have this value at all? Drawn values are rounded: to a microsecond, or to the
 * nearest whole number. */
static bool is_possible(const struct oracle_asked *asked, int64_t value)
{
    bool is_delay = asked->kind == ORACLE_DELAY;
    double rounding = is_delay ? 1000 : 1;
    if (oracle_asked_clamp(asked, value) != value)
        return false;
    return (!is_delay && asked->kind != ORACLE_COUNT) ||
           ((double)value >= dist_min(asked->dist) - rounding &&
            (double)value <= dist_max(asked->dist) + rounding);
}

/* Three digits are said, and the last one may be rounded. */
static bool is_near(double said, double found)
{
    double scale = said > found ? said : found;
    return fabs(said - found) <= 0.006 * scale;
}

enum schedule_state schedule_judge(const struct schedule_item *item,
                                   const struct oracle_asked *asked, uint32_t asked_count,
                                   const struct oracle_asked **found)
{
    const struct oracle_asked *draw = find_asked(&item->deviation.name, asked, asked_count);
    int64_t value = item->deviation.value;
    if (found != NULL)
        *found = draw;
    if (draw == NULL)
        return SCHEDULE_UNUSED;
    if (schedule_form_of(draw->kind) != item->form)
        return SCHEDULE_FORM_WRONG;
    if (!is_possible(draw, value))
        return SCHEDULE_IMPOSSIBLE;
    if (oracle_asked_typical(draw) == value)
        return SCHEDULE_TYPICAL;
    if (item->probability >= 0 && !is_near(item->probability, oracle_asked_tail(draw, value)))
        return SCHEDULE_MISMATCH;
    return SCHEDULE_USED;
}

/* The line of that number, from 1; what is behind the last one is empty. */
static const char *find_line(const struct schedule *schedule, uint32_t number, size_t *length)
{
    const char *line = schedule->text;
    const char *end = schedule->text + schedule->text_size_bytes;
    for (uint32_t i = 1; i < number && line < end; i++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        line = newline == NULL ? end : newline + 1;
    }
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    *length = (size_t)((newline == NULL ? end : newline) - line);
    if (*length > 0 && line[*length - 1] == '\r')
        --*length;
    return line;
}

/* Append the line and a mark below the place. A long line is cut on both sides of it, and what a
 * terminal might obey is replaced. */
static void append_line(char *message, size_t size, const struct schedule *schedule,
                        struct schedule_place place)
{
    enum { BEFORE_MAX = 60, WIDTH_MAX = 90 };
    size_t length, used = strlen(message);
    const char *line = find_line(schedule, place.line, &length);
    uint32_t from = place.column > BEFORE_MAX ? place.column - BEFORE_MAX : 1, column = 0;
    char shown[4 * WIDTH_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < length && n + 1 < sizeof shown; i++) {
        column += ((unsigned char)line[i] & 0xc0) != 0x80;
        if (column < from)
            continue;
        if (column >= from + WIDTH_MAX)
            break;
        unsigned char c = (unsigned char)line[i];
        shown[n++] = c < 0x20 || c == 0x7f ? ' ' : line[i];
    }
    shown[n] = '\0';
    int number_width = snprintf(NULL, 0, "%" PRIu32, place.line);
    snprintf(message + used, size - used, "\n    %" PRIu32 " | %s\n    %*s | %*s", place.line,
             shown, number_width, "", (int)(place.column - from + 1), "^");
}

bool schedule_complain(const struct schedule *schedule, struct schedule_place place,
                       struct error *error, const char *format, ...)
{
    char text[2048], message[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *name = schedule->file_name == NULL ? "schedule" : schedule->file_name;
    if (place.line == 0 || schedule->text == NULL)
        return error_set(error, ERROR_SCENARIO, "%s: %s", name, text);
    snprintf(message, sizeof message, "%s:%" PRIu32 ":%" PRIu32 ": %s", name, place.line,
             place.column, text);
    append_line(message, sizeof message, schedule, place);
    return error_set(error, ERROR_SCENARIO, "%s", message);
}
