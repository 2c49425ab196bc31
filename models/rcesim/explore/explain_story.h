/* explain_story.h - an explanation in words and pictures, for a terminal and for a page.
 *
 *     explain_story_make     runs, aligns, finds the doom point (sim/explore/explain.h), and makes
 *                            the sentence and the space-time diagram from what it finds
 *     explain_story_print    80 columns: the sentence, both runs side by side, the diagram
 *     explain_story_write_*  the same as a page of its own, or the diagram alone as SVG
 *
 * Everything is made from the records of the runs; nothing knows which bug it is about. Texts lie
 * in the arena.
 */
#ifndef MODELS_RCESIM_EXPLORE_EXPLAIN_STORY_H
#define MODELS_RCESIM_EXPLORE_EXPLAIN_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/spacetime.h"
#include "reports/table.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/explore/explain.h"

struct explain_story_options {
    struct arena *arena;
    struct probe *probe; /* A run of its own is made for each question; see probe_asked. */
    const struct deviation *deviations; /* Of the failing run. */
    size_t count;
    bool has_neighbour; /* False: there is none, and the failing run is shown alone. */
    const struct deviation *neighbour; /* Of the passing run. */
    size_t neighbour_count;
    uint64_t signature; /* Of the finding to explain; 0: the first. */
};

struct explain_story {
    struct arena *arena;
    struct explanation explanation;
    const char *title;    /* "deadline of enter-maintenance, cluster not ready" */
    const char *sentence; /* What happened, with times; some hundred characters. */
    const char *doom;     /* When it was lost, when that was seen, and the wait between. */
    struct spacetime diagram;
};

/* Make the story of a schedule that fails. Errors are those of the probe; a schedule that does not
 * fail (with the signature) is ERROR_SCENARIO. Costs some hundred to some thousand runs. */
bool explain_story_make(const struct explain_story_options *options, struct explain_story *story,
                        struct error *error);

/* Print it all; or the diagram alone. */
void explain_story_print(const struct explain_story *story, const struct page *page);
void explain_story_print_beside(const struct explain_story *story, const struct page *page);

/* Write the diagram as an SVG file as reports/svg.h takes it; or a self-contained page: title,
 * sentence, diagram, both runs side by side. `foot` (may be NULL) is its last line: version,
 * scenario, the command that replays it. */
void explain_story_write_svg(const struct explain_story *story, FILE *file);
void explain_story_write_page(const struct explain_story *story, const char *foot, FILE *file);

#endif
