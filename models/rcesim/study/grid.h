/* grid.h - which points a sweep has: values of scenario paths, crossed, less what is not wanted.
 *
 *     over    = PATH "=" values                        one path
 *             | PATH "=" TEXT "{" values "}" TEXT      inside of a text, if wanted several times
 *             | PATH {"," PATH} "=" tuple {"," tuple}  paths that move together
 *     tuple   = TEXT {":" TEXT}                        one for each of the paths
 *     values  = value {"," value}                      commas in brackets and quotes do not count
 *     value   = LOW ".." HIGH ".." STEP                10..50..10, 1min..5min..30s, 5%..0%..-1%
 *             | LOW ".." HIGH "*" FACTOR               10..1000*10
 *             | LOW ".." HIGH ":" COUNT                so many, evenly spaced
 *             | LOW ".." HIGH ":*" COUNT               so many, each the same factor from the last
 *             | LOW ".." HIGH                          whole numbers, one by one
 *             | TEXT                                   anything that --set takes
 *     where   = sum ("<" | "<=" | ">" | ">=" | "==" | "!=") sum
 *     sum     = product {("+" | "-") product}          blanks around + and -
 *     product = term {"*" term}
 *     term    = NUMBER with unit | name                "a.b", or "a.b:median" in a text
 *
 * The first axis changes slowest. Ranges include both ends, where a step meets the upper one to
 * within rounding. A value may stand once. Points are numbered from 1 for people and 0 inside.
 *
 * Limits: GRID_POINTS_MAX after constraints, GRID_CROSSED_MAX before.
 */
#ifndef MODELS_RCESIM_STUDY_GRID_H
#define MODELS_RCESIM_STUDY_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rcesim/study/quantity.h"
#include "models/rcesim/study/template.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

enum {
    GRID_POINTS_MAX = 10000,
    GRID_CROSSED_MAX = 1000000,
    GRID_DIMENSIONS_MAX = 16,
    GRID_COLUMNS_MAX = 16,
};

/* One thing that varies. */
struct grid_column {
    const char *name;
    size_t dimension;
    const char **texts; /* [value_count of the dimension] */
    /* Whether all of its values are quantities of one kind, and if so, which. */
    bool is_quantity;
    const struct quantity *quantities; /* [value_count] */
};

/* An override, and which columns fill its slots. */
struct grid_override {
    struct template template;
    size_t columns[TEMPLATE_SLOTS_MAX];
};

struct grid {
    struct arena *arena;
    struct grid_column columns[GRID_COLUMNS_MAX];
    size_t column_count;
    uint32_t value_counts[GRID_DIMENSIONS_MAX];
    size_t dimension_count;
    struct grid_override overrides[GRID_COLUMNS_MAX];
    size_t override_count;
    uint32_t *indices; /* [point_count][dimension_count], by grid_build */
    size_t point_count;
    bool is_alone; /* By grid_build_alone. */
};

/* Begin with nothing. */
void grid_init(struct grid *grid, struct arena *arena);

/* Add what one --over says. Errors: ERROR_USAGE. */
bool grid_add(struct grid *grid, const char *over, struct error *error);

/* Cross all axes and keep the points that meet all constraints. Errors (ERROR_USAGE): a constraint
 * that is not one, no point left, too many. */
bool grid_build(struct grid *grid, const char *const *wheres, size_t where_count,
                struct error *error);

/* Instead: one point with nothing changed, then each value of each axis alone, all others left as
 * the scenario has them. Errors: ERROR_USAGE, also for a text with two values in braces, of which
 * none can be left alone. */
bool grid_build_alone(struct grid *grid, struct error *error);

/* The index of a column that is left as it is. */
#define GRID_AS_GIVEN UINT32_MAX

/* The value of a column at a point, as text and as an index into the values of the column. */
uint32_t grid_index(const struct grid *grid, size_t point, size_t column);
const char *grid_text(const struct grid *grid, size_t point, size_t column);

/* The overrides of a point, in the arena given, and how many: all, unless axes are varied alone. */
const char **grid_overrides(const struct grid *grid, struct arena *arena, size_t point);
size_t grid_override_count(const struct grid *grid, size_t point);

/* "fleet.sddcs=10, a.b:median=1min"; "as given" where nothing is changed. */
const char *grid_point_text(const struct grid *grid, struct arena *arena, size_t point);

#endif
