#include "reports/page.h"

#include "reports/identity.h"
#include "reports/page_block.h"
#include "reports/page_css.h"
#include "reports/page_text.h"

/* Nothing may be loaded and nothing may run, even if a text or a picture got by the checks. */
static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                             "form-action 'none'";

static void write_head(FILE *file, const struct manifest *manifest)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta name=\"color-scheme\" content=\"light dark\"/>\n",
          file);
    fprintf(file, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n", policy);
    fputs("<meta name=\"generator\" content=\"", file);
    page_text_escape_line(file, manifest->identity.program);
    putc(' ', file);
    page_text_escape_line(file, manifest->identity.version);
    fputs("\"/>\n<title>", file);
    page_text_escape_line(file, manifest->title);
    fputs("</title>\n<style>\n", file);
    page_css_write(file);
    fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#report\">Skip to the report</a>\n",
          file);
}

static void write_header(FILE *file, const struct manifest *manifest)
{
    const struct identity *identity = &manifest->identity;
    fputs("<header>\n<p class=\"kicker\">Simulation report: ", file);
    page_text_escape_line(file, identity->scenario);
    fputs("</p>\n<h1>", file);
    page_text_escape_line(file, manifest->title);
    fputs("</h1>\n<div class=\"lead\">\n", file);
    page_block_paragraphs(file, manifest->lead);
    fputs("</div>\n", file);
    if (identity_is_partial(identity))
        fprintf(file,
                "<div class=\"note warning\" role=\"note\"><p><b>Interrupted</b></p>\n"
                "<p>Only %u of %u replications were carried out. Every figure here is of these "
                "alone.</p></div>\n",
                (unsigned)identity->replications, (unsigned)identity->replications_planned);
    fputs("</header>\n", file);
}

static void write_contents(FILE *file, const struct manifest *manifest)
{
    if (manifest->section_count == 0)
        return;
    fputs("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ul>\n", file);
    for (size_t i = 0; i < manifest->section_count; i++) {
        fprintf(file, "<li><a href=\"#section-%s\">", manifest->sections[i]->id);
        page_text_escape_line(file, manifest->sections[i]->title);
        fputs("</a></li>\n", file);
    }
    fputs("</ul>\n</nav>\n", file);
}

static void write_section(struct page_writer *writer, const struct manifest_section *section)
{
    fprintf(writer->file,
            "<section id=\"section-%s\" aria-labelledby=\"title-%s\">\n<h2 id=\"title-%s\">",
            section->id, section->id, section->id);
    page_text_escape_line(writer->file, section->title);
    fputs("</h2>\n", writer->file);
    for (size_t i = 0; i < section->block_count; i++)
        page_block_write(writer, section->blocks[i]);
    fputs("</section>\n", writer->file);
}

static void write_footer(FILE *file, const struct manifest *manifest)
{
    fputs("<footer>\n<p>", file);
    page_text_escape_line(file, identity_line(&manifest->identity, manifest->arena));
    fputs("</p>\n<p><code>", file);
    page_text_escape_line(file, manifest->identity.command);
    fprintf(file, "</code></p>\n<p>%s</p>\n</footer>\n</body>\n</html>\n",
            identity_caveat_of(&manifest->identity));
}

void page_write(FILE *file, const struct manifest *manifest, const char *directory)
{
    struct page_writer writer = {.file = file, .manifest = manifest, .directory = directory};
    write_head(file, manifest);
    write_header(file, manifest);
    write_contents(file, manifest);
    fputs("<main id=\"report\">\n", file);
    for (size_t i = 0; i < manifest->section_count; i++)
        write_section(&writer, manifest->sections[i]);
    fputs("</main>\n", file);
    write_footer(file, manifest);
}
