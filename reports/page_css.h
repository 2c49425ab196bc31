/* page_css.h - how the page looks (page.h): the one style sheet.
 *
 * One column for reading, a contents list beside it where there is room; system fonts; light and
 * dark by the reader's own setting, always light on paper. All colours are variables of :root,
 * twice, and the text ones have a contrast of at least 4.5 on both backgrounds (a test computes
 * it). Colour never carries a meaning alone. Tables, code and pictures that are too wide scroll in
 * their own boxes, with a shadow at the edge where there is more.
 */
#ifndef REPORTS_PAGE_CSS_H
#define REPORTS_PAGE_CSS_H

#include <stdio.h>

/* Write the style sheet, without the element around it. It holds no '<' and no '&'. */
void page_css_write(FILE *file);

#endif
