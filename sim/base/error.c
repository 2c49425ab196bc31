#include "sim/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

bool error_context(struct error *error, const char *format, ...)
{
    if (error == NULL)
        return false;
    char before[ERROR_MESSAGE_SIZE_BYTES];
    memcpy(before, error->message, sizeof before);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length + 3 > sizeof error->message)
        return false;
    size_t room = sizeof error->message - (size_t)length - 3;
    size_t kept = strlen(before) < room ? strlen(before) : room;
    char *at = error->message + length;
    memcpy(at, ": ", 2);
    memcpy(at + 2, before, kept);
    at[2 + kept] = '\0';
    return false;
}
