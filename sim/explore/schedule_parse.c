#include "sim/explore/schedule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/explore/schedule_value.h"

/* One line at a time: what is left of it, and where that stands. */
struct parser {
    struct schedule *schedule;
    struct arena *arena;
    const struct model *model;
    struct error *error;
    const char *line, *at, *end; /* Of the line, without its comment and blanks at the end. */
    const char *first;           /* Its first word. */
    uint32_t line_number;
    uint32_t seen; /* A bit for each statement that may stand once. */
    size_t item_room, set_room;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct schedule_place place_of(const struct parser *parser, const char *at)
{
    uint32_t column = 1;
    for (const char *p = parser->line; p < at; p++)
        column += ((unsigned char)*p & 0xc0) != 0x80;
    return (struct schedule_place){parser->line_number, column};
}

#define COMPLAIN(parser, at, ...)                                                                  \
    schedule_complain((parser)->schedule, place_of((parser), (at)), (parser)->error, __VA_ARGS__)

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->end && is_blank(*parser->at))
        parser->at++;
}

/* Take the next word; empty at the end of the line. */
static const char *take_word(struct parser *parser, const char **at)
{
    skip_blanks(parser);
    *at = parser->at;
    while (parser->at < parser->end && !is_blank(*parser->at))
        parser->at++;
    return arena_print(parser->arena, "%.*s", (int)(parser->at - *at), *at);
}

/* A text in quotes, in which \ stands before " and \, and for the characters n, r, t. */
static bool take_quoted(struct parser *parser, const char **text)
{
    const char *from = parser->at++;
    char *copy = arena_take(parser->arena, (size_t)(parser->end - from) + 1);
    size_t n = 0;
    while (parser->at < parser->end && *parser->at != '"') {
        char c = *parser->at++;
        if (c == '\\' && parser->at < parser->end) {
            static const char names[] = "\"\\nrt", characters[] = "\"\\\n\r\t";
            const char *name = strchr(names, *parser->at);
            if (name == NULL)
                return COMPLAIN(parser, parser->at - 1,
                                "after \\ only \" \\ n r t can stand in quotes");
            c = characters[name - names];
            parser->at++;
        }
        copy[n++] = c;
    }
    if (parser->at == parser->end)
        return COMPLAIN(parser, from, "the quotes are not closed");
    parser->at++;
    *text = copy;
    return true;
}

/* Take all that is left of the line as one text. */
static bool take_text(struct parser *parser, const char **text)
{
    skip_blanks(parser);
    const char *from = parser->at;
    if (from == parser->end)
        return COMPLAIN(parser, from, "a text is missing here");
    if (*from != '"') {
        *text = arena_print(parser->arena, "%.*s", (int)(parser->end - from), from);
        parser->at = parser->end;
        return true;
    }
    if (!take_quoted(parser, text))
        return false;
    skip_blanks(parser);
    if (parser->at < parser->end)
        return COMPLAIN(parser, parser->at, "there is more behind the quotes");
    return true;
}

static bool take_hash(struct parser *parser, uint64_t *hash, bool *is_there)
{
    const char *at;
    *is_there = true;
    const char *word = take_word(parser, &at);
    char *end;
    uint64_t value = strtoull(word, &end, 16);
    if (strlen(word) != 16 || word[strspn(word, "0123456789abcdef")] != '\0' || *end != '\0')
        return COMPLAIN(parser, at, "expected 16 digits 0 to f, such as 0123456789abcdef");
    *hash = value;
    return true;
}

static bool take_count(struct parser *parser, uint64_t maximum, uint64_t *count)
{
    const char *at;
    const char *word = take_word(parser, &at);
    int64_t value;
    struct error problem;
    if (!schedule_value_parse_count(word, &value, &problem))
        return COMPLAIN(parser, at, "%s", problem.message);
    if (value < 0 || (uint64_t)value > maximum)
        return COMPLAIN(parser, at, "expected a number from 0 to %" PRIu64 ", not %s", maximum,
                        word);
    *count = (uint64_t)value;
    return true;
}

enum statement {
    STATEMENT_SCHEDULE,
    STATEMENT_SCENARIO,
    STATEMENT_HASH,
    STATEMENT_SET,
    STATEMENT_VARIANT,
    STATEMENT_ENGINE,
    STATEMENT_DIGEST,
    STATEMENT_SEED,
    STATEMENT_SLACK,
    STATEMENT_COUNTS,
    STATEMENT_EXPECT,
    STATEMENT_COUNT
};

