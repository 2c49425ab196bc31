#include "reports/figure.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/units.h"

/* Decimals that show `digits` significant digits of a value, none for large ones. */
static int decimals_for(double value, int digits)
{
    double size = fabs(value);
    if (size == 0)
        return 0;
    int decimals = digits - 1 - (int)floor(log10(size));
    /* 9.996 rounds up to 10.00: one digit more in front, one less behind. */
    if (decimals > 0 && round(size * pow(10, decimals)) >= pow(10, digits))
        decimals--;
    return decimals < 0 ? 0 : decimals > 12 ? 12 : decimals;
}

const char *figure_share(char text[FIGURE_SIZE_BYTES], double share)
{
    double percent = 100 * share;
    int decimals = percent >= 100 ? 0 : decimals_for(percent, 3);
    snprintf(text, FIGURE_SIZE_BYTES, "%.*f %%", decimals, percent);
    return text;
}

const char *figure_points(char text[FIGURE_SIZE_BYTES], double difference)
{
    double points = 100 * difference;
    if (points == 0)
        points = 0; /* No "-0". */
    snprintf(text, FIGURE_SIZE_BYTES, points == 0 ? "%.*f" : "%+.*f", decimals_for(points, 3),
             points);
    return text;
}

/* Copy digits with a comma between thousands. */
static void group_thousands(char text[FIGURE_SIZE_BYTES], const char *digits)
{
    size_t sign = digits[0] == '-', whole = strcspn(digits + sign, ".");
    size_t at = 0;
    for (size_t i = 0; digits[i] != '\0' && at + 2 < FIGURE_SIZE_BYTES; i++) {
        bool is_start_of_group = i > sign && i < sign + whole && (sign + whole - i) % 3 == 0;
        if (is_start_of_group)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

const char *figure_count(char text[FIGURE_SIZE_BYTES], int64_t count)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)count);
    group_thousands(text, digits);
    return text;
}

const char *figure_number(char text[FIGURE_SIZE_BYTES], double value)
{
    char digits[64];
    if (!isfinite(value) || fabs(value) > 1e18) {
        snprintf(text, FIGURE_SIZE_BYTES, "%g", value);
        return text;
    }
    snprintf(digits, sizeof digits, "%.*f", decimals_for(value, 4), value + 0.0);
    group_thousands(text, digits);
    return text;
}

const char *figure_duration(char text[FIGURE_SIZE_BYTES], double duration_ns)
{
    char rough[UNITS_TEXT_SIZE_BYTES];
    if (!(fabs(duration_ns) < 9.2e18)) {
        snprintf(text, FIGURE_SIZE_BYTES, "more than 292 years");
        return text;
    }
    snprintf(text, FIGURE_SIZE_BYTES, "%s",
             units_print_rough_duration(rough, (int64_t)llround(duration_ns)));
    return text;
}

const char *figure_duration_error(char text[FIGURE_SIZE_BYTES], double error_ns, double duration_ns)
{
    static const struct {
        const char *name;
        double size_ns;
    } units[] = {{"h", 3.6e12}, {"min", 6e10}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
    size_t i = 0, last = sizeof units / sizeof units[0] - 1;
    while (i < last && fabs(duration_ns) < units[i].size_ns)
        i++;
    double error = error_ns / units[i].size_ns;
    text[0] = '\0';
    if (error >= 0.0005)
        snprintf(text, FIGURE_SIZE_BYTES, "%.*f %s",
                 decimals_for(error, 2) < 3 ? decimals_for(error, 2) : 3, error, units[i].name);
    return text;
}

const char *figure_exact_duration(char text[FIGURE_SIZE_BYTES], double duration_ns)
{
    char exact[UNITS_TEXT_SIZE_BYTES];
    if (!(fabs(duration_ns) < 9.2e18))
        return figure_duration(text, duration_ns);
    int64_t whole_ns = (int64_t)llround(duration_ns);
    if (fabs(duration_ns) >= (double)UNITS_S)
        whole_ns = (int64_t)llround(duration_ns / (double)UNITS_MS) * UNITS_MS;
    snprintf(text, FIGURE_SIZE_BYTES, "%s", units_print_duration(exact, whole_ns));
    return text;
}

const char *figure_share_interval(char text[FIGURE_SIZE_BYTES], double low, double high)
{
    char low_text[FIGURE_SIZE_BYTES], high_text[FIGURE_SIZE_BYTES];
    figure_share(low_text, low);
    figure_share(high_text, high);
    snprintf(text, FIGURE_SIZE_BYTES, "[%.*s, %.*s] %%", (int)strcspn(low_text, " "), low_text,
             (int)strcspn(high_text, " "), high_text);
    return text;
}
