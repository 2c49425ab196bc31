#include "sim/base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "rcesim: internal error at %s:%d: CHECK(%s) does not hold\n", file, line,
            condition);
    abort();
}

_Noreturn void check_limit(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("rcesim: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(1); /* Other threads may hold locks: leave without running their exit handlers. */
}