static const char *const statement_names[STATEMENT_COUNT] = {
    "schedule", "scenario", "hash",  "set",    "variant", "engine",
    "digest",   "seed",     "slack", "counts", "expect",
};

static bool take_format(struct parser *parser)
{
    skip_blanks(parser);
    const char *at = parser->at;
    uint64_t format;
    if (!take_count(parser, INT64_MAX, &format))
        return false;
    if (format != SCHEDULE_FORMAT)
        return COMPLAIN(parser, at,
                        "this is a schedule of format %" PRIu64 ", and only format %d is known; "
                        "find it again with `explore`, or take the program that wrote it",
                        format, SCHEDULE_FORMAT);
    return true;
}

static bool take_set(struct parser *parser)
{
    struct schedule *schedule = parser->schedule;
    skip_blanks(parser);
    const char *at = parser->at, *text;
    if (!take_text(parser, &text))
        return false;
    if (strchr(text, '=') == NULL)
        return COMPLAIN(parser, at, "expected path=value, such as fleet.sddcs=1");
    if (schedule->set_count == SCHEDULE_SETS_MAX)
        return COMPLAIN(parser, at, "a schedule has %d settings at most", SCHEDULE_SETS_MAX);
    if (schedule->set_count == parser->set_room) {
        parser->set_room = parser->set_room == 0 ? 8 : 2 * parser->set_room;
        const char **sets = arena_take_array(parser->arena, parser->set_room, sizeof *sets);
        for (size_t i = 0; i < schedule->set_count; i++)
            sets[i] = schedule->sets[i];
        schedule->sets = sets;
    }
    schedule->sets[schedule->set_count++] = text;
    return true;
}

static bool take_slack(struct parser *parser)
{
    const char *at;
    const char *word = take_word(parser, &at);
    struct error problem;
    int64_t slack_ns;
    if (!units_parse_duration(word, &slack_ns, &problem))
        return COMPLAIN(parser, at, "%s", problem.message);
    if (slack_ns < 0 || slack_ns > DIST_DURATION_MAX_NS)
        return COMPLAIN(parser, at, "the slack is 0s or more, and 100 years at most");
    parser->schedule->slack_ns = slack_ns;
    return true;
}

static bool take_counts(struct parser *parser)
{
    const char *at;
    const char *word = take_word(parser, &at);
    if (!probe_scope_parse(word, &parser->schedule->scope))
        return COMPLAIN(parser, at, "expected all, safety or failure: what counts");
    return true;
}

/* Between words, tabs and several blanks are as good as one blank. */
static const char *with_single_blanks(const struct parser *parser, const char *text)
{
    char *copy = arena_copy_text(parser->arena, text), *to = copy;
    for (const char *from = text; *from != '\0'; from++)
        if (!is_blank(*from))
            *to++ = *from;
        else if (to > copy && to[-1] != ' ')
            *to++ = ' ';
    if (to > copy && to[-1] == ' ')
        to--;
    *to = '\0';
    return copy;
}

static bool take_expectation(struct parser *parser)
{
    struct schedule *schedule = parser->schedule;
    const char *at;
    const char *word = take_word(parser, &at);
    schedule->expect_place = place_of(parser, at);
    if (strcmp(word, "passes") == 0) {
        schedule->expectation = SCHEDULE_EXPECT_PASS;
        return true;
    }
    if (strcmp(word, "fails") != 0)
        return COMPLAIN(parser, at, "expected passes, or fails and how");
    schedule->expectation = SCHEDULE_EXPECT_FAIL;
    skip_blanks(parser);
    at = parser->at;
    const char *text;
    if (at == parser->end)
        return true;
    return take_text(parser, &text) &&
           (signature_parse(with_single_blanks(parser, text), parser->model->explore,
                            &schedule->signature) ||
            COMPLAIN(parser, at, "the model cannot fail like that; see what `explore` prints"));
}

static bool take_header_text(struct parser *parser, const char **text, struct schedule_place *place)
{
    skip_blanks(parser);
    *place = place_of(parser, parser->at);
    return take_text(parser, text);
}

