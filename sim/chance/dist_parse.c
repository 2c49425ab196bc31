#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/chance/dist_node.h"
#include "sim/chance/dist_text.h"
#include "sim/chance/empirical.h"

enum { DEPTH_MAX = 8, COMPONENTS_MAX = 64 };
static const double sum_tolerance = 1e-9;
static const double mass_min = 1e-6; /* Of a truncation: below, doubles leave too few digits. */
static const double score_p95 = 1.6448536269514722;

static struct dist *parse_span(struct dist_parser *parser, struct dist_span span);

static enum dist_dimension dimension_of(const struct dist_parser *parser)
{
    return parser->options->dimension;
}

static const char *print_value(const struct dist_parser *parser, double value)
{
    return dist_text_print_value(parser->arena, dimension_of(parser), value);
}

static const char *print_number(const struct dist_parser *parser, double number)
{
    return dist_text_print_number(parser->arena, number);
}

/* Give a distribution its text; if it could not be made (the error stands), say where. */
static struct dist *finish(struct dist_parser *parser, struct dist *dist, size_t at,
                           const char *text)
{
    if (dist == NULL)
        *parser->error_at = at;
    else
        dist->text = text;
    return dist;
}

/* "lognormal: sigma", for messages. */
static const char *name_argument(const struct dist_parser *parser, const struct dist_call *call,
                                 const char *name)
{
    return arena_print(parser->arena, "%s: %s", dist_text_copy(parser, call->name), name);
}

static bool need(struct dist_parser *parser, const struct dist_call *call,
                 const struct dist_argument *argument, const char *name)
{
    return argument != NULL || dist_text_complain(parser, call->name.at, "%s needs %s",
                                                  dist_text_copy(parser, call->name), name);
}

static bool read_value(struct dist_parser *parser, const struct dist_call *call,
                       const struct dist_argument *argument, const char *name, double *value)
{
    return need(parser, call, argument, name) &&
           dist_text_value(parser, argument->value, name_argument(parser, call, name), value);
}

static bool read_positive_value(struct dist_parser *parser, const struct dist_call *call,
                                const struct dist_argument *argument, const char *name,
                                double *value)
{
    if (!read_value(parser, call, argument, name, value))
        return false;
    return *value > 0 ||
           dist_text_complain(parser, argument->value.at, "%s: %s is %s but must be greater than 0",
                              dist_text_copy(parser, call->name), name,
                              dist_text_copy(parser, argument->value));
}

/* The range of a bare number. */
struct range {
    double min, max;
};

static bool read_number(struct dist_parser *parser, const struct dist_call *call,
                        const struct dist_argument *argument, const char *name, struct range range,
                        double *number)
{
    if (!need(parser, call, argument, name) ||
        !dist_text_number(parser, argument->value, name_argument(parser, call, name), number))
        return false;
    return (*number >= range.min && *number <= range.max) ||
           dist_text_complain(parser, argument->value.at, "%s: %s is %s but must be from %g to %g",
                              dist_text_copy(parser, call->name), name,
                              dist_text_copy(parser, argument->value), range.min, range.max);
}

static struct dist *build_constant(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"value"};
    const struct dist_argument *bound[1];
    double value;
    if (!dist_text_bind(parser, call, names, 1, bound) ||
        !read_value(parser, call, bound[0], "value", &value))
        return NULL;
    struct dist *dist = dist_make_range(parser->arena, dimension_of(parser), value, value);
    dist->text = print_value(parser, value);
    return dist;
}

static struct dist *build_uniform(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"min", "max"};
    const struct dist_argument *bound[2];
    double min, max;
    if (!dist_text_bind(parser, call, names, 2, bound) ||
        !read_value(parser, call, bound[0], "min", &min) ||
        !read_value(parser, call, bound[1], "max", &max))
        return NULL;
    if (min > max) {
        dist_text_complain(parser, bound[1]->value.at, "uniform: max is less than min");
        return NULL;
    }
    struct dist *dist = dist_make_range(parser->arena, dimension_of(parser), min, max);
    dist->text = arena_print(parser->arena, "uniform(min=%s, max=%s)", print_value(parser, min),
                             print_value(parser, max));
    return dist;
}

