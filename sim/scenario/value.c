#include "sim/scenario/value.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/scenario/tree.h"

static bool parse_choice(const struct schema_node *schema, const char *text, int64_t *index,
                         struct error *error)
{
    for (size_t i = 0; i < schema->choice_count; i++) {
        if (strcmp(schema->choices[i], text) == 0) {
            *index = (int64_t)i;
            return true;
        }
    }
    char list[512] = "";
    for (size_t i = 0; i < schema->choice_count; i++) {
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "",
                 schema->choices[i]);
    }
    const char *closest = text_closest(text, schema->choices, schema->choice_count);
    if (closest != NULL)
        return error_set(error, ERROR_SCENARIO,
                         "\"%s\" is not a choice here; did you mean \"%s\"? (choices: %s)", text,
                         closest, list);
    return error_set(error, ERROR_SCENARIO, "\"%s\" is not a choice here (choices: %s)", text,
                     list);
}

static bool parse_flag(const char *text, bool *flag, struct error *error)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return error_set(error, ERROR_SCENARIO, "\"%s\" is neither true nor false", text);
    *flag = text[0] == 't';
    return true;
}

static bool parse_text(const struct schema_field *field, const char *text, struct error *error)
{
    if (field->required && text[strspn(text, " \t\r\n")] == '\0')
        return error_set(error, ERROR_SCENARIO, "a text that may not be blank");
    return true;
}

static bool parse_dist(struct value_reader *reader, const struct schema_field *field,
                       const char *text, union value_content *content, struct error *error)
{
    bool is_number = field->type == SCHEMA_DIST_NUMBER;
    struct dist_options options = {.dimension = is_number ? DIST_NUMBER : DIST_DURATION,
                                   .allow_negative =
                                       field->minimum != NULL && field->minimum[0] == '-',
                                   .base_directory = reader->directory};
    const struct dist *dist = dist_parse(reader->arena, text, &options, &reader->error_at, error);
    if (dist == NULL)
        return false;
    content->dist = dist;
    return true;
}

/* Read `text` as the field's type, without looking at the limits. */
static bool parse_type(struct value_reader *reader, const struct schema_node *schema,
                       const char *text, union value_content *content, struct error *error)
{
    const struct schema_field *field = schema->field;
    switch (field->type) {
    case SCHEMA_DURATION: return units_parse_duration(text, &content->whole, error);
    case SCHEMA_SHARE: return units_parse_share(text, &content->number, error);
    case SCHEMA_NUMBER: return units_parse_number(text, &content->number, error);
    case SCHEMA_COUNT: return units_parse_count(text, &content->whole, error);
    case SCHEMA_RATE: return units_parse_rate(text, &content->number, error);
    case SCHEMA_TEXT: return parse_text(field, text, error);
    case SCHEMA_CHOICE: return parse_choice(schema, text, &content->whole, error);
    case SCHEMA_FLAG: return parse_flag(text, &content->flag, error);
    case SCHEMA_DIST_DURATION:
    case SCHEMA_DIST_NUMBER: return parse_dist(reader, field, text, content, error);
    case SCHEMA_TREE: content->json = tree_json_of_text(reader->arena, text); return true;
    case SCHEMA_TEXT_LIST:
    case SCHEMA_MAP: break;
    }
    CHECK(false);
    return false;
}

/* Read a limit: for a distribution it is one value of it. */
static double parse_limit(const struct schema_field *field, const char *text)
{
    int64_t whole = 0;
    double number = 0;
    bool good = false;
    switch (field->type) {
    case SCHEMA_DURATION:
    case SCHEMA_DIST_DURATION: good = units_parse_duration(text, &whole, NULL); break;
    case SCHEMA_COUNT:
    case SCHEMA_TEXT_LIST:
    case SCHEMA_MAP: good = units_parse_count(text, &whole, NULL); break;
    case SCHEMA_SHARE: good = units_parse_share(text, &number, NULL); break;
    case SCHEMA_NUMBER:
    case SCHEMA_DIST_NUMBER: good = units_parse_number(text, &number, NULL); break;
    case SCHEMA_RATE: good = units_parse_rate(text, &number, NULL); break;
    case SCHEMA_TEXT:
    case SCHEMA_CHOICE:
    case SCHEMA_FLAG:
    case SCHEMA_TREE: break;
    }
    CHECK(good); /* Otherwise the table is wrong. */
    return number + (double)whole;
}

