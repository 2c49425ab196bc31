/* grid.h - the values that an exhaustive search tries for a draw.
 *
 * Delays, counts, uniforms and entropy have too many values to try. A grid names levels in (0, 1);
 * at each of them the draw has its quantile. Faults have their other value, choices all
 * alternatives, ties some places further back. Values equal to the typical one or
 * to one before are left out, so the grid says exactly how many alternatives a draw has.
 */
#ifndef SIM_EXPLORE_GRID_H
#define SIM_EXPLORE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/chance/oracle.h"

enum { GRID_LEVELS_MAX = 16, GRID_VALUES_MAX = 64 };

struct grid {
    double levels[GRID_LEVELS_MAX]; /* Ascending. */
    uint32_t level_count;
    uint32_t alternatives_max; /* Of a choice, the first ones; at most GRID_VALUES_MAX. */
    uint32_t places_max;       /* Of a tie: so many values, */
    uint32_t place_step;       /* so many places apart; 0 is 1. */
};

/* 1 %, 99 %, 99.9 %; 8 alternatives; 1 place. */
struct grid grid_default(void);

/* Parse "1%, 99%, 99.9%" (or fractions) into the levels; the rest as in the default. */
bool grid_parse(const char *text, struct grid *grid, struct error *error);
/* Print the levels in the form of grid_parse. Returns `text`. */
char *grid_print(char *text, size_t size_bytes, const struct grid *grid);

/* Write the alternatives of a draw to values[GRID_VALUES_MAX] and return how many there are. */
uint32_t grid_values(const struct grid *grid, const struct oracle_asked *asked, int64_t *values);

#endif