static struct dist *build_exponential(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"mean"};
    const struct dist_argument *bound[1];
    double mean;
    if (!dist_text_bind(parser, call, names, 1, bound) ||
        !read_positive_value(parser, call, bound[0], "mean", &mean))
        return NULL;
    struct dist *dist = dist_make(parser->arena, DIST_EXPONENTIAL, dimension_of(parser));
    dist->as.exponential.mean = mean;
    dist_finish(dist);
    dist->text = arena_print(parser->arena, "exponential(mean=%s)", print_value(parser, mean));
    return dist;
}

/* The size of a unit of time in ns. */
static bool read_unit(struct dist_parser *parser, const struct dist_call *call,
                      const struct dist_argument *argument, double *size_ns)
{
    if (dimension_of(parser) == DIST_NUMBER) {
        *size_ns = 1;
        return argument == NULL ||
               dist_text_complain(parser, argument->value.at, "%s: a plain number has no unit",
                                  dist_text_copy(parser, call->name));
    }
    if (!need(parser, call, argument, "unit"))
        return false;
    const char *unit = dist_text_copy(parser, argument->value);
    int64_t duration_ns;
    if (!units_parse_duration(arena_print(parser->arena, "1%s", unit), &duration_ns, NULL) ||
        strpbrk(unit, "0123456789.") != NULL)
        return dist_text_complain(parser, argument->value.at,
                                  "%s: \"%s\" is not a unit of time (units: ns us ms s min h d)",
                                  dist_text_copy(parser, call->name), unit);
    *size_ns = (double)duration_ns;
    return true;
}

/* What lognormal() may be given, and what comes of it. */
struct lognormal_form {
    const struct dist_argument *median, *sigma, *p95, *mu, *unit;
};
struct lognormal_parameters {
    double median, mu, sigma;
};

static const char *read_lognormal_median(struct dist_parser *parser, const struct dist_call *call,
                                         const struct lognormal_form *form,
                                         struct lognormal_parameters *out)
{
    double p95;
    if (!read_positive_value(parser, call, form->median, "median", &out->median))
        return NULL;
    out->mu = log(out->median);
    if (form->p95 == NULL) {
        if (!need(parser, call, form->sigma, "sigma or p95") ||
            !read_number(parser, call, form->sigma, "sigma", (struct range){0, 10}, &out->sigma))
            return NULL;
        return arena_print(parser->arena, "lognormal(median=%s, sigma=%s)",
                           print_value(parser, out->median), print_number(parser, out->sigma));
    }
    if (!read_value(parser, call, form->p95, "p95", &p95))
        return NULL;
    out->sigma = log(p95 / out->median) / score_p95;
    if (!(p95 > out->median) || out->sigma > 10) {
        dist_text_complain(parser, form->p95->value.at,
                           p95 > out->median
                               ? "lognormal: p95 is too far above the median (sigma is at "
                                 "most 10)"
                               : "lognormal: p95 must be greater than the median");
        return NULL;
    }
    return arena_print(parser->arena, "lognormal(median=%s, p95=%s)",
                       print_value(parser, out->median), print_value(parser, p95));
}

static const char *read_lognormal_mu(struct dist_parser *parser, const struct dist_call *call,
                                     const struct lognormal_form *form,
                                     struct lognormal_parameters *out)
{
    double scale;
    if (!read_number(parser, call, form->mu, "mu", (struct range){-50, 50}, &out->mu) ||
        !read_number(parser, call, form->sigma, "sigma", (struct range){0, 10}, &out->sigma) ||
        !read_unit(parser, call, form->unit, &scale))
        return NULL;
    const char *unit = form->unit == NULL ? ""
                                          : arena_print(parser->arena, ", unit=%s",
                                                        dist_text_copy(parser, form->unit->value));
    const char *text =
        arena_print(parser->arena, "lognormal(mu=%s, sigma=%s%s)", print_number(parser, out->mu),
                    print_number(parser, out->sigma), unit);
    out->mu += log(scale);
    out->median = exp(out->mu);
    return text;
}

/* May the arguments stand together? */
static bool check_lognormal_form(struct dist_parser *parser, const struct dist_call *call,
                                 const struct lognormal_form *form)
{
    if (form->median == NULL && form->mu == NULL)
        return dist_text_complain(parser, call->name.at, "lognormal needs median or mu");
    const struct dist_argument *extra = form->mu == NULL       ? form->unit
                                        : form->median != NULL ? form->median
                                                               : form->p95;
    if (extra == NULL && form->sigma != NULL)
        extra = form->p95;
    return extra == NULL ||
           dist_text_complain(parser, extra->key.size > 0 ? extra->key.at : extra->value.at,
                              "lognormal takes median with sigma, median with p95, or mu with "
                              "sigma and unit");
}

