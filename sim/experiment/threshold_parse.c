#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/experiment/threshold.h"
#include "sim/experiment/threshold_form.h"

enum { TOKEN_SIZE_BYTES = 72, NAMES_MAX = 512, NESTING_MAX = 8, QUOTE_MAX = 40 };

/* What the sum that is being parsed stands in. */
enum inside { INSIDE_NOTHING, INSIDE_VALUE, INSIDE_BOUND };

struct parser {
    const char *text;
    size_t at;
    const struct threshold_names *names;
    struct threshold *threshold; /* Collects the terms. */
    enum inside inside;
    uint32_t nesting;
    size_t error_at;
    struct error *error;
};

static bool fail_at(struct parser *parser, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail_at(struct parser *parser, size_t at, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    parser->error_at = at;
    return error_set(parser->error, ERROR_SCENARIO, "%s", message);
}

/* A piece of the text for a message. */
struct quote {
    char text[QUOTE_MAX + 4];
};

static struct quote quote_form(const struct parser *parser, const struct form *form)
{
    struct quote quote;
    size_t length = form->end - form->begin;
    bool is_long = length > QUOTE_MAX;
    snprintf(quote.text, sizeof quote.text, "%.*s%s", (int)(is_long ? QUOTE_MAX : length),
             parser->text + form->begin, is_long ? "..." : "");
    return quote;
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

static bool is_next(struct parser *parser, char c)
{
    skip_space(parser);
    return parser->text[parser->at] == c;
}

static bool is_word_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Points belong to the names of metrics, dashes to those of variants; ".." ends both. */
static size_t name_length(const char *text, bool is_variant)
{
    size_t length = 0;
    while (is_word_character(text[length]) || (text[length] == '-' && is_variant) ||
           (text[length] == '.' && text[length + 1] != '.'))
        length++;
    return length;
}

static const char variant_word[] = "variant";

/* Take a name; `*start` is where it stands. */
static bool parse_name(struct parser *parser, const char *what, char name[TOKEN_SIZE_BYTES],
                       size_t *start)
{
    skip_space(parser);
    *start = parser->at;
    size_t length = name_length(parser->text + *start, what == variant_word);
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

static bool expect_close(struct parser *parser, const char *after)
{
    if (take(parser, ")"))
        return true;
    return fail_at(parser, parser->at, "expected \")\"%s", after);
}

/* of = "(" VARIANT ")", or nothing where there is one variant. */
static bool parse_of(struct parser *parser, const char *name, uint32_t *variant, size_t *start)
{
    const struct threshold_names *names = parser->names;
    *variant = 0;
    *start = parser->at;
    if (!take(parser, "(")) {
        if (names->variant_count == 1)
            return true;
        return fail_at(parser, parser->at, "expected \"(\" and the variant, as in %s(%s)", name,
                       names->variants[0]);
    }
    char wanted[TOKEN_SIZE_BYTES];
    if (!parse_name(parser, variant_word, wanted, start))
        return false;
    size_t i = 0;
    while (i < names->variant_count && strcmp(names->variants[i], wanted) != 0)
        i++;
    if (i == names->variant_count)
        return fail_unknown(parser, *start, "variant", wanted,
                            text_closest(wanted, names->variants, names->variant_count));
    *variant = (uint32_t)i;
    return expect_close(parser, "");
}

static int find_metric(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->metric_count; i++)
        if (strcmp(model->metrics[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int find_histogram(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->histogram_count; i++)
        if (strcmp(model->histograms[i].name, name) == 0)
            return (int)i;
    return -1;
}

static enum threshold_dimension dimension_of_metric(const struct metric *metric)
{
    if (metric->kind == METRIC_PROPORTION)
        return THRESHOLD_SHARE;
    return metric->unit == METRIC_DURATION_NS ? THRESHOLD_DURATION : THRESHOLD_NUMBER;
}

static void set_term(struct form *form, struct threshold_term term,
                     enum threshold_dimension dimension)
{
    term.coefficient = 1;
    form->terms[0] = term;
    form->term_count = 1;
    form->dimension = dimension;
}

static bool fail_unknown_metric(struct parser *parser, size_t start, const char *name)
{
    static const char *const functions[] = {"value",  "lower", "upper",        "mean",
                                            "median", "min",   "max",          "p50",
                                            "p95",    "p99",   "new_failures", "fixed_failures"};
    const struct model *model = parser->names->model;
    const char *candidates[NAMES_MAX];
    size_t count = 0;
    if (find_histogram(model, name) >= 0)
        return fail_at(parser, start,
                       "%s has a value for every %s; write for example p95(%s%s%s), or mean, "
                       "median",
                       name, model->unit_name, name, parser->names->variant_count > 1 ? "(" : "",
                       parser->names->variant_count > 1 ? "...)" : "");
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        candidates[count++] = functions[i];
    for (size_t i = 0; i < model->metric_count && count < NAMES_MAX; i++)
        candidates[count++] = model->metrics[i].name;
    for (size_t i = 0; i < model->histogram_count && count < NAMES_MAX; i++)
        candidates[count++] = model->histograms[i].name;
    return fail_unknown(parser, start, "metric", name, text_closest(name, candidates, count));
}

static bool parse_metric(struct parser *parser, const char *name, size_t start, struct form *form)
{
    const struct model *model = parser->names->model;
    int index = find_metric(model, name);
    if (index < 0)
        return fail_unknown_metric(parser, start, name);
    struct threshold_term term = {.quantity = THRESHOLD_METRIC, .index = (uint32_t)index};
    size_t at;
    if (!parse_of(parser, name, &term.variant, &at))
        return false;
    set_term(form, term, dimension_of_metric(&model->metrics[index]));
    return true;
}

/* "there is no duration "durtion" (durations: duration, wait); did you mean "duration"?" */
static bool fail_unknown_duration(struct parser *parser, size_t start, const char *name)
{
    const struct model *model = parser->names->model;
    const char *candidates[NAMES_MAX];
    char list[256] = "none";
    size_t count = 0;
    for (; count < model->histogram_count && count < NAMES_MAX; count++) {
        candidates[count] = model->histograms[count].name;
        size_t used = count == 0 ? 0 : strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", count == 0 ? "" : ", ",
                 candidates[count]);
    }
    const char *closest = text_closest(name, candidates, count);
    return fail_at(parser, start, "there is no duration \"%s\" (durations: %s)%s%s%s", name, list,
                   closest == NULL ? "" : "; did you mean \"", closest == NULL ? "" : closest,
                   closest == NULL ? "" : "\"?");
}

/* ("mean" | "median" | pSHARE) "(" HISTOGRAM [of] ")", behind its "(". */
static bool parse_histogram(struct parser *parser, struct threshold_term term, struct form *form)
{
    const struct model *model = parser->names->model;
    char name[TOKEN_SIZE_BYTES];
    size_t start, at;
    if (!parse_name(parser, "duration", name, &start))
        return false;
    int index = find_histogram(model, name);
    if (index < 0 && find_metric(model, name) >= 0)
        return fail_at(parser, start,
                       "%s has one value for each replication; quantiles and means are of "
                       "values for every %s, such as %s",
                       name, model->unit_name,
                       model->histogram_count > 0 ? model->histograms[0].name : "none here");
    if (index < 0)
        return fail_unknown_duration(parser, start, name);
    term.index = (uint32_t)index;
    if (!parse_of(parser, name, &term.variant, &at) || !expect_close(parser, ""))
        return false;
    set_term(form, term, THRESHOLD_DURATION);
    return true;
}

/* ("new_failures" | "fixed_failures") of */
static bool parse_failures(struct parser *parser, const char *name, struct form *form)
{
    struct threshold_term term = {.quantity = strcmp(name, "new_failures") == 0
                                                  ? THRESHOLD_NEW_FAILURES
                                                  : THRESHOLD_FIXED_FAILURES};
    size_t start;
    if (!parse_of(parser, name, &term.variant, &start))
        return false;
    if (term.variant == 0)
        return fail_at(parser, start, "%s compares with the first variant, %s; name another one",
                       name, parser->names->variants[0]);
    set_term(form, term, THRESHOLD_SHARE);
    return true;
}

static bool fail_form(struct parser *parser, size_t at, enum form_problem problem)
{
    switch (problem) {
    case FORM_GOOD: return true;
    case FORM_TOO_MANY_TERMS:
        return fail_at(parser, at, "this is more than %d different quantities",
                       THRESHOLD_TERMS_MAX);
    case FORM_TOO_LARGE: return fail_at(parser, at, "this becomes too large a number");
    }
    CHECK_UNREACHABLE("a known problem");
}

/* Move the terms of a form into the threshold. */
static bool store_sum(struct parser *parser, const struct form *form, struct threshold_sum *sum)
{
    struct threshold *threshold = parser->threshold;
    if (form->term_count > THRESHOLD_TERMS_MAX - threshold->term_count)
        return fail_form(parser, form->begin, FORM_TOO_MANY_TERMS);
    *sum = (struct threshold_sum){.constant = form->constant,
                                  .term_first = threshold->term_count,
                                  .term_count = form->term_count};
    memcpy(threshold->terms + threshold->term_count, form->terms,
           form->term_count * sizeof form->terms[0]);
    threshold->term_count += form->term_count;
    return true;
}

static bool parse_sum(struct parser *parser, struct form *form);

/* ("value" | "lower" | "upper") "(" sum ")", behind its "(". */
static bool parse_wrapped(struct parser *parser, const char *name, size_t start, struct form *form)
{
    bool is_value = strcmp(name, "value") == 0;
    if (parser->inside != INSIDE_NOTHING)
        return fail_at(parser, start, "%s(...) cannot stand inside of value, lower or upper", name);
    parser->inside = is_value ? INSIDE_VALUE : INSIDE_BOUND;
    if (!parse_sum(parser, form))
        return false;
    parser->inside = INSIDE_NOTHING;
    if (form_is_number(form))
        return fail_at(parser, form->begin, "expected a metric inside of %s(...)", name);
    if (is_value) {
        for (uint32_t i = 0; i < form->term_count; i++)
            form->terms[i].is_value = true;
        return expect_close(parser, " after value(...");
    }
    struct threshold *threshold = parser->threshold;
    if (threshold->bound_count == THRESHOLD_BOUNDS_MAX)
        return fail_at(parser, start, "there are more than %d of lower(...) and upper(...)",
                       THRESHOLD_BOUNDS_MAX);
    uint32_t index = threshold->bound_count++;
    if (!store_sum(parser, form, &threshold->bounded[index]))
        return false;
    form->constant = 0;
    set_term(form,
             (struct threshold_term){.quantity = THRESHOLD_BOUND,
                                     .is_upper = strcmp(name, "upper") == 0,
                                     .index = index},
             form->dimension);
    return expect_close(parser, name[0] == 'l' ? " after lower(..." : " after upper(...");
}

/* Is it "p95", "p99.9", "median", "min" or "max"? Sets the share, which may be out of range. */
static bool is_quantile_name(const char *name, double *share)
{
    static const struct {
        const char *name;
        double share;
    } words[] = {{"min", 0}, {"median", 0.5}, {"max", 1}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(name, words[i].name) == 0) {
            *share = words[i].share;
            return true;
        }
    double percent;
    if (name[0] != 'p' || strspn(name + 1, "0123456789.") != strlen(name + 1) ||
        !units_parse_number(name + 1, &percent, NULL))
        return false;
    *share = percent / 100;
    return true;
}

static bool parse_quantile(struct parser *parser, const char *name, size_t start, double share,
                           struct form *form)
{
    if (!(share <= 1))
        return fail_at(parser, start, "there is no %s: quantiles go from p0 to p100", name);
    if ((share == 0 || share == 1) && parser->inside != INSIDE_VALUE)
        return fail_at(parser, start,
                       "%s is the %s one seen, and says nothing of the true value; write "
                       "value(%s(...))",
                       name, share == 0 ? "least" : "greatest", name);
    return parse_histogram(
        parser, (struct threshold_term){.quantity = THRESHOLD_QUANTILE, .share = share}, form);
}

/* A function of threshold.h's grammar, or a metric. Where a metric has the name of a function,
 * nothing reaches it: functions come first. */
static bool parse_quantity(struct parser *parser, struct form *form)
{
    char name[TOKEN_SIZE_BYTES];
    size_t start;
    double share = 0;
    if (!parse_name(parser, "metric", name, &start))
        return false;
    bool is_wrapper =
        strcmp(name, "value") == 0 || strcmp(name, "lower") == 0 || strcmp(name, "upper") == 0;
    bool is_mean = strcmp(name, "mean") == 0;
    bool is_failures = strcmp(name, "new_failures") == 0 || strcmp(name, "fixed_failures") == 0;
    bool is_quantile = is_quantile_name(name, &share);
    if (is_failures)
        return parse_failures(parser, name, form);
    if (!is_wrapper && !is_mean && !is_quantile)
        return parse_metric(parser, name, start, form);
    if (!take(parser, "("))
        return fail_at(parser, parser->at, "expected \"(\" after %s", name);
    if (is_wrapper)
        return parse_wrapped(parser, name, start, form);
    if (is_mean)
        return parse_histogram(parser, (struct threshold_term){.quantity = THRESHOLD_MEAN}, form);
    return parse_quantile(parser, name, start, share, form);
}

/* The characters of one number with its units; ".." ends it, a single point does not. */
static size_t number_length(const char *text)
{
    size_t i = 0;
    while (
        isalnum((unsigned char)text[i]) || text[i] == '%' ||
        (text[i] == '.' && text[i + 1] != '.') ||
        ((text[i] == '-' || text[i] == '+') && i > 0 && (text[i - 1] == 'e' || text[i - 1] == 'E')))
        i++;
    return i;
}

static bool parse_number(struct parser *parser, struct form *form)
{
    size_t start = parser->at;
    size_t length = number_length(parser->text + start);
    char token[TOKEN_SIZE_BYTES];
    if (length >= sizeof token)
        return fail_at(parser, start, "the number is longer than %zu characters", sizeof token - 1);
    memcpy(token, parser->text + start, length);
    token[length] = '\0';
    parser->error_at = start;
    if (token[length - 1] == '%') {
        if (!units_parse_percentage(token, &form->constant, parser->error))
            return false;
        form->dimension = THRESHOLD_SHARE;
    } else if (strspn(token, "0123456789.+-eE") == length) {
        if (!units_parse_number(token, &form->constant, parser->error))
            return false;
        form->is_bare = true;
    } else {
        int64_t duration_ns;
        if (!units_parse_duration(token, &duration_ns, parser->error))
            return false;
        form->constant = (double)duration_ns;
        form->dimension = THRESHOLD_DURATION;
    }
    parser->at += length;
    return fail_form(parser, start, form_scale(form, 1));
}

/* factor = { sign } ( NUMBER | quantity | "(" sum ")" ) */
static bool parse_factor(struct parser *parser, struct form *form)
{
    *form = (struct form){0};
    skip_space(parser);
    size_t begin = parser->at;
    double sign = 1;
    for (; is_next(parser, '-') || is_next(parser, '+'); parser->at++)
        if (parser->text[parser->at] == '-')
            sign = -sign;
    char c = parser->text[parser->at];
    if (isdigit((unsigned char)c) ||
        (c == '.' && isdigit((unsigned char)parser->text[parser->at + 1]))) {
        if (!parse_number(parser, form))
            return false;
    } else if (isalpha((unsigned char)c) || c == '_') {
        if (!parse_quantity(parser, form))
            return false;
    } else if (c == '(') {
        if (++parser->nesting > NESTING_MAX)
            return fail_at(parser, parser->at, "more than %d parentheses inside of each other",
                           NESTING_MAX);
        parser->at++;
        if (!parse_sum(parser, form) || !expect_close(parser, ""))
            return false;
        parser->nesting--;
    } else {
        return fail_at(parser, parser->at, "expected a metric or a number");
    }
    form->begin = begin;
    form->end = parser->at;
    return fail_form(parser, begin, form_scale(form, sign));
}

/* Is it a number that something else may be multiplied with? Percentages are. */
static bool is_scalar(const struct form *form)
{
    return form_is_number(form) && (form->is_bare || form->dimension == THRESHOLD_SHARE);
}

static bool multiply(struct parser *parser, struct form *form, const struct form *by, size_t at)
{
    struct form product = *form;
    double factor = by->constant;
    if (!is_scalar(by) || (is_scalar(form) && by->dimension == THRESHOLD_SHARE && !by->is_bare)) {
        product = *by;
        factor = form->constant;
        if (!is_scalar(form))
            return fail_at(parser, at,
                           "one of the two factors has to be a plain number or a percentage");
    }
    product.begin = form->begin;
    product.end = by->end;
    *form = product;
    return fail_form(parser, at, form_scale(form, factor));
}

static bool divide(struct parser *parser, struct form *form, const struct form *by, size_t at)
{
    if (!form_is_number(by))
        return fail_at(parser, at,
                       "a ratio cannot be judged; compare with a multiple instead, as in a < 0.1 * "
                       "b");
    if (!is_scalar(by))
        return fail_at(parser, at, "the divisor has to be a plain number or a percentage");
    if (by->constant == 0)
        return fail_at(parser, by->begin, "this divides by 0");
    form->end = by->end;
    return fail_form(parser, at, form_scale(form, 1 / by->constant));
}

/* product = factor { ("*" | "/") factor } */
static bool parse_product(struct parser *parser, struct form *form)
{
    if (!parse_factor(parser, form))
        return false;
    while (is_next(parser, '*') || is_next(parser, '/')) {
        size_t at = parser->at++;
        struct form by;
        if (!parse_factor(parser, &by))
            return false;
        bool is_good = parser->text[at] == '*' ? multiply(parser, form, &by, at)
                                               : divide(parser, form, &by, at);
        if (!is_good)
            return false;
    }
    return true;
}

static const char *dimension_name(enum threshold_dimension dimension)
{
    switch (dimension) {
    case THRESHOLD_NUMBER: return "number";
    case THRESHOLD_SHARE: return "share";
    case THRESHOLD_DURATION: return "duration";
    }
    CHECK_UNREACHABLE("a known dimension");
}

/* A number without a unit takes the dimension of what stands beside it. */
static bool settle(struct parser *parser, struct form *form, enum threshold_dimension dimension)
{
    struct quote quote = quote_form(parser, form);
    if (dimension == THRESHOLD_DURATION && form->constant != 0)
        return fail_at(parser, form->begin,
                       "\"%s\" has no unit of time; write for example 90s, 12min, 1h30min "
                       "(units: ns us ms s min h d)",
                       quote.text);
    form->dimension = dimension;
    form->is_bare = false;
    return true;
}

/* Let the two be of one dimension, or complain at the second. */
static bool match(struct parser *parser, struct form *first, struct form *second)
{
    if (first->is_bare && second->is_bare)
        return true;
    if (first->is_bare)
        return settle(parser, first, second->dimension);
    if (second->is_bare)
        return settle(parser, second, first->dimension);
    if (first->dimension == second->dimension)
        return true;
    return fail_at(parser, second->begin, "%s is a %s, but %s is a %s",
                   quote_form(parser, second).text, dimension_name(second->dimension),
                   quote_form(parser, first).text, dimension_name(first->dimension));
}

/* sum = product { sign product } */
static bool parse_sum(struct parser *parser, struct form *form)
{
    if (!parse_product(parser, form))
        return false;
    while (is_next(parser, '-') || is_next(parser, '+')) {
        double sign = parser->text[parser->at++] == '-' ? -1 : 1;
        struct form other;
        if (!parse_product(parser, &other) || !match(parser, form, &other) ||
            !fail_form(parser, other.begin, form_add(form, &other, sign)))
            return false;
        form->end = other.end;
    }
    return true;
}

/* A relation with what stands at its sides. */
struct comparison {
    enum threshold_relation relation;
    size_t at; /* Where the relation stands. */
    struct form left, low, high;
};

static bool take_relation(struct parser *parser, enum threshold_relation *relation)
{
    /* Longer signs stand before their beginnings. */
    static const struct {
        const char *sign;
        enum threshold_relation relation;
    } signs[] = {
        {"<=", THRESHOLD_AT_MOST}, {">=", THRESHOLD_AT_LEAST}, {"==", THRESHOLD_EQUAL},
        {"<", THRESHOLD_BELOW},    {">", THRESHOLD_ABOVE},     {"within", THRESHOLD_WITHIN},
    };
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (!take(parser, signs[i].sign))
            continue;
        *relation = signs[i].relation;
        return true;
    }
    return false;
}

static bool parse_limits(struct parser *parser, struct comparison *parsed)
{
    if (!parse_sum(parser, &parsed->low) || !match(parser, &parsed->left, &parsed->low))
        return false;
    if (parsed->relation != THRESHOLD_WITHIN) {
        parsed->high = parsed->low;
        return true;
    }
    if (!take(parser, ".."))
        return fail_at(parser, parser->at, "expected \"..\", as in within 15%%..21%%");
    if (!parse_sum(parser, &parsed->high) || !match(parser, &parsed->left, &parsed->high))
        return false;
    if (form_is_number(&parsed->low) && form_is_number(&parsed->high) &&
        parsed->high.constant < parsed->low.constant)
        return fail_at(parser, parsed->high.begin, "the upper limit is below the lower one");
    return true;
}

static bool parse_comparison(struct parser *parser, struct comparison *parsed)
{
    if (!parse_sum(parser, &parsed->left))
        return false;
    skip_space(parser);
    parsed->at = parser->at;
    if (!take_relation(parser, &parsed->relation))
        return fail_at(parser, parsed->at, "expected within, <, <=, >, >= or ==");
    if (!parse_limits(parser, parsed))
        return false;
    skip_space(parser);
    size_t end = parser->at;
    enum threshold_relation another;
    if (take_relation(parser, &another))
        return fail_at(parser, end, "one comparison is enough; for two limits write within a..b");
    if (parser->text[end] != '\0')
        return fail_at(parser, end, "expected the end of the threshold");
    return true;
}

static enum threshold_relation mirror(enum threshold_relation relation)
{
    switch (relation) {
    case THRESHOLD_BELOW: return THRESHOLD_ABOVE;
    case THRESHOLD_AT_MOST: return THRESHOLD_AT_LEAST;
    case THRESHOLD_ABOVE: return THRESHOLD_BELOW;
    case THRESHOLD_AT_LEAST: return THRESHOLD_AT_MOST;
    case THRESHOLD_EQUAL: return THRESHOLD_EQUAL;
    case THRESHOLD_WITHIN: return THRESHOLD_WITHIN;
    }
    CHECK_UNREACHABLE("a known relation");
}

/* "5% > failure_rate(x)" is "failure_rate(x) < 5%". */
static void put_quantities_left(struct comparison *parsed)
{
    if (!form_is_number(&parsed->left) || form_is_number(&parsed->low) ||
        parsed->relation == THRESHOLD_WITHIN)
        return;
    struct form number = parsed->left;
    parsed->left = parsed->low;
    parsed->low = parsed->high = number;
    parsed->relation = mirror(parsed->relation);
}

/* A single share lies between 0 and 1, so what is compared with a limit outside is a slip. */
static bool check_share_limit(struct parser *parser, const struct comparison *parsed,
                              const struct form *limit)
{
    const struct form *left = &parsed->left;
    bool is_single = left->term_count == 1 && left->terms[0].coefficient == 1 &&
                     left->terms[0].quantity != THRESHOLD_BOUND && left->constant == 0;
    if (!is_single || left->dimension != THRESHOLD_SHARE || !form_is_number(limit) ||
        (limit->constant >= 0 && limit->constant <= 1))
        return true;
    return fail_at(parser, limit->begin, "%s is a share: write 0%% to 100%%, not %s",
                   quote_form(parser, left).text, quote_form(parser, limit).text);
}

/* "==" is about the sample: of values, or of metrics in every replication. */
static bool check_equality(struct parser *parser, const struct comparison *parsed,
                           const struct form *difference)
{
    bool has_value = false, has_true = false, has_histogram = false;
    for (uint32_t i = 0; i < difference->term_count; i++) {
        const struct threshold_term *term = &difference->terms[i];
        bool is_of_sample = form_is_of_sample(term);
        has_value = has_value || is_of_sample;
        has_true = has_true || !is_of_sample;
        has_histogram = has_histogram || form_is_of_histogram(term);
    }
    if (!has_true)
        return true;
    if (has_value)
        return fail_at(parser, parsed->at,
                       "== with value(...), lower(...) or upper(...) needs one of them around "
                       "everything");
    if (has_histogram)
        return fail_at(parser, parsed->at,
                       "== of a quantile or a mean needs value(...), because no interval is one "
                       "number");
    if (difference->constant != 0)
        return fail_at(parser, parsed->at,
                       "== of a plain name works with 0 only, because no interval is one number; "
                       "write within a..b, or value(...) ==");
    return true;
}

/* What no limit is checked alone for. */
static bool check_comparison(struct parser *parser, const struct comparison *parsed)
{
    if (form_is_number(&parsed->left))
        return fail_at(parser, parsed->left.begin,
                       parsed->relation == THRESHOLD_WITHIN
                           ? "expected a metric in front of within"
                           : "this compares numbers only; name a metric");
    if (!check_share_limit(parser, parsed, &parsed->low) ||
        !check_share_limit(parser, parsed, &parsed->high))
        return false;
    const struct form *limits[] = {&parsed->low, &parsed->high};
    for (size_t i = 0; i < 2; i++) {
        struct form difference = parsed->left;
        if (!fail_form(parser, limits[i]->begin, form_add(&difference, limits[i], -1)))
            return false;
        if (form_is_number(&difference))
            return fail_at(parser, parsed->at, "both sides are the same but for a number");
        if (parsed->relation == THRESHOLD_EQUAL && !check_equality(parser, parsed, &difference))
            return false;
    }
    return true;
}

bool threshold_parse(struct threshold *threshold, const char *text,
                     const struct threshold_names *names, size_t *error_at, struct error *error)
{
    struct threshold found = {.text = text};
    struct parser parser = {.text = text, .names = names, .threshold = &found, .error = error};
    struct comparison parsed = {.relation = THRESHOLD_BELOW};
    bool is_good = parse_comparison(&parser, &parsed);
    if (is_good) {
        put_quantities_left(&parsed);
        is_good = check_comparison(&parser, &parsed) &&
                  store_sum(&parser, &parsed.left, &found.left) &&
                  store_sum(&parser, &parsed.low, &found.low);
        found.high = found.low;
        if (is_good && parsed.relation == THRESHOLD_WITHIN)
            is_good = store_sum(&parser, &parsed.high, &found.high);
    }
    if (!is_good) {
        if (error_at != NULL)
            *error_at = parser.error_at;
        return false;
    }
    found.relation = parsed.relation;
    found.dimension = parsed.left.dimension;
    *threshold = found;
    return true;
}
