/* chart_edges.h - charts of every kind with data at the edge of what there can be, for tests: the
 * words and columns of the samples, other rows. */
#ifndef TESTS_REPORTS_CHART_EDGES_H
#define TESTS_REPORTS_CHART_EDGES_H

#include <string.h>

#include "tests/reports/chart_samples.h"

enum edge {
    EDGE_EMPTY,   /* No row. */
    EDGE_MISSING, /* Rows without a number. */
    EDGE_HOLES,   /* Every second number is missing. */
    EDGE_ONE,     /* One row. */
    EDGE_EQUAL,   /* All values the same. */
    EDGE_ZERO,
    EDGE_TINY,     /* Around 1e-9. */
    EDGE_HUGE,     /* Around 1e12. */
    EDGE_NEGATIVE, /* Below 0. */
    EDGE_MANY,     /* 64 labels. */
    EDGE_LONG,     /* Very long words everywhere. */
    EDGE_HOSTILE,  /* Words that want to run, to break out, or to be seen as markup. */
    EDGE_LOG,      /* Logarithmic axes, also of values that have no logarithm. */
};
enum { EDGE_COUNT = EDGE_LOG + 1, EDGE_MANY_ROWS = 64 };

static const char *const edge_names[EDGE_COUNT] = {"empty", "missing", "holes", "one",      "equal",
                                                   "zero",  "tiny",    "huge",  "negative", "many",
                                                   "long",  "hostile", "log"};

/* If any of it were run, there would be a file "owned". */
static const char edge_hostile[] =
    "`touch owned` $(touch owned) '; system 'touch owned'; \"; !touch owned\n"
    "@x {/Symbol a}^2_3 %s %d %n \\n \\ <b>&amp;</b> </text><script>x</script> ]]> "
    "\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x92\xa5 \x01\x1b[31m\x7f \xc2\x9b \xe2\x80\xae"
    "evil\xef\xbf\xbf \xff\xfe '' # x\r\ty";

static inline double edge_number(enum edge edge, size_t row, size_t column)
{
    double plain = (double)(row + 1) + 0.1 * (double)column;
    switch (edge) {
    case EDGE_EMPTY:
    case EDGE_MISSING: return NAN;
    case EDGE_HOLES: return (row + column) % 2 == 0 ? NAN : plain;
    case EDGE_EQUAL: return 7;
    case EDGE_ZERO: return 0;
    case EDGE_TINY: return 1e-9 * plain;
    case EDGE_HUGE: return 1e12 * plain;
    case EDGE_NEGATIVE: return -plain;
    case EDGE_LOG: return row == 0 ? 0 : plain;
    case EDGE_ONE:
    case EDGE_MANY:
    case EDGE_LONG:
    case EDGE_HOSTILE: return plain;
    }
    return NAN;
}

static inline const char *edge_text(struct arena *arena, enum edge edge, size_t row, size_t column)
{
    const char *plain = arena_print(arena, "row %zu, column %zu", row, column);
    if (edge == EDGE_HOSTILE)
        return arena_print(arena, "%s %s", plain, edge_hostile);
    if (edge != EDGE_LONG)
        return plain;
    char *text = arena_take(arena, 601);
    memset(text, 'w', 600);
    memcpy(text, plain, strlen(plain));
    return text;
}

static inline size_t edge_rows(enum edge edge)
{
    return edge == EDGE_EMPTY ? 0 : edge == EDGE_ONE ? 1 : edge == EDGE_MANY ? EDGE_MANY_ROWS : 5;
}

/* The words of a sample, or others. */
static inline const char *edge_words(struct arena *arena, enum edge edge, const char *words,
                                     size_t place)
{
    bool has_own = edge != EDGE_LONG && edge != EDGE_HOSTILE;
    return has_own || *words == '\0' ? words : edge_text(arena, edge, 0, place);
}

/* The sample `maker` with other rows; its name is that of the edge and of the sample. */
static inline struct chart *edge_chart(struct arena *arena, sample_maker *maker, enum edge edge)
{
    const struct chart *sample = maker(arena);
    struct chart *chart = chart_create(arena, sample->kind,
                                       arena_print(arena, "%s-%s", edge_names[edge], sample->name));
    chart_set_words(chart, edge_words(arena, edge, sample->title, 100),
                    edge_words(arena, edge, sample->caption, 101),
                    edge_words(arena, edge, sample->alt, 102));
    chart_set_x(chart, edge_words(arena, edge, sample->x.label, 103),
                edge_words(arena, edge, sample->x.unit, 104));
    chart_set_y(chart, edge_words(arena, edge, sample->y.label, 105),
                edge_words(arena, edge, sample->y.unit, 106));
    chart->x.is_log = chart->y.is_log = edge == EDGE_LOG;
    for (size_t i = 0; i < sample->column_count; i++)
        chart_add_column(chart, sample->columns[i].role, sample->columns[i].name,
                         edge_words(arena, edge, sample->columns[i].label, 110 + i));
    for (size_t row = 0; row < edge_rows(edge); row++)
        for (size_t i = 0; i < sample->column_count; i++) {
            if (chart_is_text(chart->kind, sample->columns[i].role))
                chart_add_text(chart, edge_text(arena, edge, row, i));
            else
                chart_add_number(chart, edge_number(edge, row, i));
        }
    for (size_t i = 0; edge != EDGE_EMPTY && i < sample->mark_count; i++)
        chart_add_mark(chart, sample->marks[i].axis, edge_number(EDGE_ONE, i, 0),
                       edge_words(arena, edge, sample->marks[i].label, 120 + i));
    return chart;
}

#endif