static struct dist *build_lognormal(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"median", "sigma", "p95", "mu", "unit"};
    const struct dist_argument *bound[5];
    if (!dist_text_bind(parser, call, names, 5, bound))
        return NULL;
    struct lognormal_form form = {bound[0], bound[1], bound[2], bound[3], bound[4]};
    if (!check_lognormal_form(parser, call, &form))
        return NULL;
    struct lognormal_parameters parameters;
    const char *text = form.mu == NULL ? read_lognormal_median(parser, call, &form, &parameters)
                                       : read_lognormal_mu(parser, call, &form, &parameters);
    if (text == NULL)
        return NULL;
    struct dist *dist;
    if (parameters.sigma > 0) {
        dist = dist_make(parser->arena, DIST_LOGNORMAL, dimension_of(parser));
        dist->as.lognormal.mu = parameters.mu;
        dist->as.lognormal.sigma = parameters.sigma;
        dist_finish(dist);
    } else {
        dist = dist_make_range(parser->arena, dimension_of(parser), parameters.median,
                               parameters.median);
    }
    dist->text = text;
    return dist;
}

static struct dist *build_normal(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"mean", "sigma"};
    const struct dist_argument *bound[2];
    double mean, sigma;
    if (!dist_text_bind(parser, call, names, 2, bound) ||
        !read_value(parser, call, bound[0], "mean", &mean) ||
        !read_positive_value(parser, call, bound[1], "sigma", &sigma))
        return NULL;
    struct dist *dist = dist_make(parser->arena, DIST_NORMAL, dimension_of(parser));
    dist->offset = mean;
    dist->as.normal.sigma = sigma;
    dist_finish(dist);
    dist->text = arena_print(parser->arena, "normal(mean=%s, sigma=%s)", print_value(parser, mean),
                             print_value(parser, sigma));
    return dist;
}

static struct dist *build_weibull(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"shape", "scale"};
    const struct dist_argument *bound[2];
    double shape, scale;
    if (!dist_text_bind(parser, call, names, 2, bound) ||
        !read_number(parser, call, bound[0], "shape", (struct range){0.05, 1000}, &shape) ||
        !read_positive_value(parser, call, bound[1], "scale", &scale))
        return NULL;
    struct dist *dist = dist_make(parser->arena, DIST_WEIBULL, dimension_of(parser));
    dist->as.weibull.shape = shape;
    dist->as.weibull.inverse_shape = 1 / shape;
    dist->as.weibull.scale = scale;
    dist_finish(dist);
    dist->text = arena_print(parser->arena, "weibull(shape=%s, scale=%s)",
                             print_number(parser, shape), print_value(parser, scale));
    return dist;
}

static struct dist *build_gamma(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"shape", "scale", "mean"};
    const struct dist_argument *bound[3];
    double shape, size;
    if (!dist_text_bind(parser, call, names, 3, bound) ||
        !read_number(parser, call, bound[0], "shape", (struct range){0.01, 1e4}, &shape))
        return NULL;
    if ((bound[1] != NULL) == (bound[2] != NULL)) {
        dist_text_complain(parser, call->name.at, "gamma needs either scale or mean");
        return NULL;
    }
    const char *name = bound[1] != NULL ? "scale" : "mean";
    const struct dist_argument *argument = bound[1] != NULL ? bound[1] : bound[2];
    if (!read_positive_value(parser, call, argument, name, &size))
        return NULL;
    struct dist *dist = dist_make_gamma(parser->arena, dimension_of(parser), shape,
                                        bound[1] != NULL ? size : size / shape);
    dist->text = arena_print(parser->arena, "gamma(shape=%s, %s=%s)", print_number(parser, shape),
                             name, print_value(parser, size));
    return dist;
}

