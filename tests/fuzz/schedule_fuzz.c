/* Schedules from text. Oracle: an error begins with the name of the file, and where it names a
 * place that place is in the text; what parses prints a text that parses to the same schedule and
 * prints the same again; every item has a value of its form. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/vmc/model.h"
#include "sim/base/check.h"
#include "sim/explore/schedule.h"

enum { TEXT_MAX = 4000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct error *error, const char *text, size_t size)
{
    unsigned line, column;
    int used = 0;
    CHECK(error->code == ERROR_SCENARIO && strncmp(error->message, "f:", 2) == 0);
    if (sscanf(error->message, "f:%u:%u: %n", &line, &column, &used) != 2 || used == 0)
        return;
    CHECK(line >= 1 && column >= 1);
    const char *at = text, *end = text + size;
    for (unsigned i = 1; i < line; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        CHECK(at != NULL);
        at++;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    CHECK(column <= (size_t)((newline == NULL ? end : newline) - at) + 1);
}

static void check_item(const struct schedule_item *item)
{
    int64_t value = item->deviation.value;
    CHECK(item->place.line > 0 && item->value_place.line == item->place.line);
    CHECK(item->probability <= 1);
    switch (item->form) {
    case SCHEDULE_DURATION: CHECK(value >= 0 && value <= DIST_DURATION_MAX_NS); return;
    case SCHEDULE_FLAG: CHECK(value == 0 || value == 1); return;
    case SCHEDULE_FRACTION: CHECK(value >= 0 && value < INT64_C(1) << 52); return;
    case SCHEDULE_NUMBER:
    case SCHEDULE_BITS: return;
    case SCHEDULE_FORM_COUNT: CHECK(false);
    }
}

static char *print(const struct schedule *schedule, size_t *size)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, size);
    CHECK(file != NULL);
    schedule_print(schedule, &vmc_model, NULL, file);
    CHECK(fclose(file) == 0);
    return text;
}

static void check_again(const struct schedule *schedule, struct arena *arena)
{
    size_t size, size_again;
    char *text = print(schedule, &size);
    struct schedule again;
    struct error error;
    CHECK(schedule_parse(&again, arena, &vmc_model, "f", text, size, &error));
    CHECK(again.item_count == schedule->item_count && again.set_count == schedule->set_count);
    CHECK(again.signature == schedule->signature && again.slack_ns == schedule->slack_ns);
    for (size_t i = 0; i < again.item_count; i++) {
        CHECK(again.items[i].deviation.value == schedule->items[i].deviation.value);
        CHECK(deviation_compare(&again.items[i].deviation, &schedule->items[i].deviation) == 0);
        CHECK(again.items[i].form == schedule->items[i].form);
    }
    char *text_again = print(&again, &size_again);
    CHECK(size == size_again && memcmp(text, text_again, size) == 0);
    free(text);
    free(text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEXT_MAX)
        return 0;
    struct arena *arena = arena_create("fuzz", 0);
    struct schedule schedule;
    struct error error;
    const char *text = (const char *)data;
    if (!schedule_parse(&schedule, arena, &vmc_model, "f", text, size, &error)) {
        check_error(&error, text, size);
    } else {
        for (size_t i = 0; i < schedule.item_count; i++)
            check_item(&schedule.items[i]);
        check_again(&schedule, arena);
    }
    arena_destroy(arena);
    return 0;
}
