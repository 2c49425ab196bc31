#include "sim/experiment/threshold.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum { TOKEN_SIZE_BYTES = 64, NAMES_MAX = 512 };

struct parser {
    const char *text;
    size_t at;
    const struct threshold_names *names;
    size_t error_at;
    struct error *error;
};

static bool fail_at(struct parser *parser, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail_at(struct parser *parser, size_t at, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    parser->error_at = at;
    return error_set(parser->error, ERROR_SCENARIO, "%s", message);
}

static void skip_space(struct parser *parser)
{
    while (parser->text[parser->at] == ' ' || parser->text[parser->at] == '\t')
        parser->at++;
}

/* Take `token` if it comes next. */
static bool take(struct parser *parser, const char *token)
{
    skip_space(parser);
    size_t length = strlen(token);
    if (strncmp(parser->text + parser->at, token, length) != 0)
        return false;
    parser->at += length;
    return true;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Take a name; `*start` is where it stands. */
static bool parse_name(struct parser *parser, const char *what, char name[TOKEN_SIZE_BYTES],
                       size_t *start)
{
    skip_space(parser);
    *start = parser->at;
    size_t length = 0;
    while (is_name_character(parser->text[*start + length]))
        length++;
    if (length == 0)
        return fail_at(parser, *start, "expected the name of a %s", what);
    if (length >= TOKEN_SIZE_BYTES)
        return fail_at(parser, *start, "the name of the %s is longer than %d characters", what,
                       TOKEN_SIZE_BYTES - 1);
    memcpy(name, parser->text + *start, length);
    name[length] = '\0';
    parser->at += length;
    return true;
}

static bool fail_unknown(struct parser *parser, size_t start, const char *what, const char *name,
                         const char *closest)
{
    if (closest == NULL)
        return fail_at(parser, start, "there is no %s \"%s\"", what, name);
    return fail_at(parser, start, "there is no %s \"%s\"; did you mean \"%s\"?", what, name,
                   closest);
}

static bool find_metric(struct parser *parser, size_t start, const char *name, uint32_t *metric)
{
    const struct model *model = parser->names->model;
    const char *candidates[NAMES_MAX];
    size_t count = model->metric_count < NAMES_MAX ? model->metric_count : NAMES_MAX;
    for (size_t i = 0; i < model->metric_count; i++)
        if (strcmp(model->metrics[i].name, name) == 0) {
            *metric = (uint32_t)i;
            return true;
        }
    for (size_t i = 0; i < count; i++)
        candidates[i] = model->metrics[i].name;
    return fail_unknown(parser, start, "metric", name, text_closest(name, candidates, count));
}

static bool find_variant(struct parser *parser, size_t start, const char *name, uint32_t *variant)
{
    const struct threshold_names *names = parser->names;
    for (size_t i = 0; i < names->variant_count; i++)
        if (strcmp(names->variants[i], name) == 0) {
            *variant = (uint32_t)i;
            return true;
        }
    return fail_unknown(parser, start, "variant", name,
                        text_closest(name, names->variants, names->variant_count));
}

/* claim = METRIC [ "(" VARIANT ")" ] */
static bool parse_claim(struct parser *parser, struct threshold *threshold)
{
    char name[TOKEN_SIZE_BYTES];
    size_t start;
    if (!parse_name(parser, "metric", name, &start) ||
        !find_metric(parser, start, name, &threshold->metric))
        return false;
    if (!take(parser, "(")) {
        if (parser->names->variant_count == 1)
            return true;
        return fail_at(parser, parser->at, "expected \"(\" and the variant, as in %s(%s)", name,
                       parser->names->variants[0]);
    }
    if (!parse_name(parser, "variant", name, &start) ||
        !find_variant(parser, start, name, &threshold->variant))
        return false;
    if (!take(parser, ")"))
        return fail_at(parser, parser->at, "expected \")\"");
    return true;
}

/* quantity = claim | "value" "(" claim ")". A metric cannot be called "value". */
static bool parse_quantity(struct parser *parser, struct threshold *threshold)
{
    skip_space(parser);
    size_t start = parser->at;
    if (take(parser, "value") && take(parser, "(")) {
        threshold->is_value = true;
        if (!parse_claim(parser, threshold))
            return false;
        if (!take(parser, ")"))
            return fail_at(parser, parser->at, "expected \")\" after value(...");
        return true;
    }
    parser->at = start;
    return parse_claim(parser, threshold);
}

/* The characters of one number with its units; ".." ends it, a single point does not. */
static size_t number_length(const char *text)
{
    size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
    while (isalnum((unsigned char)text[i]) || text[i] == '%' ||
           (text[i] == '.' && text[i + 1] != '.') ||
           ((text[i] == '-' || text[i] == '+') && i > 0 && text[i - 1] == 'e'))
        i++;
    return i;
}

static bool parse_number(struct parser *parser, const struct metric *metric, double *number)
{
    skip_space(parser);
    size_t start = parser->at;
    size_t length = number_length(parser->text + start);
    if (length == 0)
        return fail_at(parser, start, "expected a number");
    char token[TOKEN_SIZE_BYTES];
    if (length >= sizeof token)
        return fail_at(parser, start, "the number is longer than %zu characters", sizeof token - 1);
    memcpy(token, parser->text + start, length);
    token[length] = '\0';
    bool is_good;
    if (metric->unit == METRIC_DURATION_NS && metric->kind != METRIC_PROPORTION) {
        int64_t duration_ns = 0;
        is_good =
            strcmp(token, "0") == 0 || units_parse_duration(token, &duration_ns, parser->error);
        *number = (double)duration_ns;
    } else if (metric->kind == METRIC_PROPORTION) {
        is_good = units_parse_percentage(token, number, parser->error);
    } else {
        is_good = units_parse_number(token, number, parser->error);
    }
    if (!is_good) {
        parser->error_at = start;
        return false;
    }
    if (metric->kind == METRIC_PROPORTION && (*number < 0 || *number > 1))
        return fail_at(parser, start, "%s is a share: write 0%% to 100%%, not %s", metric->name,
                       token);
    parser->at += length;
    return true;
}

static bool parse_within(struct parser *parser, struct threshold *threshold,
                         const struct metric *metric)
{
    if (!parse_number(parser, metric, &threshold->low))
        return false;
    if (!take(parser, ".."))
        return fail_at(parser, parser->at, "expected \"..\", as in within 15%%..21%%");
    skip_space(parser);
    size_t start = parser->at;
    if (!parse_number(parser, metric, &threshold->high))
        return false;
    if (threshold->high < threshold->low)
        return fail_at(parser, start, "the upper limit is below the lower one");
    return true;
}

static bool parse_comparison(struct parser *parser, struct threshold *threshold)
{
    /* Longer signs stand before their beginnings. */
    static const struct {
        const char *sign;
        enum threshold_relation relation;
    } signs[] = {
        {"<=", THRESHOLD_AT_MOST}, {">=", THRESHOLD_AT_LEAST}, {"==", THRESHOLD_EQUAL},
        {"<", THRESHOLD_BELOW},    {">", THRESHOLD_ABOVE},     {"within ", THRESHOLD_WITHIN},
    };
    const struct metric *metric = &parser->names->model->metrics[threshold->metric];
    skip_space(parser);
    size_t start = parser->at;
    size_t i = 0;
    while (i < sizeof signs / sizeof signs[0] && !take(parser, signs[i].sign))
        i++;
    if (i == sizeof signs / sizeof signs[0])
        return fail_at(parser, start, "expected within, <, <=, >, >= or ==");
    threshold->relation = signs[i].relation;
    if (threshold->relation == THRESHOLD_WITHIN)
        return parse_within(parser, threshold, metric);
    if (!parse_number(parser, metric, &threshold->low))
        return false;
    threshold->high = threshold->low;
    if (threshold->relation == THRESHOLD_EQUAL && !threshold->is_value && threshold->low != 0)
        return fail_at(parser, start,
                       "== of a plain name works with 0 only, because no interval is one number; "
                       "write within a..b, or value(...) ==");
    return true;
}

bool threshold_parse(struct threshold *threshold, const char *text,
                     const struct threshold_names *names, size_t *error_at, struct error *error)
{
    struct parser parser = {.text = text, .names = names, .error = error};
    struct threshold parsed = {.text = text};
    bool is_good = parse_quantity(&parser, &parsed) && parse_comparison(&parser, &parsed);
    if (is_good) {
        skip_space(&parser);
        if (text[parser.at] != '\0')
            is_good = fail_at(&parser, parser.at, "expected the end of the threshold");
    }
    if (!is_good) {
        if (error_at != NULL)
            *error_at = parser.error_at;
        return false;
    }
    *threshold = parsed;
    return true;
}

/* Does a number meet the demand? */
static bool is_met(const struct threshold *threshold, double value)
{
    switch (threshold->relation) {
    case THRESHOLD_BELOW: return value < threshold->low;
    case THRESHOLD_AT_MOST: return value <= threshold->low;
    case THRESHOLD_ABOVE: return value > threshold->low;
    case THRESHOLD_AT_LEAST: return value >= threshold->low;
    case THRESHOLD_EQUAL: return value == threshold->low;
    case THRESHOLD_WITHIN: return value >= threshold->low && value <= threshold->high;
    }
    CHECK(false);
    return false;
}

/* Every demand is an interval of numbers. So an interval is inside it if both ends are, and outside
 * if neither end is, unless it reaches over the demand on both sides. */
static void judge_interval(const struct threshold *threshold, struct threshold_result *result)
{
    const struct interval *interval = &result->interval;
    bool is_low_met = is_met(threshold, interval->low);
    bool is_high_met = is_met(threshold, interval->high);
    bool is_around = threshold->relation == THRESHOLD_WITHIN && interval->low < threshold->low &&
                     interval->high > threshold->high;
    if (is_low_met && is_high_met) {
        result->verdict = THRESHOLD_PASS;
        result->reason = "the interval is inside";
    } else if (is_low_met || is_high_met || is_around) {
        result->verdict = THRESHOLD_INCONCLUSIVE;
        result->reason = "the interval is partly inside; more replications may decide";
    } else {
        result->verdict = THRESHOLD_FAIL;
        result->reason = "the interval is outside";
    }
}

struct threshold_result threshold_judge(const struct threshold *threshold,
                                        const struct summary *summary)
{
    CHECK(threshold->variant < summary->result->variant_count);
    const struct summary_metric *metric =
        &summary->variants[threshold->variant].metrics[threshold->metric];
    struct threshold_result result = {
        .kind = summary->result->model->metrics[threshold->metric].kind,
        .unit = summary->result->model->metrics[threshold->metric].unit,
        .interval = metric->headline,
        .has_upper_bound = threshold->relation == THRESHOLD_EQUAL && threshold->low == 0,
        .upper_bound = metric->upper_bound,
    };
    if (!interval_has_estimate(&result.interval)) {
        result.verdict = THRESHOLD_FAIL;
        result.has_upper_bound = false;
        result.reason = "there are no samples";
    } else if (threshold->is_value || threshold->relation == THRESHOLD_EQUAL) {
        /* Without value() the number is 0, and the question is whether anything was seen. */
        bool is_good = threshold->is_value ? is_met(threshold, metric->headline.estimate)
                                           : metric->replications_seen == 0;
        result.verdict = is_good ? THRESHOLD_PASS : THRESHOLD_FAIL;
        result.reason = is_good ? "the sample meets it" : "the sample does not meet it";
    } else if (!interval_is_known(&result.interval)) {
        result.verdict = THRESHOLD_INCONCLUSIVE;
        result.reason = "there is an estimate and no interval; run more replications";
    } else {
        judge_interval(threshold, &result);
    }
    return result;
}

const char *threshold_verdict_name(enum threshold_verdict verdict)
{
    switch (verdict) {
    case THRESHOLD_PASS: return "PASS";
    case THRESHOLD_FAIL: return "FAIL";
    case THRESHOLD_INCONCLUSIVE: return "INCONCLUSIVE";
    }
    CHECK(false);
    return "";
}

enum threshold_verdict threshold_worse(enum threshold_verdict a, enum threshold_verdict b)
{
    if (a == THRESHOLD_FAIL || b == THRESHOLD_FAIL)
        return THRESHOLD_FAIL;
    if (a == THRESHOLD_INCONCLUSIVE || b == THRESHOLD_INCONCLUSIVE)
        return THRESHOLD_INCONCLUSIVE;
    return THRESHOLD_PASS;
}
