#include "models/rcesim/study/target.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/study/quantity.h"
#include "models/rcesim/study/study.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/stats/proportion.h"

static const char *copy_trimmed(struct arena *arena, const char *start, const char *end)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    return arena_print(arena, "%.*s", (int)(end - start), start);
}

static bool find_variant(const struct configuration *configuration, struct arena *arena,
                         const char *name, uint32_t *variant, struct error *error)
{
    uint32_t count = configuration->variant_count;
    const char **names = arena_take_array(arena, count, sizeof *names);
    for (uint32_t v = 0; v < count; v++) {
        names[v] = configuration->variants[v].name;
        if (strcmp(names[v], name) != 0)
            continue;
        *variant = v;
        return true;
    }
    const char *closest = text_closest(name, names, count);
    return error_set(error, ERROR_USAGE, "there is no variant \"%s\"%s%s%s", name,
                     closest == NULL ? "" : "; did you mean \"", closest == NULL ? "" : closest,
                     closest == NULL ? "" : "\"?");
}

static bool parse_claim(struct target *target, struct arena *arena, const char *claim,
                        const struct configuration *configuration, struct error *error)
{
    const char *open = strchr(claim, '(');
    const char *name = open == NULL ? claim : copy_trimmed(arena, claim, open);
    if (!study_find_metric(configuration->domain->model, name, &target->metric, error))
        return false;
    if (open == NULL) {
        if (configuration->variant_count == 1)
            return true;
        return error_set(error, ERROR_USAGE, "which variant? write for example %s(%s)=...", name,
                         configuration->variants[0].name);
    }
    const char *close = strchr(open, ')');
    if (close == NULL || close[1 + strspn(close + 1, " ")] != '\0')
        return error_set(error, ERROR_USAGE, "expected METRIC(VARIANT) before the \"=\"");
    return find_variant(configuration, arena, copy_trimmed(arena, open + 1, close),
                        &target->variant, error);
}

/* A value of the metric: in [0, 1] for a share, ns for a duration. */
static bool parse_value(const struct metric *metric, const char *text, double *value,
                        struct error *error)
{
    struct quantity quantity;
    if (!quantity_parse(&quantity, text, error))
        return false;
    bool is_duration = metric->unit == METRIC_DURATION_NS;
    bool is_share = metric->kind == METRIC_PROPORTION;
    bool is_kind_good = is_duration ? quantity.kind == QUANTITY_DURATION
                        : is_share
                            ? quantity.kind == QUANTITY_SHARE || quantity.kind == QUANTITY_NUMBER
                            : quantity.kind == QUANTITY_NUMBER;
    if (!is_kind_good)
        return error_set(error, ERROR_USAGE, "%s is a %s; \"%s\" is a %s", metric->name,
                         is_duration ? "duration"
                         : is_share  ? "share"
                                     : "number",
                         text, quantity_kind_name(quantity.kind));
    if (is_share && (quantity.value < 0 || quantity.value > 1))
        return error_set(error, ERROR_USAGE, "%s is a share: write 0%% to 100%%, not %s",
                         metric->name, text);
    *value = quantity.value;
    return true;
}

static bool parse_counts(struct target *target, struct arena *arena,
                         const struct configuration *configuration, const char *text,
                         struct error *error)
{
    const char *slash = strchr(text, '/');
    int64_t hits, count;
    const struct metric *metric = &configuration->domain->model->metrics[target->metric];
    if (metric->kind != METRIC_PROPORTION)
        return error_set(error, ERROR_USAGE, "%s is no share: \"%s\" cannot be counts",
                         metric->name, text);
    if (!units_parse_count(copy_trimmed(arena, text, slash), &hits, error) ||
        !units_parse_count(copy_trimmed(arena, slash + 1, slash + strlen(slash)), &count, error))
        return false;
    if (hits < 0 || count < 1 || hits > count || count > 1000000000000)
        return error_set(error, ERROR_USAGE, "\"%s\" is not so many of so many", text);
    struct interval wilson =
        proportion_wilson((double)hits, (double)count, configuration->confidence);
    target->low = wilson.low;
    target->estimate = (double)hits / (double)count;
    target->high = wilson.high;
    return true;
}

static bool parse_observed(struct target *target, struct arena *arena,
                           const struct configuration *configuration, const char *text,
                           struct error *error)
{
    const struct metric *metric = &configuration->domain->model->metrics[target->metric];
    const char *dots = strstr(text, ".."), *plus_minus = strstr(text, "+-");
    const char *end = text + strlen(text);
    if (strchr(text, '/') != NULL)
        return parse_counts(target, arena, configuration, text, error);
    if (dots != NULL) {
        if (!parse_value(metric, copy_trimmed(arena, text, dots), &target->low, error) ||
            !parse_value(metric, copy_trimmed(arena, dots + 2, end), &target->high, error))
            return false;
        if (target->high < target->low)
            return error_set(error, ERROR_USAGE, "the upper limit is below the lower one");
        target->estimate = (target->low + target->high) / 2;
        return true;
    }
    const char *middle = plus_minus == NULL ? end : plus_minus;
    double half = 0;
    if (!parse_value(metric, copy_trimmed(arena, text, middle), &target->estimate, error) ||
        (plus_minus != NULL &&
         !parse_value(metric, copy_trimmed(arena, plus_minus + 2, end), &half, error)))
        return false;
    target->low = target->estimate - half;
    target->high = target->estimate + half;
    if (metric->kind == METRIC_PROPORTION) {
        target->low = fmax(0, target->low);
        target->high = fmin(1, target->high);
    }
    return true;
}

bool target_parse(struct target *target, struct arena *arena, const char *text,
                  const struct configuration *configuration, struct error *error)
{
    struct target parsed = {.text = text};
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return error_set(error, ERROR_USAGE,
                         "--target '%s': write for example failure_rate(before)=72/400", text);
    const char *end = text + strlen(text);
    if (!parse_claim(&parsed, arena, copy_trimmed(arena, text, equals), configuration, error) ||
        !parse_observed(&parsed, arena, configuration, copy_trimmed(arena, equals + 1, end),
                        error)) {
        error->code = ERROR_USAGE;
        return error_context(error, "--target '%s'", text);
    }
    *target = parsed;
    return true;
}
