/* empirical.h - a CSV column as a distribution, with right-censored rows.
 *
 * Rows that ended give the jumps of the distribution. Rows that were cut off (timed out) are only
 * known to have lasted longer; leaving them out would make every delay look shorter than it is, so
 * they enter by the Kaplan-Meier estimate. What mass is left after the last time is put there
 * (Efron's convention). Without censored rows this is the plain empirical distribution, i / n.
 *
 * The file: RFC 4180 (quotes doubled inside quotes, CRLF or LF, an optional byte-order mark), first
 * row the column names. It is read in pieces: memory is 16 bytes a row. Limits: a regular file of
 * at most 64 MiB (or what the source says), 256 columns, 64 KiB a row, 2^24 rows.
 *
 * Source: E. L. Kaplan, P. Meier, J. Am. Stat. Assoc. 53 (1958) 457-481.
 */
#ifndef SIM_CHANCE_EMPIRICAL_H
#define SIM_CHANCE_EMPIRICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

#define EMPIRICAL_FILE_SIZE_MAX_BYTES ((int64_t)64 << 20)

/* Does the cell of `column` equal `text` (or not)? */
struct empirical_condition {
    const char *column, *text;
    bool is_equal;
};

struct empirical_source {
    const char *path;
    const char *column;
    int64_t file_size_max_bytes; /* 0: EMPIRICAL_FILE_SIZE_MAX_BYTES */
    double unit;                 /* Cells are multiplied by this. */
    double min, max;             /* Rows outside are left out; the unit is already applied. */
    double longest; /* A row above it, and not above max, is refused, in ns; 0: none is. */
    bool allow_negative;
    bool is_command_line; /* Messages speak of options (--where) and not of arguments (where=). */
    const struct empirical_condition *conditions; /* All must hold. */
    size_t condition_count;
    const struct empirical_condition *censored; /* NULL: no row is censored. */
    bool has_censored_at;
    double censored_at; /* Otherwise a censored row lasted as long as its own cell says. */
};

/* One time of a sample. */
struct empirical_time {
    double value;
    bool is_censored;
};

/* The rows that were chosen, in the order of the file, and what became of the others. */
struct empirical_sample {
    struct empirical_time *times;
    size_t count, censored_count;
    int64_t file_size_bytes;
    size_t row_count;                /* All below the header. */
    size_t excluded_count;           /* A condition does not hold. */
    size_t below_count, above_count; /* The conditions hold, but min or max does not. */
    size_t cut_off_count;            /* `censored` holds; some of them may be below or above. */
};

/* The estimate: times of jumps, P(X <= values[i]) and P(X > values[i]). */
struct empirical_estimate {
    size_t count;
    double *values, *cumulative, *above;
};

/* Read COLUMN==TEXT or COLUMN!=TEXT; one side, or the whole, may be in double quotes. The condition
 * lives in the arena. */
bool empirical_parse_condition(struct arena *arena, const char *text,
                               struct empirical_condition *condition, struct error *error);

/* Read the rows that `source` chooses into `arena`. False and `error` (ERROR_IO for a file that
 * cannot be read, else ERROR_SCENARIO) if there is a row without a number, no row at all, or none
 * that `censored` is about: that would be a slip of the pen without a trace. */
bool empirical_read(struct arena *arena, const struct empirical_source *source,
                    struct empirical_sample *sample, struct error *error);

/* Sort by value, at equal values those that ended first. */
void empirical_sort(struct empirical_time *times, size_t count);

/* Estimate the distribution of `count` >= 1 times, which are sorted in place. */
struct empirical_estimate empirical_estimate(struct arena *arena, struct empirical_time *times,
                                             size_t count);

#endif
