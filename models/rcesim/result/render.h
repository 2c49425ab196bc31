/* render.h - from a manifest to a folder that can be read: data, scripts, pictures and pages.
 *
 *     report.json           the manifest: words, tables, which charts there are
 *     NAME.tsv .gp .svg     each chart: its data, its script, its picture
 *     report.html           the page, one file
 *     report.md             the same to paste
 *
 * The first and the data are the source; everything else is made from them and comes out the same
 * whenever it is made again. Pictures are drawn by several processes at once; one that cannot be
 * drawn is missing on the page, which says so, and everything else is whole.
 */
#ifndef MODELS_RCESIM_RESULT_RENDER_H
#define MODELS_RCESIM_RESULT_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "models/rcesim/options.h"
#include "reports/directory.h"
#include "reports/manifest.h"
#include "reports/process.h"
#include "sim/base/error.h"

#define RENDER_PAGE     "report.html"
#define RENDER_MARKDOWN "report.md"

struct render_job {
    const struct manifest *manifest;
    /* Where to: a folder that is being made, or one that is there, in which every file is replaced
     * as a whole. The other one is NULL. */
    struct directory *directory;
    const char *folder;
    bool is_source_there;            /* The manifest and the data are in the folder already. */
    bool has_png;                    /* Draw every picture as PNG as well. */
    const struct options_list *only; /* Draw these charts only; NULL or none: all. */
    const struct process_patience *patience; /* May be NULL. */
};

/* What became of the pictures. */
struct render_report {
    size_t chart_count;  /* That were to be drawn. */
    size_t failed_count; /* That could not be. */
    struct error reason; /* Why the first of them could not. */
};

/* Write everything. That pictures are missing is no failure. Errors: ERROR_IO; of a folder that was
 * there some files may have been replaced. */
bool render(const struct render_job *job, struct render_report *report, struct error *error);

/* Say on standard error that pictures are missing, if so. Returns whether all are there. */
bool render_complain(const struct render_report *report);

#endif