static struct dist *build_triangular(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"min", "mode", "max"};
    const struct dist_argument *bound[3];
    double min, mode, max;
    if (!dist_text_bind(parser, call, names, 3, bound) ||
        !read_value(parser, call, bound[0], "min", &min) ||
        !read_value(parser, call, bound[1], "mode", &mode) ||
        !read_value(parser, call, bound[2], "max", &max))
        return NULL;
    if (!(min <= mode && mode <= max)) {
        dist_text_complain(parser, bound[min <= mode ? 2 : 1]->value.at,
                           "triangular: min, mode and max must not fall");
        return NULL;
    }
    struct dist *dist;
    if (min < max) {
        dist = dist_make(parser->arena, DIST_TRIANGULAR, dimension_of(parser));
        dist->min = min;
        dist->max = max;
        dist->as.triangular.mode = mode;
        dist_finish(dist);
    } else {
        dist = dist_make_range(parser->arena, dimension_of(parser), min, max);
    }
    dist->text =
        arena_print(parser->arena, "triangular(min=%s, mode=%s, max=%s)", print_value(parser, min),
                    print_value(parser, mode), print_value(parser, max));
    return dist;
}

/* Every argument must be KEY=VALUE, and there must be one. */
static bool need_pairs(struct dist_parser *parser, const struct dist_call *call, const char *form)
{
    const char *name = dist_text_copy(parser, call->name);
    if (call->argument_count == 0)
        return dist_text_complain(parser, call->name.at, "%s needs arguments %s", name, form);
    for (size_t i = 0; i < call->argument_count; i++)
        if (call->arguments[i].key.size == 0)
            return dist_text_complain(parser, call->arguments[i].value.at,
                                      "%s: arguments are written %s", name, form);
    return true;
}

/* Complain if probabilities do not sum to 1. */
static bool check_sum(struct dist_parser *parser, const struct dist_call *call, double sum)
{
    return fabs(sum - 1) <= sum_tolerance ||
           dist_text_complain(parser, call->name.at, "%s: the probabilities sum to %.10g, not to 1",
                              dist_text_copy(parser, call->name), sum);
}

struct atom {
    double value, probability;
    size_t at;
};

