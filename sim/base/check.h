/* check.h - what must be true or the program has a bug.
 *
 * CHECK is always on and O(1). CHECK_SLOW walks whole structures and exists only where
 * RCESIM_SLOW_CHECKS is defined (debug, sanitizer and fuzz builds). Neither is for bad input: bad
 * input gets a struct error.
 */
#ifndef SIM_BASE_CHECK_H
#define SIM_BASE_CHECK_H

/* Print where and what to standard error and abort. Never returns. */
_Noreturn void check_failed(const char *file, int line, const char *condition);

/* Print a message about an exhausted limit (memory, events, ...) to standard error and leave the
 * process with status 1. The message names the limit and how to raise it. Never returns. */
_Noreturn void check_limit(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

/* A place that is never reached; `why` is a string. */
#define CHECK_UNREACHABLE(why) check_failed(__FILE__, __LINE__, why)

#ifdef RCESIM_SLOW_CHECKS
#define CHECK_SLOW(condition) CHECK(condition)
#else
#define CHECK_SLOW(condition) ((void)sizeof(!(condition)))
#endif

#endif
