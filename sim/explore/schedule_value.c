#include "sim/explore/schedule_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

/* The shortest text that is read as the same uniform, with a point or an exponent in it. */
static const char *print_fraction(char *text, size_t size, int64_t value)
{
    double u = ((double)value + 0.5) * 0x1p-52;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, u);
        double read = strtod(text, NULL);
        if (read > 0 && read < 1 && (int64_t)(read * 0x1p52) == value)
            break;
    }
    return text;
}

const char *schedule_value_print(char text[UNITS_TEXT_SIZE_BYTES], int64_t value,
                                 enum schedule_form form)
{
    switch (form) {
    case SCHEDULE_DURATION: return units_print_duration(text, value);
    case SCHEDULE_FLAG: return value != 0 ? "yes" : "no";
    case SCHEDULE_NUMBER: snprintf(text, UNITS_TEXT_SIZE_BYTES, "%" PRId64, value); return text;
    case SCHEDULE_FRACTION: return print_fraction(text, UNITS_TEXT_SIZE_BYTES, value);
    case SCHEDULE_BITS:
        snprintf(text, UNITS_TEXT_SIZE_BYTES, "0x%" PRIx64, (uint64_t)value);
        return text;
    case SCHEDULE_FORM_COUNT: break;
    }
    check_failed(__FILE__, __LINE__, "a known form");
}

bool schedule_value_parse_count(const char *word, int64_t *count, struct error *error)
{
    size_t sign = *word == '-', digits = strspn(word + sign, "0123456789");
    errno = 0;
    long long value = strtoll(word, NULL, 10);
    if (digits == 0 || word[sign + digits] != '\0')
        return error_set(error, ERROR_SCENARIO, "expected a whole number, not \"%.80s\"", word);
    if (errno == ERANGE)
        return error_set(error, ERROR_SCENARIO, "%.80s is too large a number", word);
    *count = value;
    return true;
}

static bool parse_bits(const char *word, int64_t *value, struct error *error)
{
    size_t length = strlen(word + 2);
    if (length == 0 || length > 16 || word[2 + strspn(word + 2, "0123456789abcdef")] != '\0')
        return error_set(error, ERROR_SCENARIO, "expected 0x and 1 to 16 digits 0 to f");
    *value = (int64_t)strtoull(word + 2, NULL, 16);
    return true;
}

static bool parse_fraction(const char *word, int64_t *value, struct error *error)
{
    double u;
    if (!units_parse_number(word, &u, error))
        return false;
    if (!(u > 0 && u < 1))
        return error_set(error, ERROR_SCENARIO, "a fraction lies between 0 and 1");
    *value = (int64_t)(u * 0x1p52);
    return true;
}

static bool parse_duration(const char *word, int64_t *value, struct error *error)
{
    int64_t duration_ns;
    if (!units_parse_duration(word, &duration_ns, error))
        return false;
    if (duration_ns < 0 || duration_ns > DIST_DURATION_MAX_NS)
        return error_set(error, ERROR_SCENARIO, "a delay is 0s or more, and 100 years at most");
    *value = duration_ns;
    return true;
}

bool schedule_value_parse(const char *word, int64_t *value, enum schedule_form *form,
                          struct error *error)
{
    bool is_yes = strcmp(word, "yes") == 0;
    if (is_yes || strcmp(word, "no") == 0) {
        *form = SCHEDULE_FLAG;
        *value = is_yes;
        return true;
    }
    if (strncmp(word, "0x", 2) == 0) {
        *form = SCHEDULE_BITS;
        return parse_bits(word, value, error);
    }
    char last = *word == '\0' ? '\0' : word[strlen(word) - 1];
    bool is_bare = (last >= '0' && last <= '9') || last == '.';
    if (!is_bare) {
        *form = SCHEDULE_DURATION;
        return parse_duration(word, value, error);
    }
    bool is_whole = word[strspn(word, "+-0123456789")] == '\0';
    *form = is_whole ? SCHEDULE_NUMBER : SCHEDULE_FRACTION;
    return is_whole ? schedule_value_parse_count(word, value, error)
                    : parse_fraction(word, value, error);
}