/* The least and the greatest value that the content stands for. */
static void content_range(const struct schema_field *field, union value_content content,
                          double *least, double *greatest)
{
    *least = *greatest = 0;
    switch (field->type) {
    case SCHEMA_DURATION:
    case SCHEMA_COUNT: *least = *greatest = (double)content.whole; break;
    case SCHEMA_SHARE:
    case SCHEMA_NUMBER:
    case SCHEMA_RATE: *least = *greatest = content.number; break;
    case SCHEMA_DIST_DURATION:
    case SCHEMA_DIST_NUMBER:
        *least = dist_min(content.dist);
        *greatest = dist_max(content.dist);
        break;
    case SCHEMA_TEXT:
    case SCHEMA_CHOICE:
    case SCHEMA_FLAG:
    case SCHEMA_TREE:
    case SCHEMA_TEXT_LIST:
    case SCHEMA_MAP: break;
    }
}

const char *value_reason(struct arena *arena, const struct schema_field *field, bool applies)
{
    if (field->reason == NULL || !applies)
        return "";
    return arena_print(arena, " (%s)", field->reason);
}

static bool check_limits(struct arena *arena, const struct schema_field *field, const char *text,
                         union value_content content, struct error *error)
{
    bool is_dist = field->type == SCHEMA_DIST_DURATION || field->type == SCHEMA_DIST_NUMBER;
    const char *what = is_dist ? " can be" : " is";
    double least, greatest;
    content_range(field, content, &least, &greatest);
    if (field->minimum != NULL && least < parse_limit(field, field->minimum))
        return error_set(error, ERROR_SCENARIO, "%s%s less than the minimum %s%s", text, what,
                         field->minimum, value_reason(arena, field, field->maximum == NULL));
    if (field->maximum != NULL && greatest > parse_limit(field, field->maximum))
        return error_set(error, ERROR_SCENARIO, "%s%s more than the maximum %s%s", text, what,
                         field->maximum, value_reason(arena, field, true));
    bool is_signed = field->type == SCHEMA_NUMBER || field->type == SCHEMA_COUNT || is_dist;
    if (field->minimum == NULL && !is_signed && least < 0)
        return error_set(error, ERROR_SCENARIO, "%s is negative", text);
    return true;
}

bool value_parse(struct value_reader *reader, const struct schema_node *schema, const char *text,
                 union value_content *content, struct error *error)
{
    union value_content parsed = {0};
    reader->error_at = 0;
    if (!parse_type(reader, schema, text, &parsed, error) ||
        !check_limits(reader->arena, schema->field, text, parsed, error))
        return false;
    *content = parsed;
    return true;
}

void value_check_field(struct arena *arena, const struct schema_node *schema)
{
    const struct schema_field *field = schema->field;
    struct value_reader reader = {.arena = arena};
    struct error error;
    union value_content content;
    if (field->minimum != NULL)
        parse_limit(field, field->minimum);
    if (field->maximum != NULL)
        parse_limit(field, field->maximum);
    if (field->fallback != NULL && !value_parse(&reader, schema, field->fallback, &content, &error))
        check_failed(field->path, 0, error.message);
}

/* Zero has two signs but one meaning; 15 digits make 0.2% and 0.002 one value. */
static void print_number(double number, FILE *out)
{
    fprintf(out, "%.15g", number == 0 ? 0.0 : number);
}

static void print_dist(const struct dist *dist, FILE *out)
{
    const char *text = dist_print(dist);
    fputs(text, out);
    if (strstr(text, "file=") == NULL)
        return;
    for (int i = 0; i < 64; i++) {
        fputc(' ', out);
        print_number(dist_quantile(dist, (i + 0.5) / 64), out);
    }
}

void value_print_canonical(const struct schema_node *schema, const char *text,
                           union value_content content, FILE *out)
{
    switch (schema->field->type) {
    case SCHEMA_DURATION:
    case SCHEMA_COUNT: fprintf(out, "%lld", (long long)content.whole); break;
    case SCHEMA_SHARE:
    case SCHEMA_NUMBER:
    case SCHEMA_RATE: print_number(content.number, out); break;
    case SCHEMA_TEXT:
    case SCHEMA_TREE:
    case SCHEMA_CHOICE: fprintf(out, "%zu:%s", strlen(text), text); break;
    case SCHEMA_FLAG: fputs(content.flag ? "true" : "false", out); break;
    case SCHEMA_DIST_DURATION:
    case SCHEMA_DIST_NUMBER: print_dist(content.dist, out); break;
    case SCHEMA_TEXT_LIST:
    case SCHEMA_MAP: break;
    }
}
