/* units.h - numbers as people write them: "12min", "1h30min", "0.2%", "50/s".
 *
 * Inside the program a duration is int64_t nanoseconds, a probability a double in [0, 1], a rate a
 * double per second. Text exists only at the edges, and this is the edge. A bare number is not a
 * duration ("5" of what?). Units of time: ns us ms s min h d. Numbers: digits with an optional
 * fraction and exponent; no hex, no octal, no "nan", no locale.
 */
#ifndef SIM_BASE_UNITS_H
#define SIM_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"

#define UNITS_US  ((int64_t)1000)
#define UNITS_MS  ((int64_t)1000000)
#define UNITS_S   ((int64_t)1000000000)
#define UNITS_MIN (60 * UNITS_S)
#define UNITS_H   (60 * UNITS_MIN)
#define UNITS_D   (24 * UNITS_H)

/* Parse the whole of `text`. Errors (code ERROR_SCENARIO) say what was expected and what stood
 * there. Durations may have several parts ("1h30min"), may be 0 with a unit, and may be negative
 * only where the caller allows it: these return negative values for "-5min". At most about 292
 * years. */
bool units_parse_duration(const char *text, int64_t *duration_ns, struct error *error);
bool units_parse_number(const char *text, double *number, struct error *error);
bool units_parse_count(const char *text, int64_t *count, struct error *error);
bool units_parse_rate(const char *text, double *rate_per_s,
                      struct error *error); /* 50/s, 3/min, 1/h */
bool units_parse_share(const char *text, double *share,
                       struct error *error); /* "2%" or "0.02", 0..1 */
bool units_parse_percentage(const char *text, double *value,
                            struct error *error); /* as share, any sign or size */

/* Print the shortest exact form that units_parse_duration reads back ("1h30min", "120ms"). */
enum { UNITS_TEXT_SIZE_BYTES = 48 };
const char *units_print_duration(char text[UNITS_TEXT_SIZE_BYTES], int64_t duration_ns);
/* Print for people, to three digits ("1.57 h", "12.3 min", "850 ms"). */
const char *units_print_rough_duration(char text[UNITS_TEXT_SIZE_BYTES], int64_t duration_ns);
/* Print a point of simulated time as [d+]hh:mm:ss.mmm ("1+02:03:04.567"). */
const char *units_print_clock(char text[UNITS_TEXT_SIZE_BYTES], int64_t time_ns);

#endif