static int compare_atoms(const void *a, const void *b)
{
    const struct atom *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Read VALUE=PROBABILITY pairs, sorted by value. */
static bool read_atoms(struct dist_parser *parser, const struct dist_call *call, struct atom *atoms)
{
    double sum = 0;
    for (size_t i = 0; i < call->argument_count; i++) {
        const struct dist_argument *argument = &call->arguments[i];
        atoms[i].at = argument->key.at;
        if (!dist_text_value(parser, argument->key, "discrete: value", &atoms[i].value) ||
            !dist_text_share(parser, argument->value, "discrete: probability",
                             &atoms[i].probability))
            return false;
    }
    qsort(atoms, call->argument_count, sizeof *atoms, compare_atoms);
    for (size_t i = 0; i < call->argument_count; i++) {
        sum += atoms[i].probability;
        if (i > 0 && atoms[i].value == atoms[i - 1].value)
            return dist_text_complain(parser,
                                      atoms[i].at > atoms[i - 1].at ? atoms[i].at : atoms[i - 1].at,
                                      "discrete: this value is given twice");
    }
    return check_sum(parser, call, sum);
}

static struct dist *build_discrete(struct dist_parser *parser, const struct dist_call *call)
{
    struct atom *atoms = arena_take_array(parser->arena, call->argument_count, sizeof *atoms);
    if (!need_pairs(parser, call, "VALUE=PROBABILITY") || !read_atoms(parser, call, atoms))
        return NULL;
    size_t count = call->argument_count;
    double *values = arena_take_array(parser->arena, count, sizeof *values);
    double *cumulative = arena_take_array(parser->arena, count, sizeof *cumulative);
    double *above = arena_take_array(parser->arena, count, sizeof *above);
    struct dist_writer writer = {.arena = parser->arena};
    double sum = 0;
    uint32_t kept = 0;
    dist_writer_add(&writer, "discrete(");
    for (size_t i = 0; i < count; i++) {
        dist_writer_add(&writer, i == 0 ? "" : ", ");
        dist_writer_add(&writer, print_value(parser, atoms[i].value));
        dist_writer_add(&writer, "=");
        dist_writer_add(&writer, print_number(parser, atoms[i].probability));
        sum += atoms[i].probability;
        if (atoms[i].probability <= 0)
            continue;
        values[kept] = atoms[i].value;
        cumulative[kept++] = fmin(sum, 1);
    }
    dist_writer_add(&writer, ")");
    cumulative[kept - 1] = 1;
    for (uint32_t i = 0; i < kept; i++)
        above[i] = 1 - cumulative[i];
    struct dist *dist = dist_make_steps(
        parser->arena, dimension_of(parser),
        &(struct dist_steps){
            .count = kept, .values = values, .cumulative = cumulative, .above = above});
    dist->text = writer.bytes;
    return dist;
}

/* Read point i of quantiles(); it has to lie beyond the one before. */
static bool read_point(struct dist_parser *parser, const struct dist_argument *argument, size_t i,
                       double *probabilities, double *values)
{
    if (!dist_text_share(parser, argument->key, "quantiles: probability", &probabilities[i]) ||
        !dist_text_value(parser, argument->value, "quantiles: value", &values[i]))
        return false;
    if (i == 0)
        return true;
    if (probabilities[i] <= probabilities[i - 1])
        return dist_text_complain(parser, argument->key.at,
                                  "quantiles: the probabilities must rise");
    return values[i] >= values[i - 1] ||
           dist_text_complain(parser, argument->value.at, "quantiles: the values must not fall");
}

static struct dist *build_quantiles(struct dist_parser *parser, const struct dist_call *call)
{
    if (!need_pairs(parser, call, "PROBABILITY=VALUE"))
        return NULL;
    size_t count = call->argument_count;
    double *probabilities = arena_take_array(parser->arena, count, sizeof *probabilities);
    double *values = arena_take_array(parser->arena, count, sizeof *values);
    struct dist_writer writer = {.arena = parser->arena};
    dist_writer_add(&writer, "quantiles(");
    for (size_t i = 0; i < count; i++) {
        if (!read_point(parser, &call->arguments[i], i, probabilities, values))
            return NULL;
        dist_writer_add(&writer, i == 0 ? "" : ", ");
        dist_writer_add(&writer, dist_text_print_share(parser->arena, probabilities[i]));
        dist_writer_add(&writer, "=");
        dist_writer_add(&writer, print_value(parser, values[i]));
    }
    dist_writer_add(&writer, ")");
    if (count < 2 || probabilities[0] > 0 || probabilities[count - 1] < 1) {
        size_t at = call->arguments[probabilities[0] > 0 ? 0 : count - 1].key.at;
        dist_text_complain(parser, at, "quantiles must begin with 0%% and end with 100%%");
        return NULL;
    }
    struct dist *dist = dist_make_points(parser->arena, dimension_of(parser),
                                         &(struct dist_points){.count = (uint32_t)count,
                                                               .values = values,
                                                               .probabilities = probabilities});
    dist->text = writer.bytes;
    return dist;
}

static struct dist *build_mixture(struct dist_parser *parser, const struct dist_call *call)
{
    if (!need_pairs(parser, call, "PROBABILITY=DISTRIBUTION"))
        return NULL;
    size_t count = call->argument_count;
    if (count > COMPONENTS_MAX) {
        dist_text_complain(parser, call->name.at, "mixture takes at most %d distributions",
                           COMPONENTS_MAX);
        return NULL;
    }
    struct dist_component components[COMPONENTS_MAX];
    struct dist_writer writer = {.arena = parser->arena};
    double sum = 0;
    uint32_t kept = 0;
    dist_writer_add(&writer, "mixture(");
    for (size_t i = 0; i < count; i++) {
        double weight;
        if (!dist_text_share(parser, call->arguments[i].key, "mixture: probability", &weight))
            return NULL;
        const struct dist *dist = parse_span(parser, call->arguments[i].value);
        if (dist == NULL)
            return NULL;
        dist_writer_add(&writer, i == 0 ? "" : ", ");
        dist_writer_add(&writer, print_number(parser, weight));
        dist_writer_add(&writer, "=");
        dist_writer_add(&writer, dist->text);
        sum += weight;
        if (weight > 0)
            components[kept++] = (struct dist_component){weight, dist};
    }
    dist_writer_add(&writer, ")");
    if (!check_sum(parser, call, sum))
        return NULL;
    for (uint32_t i = 0; i < kept; i++)
        components[i].weight /= sum;
    struct dist *dist = dist_make_mixture(parser->arena, components, kept, parser->error);
    return finish(parser, dist, call->name.at, writer.bytes);
}

/* Read the optional limits `min` and `max` of truncate and empirical; print those given. */
static bool read_limits(struct dist_parser *parser, const struct dist_call *call,
                        const struct dist_argument *const limits[2], struct range *range,
                        const char **text)
{
    *range = (struct range){-INFINITY, INFINITY};
    const char *min = "", *max = "";
    if (limits[0] != NULL) {
        if (!read_value(parser, call, limits[0], "min", &range->min))
            return false;
        min = arena_print(parser->arena, ", min=%s", print_value(parser, range->min));
    }
    if (limits[1] != NULL) {
        if (!read_value(parser, call, limits[1], "max", &range->max))
            return false;
        max = arena_print(parser->arena, ", max=%s", print_value(parser, range->max));
        if (range->max < range->min)
            return dist_text_complain(parser, limits[1]->value.at, "%s: max is less than min",
                                      dist_text_copy(parser, call->name));
    }
    *text = arena_print(parser->arena, "%s%s", min, max);
    return true;
}

static struct dist *build_truncate(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"distribution", "min", "max"};
    const struct dist_argument *bound[3];
    struct range range;
    const char *text;
    if (!dist_text_bind(parser, call, names, 3, bound) ||
        !need(parser, call, bound[0], "a distribution") ||
        !need(parser, call, bound[1] != NULL ? bound[1] : bound[2], "min or max"))
        return NULL;
    struct dist *child = parse_span(parser, bound[0]->value);
    if (child == NULL || !read_limits(parser, call, bound + 1, &range, &text))
        return NULL;
    struct dist_split low = dist_split(child, range.min), high = dist_split(child, range.max);
    double mass =
        low.above < 0.5 ? low.equal + low.above - high.above : high.below + high.equal - low.below;
    if (!(mass >= mass_min)) {
        dist_text_complain(parser, call->name.at,
                           "truncate: less than a millionth of the distribution is between the "
                           "limits");
        return NULL;
    }
    struct dist *dist = dist_make_truncated(parser->arena, child, range.min, range.max);
    dist->text = arena_print(parser->arena, "truncate(%s%s)", child->text, text);
    return dist;
}

