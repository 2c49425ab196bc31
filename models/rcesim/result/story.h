/* story.h - the trace of one workflow as text that can be read: when, who, what.
 *
 * What the values mean stands in the model's table of types (sim/kernel/trace.h); how they are put
 * into words, in a table here. A type without words of its own is told by its labels. A value of 0
 * mostly means "none" and is left out. Lines that are too long go on under their beginning.
 *
 * Two stories side by side share the clock; what both tell at the same time about the same thing
 * stands in one line.
 */
#ifndef MODELS_RCESIM_RESULT_STORY_H
#define MODELS_RCESIM_RESULT_STORY_H

#include "reports/table.h"
#include "sim/base/arena.h"
#include "sim/kernel/trace.h"

/* Print one story. */
void story_print(const struct trace *trace, const struct page *page);

/* Print two stories side by side under their titles. */
void story_print_beside(const struct trace *const traces[2], const char *const titles[2],
                        const struct page *page, struct arena *arena);

/* One record in words, "cluster 0 host 1: task 4, enter-maintenance: running", in the arena. */
const char *story_words(struct arena *arena, const struct trace *trace,
                        const struct trace_record *record);

#endif
