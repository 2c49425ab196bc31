#include "reports/tsv.h"

#include <inttypes.h>
#include <math.h>

static void begin_cell(struct tsv *tsv)
{
    if (tsv->is_row_begun)
        putc('\t', tsv->file);
    tsv->is_row_begun = true;
}

static const char *escape_of(char c)
{
    return c == '\t' ? "\\t" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\\' ? "\\\\" : NULL;
}

void tsv_text(struct tsv *tsv, const char *text)
{
    begin_cell(tsv);
    for (; text != NULL && *text != '\0'; text++) {
        const char *escape = escape_of(*text);
        if (escape != NULL)
            fputs(escape, tsv->file);
        else
            putc(*text, tsv->file);
    }
}

void tsv_count(struct tsv *tsv, int64_t value)
{
    begin_cell(tsv);
    fprintf(tsv->file, "%" PRId64, value);
}

void tsv_real(struct tsv *tsv, double value)
{
    begin_cell(tsv);
    if (!isnan(value))
        fprintf(tsv->file, "%.12g", value + 0.0); /* Adding 0 turns -0 into 0. */
}

void tsv_hex(struct tsv *tsv, uint64_t value)
{
    begin_cell(tsv);
    fprintf(tsv->file, "%016" PRIx64, value);
}

void tsv_empty(struct tsv *tsv)
{
    begin_cell(tsv);
}

void tsv_seconds(struct tsv *tsv, int64_t time_ns)
{
    begin_cell(tsv);
    /* Split before negating: INT64_MIN has no positive counterpart. */
    int64_t whole_s = time_ns / 1000000000, rest_ns = time_ns % 1000000000;
    if (time_ns < 0)
        putc('-', tsv->file);
    fprintf(tsv->file, "%" PRId64, whole_s < 0 ? -whole_s : whole_s);
    rest_ns = rest_ns < 0 ? -rest_ns : rest_ns;
    if (rest_ns == 0)
        return;
    int digits = 9;
    for (; rest_ns % 10 == 0; rest_ns /= 10)
        digits--;
    fprintf(tsv->file, ".%0*" PRId64, digits, rest_ns);
}

void tsv_end_row(struct tsv *tsv)
{
    putc('\n', tsv->file);
    tsv->is_row_begun = false;
}

void tsv_header(struct tsv *tsv, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tsv_text(tsv, names[i]);
    tsv_end_row(tsv);
}