static struct dist *build_shift(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"distribution", "by"};
    const struct dist_argument *bound[2];
    double by;
    if (!dist_text_bind(parser, call, names, 2, bound) ||
        !need(parser, call, bound[0], "a distribution") ||
        !read_value(parser, call, bound[1], "by", &by))
        return NULL;
    const struct dist *child = parse_span(parser, bound[0]->value);
    if (child == NULL)
        return NULL;
    struct dist *dist = dist_affine(parser->arena, child, 1, by, parser->error);
    return finish(
        parser, dist, call->name.at,
        arena_print(parser->arena, "shift(%s, by=%s)", child->text, print_value(parser, by)));
}

static struct dist *build_scale(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"distribution", "by"};
    const struct dist_argument *bound[2];
    double by;
    if (!dist_text_bind(parser, call, names, 2, bound) ||
        !need(parser, call, bound[0], "a distribution") ||
        !read_number(parser, call, bound[1], "by", (struct range){1e-9, 1e9}, &by))
        return NULL;
    const struct dist *child = parse_span(parser, bound[0]->value);
    if (child == NULL)
        return NULL;
    struct dist *dist = dist_affine(parser->arena, child, by, 0, parser->error);
    return finish(
        parser, dist, call->name.at,
        arena_print(parser->arena, "scale(%s, by=%s)", child->text, print_number(parser, by)));
}

/* Read COLUMN==TEXT or COLUMN!=TEXT. */
static bool read_condition(struct dist_parser *parser, struct dist_span span,
                           struct empirical_condition *condition)
{
    const char *text = arena_print(parser->arena, "%.*s", (int)span.size, parser->text + span.at);
    struct error error;
    return empirical_parse_condition(parser->arena, text, condition, &error) ||
           dist_text_complain(parser, span.at, "%s", error.message);
}

static const char *print_condition(const struct dist_parser *parser, const char *key,
                                   const struct empirical_condition *condition)
{
    return arena_print(
        parser->arena, ", %s=%s%s%s", key, dist_text_print_word(parser->arena, condition->column),
        condition->is_equal ? "==" : "!=", dist_text_print_word(parser->arena, condition->text));
}

