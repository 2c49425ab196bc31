/* error.h - what went wrong in the world outside: a file, a flag, a scenario.
 *
 * A function that can fail for such a reason is `bool f(..., struct error *error)`: on failure it
 * returns false, has set `error`, and has left its out-parameters alone. The caller may put context
 * in front. The code is the exit status of the program.
 */
#ifndef SIM_BASE_ERROR_H
#define SIM_BASE_ERROR_H

#include <stdbool.h>

enum error_code {
    ERROR_INTERNAL = 1,      /* A bug, or no memory. */
    ERROR_USAGE = 2,         /* The command line. */
    ERROR_SCENARIO = 3,      /* The scenario, or a file that it names. */
    ERROR_IO = 4,            /* Reading or writing. */
    ERROR_CHART = 5,         /* gnuplot is missing or failed; data is kept. */
    ERROR_INTERRUPTED = 130, /* Somebody asked to stop; no failure. */
};

#define ERROR_MESSAGE_SIZE_BYTES 8192

struct error {
    enum error_code code;
    char message[ERROR_MESSAGE_SIZE_BYTES]; /* One or more lines without a newline at the end. */
};

/* Set `error` (may be NULL: then nothing is kept). Returns false, so that `return error_set(...)`
 * reads well. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "text: " in front of the message that is there. Returns false. */
bool error_context(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
