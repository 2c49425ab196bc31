/* tsv.h - tables as tab-separated text: one header line, one line a row, read by everything.
 *
 * Tab, newline, carriage return and backslash in a text become \t \n \r \\, so a line is a row
 * whatever the texts hold. An empty cell means "no value". Numbers have a point and no grouping;
 * reals are printed to 12 significant digits, the same for the same bits. Errors of writing are
 * left to whoever closes the file.
 */
#ifndef REPORTS_TSV_H
#define REPORTS_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tsv {
    FILE *file;
    bool is_row_begun;
};

/* Start writing to `file`, which stays the caller's. */
static inline struct tsv tsv_make(FILE *file)
{
    return (struct tsv){.file = file};
}

/* Write the next cell of the row. NULL and NaN are empty cells. */
void tsv_text(struct tsv *tsv, const char *text);
void tsv_count(struct tsv *tsv, int64_t value);
void tsv_real(struct tsv *tsv, double value);
void tsv_hex(struct tsv *tsv, uint64_t value);
void tsv_empty(struct tsv *tsv);
/* A duration or a point in time, in seconds, exact to the ns. */
void tsv_seconds(struct tsv *tsv, int64_t time_ns);

void tsv_end_row(struct tsv *tsv);

/* Write a whole row of texts. */
void tsv_header(struct tsv *tsv, const char *const *names, size_t count);

#endif