/* `where` may stand several times, so it is taken out before the other arguments are bound. */
static bool take_conditions(struct dist_parser *parser, struct dist_call *call,
                            struct empirical_source *source, struct dist_writer *writer)
{
    struct empirical_condition *conditions =
        arena_take_array(parser->arena, call->argument_count, sizeof *conditions);
    struct dist_argument *others =
        arena_take_array(parser->arena, call->argument_count, sizeof *others);
    size_t condition_count = 0, other_count = 0;
    for (size_t i = 0; i < call->argument_count; i++) {
        const struct dist_argument *argument = &call->arguments[i];
        if (!dist_text_equals(parser, argument->key, "where")) {
            others[other_count++] = *argument;
            continue;
        }
        struct empirical_condition *condition = &conditions[condition_count++];
        if (!read_condition(parser, argument->value, condition))
            return false;
        dist_writer_add(writer, print_condition(parser, "where", condition));
    }
    call->arguments = others;
    call->argument_count = other_count;
    source->conditions = conditions;
    source->condition_count = condition_count;
    return true;
}

static const char *join_path(struct arena *arena, const char *directory, const char *file)
{
    bool is_alone = directory == NULL || directory[0] == '\0' || file[0] == '/';
    return is_alone ? file : arena_print(arena, "%s/%s", directory, file);
}

/* The censoring arguments: which rows, and how long they lasted at least. */
static bool read_censoring(struct dist_parser *parser, const struct dist_call *call,
                           const struct dist_argument *const arguments[2],
                           struct empirical_source *source, struct dist_writer *writer)
{
    if (arguments[0] != NULL) {
        struct empirical_condition *condition = arena_take(parser->arena, sizeof *condition);
        if (!read_condition(parser, arguments[0]->value, condition))
            return false;
        source->censored = condition;
        dist_writer_add(writer, print_condition(parser, "censored", condition));
    }
    if (arguments[1] == NULL)
        return true;
    if (arguments[0] == NULL)
        return dist_text_complain(parser, arguments[1]->key.at,
                                  "empirical: censored_at needs censored=COLUMN==TEXT");
    if (!read_value(parser, call, arguments[1], "censored_at", &source->censored_at))
        return false;
    source->has_censored_at = true;
    dist_writer_add(writer, arena_print(parser->arena, ", censored_at=%s",
                                        print_value(parser, source->censored_at)));
    return true;
}

static struct dist *read_empirical(struct dist_parser *parser,
                                   const struct empirical_source *source)
{
    struct arena *scratch = arena_create("CSV file", 0);
    struct empirical_sample sample;
    struct dist *dist = NULL;
    if (empirical_read(scratch, source, &sample, parser->error)) {
        struct empirical_estimate estimate =
            empirical_estimate(parser->arena, sample.times, sample.count);
        struct dist_steps steps = {.count = (uint32_t)estimate.count,
                                   .values = estimate.values,
                                   .cumulative = estimate.cumulative,
                                   .above = estimate.above};
        dist = dist_make_steps(parser->arena, dimension_of(parser), &steps);
    }
    arena_destroy(scratch);
    return dist;
}

static struct dist *build_empirical(struct dist_parser *parser, const struct dist_call *call)
{
    static const char *const names[] = {"file", "column",   "unit",       "min",
                                        "max",  "censored", "censored_at"};
    const struct dist_argument *bound[7];
    struct empirical_source source = {.allow_negative = parser->options->allow_negative};
    struct dist_writer writer = {.arena = parser->arena}, where = {.arena = parser->arena};
    struct dist_call rest = *call;
    struct range range;
    const char *limits;
    if (!take_conditions(parser, &rest, &source, &where) ||
        !dist_text_bind(parser, &rest, names, 7, bound) || !need(parser, call, bound[0], "file") ||
        !need(parser, call, bound[1], "column") ||
        !read_unit(parser, call, bound[2], &source.unit) ||
        !read_limits(parser, call, bound + 3, &range, &limits))
        return NULL;
    const char *file = dist_text_copy(parser, bound[0]->value);
    source.path = join_path(parser->arena, parser->options->base_directory, file);
    source.column = dist_text_copy(parser, bound[1]->value);
    source.min = range.min;
    source.max = range.max;
    dist_writer_add(&writer, arena_print(parser->arena, "empirical(file=%s, column=%s",
                                         dist_text_print_word(parser->arena, file),
                                         dist_text_print_word(parser->arena, source.column)));
    if (bound[2] != NULL) {
        dist_writer_add(&writer, ", unit=");
        dist_writer_add(&writer, dist_text_copy(parser, bound[2]->value));
    }
    dist_writer_add(&writer, limits);
    dist_writer_add(&writer, where.bytes == NULL ? "" : where.bytes);
    if (!read_censoring(parser, call, bound + 5, &source, &writer))
        return NULL;
    dist_writer_add(&writer, ")");
    struct dist *dist = read_empirical(parser, &source);
    return finish(parser, dist, bound[0]->value.at, writer.bytes);
}