static bool take_statement(struct parser *parser, enum statement statement)
{
    struct schedule *schedule = parser->schedule;
    switch (statement) {
    case STATEMENT_SCHEDULE: return take_format(parser);
    case STATEMENT_SCENARIO:
        return take_header_text(parser, &schedule->scenario, &schedule->scenario_place);
    case STATEMENT_HASH:
        skip_blanks(parser);
        schedule->hash_place = place_of(parser, parser->at);
        return take_hash(parser, &schedule->hash, &schedule->has_hash);
    case STATEMENT_SET: return take_set(parser);
    case STATEMENT_VARIANT:
        return take_header_text(parser, &schedule->variant, &schedule->variant_place);
    case STATEMENT_ENGINE:
        return take_header_text(parser, &schedule->engine, &schedule->engine_place);
    case STATEMENT_DIGEST:
        return take_hash(parser, &schedule->engine_digest, &schedule->has_digest);
    case STATEMENT_SEED:
        schedule->has_seed = true;
        return take_count(parser, INT64_MAX, &schedule->seed);
    case STATEMENT_SLACK: return take_slack(parser);
    case STATEMENT_COUNTS: return take_counts(parser);
    case STATEMENT_EXPECT: return take_expectation(parser);
    case STATEMENT_COUNT: break;
    }
    check_failed(__FILE__, __LINE__, "a known statement");
}

/* The statement of that name, or STATEMENT_COUNT. */
static enum statement find_statement(const char *word)
{
    int i = 0;
    while (i < STATEMENT_COUNT && strcmp(word, statement_names[i]) != 0)
        i++;
    return (enum statement)i;
}

static bool parse_statement(struct parser *parser, enum statement statement, const char *at)
{
    uint32_t bit = 1u << statement;
    if (statement != STATEMENT_SCHEDULE && (parser->seen & 1u) == 0)
        return COMPLAIN(parser, at, "the first statement is \"schedule %d\"", SCHEDULE_FORMAT);
    if (statement != STATEMENT_SET && (parser->seen & bit) != 0)
        return COMPLAIN(parser, at, "\"%s\" stands here a second time", statement_names[statement]);
    parser->seen |= bit;
    if (!take_statement(parser, statement))
        return false;
    skip_blanks(parser);
    return parser->at == parser->end ||
           COMPLAIN(parser, parser->at, "there is more behind what \"%s\" takes",
                    statement_names[statement]);
}

static bool complain_about_entity(const struct parser *parser, const char *word, uint32_t purpose,
                                  const char *at)
{
    char example[64];
    parser->model->explore->entity_print(example, sizeof example, purpose, 0);
    return COMPLAIN(parser, at,
                    "\"%s\" is nothing that has this draw; expected something such as %s", word,
                    example);
}

