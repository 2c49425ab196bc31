/* page.h - a result as one HTML page that can be put into a postmortem.
 *
 * The manifest (manifest.h) brings the words, the tables and the list of charts; the folder brings
 * the pictures. The page is one file: no network, no script, no font to load. It is readable at the
 * width of a telephone, in light and dark, on paper, and with a screen reader. It is also
 * well-formed XML, so that a parser can check it.
 *
 * Every text may come from a stranger: it is escaped, control characters are left out, and what is
 * not UTF-8 becomes U+FFFD. Same manifest and same pictures, same bytes.
 *
 * Limits: a picture above PAGE_PICTURE_SIZE_MAX_BYTES, and every picture after all of them together
 * exceed PAGE_PICTURES_SIZE_MAX_BYTES, is linked instead of drawn into the page, so that the page
 * stays below 2 MB. Tables are as long as the caller made them.
 */
#ifndef REPORTS_PAGE_H
#define REPORTS_PAGE_H

#include <stdio.h>

#include "reports/manifest.h"

enum {
    PAGE_PICTURE_SIZE_MAX_BYTES = 300 * 1024,
    PAGE_PICTURES_SIZE_MAX_BYTES = 1400 * 1024,
    PAGE_DATA_ROWS_MAX = 30, /* Of a chart that is shown as a table, because it has no picture. */
};

/* Write the page of `manifest`, whose pictures lie in the folder `directory`. A chart without a
 * picture is shown as a note and a table of its cells. A folder that somebody changed cannot make
 * this fail: what is wrong with a picture is said on the page. Errors of writing are left to
 * whoever closes `file`. */
void page_write(FILE *file, const struct manifest *manifest, const char *directory);

#endif