static const struct form {
    const char *name;
    struct dist *(*build)(struct dist_parser *parser, const struct dist_call *call);
} forms[] = {
    {"constant", build_constant},
    {"uniform", build_uniform},
    {"exponential", build_exponential},
    {"lognormal", build_lognormal},
    {"normal", build_normal},
    {"weibull", build_weibull},
    {"gamma", build_gamma},
    {"triangular", build_triangular},
    {"discrete", build_discrete},
    {"quantiles", build_quantiles},
    {"empirical", build_empirical},
    {"mixture", build_mixture},
    {"truncate", build_truncate},
    {"shift", build_shift},
    {"scale", build_scale},
};
enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

static bool complain_about_name(struct dist_parser *parser, struct dist_span name)
{
    const char *names[FORM_COUNT];
    for (size_t i = 0; i < FORM_COUNT; i++)
        names[i] = forms[i].name;
    const char *word = dist_text_copy(parser, name);
    const char *closest = text_closest(word, names, FORM_COUNT);
    if (closest != NULL)
        return dist_text_complain(
            parser, name.at, "\"%s\" is not a distribution; did you mean \"%s\"?", word, closest);
    struct dist_writer known = {.arena = parser->arena};
    for (size_t i = 0; i < FORM_COUNT; i++) {
        dist_writer_add(&known, i == 0 ? "" : ", ");
        dist_writer_add(&known, names[i]);
    }
    return dist_text_complain(parser, name.at, "\"%s\" is not a distribution (there are %s)", word,
                              known.bytes);
}

static const struct form *find_form(const struct dist_parser *parser, struct dist_span name)
{
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (dist_text_equals(parser, name, forms[i].name))
            return &forms[i];
    return NULL;
}

/* A value alone: a constant. */
static struct dist *parse_value(struct dist_parser *parser, struct dist_span span)
{
    double value;
    if (find_form(parser, span) != NULL) {
        dist_text_complain(parser, span.at, "%s needs its arguments in ( )",
                           dist_text_copy(parser, span));
        return NULL;
    }
    if (!dist_text_value(parser, span, NULL, &value))
        return NULL;
    struct dist *dist = dist_make_range(parser->arena, dimension_of(parser), value, value);
    dist->text = print_value(parser, value);
    return dist;
}

static struct dist *parse_span(struct dist_parser *parser, struct dist_span span)
{
    span = dist_text_trim(parser, span);
    if (!dist_text_is_call(parser, span))
        return parse_value(parser, span);
    struct dist_call call;
    if (!dist_text_cut(parser, span, &call))
        return NULL;
    const struct form *form = find_form(parser, call.name);
    if (form == NULL) {
        complain_about_name(parser, call.name);
        return NULL;
    }
    if (parser->depth == DEPTH_MAX) {
        dist_text_complain(parser, span.at, "distributions are nested more than %d deep",
                           DEPTH_MAX);
        return NULL;
    }
    parser->depth++;
    struct dist *dist = form->build(parser, &call);
    parser->depth--;
    return dist;
}

const struct dist *dist_parse(struct arena *arena, const char *text,
                              const struct dist_options *options, size_t *error_at,
                              struct error *error)
{
    size_t ignored_at;
    struct error ignored;
    struct dist_parser parser = {
        .arena = arena,
        .text = text,
        .options = options,
        .error_at = error_at == NULL ? &ignored_at : error_at,
        .error = error == NULL ? &ignored : error,
    };
    struct dist_span whole = dist_text_trim(&parser, (struct dist_span){0, strlen(text)});
    struct dist *dist = parse_span(&parser, whole);
    if (dist != NULL && dist->min < 0 && !options->allow_negative) {
        dist_text_complain(&parser, whole.at, "this can be negative (as low as %s)",
                           print_value(&parser, fmax(dist->min, -(double)DIST_DURATION_MAX_NS)));
        return NULL;
    }
    if (dist != NULL)
        dist_keep_typical(dist);
    return dist;
}
