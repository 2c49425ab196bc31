/* crash_gap.h - the name of a place in which an engine can crash, as a draw and for people.
 *
 * A gap lies before, between or after the actions of one step of a workflow. The step is named by
 * the input that began it, so that a gap keeps its name when other draws change. The occurrence
 * packs it: kind 3 bits, operation 4, number 12, deliveries 6, place in the step 7. Numbers that do
 * not fit wrap around; deliveries do not come to so many, and neither do actions.
 */
#ifndef MODELS_VMC_CRASH_GAP_H
#define MODELS_VMC_CRASH_GAP_H

#include <stddef.h>

#include "models/rce/rce.h"
#include "models/vmc/world.h"
#include "sim/chance/draw.h"

/* Name the gap behind `place` actions of the step that `input` began. */
struct draw_name crash_gap_name(const struct delivery *delivery, uint32_t index,
                                const struct rce_input *input, uint32_t place);

/* Say where it is ("after the answer to add-host, attempt 1, action 2"). For model_explore: NULL
 * for draws that are no gap. */
char *crash_gap_note(char *text, size_t size_bytes, struct draw_name name);

#endif
