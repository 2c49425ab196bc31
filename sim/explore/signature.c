#include "sim/explore/signature.h"

#include <stdio.h>
#include <string.h>

/* | 1 | 20 bits kind | 20 bits step | 20 bits state |, so that none is 0. */
enum { PART_BITS = 20, PART_MASK = (1 << PART_BITS) - 1 };
#define SIGNATURE_TOP (UINT64_C(1) << 60)

static uint64_t signature_of(uint32_t kind, uint32_t step, uint32_t state)
{
    return SIGNATURE_TOP | (uint64_t)kind << 2 * PART_BITS | (uint64_t)step << PART_BITS | state;
}

uint64_t finding_signature(const struct model_finding *finding)
{
    return signature_of(finding->kind, finding->step, finding->state);
}

uint32_t signature_kind(uint64_t signature)
{
    return signature >> 2 * PART_BITS & PART_MASK;
}

uint32_t signature_step(uint64_t signature)
{
    return signature >> PART_BITS & PART_MASK;
}

uint32_t signature_state(uint64_t signature)
{
    return signature & PART_MASK;
}

bool signature_is_safety(const struct model_explore *explore, uint64_t signature)
{
    return signature_kind(signature) < explore->safety_count;
}

static const char *name_of(const char *const *names, uint32_t count, uint32_t index)
{
    return index < count ? names[index] : "?";
}

const char *signature_step_name(const struct model_explore *explore, uint32_t step)
{
    return step == explore->step_count ? ""
                                       : name_of(explore->step_names, explore->step_count, step);
}

char *signature_print(char *text, size_t size_bytes, const struct model_explore *explore,
                      uint64_t signature)
{
    const char *kind =
        name_of(explore->finding_names, explore->finding_count, signature_kind(signature));
    const char *step = signature_step_name(explore, signature_step(signature));
    const char *state =
        name_of(explore->state_names, explore->state_count, signature_state(signature));
    snprintf(text, size_bytes, "%s%s%s%s%s", kind, step[0] == '\0' ? "" : " of ", step,
             state[0] == '\0' ? "" : ", ", state);
    return text;
}

/* The index of the name that is the whole of [text, text + length); `count` if there is none. */
static uint32_t find_name(const char *const *names, uint32_t count, const char *text, size_t length)
{
    for (uint32_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
            return i;
    return count;
}

/* Names have no comma, and no finding has " of " in its own: so the places to cut are settled. */
bool signature_parse(const char *text, const struct model_explore *explore, uint64_t *signature)
{
    const char *end = text + strlen(text);
    const char *comma = strstr(text, ", ");
    const char *state_text = comma == NULL ? end : comma + 2;
    const char *step_end = comma == NULL ? end : comma;
    const char *of = strstr(text, " of ");
    bool has_step = of != NULL && of < step_end;
    const char *kind_end = has_step ? of : step_end;
    const char *step_text = has_step ? of + 4 : step_end;
    uint32_t kind =
        find_name(explore->finding_names, explore->finding_count, text, (size_t)(kind_end - text));
    uint32_t step = find_name(explore->step_names, explore->step_count, step_text,
                              (size_t)(step_end - step_text));
    uint32_t state = find_name(explore->state_names, explore->state_count, state_text,
                               (size_t)(end - state_text));
    if (kind == explore->finding_count || (has_step && step == explore->step_count) ||
        state == explore->state_count || (has_step && step_text == step_end))
        return false;
    *signature = signature_of(kind, step, state);
    return true;
}
