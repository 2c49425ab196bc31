#include "sim/base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct unit {
    const char *name;
    int64_t size_ns;
} units[] = {
    {"d", UNITS_D},   {"h", UNITS_H},   {"min", UNITS_MIN}, {"s", UNITS_S},
    {"ms", UNITS_MS}, {"us", UNITS_US}, {"ns", 1},
};
enum { UNITS_COUNT = sizeof units / sizeof units[0] };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the decimal number at the start of `text`, without a sign; 0 if there is none. */
static size_t number_length(const char *text)
{
    size_t i = 0;
    size_t digits = 0;
    for (; is_digit(text[i]); i++)
        digits++;
    if (text[i] == '.')
        for (i++; is_digit(text[i]); i++)
            digits++;
    if (digits == 0)
        return 0;
    if (text[i] == 'e' || text[i] == 'E') {
        size_t j = i + 1;
        if (text[j] == '+' || text[j] == '-')
            j++;
        if (is_digit(text[j])) {
            while (is_digit(text[j]))
                j++;
            i = j;
        }
    }
    return i;
}

/* Read one number with an optional sign; `*rest` is what follows. */
static bool read_number(const char *text, double *number, const char **rest)
{
    const char *start = text;
    if (*start == '-' || *start == '+')
        start++;
    size_t length = number_length(start);
    if (length == 0 || length > 64)
        return false;
    char copy[80];
    size_t whole = (size_t)(start - text) + length;
    memcpy(copy, text, whole);
    copy[whole] = '\0';
    double value = strtod(copy, NULL);
    if (!isfinite(value))
        return false;
    *number = value;
    *rest = text + whole;
    return true;
}

static const struct unit *find_unit(const char *text, size_t *length)
{
    size_t letters = 0;
    while (is_letter(text[letters]))
        letters++;
    *length = letters;
    for (size_t i = 0; i < UNITS_COUNT; i++)
        if (strlen(units[i].name) == letters && strncmp(units[i].name, text, letters) == 0)
            return &units[i];
    return NULL;
}

bool units_parse_duration(const char *text, int64_t *duration_ns, struct error *error)
{
    bool negative = *text == '-';
    const char *at = text + negative;
    long double total_ns = 0; /* A double has too few digits for years in ns. */
    if (*at == '\0' || *at == '-' || *at == '+')
        return error_set(error, ERROR_SCENARIO,
                         "\"%s\" is not a duration (write for example 90s, 12min, 1h30min)", text);
    while (*at != '\0') {
        double number;
        const char *rest;
        size_t length;
        if (is_letter(*at) || *at == '-' || *at == '+' || !read_number(at, &number, &rest))
            return error_set(error, ERROR_SCENARIO,
                             "\"%s\" is not a duration (write for example 90s, 12min, 1h30min)",
                             text);
        const struct unit *unit = find_unit(rest, &length);
        if (length == 0)
            return error_set(error, ERROR_SCENARIO,
                             "\"%s\" has no unit of time; write for example %.*ss or %.*smin "
                             "(units: ns us ms s min h d)",
                             text, (int)(rest - at), at, (int)(rest - at), at);
        if (unit == NULL)
            return error_set(error, ERROR_SCENARIO,
                             "\"%.*s\" is not a unit of time (units: ns us ms s min h d)",
                             (int)length, rest);
        total_ns += (long double)number * (long double)unit->size_ns;
        at = rest + length;
    }
    if (total_ns > 9.2e18L)
        return error_set(error, ERROR_SCENARIO,
                         "\"%s\" is too long a duration (at most about 292 years)", text);
    *duration_ns = negative ? -llroundl(total_ns) : llroundl(total_ns);
    return true;
}

bool units_parse_number(const char *text, double *number, struct error *error)
{
    double value;
    const char *rest;
    if (!read_number(text, &value, &rest) || *rest != '\0')
        return error_set(error, ERROR_SCENARIO, "\"%s\" is not a number", text);
    *number = value;
    return true;
}

