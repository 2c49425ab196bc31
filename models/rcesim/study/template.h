/* template.h - "PATH=TEXT {SLOT} TEXT": a value of a scenario with holes in it.
 *
 *     provisioning.connect=lognormal(median={1min..5min..1min}, sigma=1.2)
 *     ^ path               ^ literal        ^ slot             ^ literal
 *
 * A text without braces is one slot from end to end. What a slot holds is for the caller to
 * understand (a sweep has values there, a calibration a range); filling all of them gives an
 * override as --set takes it. Braces that hold a map ("{policy: fixed}") are no slot: a slot has no
 * ": " in it. Braces do not nest.
 */
#ifndef MODELS_RCESIM_STUDY_TEMPLATE_H
#define MODELS_RCESIM_STUDY_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

enum { TEMPLATE_SLOTS_MAX = 8 };

struct template_slot {
    const char *before; /* The literal text in front of it. */
    const char *text;   /* What stands between the braces. */
    /* The path; where there are braces with a word and "=" before them, with that word:
     * "a.b:median". For columns and messages. */
    const char *name;
};

struct template
{
    const char *path;
    struct template_slot slots[TEMPLATE_SLOTS_MAX];
    size_t slot_count;
    const char *after; /* The literal text behind the last slot. */
};

/* Parse. Everything lies in the arena. Errors: ERROR_USAGE. */
bool template_parse(struct template *out, struct arena *arena, const char *text,
                    struct error *error);

/* Return "path=value" with the slots filled by `texts` [slot_count]; value alone: template_value.
 */
const char *template_fill(const struct template *template, struct arena *arena,
                          const char *const *texts);
const char *template_value(const struct template *template, struct arena *arena,
                           const char *const *texts);

#endif
