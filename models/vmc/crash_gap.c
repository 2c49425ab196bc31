#include "models/vmc/crash_gap.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/vmc/entity.h"
#include "models/vmc/purpose.h"

enum { NUMBER_MASK = 0xfff, DELIVERIES_MASK = 0x3f, PLACE_MASK = 0x7f };

struct draw_name crash_gap_name(const struct delivery *delivery, uint32_t index,
                                const struct rce_input *input, uint32_t place)
{
    bool has_target = input->kind == RCE_INPUT_RESPONSE || input->kind == RCE_INPUT_CALLBACK;
    uint32_t operation = has_target ? (uint32_t)input->operation : 0;
    uint32_t occurrence =
        (uint32_t)input->kind << 29 | operation << 25 | (delivery->number & NUMBER_MASK) << 13 |
        (delivery->deliveries_count & DELIVERIES_MASK) << 7 | (place & PLACE_MASK);
    return (struct draw_name){entity_of_target(index, input->cluster, input->host), PURPOSE_CRASH,
                              occurrence};
}

/* The input that began the step. */
static void print_input(char *text, size_t size_bytes, uint32_t occurrence)
{
    uint32_t number = occurrence >> 13 & NUMBER_MASK;
    const char *operation = rce_operation_name((enum rce_operation)(occurrence >> 25 & 0xf));
    switch ((enum rce_input_kind)(occurrence >> 29)) {
    case RCE_INPUT_START: snprintf(text, size_bytes, "at the start"); return;
    case RCE_INPUT_RESPONSE:
        snprintf(text, size_bytes, "after the answer to %s, attempt %" PRIu32, operation, number);
        return;
    case RCE_INPUT_CALLBACK: /* Of a task, which is known by its run; the first is 0. */
        if (number == 0)
            snprintf(text, size_bytes, "after the callback of %s", operation);
        else
            snprintf(text, size_bytes, "after the callback of run %" PRIu32 " of %s", number + 1,
                     operation);
        return;
    case RCE_INPUT_TIMER:
        snprintf(text, size_bytes, "after timer %" PRIu32 " of the workflow", number);
        return;
    case RCE_INPUT_RESUMED:
        snprintf(text, size_bytes, "after crash %" PRIu32 ", when resumed", number);
        return;
    case RCE_INPUT_REDRIVEN: snprintf(text, size_bytes, "when driven again"); return;
    case RCE_INPUT_ENGINE_CHANGED: snprintf(text, size_bytes, "when the engine changed"); return;
    }
    /* A schedule can name what no run has. */
    snprintf(text, size_bytes, "after nothing that there is");
}

char *crash_gap_note(char *text, size_t size_bytes, struct draw_name name)
{
    if (name.purpose != PURPOSE_CRASH)
        return NULL;
    char input[96], delivery[32] = "";
    uint32_t place = name.occurrence & PLACE_MASK;
    uint32_t deliveries_count = name.occurrence >> 7 & DELIVERIES_MASK;
    print_input(input, sizeof input, name.occurrence);
    if (deliveries_count > 1)
        snprintf(delivery, sizeof delivery, ", delivery %" PRIu32, deliveries_count);
    if (place == 0)
        snprintf(text, size_bytes, "%s%s, before its first action", input, delivery);
    else
        snprintf(text, size_bytes, "%s%s, action %" PRIu32, input, delivery, place);
    return text;
}