bool units_parse_count(const char *text, int64_t *count, struct error *error)
{
    const char *at = text + (*text == '-');
    size_t digits = 0;
    while (is_digit(at[digits]))
        digits++;
    if (digits == 0 || at[digits] != '\0' || digits > 18)
        return error_set(error, ERROR_SCENARIO, "\"%s\" is not a whole number of at most 18 digits",
                         text);
    if (digits > 1 && at[0] == '0')
        return error_set(error, ERROR_SCENARIO,
                         "\"%s\" begins with 0; write it without (this is not octal)", text);
    *count = strtoll(text, NULL, 10);
    return true;
}

bool units_parse_rate(const char *text, double *rate_per_s, struct error *error)
{
    double number;
    const char *rest;
    if (read_number(text, &number, &rest) && *rest == '/') {
        size_t length;
        const struct unit *unit = find_unit(rest + 1, &length);
        if (unit != NULL && rest[1 + length] == '\0') {
            *rate_per_s = number * ((double)UNITS_S / (double)unit->size_ns);
            return true;
        }
    }
    return error_set(error, ERROR_SCENARIO,
                     "\"%s\" is not a rate (write for example 50/s or 3/min)", text);
}

bool units_parse_percentage(const char *text, double *value, struct error *error)
{
    double number;
    const char *rest;
    if (read_number(text, &number, &rest)) {
        if (*rest == '\0') {
            *value = number;
            return true;
        }
        if (strcmp(rest, "%") == 0) {
            *value = number / 100;
            return true;
        }
    }
    return error_set(error, ERROR_SCENARIO,
                     "\"%s\" is neither a number nor a percentage (write 0.02 or 2%%)", text);
}

bool units_parse_share(const char *text, double *share, struct error *error)
{
    double value;
    if (!units_parse_percentage(text, &value, error))
        return false;
    if (value < 0 || value > 1)
        return error_set(error, ERROR_SCENARIO, "\"%s\" is outside 0 to 1 (0 %% to 100 %%)", text);
    *share = value;
    return true;
}

const char *units_print_duration(char text[UNITS_TEXT_SIZE_BYTES], int64_t duration_ns)
{
    if (duration_ns == 0)
        return memcpy(text, "0s", 3);
    uint64_t left = duration_ns < 0 ? -(uint64_t)duration_ns : (uint64_t)duration_ns;
    size_t length = 0;
    if (duration_ns < 0)
        text[length++] = '-';
    for (size_t i = 0; i < UNITS_COUNT; i++) {
        uint64_t size = (uint64_t)units[i].size_ns;
        if (left >= size) {
            length += (size_t)snprintf(text + length, UNITS_TEXT_SIZE_BYTES - length, "%llu%s",
                                       (unsigned long long)(left / size), units[i].name);
            left %= size;
        }
    }
    return text;
}

const char *units_print_rough_duration(char text[UNITS_TEXT_SIZE_BYTES], int64_t duration_ns)
{
    static const struct unit *const largest_first = units;
    double size = fabs((double)duration_ns);
    const struct unit *unit = &largest_first[UNITS_COUNT - 1];
    for (size_t i = 1; i < UNITS_COUNT; i++) {
        if (size >= (double)largest_first[i].size_ns) {
            unit = &largest_first[i];
            break;
        }
    }
    double value = (double)duration_ns / (double)unit->size_ns;
    snprintf(text, UNITS_TEXT_SIZE_BYTES, "%.*f %s",
             fabs(value) >= 100  ? 0
             : fabs(value) >= 10 ? 1
                                 : 2,
             value, duration_ns == 0 ? "s" : unit->name);
    return text;
}

const char *units_print_clock(char text[UNITS_TEXT_SIZE_BYTES], int64_t time_ns)
{
    const char *sign = time_ns < 0 ? "-" : "";
    uint64_t ms = (time_ns < 0 ? -(uint64_t)time_ns : (uint64_t)time_ns) / (uint64_t)UNITS_MS;
    uint64_t days = ms / 86400000;
    char day[24] = "";
    if (days > 0)
        snprintf(day, sizeof day, "%llu+", (unsigned long long)days);
    snprintf(text, UNITS_TEXT_SIZE_BYTES, "%s%s%02u:%02u:%02u.%03u", sign, day,
             (unsigned)(ms / 3600000 % 24), (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60),
             (unsigned)(ms % 1000));
    return text;
}
