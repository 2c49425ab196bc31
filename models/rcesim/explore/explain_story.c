#include "models/rcesim/explore/explain_story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/explore/explain_diagram.h"
#include "models/rcesim/explore/explain_domain.h"
#include "models/rcesim/explore/explain_sentence.h"
#include "models/rcesim/explore/explain_words.h"
#include "models/rcesim/result/story.h"
#include "reports/words.h"
#include "sim/explore/signature.h"

bool explain_story_make(const struct explain_story_options *options, struct explain_story *story,
                        struct error *error)
{
    struct arena *arena = options->arena;
    struct explain_domain domain = explain_domain();
    struct explain_options explain_options = {
        .probe = options->probe,
        .domain = &domain,
        .deviations = options->deviations,
        .count = options->count,
        .has_neighbour = options->has_neighbour,
        .neighbour = options->neighbour,
        .neighbour_count = options->neighbour_count,
        .signature = options->signature,
        .arena = arena,
    };
    *story = (struct explain_story){.arena = arena};
    if (!explain(&explain_options, &story->explanation, error))
        return false;
    const struct explanation *explanation = &story->explanation;
    struct explain_words words = explain_words_of(arena, explanation->failing.trace);
    char *title = arena_take(arena, SIGNATURE_TEXT_SIZE_BYTES);
    story->title = signature_print(title, SIGNATURE_TEXT_SIZE_BYTES,
                                   probe_options(options->probe)->model->explore,
                                   finding_signature(&explanation->finding));
    story->sentence = explain_sentence(&words, explanation);
    story->doom = explain_doom_text(&words, explanation);
    story->diagram = explain_diagram(&words, explanation);
    story->diagram.title = story->title;
    story->diagram.alt = arena_print(arena, "%s %s", story->sentence, story->doom);
    return true;
}

enum { CLOCK_WIDTH = 10, GAP = 2, LINES_MAX = 8 };

static const char *cell_of(const struct explain_story *story, const struct explain_side *side,
                           uint32_t index, uint32_t other)
{
    if (index == ALIGN_NONE)
        return "";
    if (other != ALIGN_NONE && side == &story->explanation.passing)
        return "the same";
    return story_words(story->arena, side->trace, trace_at(side->trace, index));
}

static const char *clock_of(const struct explain_story *story, const struct explain_side *side,
                            uint32_t index)
{
    return index == ALIGN_NONE ? ""
                               : explain_clock(story->arena, trace_at(side->trace, index)->time_ns);
}

/* Two columns, each with its clock; as many lines as the longer one needs. */
static void print_row(const struct explain_story *story, const struct page *page,
                      const char *const clocks[2], const char *const texts[2])
{
    int column = (page->width - 2 * CLOCK_WIDTH - GAP) / 2;
    struct words_lines lines[2];
    for (int i = 0; i < 2; i++)
        lines[i] = words_wrap(story->arena, texts[i], (size_t)column, LINES_MAX);
    for (size_t k = 0; k < lines[0].count || k < lines[1].count; k++) {
        const char *left = k < lines[0].count ? lines[0].lines[k] : "";
        const char *right = k < lines[1].count ? lines[1].lines[k] : "";
        fprintf(page->file, "%-*s", CLOCK_WIDTH, k == 0 ? clocks[0] : "");
        page_put(page->file, left);
        if (*right != '\0') {
            fprintf(page->file, "%*s%-*s", column - (int)words_length(left) + GAP, "", CLOCK_WIDTH,
                    k == 0 ? clocks[1] : "");
            page_put(page->file, right);
        }
        putc('\n', page->file);
    }
}

static const char *hidden_text(const struct explain_story *story)
{
    const struct explanation *explanation = &story->explanation;
    if (explanation->passing.trace == NULL)
        return arena_print(story->arena,
                           "(%" PRIu32 " records that had no part in it are left out)",
                           explanation->failing.hidden_count);
    return arena_print(story->arena,
                       "(records that had no part in it are left out: %" PRIu32 " and %" PRIu32 ")",
                       explanation->failing.hidden_count, explanation->passing.hidden_count);
}

void explain_story_print_beside(const struct explain_story *story, const struct page *page)
{
    const struct explanation *explanation = &story->explanation;
    static const char *const no_clocks[2] = {"", ""};
    bool is_pair = explanation->passing.trace != NULL;
    page_style(page, PAGE_STRONG);
    print_row(story, page, no_clocks,
              (const char *const[2]){"fails", is_pair ? "the nearest run that passes" : ""});
    page_style(page, PAGE_PLAIN);
    for (uint32_t i = 0; i < explanation->row_count; i++) {
        const struct explain_row *row = &explanation->rows[i];
        if (i == explanation->divergence && is_pair)
            page_paragraph(page, 0, "<> the first difference");
        const char *clocks[2] = {clock_of(story, &explanation->failing, row->left),
                                 clock_of(story, &explanation->passing, row->right)};
        const char *texts[2] = {cell_of(story, &explanation->failing, row->left, row->right),
                                cell_of(story, &explanation->passing, row->right, row->left)};
        print_row(story, page, clocks, texts);
    }
    page_style(page, PAGE_FAINT);
    page_paragraph(page, 0, hidden_text(story));
    page_style(page, PAGE_PLAIN);
}

void explain_story_print(const struct explain_story *story, const struct page *page)
{
    page_paragraph(page, 0, story->sentence);
    page_paragraph(page, 0, story->doom);
    putc('\n', page->file);
    explain_story_print_beside(story, page);
    putc('\n', page->file);
    spacetime_print(&story->diagram, page);
}

void explain_story_write_svg(const struct explain_story *story, FILE *file)
{
    spacetime_write_svg(&story->diagram, file);
}