static bool complain_about_purpose(const struct parser *parser, const char *name, const char *at)
{
    size_t count = 0;
    while (parser->model->purposes[count].name != NULL)
        count++;
    const char **names = arena_take_array(parser->arena, count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = parser->model->purposes[i].name;
    const char *closest = text_closest(name, names, count);
    if (closest != NULL)
        return COMPLAIN(parser, at, "there is no draw \"%s\"; did you mean \"%s\"?", name, closest);
    return COMPLAIN(parser, at, "there is no draw \"%s\"", name);
}

/* Without an @ it is no deviation; a first word near that of a statement was probably to be one. */
static bool complain_about_statement(const struct parser *parser, const char *word, const char *at)
{
    const char *closest = text_closest(word, statement_names, STATEMENT_COUNT);
    if (closest != NULL && strchr(word, '/') == NULL)
        return COMPLAIN(parser, parser->first, "there is no statement \"%s\"; did you mean \"%s\"?",
                        word, closest);
    return COMPLAIN(parser, at, "expected a draw, @ and its occurrence, such as \"%s @0 = VALUE\"",
                    parser->model->explore->draw_example != NULL
                        ? parser->model->explore->draw_example
                        : parser->model->purposes[0].name);
}

/* The purpose is all up to the @; between its words one blank is as good as several. `word` is what
 * stands before it. */
static bool take_purpose(struct parser *parser, const char *word, uint32_t *purpose)
{
    skip_blanks(parser);
    const char *from = parser->at, *sign = from;
    while (sign < parser->end && *sign != '@')
        sign++;
    char *name = arena_take(parser->arena, (size_t)(sign - from) + 1);
    size_t n = 0;
    for (const char *p = from; p < sign; p++)
        if (!is_blank(*p))
            name[n++] = *p;
        else if (n > 0 && name[n - 1] != ' ')
            name[n++] = ' ';
    while (n > 0 && name[n - 1] == ' ')
        name[--n] = '\0';
    if (sign == parser->end)
        return complain_about_statement(parser, word, from);
    const struct purpose *entry = parser->model->purposes;
    while (entry->name != NULL && strcmp(entry->name, name) != 0)
        entry++;
    if (entry->name == NULL)
        return complain_about_purpose(parser, name, from);
    *purpose = entry->number;
    parser->at = sign + 1;
    return true;
}

/* The number behind the @, up to a blank or the =. */
static bool take_occurrence(struct parser *parser, uint32_t *occurrence)
{
    const char *from = parser->at;
    const char *line_end = parser->end;
    while (parser->at < line_end && !is_blank(*parser->at) && *parser->at != '=')
        parser->at++;
    const char *after = parser->at;
    uint64_t count;
    parser->at = from;
    parser->end = after;
    bool is_good = take_count(parser, UINT32_MAX, &count);
    parser->at = after;
    parser->end = line_end;
    if (!is_good)
        return false;
    *occurrence = (uint32_t)count;
    skip_blanks(parser);
    if (parser->at == parser->end || *parser->at != '=')
        return COMPLAIN(parser, parser->at, "expected = and the value");
    parser->at++;
    return true;
}

static bool take_value(struct parser *parser, struct schedule_item *item)
{
    const char *at;
    const char *word = take_word(parser, &at);
    struct error problem;
    item->value_place = place_of(parser, at);
    if (*word == '\0')
        return COMPLAIN(parser, at, "the value is missing");
    return schedule_value_parse(word, &item->deviation.value, &item->form, &problem) ||
           COMPLAIN(parser, at, "%s", problem.message);
}

static bool take_probability(struct parser *parser, double *probability)
{
    const char *at;
    const char *word = take_word(parser, &at);
    *probability = -1;
    if (*word == '\0')
        return true;
    struct error problem;
    if (strncmp(word, "p=", 2) != 0)
        return COMPLAIN(parser, at, "expected nothing more than the probability, such as p=0.02");
    if (!units_parse_number(word + 2, probability, &problem))
        return COMPLAIN(parser, at + 2, "%s", problem.message);
    if (!(*probability >= 0 && *probability <= 1))
        return COMPLAIN(parser, at + 2, "a probability lies between 0 and 1");
    skip_blanks(parser);
    return parser->at == parser->end ||
           COMPLAIN(parser, parser->at, "there is more behind the probability");
}

static bool add_item(struct parser *parser, const struct schedule_item *item, const char *at)
{
    struct schedule *schedule = parser->schedule;
    if (schedule->item_count == SCHEDULE_DEVIATIONS_MAX)
        return COMPLAIN(parser, at, "a schedule has %d deviations at most",
                        SCHEDULE_DEVIATIONS_MAX);
    if (schedule->item_count == parser->item_room) {
        parser->item_room = parser->item_room == 0 ? 16 : 2 * parser->item_room;
        struct schedule_item *items =
            arena_take_array(parser->arena, parser->item_room, sizeof *items);
        for (size_t i = 0; i < schedule->item_count; i++)
            items[i] = schedule->items[i];
        schedule->items = items;
    }
    schedule->items[schedule->item_count++] = *item;
    return true;
}

static bool parse_deviation(struct parser *parser, const char *word, const char *at)
{
    struct schedule_item item = {.place = place_of(parser, at)};
    struct draw_name *name = &item.deviation.name;
    if ((parser->seen & 1u) == 0)
        return COMPLAIN(parser, at, "the first statement is \"schedule %d\"", SCHEDULE_FORMAT);
    if (!take_purpose(parser, word, &name->purpose))
        return false;
    if (!parser->model->explore->entity_parse(word, name->purpose, &name->entity))
        return complain_about_entity(parser, word, name->purpose, at);
    return take_occurrence(parser, &name->occurrence) && take_value(parser, &item) &&
           take_probability(parser, &item.probability) && add_item(parser, &item, at);
}

/* Cut the comment off, and blanks. A # begins one where it stands first or behind a blank, and not
 * in quotes. */
static void cut_line(struct parser *parser)
{
    bool is_quoted = false;
    for (const char *p = parser->at; p < parser->end; p++) {
        bool is_first = p == parser->at || is_blank(p[-1]);
        if (*p == '"' && (is_quoted || is_first))
            is_quoted = !is_quoted;
        else if (is_quoted && *p == '\\' && p + 1 < parser->end)
            p++;
        else if (!is_quoted && *p == '#' && is_first)
            parser->end = p;
    }
    while (parser->end > parser->at && (is_blank(parser->end[-1]) || parser->end[-1] == '\r'))
        parser->end--;
}

static bool parse_line(struct parser *parser)
{
    cut_line(parser);
    const char *at;
    const char *word = take_word(parser, &at);
    parser->first = at;
    if (*word == '\0')
        return true;
    enum statement statement = find_statement(word);
    return statement == STATEMENT_COUNT ? parse_deviation(parser, word, at)
                                        : parse_statement(parser, statement, at);
}

static int compare_names(const void *a, const void *b)
{
    const struct schedule_item *const *left = a, *const *right = b;
    const struct draw_name *x = &(*left)->deviation.name, *y = &(*right)->deviation.name;
    if (x->entity != y->entity)
        return x->entity < y->entity ? -1 : 1;
    if (x->purpose != y->purpose)
        return x->purpose < y->purpose ? -1 : 1;
    if (x->occurrence != y->occurrence)
        return x->occurrence < y->occurrence ? -1 : 1;
    return *left < *right ? -1 : *left > *right; /* In the order of the text. */
}

/* No draw may deviate twice. */
static bool check_names(const struct schedule *schedule, struct arena *arena, struct error *error)
{
    const struct schedule_item **sorted =
        arena_take_array(arena, schedule->item_count + 1, sizeof *sorted);
    for (size_t i = 0; i < schedule->item_count; i++)
        sorted[i] = &schedule->items[i];
    qsort(sorted, schedule->item_count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < schedule->item_count; i++) {
        const struct draw_name *a = &sorted[i - 1]->deviation.name;
        const struct draw_name *b = &sorted[i]->deviation.name;
        if (a->entity == b->entity && a->purpose == b->purpose && a->occurrence == b->occurrence)
            return schedule_complain(schedule, sorted[i]->place, error,
                                     "this draw has a value already, in line %" PRIu32,
                                     sorted[i - 1]->place.line);
    }
    return true;
}

static bool check_text(const struct schedule *schedule, struct error *error)
{
    size_t at;
    if (schedule->text_size_bytes > SCHEDULE_SIZE_MAX_BYTES)
        return error_set(error, ERROR_SCENARIO, "%s: a schedule has %d MiB at most",
                         schedule->file_name, SCHEDULE_SIZE_MAX_BYTES >> 20);
    if (text_is_utf8(schedule->text, schedule->text_size_bytes, &at))
        return true;
    uint32_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += schedule->text[i] == '\n';
    return error_set(error, ERROR_SCENARIO, "%s:%" PRIu32 ": this is not UTF-8 text",
                     schedule->file_name, line);
}

bool schedule_parse(struct schedule *out, struct arena *arena, const struct model *model,
                    const char *file_name, const char *text, size_t size_bytes, struct error *error)
{
    CHECK(model->explore != NULL && model->purposes != NULL);
    char *copy = arena_take(arena, size_bytes + 1);
    memcpy(copy, text, size_bytes);
    struct schedule schedule = {.file_name = arena_copy_text(arena, file_name),
                                .text = copy,
                                .text_size_bytes = size_bytes};
    if (!check_text(&schedule, error))
        return false;
    struct parser parser = {.schedule = &schedule, .arena = arena, .model = model, .error = error};
    const char *end = copy + size_bytes;
    for (const char *line = copy; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        parser.line = parser.at = line;
        parser.end = newline == NULL ? end : newline;
        parser.line_number++;
        if (!parse_line(&parser))
            return false;
        line = newline == NULL ? end : newline + 1;
    }
    if ((parser.seen & 1u) == 0)
        return error_set(error, ERROR_SCENARIO,
                         "%s: this is no schedule: its first statement is \"schedule %d\"",
                         file_name, SCHEDULE_FORMAT);
    if (!check_names(&schedule, arena, error))
        return false;
    *out = schedule;
    return true;
}
