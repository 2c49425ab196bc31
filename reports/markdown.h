/* markdown.h - a result as GitHub-flavoured Markdown, to paste into a ticket or a wiki.
 *
 * The same sections, tables and words as the page (page.h); charts are links to the .svg files that
 * lie beside it, and a chart without a picture is a line that names its data. Every text may come
 * from a stranger: what Markdown or HTML would take for markup is escaped, control characters are
 * left out, and what is not UTF-8 becomes U+FFFD. Same manifest and same pictures, same bytes.
 */
#ifndef REPORTS_MARKDOWN_H
#define REPORTS_MARKDOWN_H

#include <stdio.h>

#include "reports/manifest.h"

/* Write the report of `manifest`, whose pictures lie in the folder `directory`. Errors of writing
 * are left to whoever closes `file`. */
void markdown_write(FILE *file, const struct manifest *manifest, const char *directory);

#endif
