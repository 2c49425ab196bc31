#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/explore/explain_story.h"
#include "models/rcesim/explore/explain_words.h"
#include "models/rcesim/result/story.h"
#include "reports/page_css.h"
#include "reports/page_text.h"
#include "reports/svg.h"

static void write_paragraph(FILE *file, const char *kind, const char *text)
{
    fprintf(file, "<p%s>", kind);
    page_text_escape_line(file, text);
    fputs("</p>\n", file);
}

/* The picture in the colours of the page; the text of it, if that does not work. */
static void write_picture(const struct explain_story *story, FILE *file)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return;
    spacetime_write_svg(&story->diagram, memory);
    bool is_good = fclose(memory) == 0;
    struct svg_words words = {
        .prefix = "spacetime-", .title = story->title, .alt = story->diagram.alt};
    fputs("<figure>\n<figcaption>", file);
    page_text_escape_line(file, story->diagram.caption);
    fputs("</figcaption>\n<div class=\"scroll\" tabindex=\"0\">\n", file);
    if (is_good && !svg_inline(file, text, &words, NULL))
        write_paragraph(file, "", story->diagram.alt);
    fputs("</div>\n</figure>\n", file);
    free(text);
}

static void write_cells(const struct explain_story *story, const struct explain_side *side,
                        uint32_t index, bool is_same, FILE *file)
{
    if (index == ALIGN_NONE) {
        fputs("<td></td><td></td>", file);
        return;
    }
    const struct trace_record *record = trace_at(side->trace, index);
    fputs("<td class=\"w\">", file);
    page_text_escape_line(file, explain_clock(story->arena, record->time_ns));
    fputs("</td><td>", file);
    page_text_escape_line(file,
                          is_same ? "the same" : story_words(story->arena, side->trace, record));
    fputs("</td>", file);
}

static void write_beside(const struct explain_story *story, FILE *file)
{
    const struct explanation *explanation = &story->explanation;
    bool is_pair = explanation->passing.trace != NULL;
    fputs("<section>\n<h2>Record by record</h2>\n<div class=\"table scroll\" tabindex=\"0\">\n"
          "<table>\n<caption><span>What both runs say, and where they differ.</span></caption>\n"
          "<thead><tr><th scope=\"col\" colspan=\"2\">The run that fails</th>",
          file);
    fputs(is_pair ? "<th scope=\"col\" colspan=\"2\">The nearest run that passes</th>" : "", file);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (uint32_t i = 0; i < explanation->row_count; i++) {
        const struct explain_row *row = &explanation->rows[i];
        if (i == explanation->divergence && is_pair)
            fputs("<tr><td colspan=\"4\"><b>The first difference</b></td></tr>\n", file);
        fputs("<tr>", file);
        write_cells(story, &explanation->failing, row->left, false, file);
        if (is_pair)
            write_cells(story, &explanation->passing, row->right, row->left != ALIGN_NONE, file);
        fputs("</tr>\n", file);
    }
    fputs("</tbody>\n</table>\n</div>\n", file);
    write_paragraph(
        file, " class=\"detail\"",
        arena_print(story->arena,
                    "Left out, because they had no part in it: %" PRIu32
                    " records of the run that fails%s.",
                    explanation->failing.hidden_count,
                    is_pair ? arena_print(story->arena, ", %" PRIu32 " of the one that passes",
                                          explanation->passing.hidden_count)
                            : ""));
    fputs("</section>\n", file);
}

void explain_story_write_page(const struct explain_story *story, const char *foot, FILE *file)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
          "'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n<title>",
          file);
    page_text_escape_line(file, story->title);
    fputs("</title>\n<style>\n", file);
    page_css_write(file);
    fputs("</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">Why it fails</p>\n<h1>", file);
    page_text_escape_line(file, story->title);
    fputs("</h1>\n<div class=\"lead\">\n", file);
    write_paragraph(file, "", story->sentence);
    write_paragraph(file, "", story->doom);
    fputs("</div>\n</header>\n<main>\n", file);
    write_picture(story, file);
    write_beside(story, file);
    fputs("</main>\n", file);
    if (foot != NULL) {
        fputs("<footer>\n", file);
        write_paragraph(file, "", foot);
        fputs("</footer>\n", file);
    }
    fputs("</body>\n</html>\n", file);
}
