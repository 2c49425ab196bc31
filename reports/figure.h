/* figure.h - numbers as people read them: "18.3 %", "10,980", "[17.9 %, 18.7 %]".
 *
 * Text only, never read back by a program; exact values are in the TSV and JSON files. All of them
 * print into the caller's buffer and return it.
 */
#ifndef REPORTS_FIGURE_H
#define REPORTS_FIGURE_H

#include <stdint.h>

enum { FIGURE_SIZE_BYTES = 96 };

/* A share as a percentage with three significant digits ("18.3 %", "0.412 %", "100 %"). */
const char *figure_share(char text[FIGURE_SIZE_BYTES], double share);

/* A difference of shares in percentage points, with its sign ("-17.9"). */
const char *figure_points(char text[FIGURE_SIZE_BYTES], double difference);

/* A whole number with its thousands apart ("10,980"). */
const char *figure_count(char text[FIGURE_SIZE_BYTES], int64_t count);

/* Any number to four significant digits ("163.2", "1,520,000"). */
const char *figure_number(char text[FIGURE_SIZE_BYTES], double value);

/* A duration in ns, held in a double because it is a mean ("1.57 h"). */
const char *figure_duration(char text[FIGURE_SIZE_BYTES], double duration_ns);

/* What is uncertain about `duration_ns`, in the unit that figure_duration shows that in ("0.11 h");
 * "" where it is too little to be seen beside it. */
const char *figure_duration_error(char text[FIGURE_SIZE_BYTES], double error_ns,
                                  double duration_ns);

/* A duration in ns as a scenario would have it, to the ms ("1d2h45min"). */
const char *figure_exact_duration(char text[FIGURE_SIZE_BYTES], double duration_ns);

/* Two shares as an interval in percent ("[17.9, 18.7] %"). */
const char *figure_share_interval(char text[FIGURE_SIZE_BYTES], double low, double high);

#endif
