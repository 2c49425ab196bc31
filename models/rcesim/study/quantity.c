#include "models/rcesim/study/quantity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

static const struct {
    const char *suffix;
    double per_s;
} rates[] = {
    {"/s", 1}, {"/min", 1.0 / 60}, {"/h", 1.0 / 3600}, {"/d", 1.0 / 86400}, {"/ms", 1e3},
};

static bool parse_rate(struct quantity *quantity, const char *text)
{
    const char *slash = strchr(text, '/');
    double per_s;
    if (slash == NULL || !units_parse_rate(text, &per_s, NULL))
        return false;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (strcmp(slash, rates[i].suffix) != 0)
            continue;
        *quantity = (struct quantity){QUANTITY_RATE, per_s, rates[i].suffix};
        return true;
    }
    return false;
}

bool quantity_parse(struct quantity *quantity, const char *text, struct error *error)
{
    size_t length = strlen(text);
    double number;
    int64_t duration_ns;
    if (length > 0 && text[length - 1] == '%' && units_parse_percentage(text, &number, NULL))
        *quantity = (struct quantity){QUANTITY_SHARE, number, ""};
    else if (units_parse_number(text, &number, NULL))
        *quantity = (struct quantity){QUANTITY_NUMBER, number, ""};
    else if (units_parse_duration(text, &duration_ns, NULL))
        *quantity = (struct quantity){QUANTITY_DURATION, (double)duration_ns, ""};
    else if (!parse_rate(quantity, text))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is not a number with its unit (write for example 300, 2%%, 90s, "
                         "1h30min or 50/s)",
                         text);
    return true;
}

static double rate_unit_per_s(const struct quantity *quantity)
{
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        if (strcmp(quantity->suffix, rates[i].suffix) == 0)
            return rates[i].per_s;
    check_failed(__FILE__, __LINE__, "a known unit of a rate");
}

const char *quantity_print(struct arena *arena, const struct quantity *quantity)
{
    char text[UNITS_TEXT_SIZE_BYTES];
    switch (quantity->kind) {
    case QUANTITY_NUMBER: return arena_print(arena, "%.12g", quantity->value);
    case QUANTITY_SHARE: return arena_print(arena, "%.12g%%", 100 * quantity->value);
    case QUANTITY_RATE:
        return arena_print(arena, "%.12g%s", quantity->value / rate_unit_per_s(quantity),
                           quantity->suffix);
    case QUANTITY_DURATION:
        return arena_copy_text(arena, units_print_duration(text, llround(quantity->value)));
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

double quantity_in_unit(const struct quantity *quantity)
{
    return quantity->kind == QUANTITY_DURATION ? quantity->value * 1e-9 : quantity->value;
}

const char *quantity_kind_name(enum quantity_kind kind)
{
    switch (kind) {
    case QUANTITY_NUMBER: return "number";
    case QUANTITY_SHARE: return "percentage";
    case QUANTITY_DURATION: return "duration";
    case QUANTITY_RATE: return "rate";
    }
    check_failed(__FILE__, __LINE__, "a known kind");
}

void quantity_round(struct quantity *quantity, int digits)
{
    double unit = quantity->kind == QUANTITY_RATE ? rate_unit_per_s(quantity) : 1;
    char text[40];
    snprintf(text, sizeof text, "%.*e", digits - 1, quantity->value / unit);
    quantity->value = strtod(text, NULL) * unit;
    if (quantity->kind == QUANTITY_DURATION)
        quantity->value = round(quantity->value);
}
