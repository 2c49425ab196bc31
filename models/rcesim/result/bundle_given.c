#include "models/rcesim/result/bundle_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/words.h"
#include "sim/base/check.h"
#include "sim/scenario/scenario.h"

/* The resolved scenario is read as the text that it is, because that is what a stored run has kept
 * word for word: the origin of a value must not depend on whether a page is made by the run or from
 * its records. Its form is that of scenario_print_resolved: two blanks a level, "key: value #
 * origin".
 */
enum { DEPTH_MAX = 32, VALUE_LENGTH_MAX = 110, SWITCH_LENGTH_MAX = 40, KEY_LENGTH_MAX = 256 };

struct reader {
    struct bundle_section *section;
    enum bundle_given which;
    const char *caption;
    struct manifest_block *table; /* NULL until there is a row. */
    size_t row_count, left_out_count;
    const char *variant, *switches, *last_switch,
        *values; /* The row that is being collected, NULL before the first. */
    char *keys[DEPTH_MAX];
    size_t indices[DEPTH_MAX]; /* Of the next element of a list. */
};

/* The end of a key: behind its colon. Keys with special characters are quoted. */
static const char *end_of_key(const char *line)
{
    const char *at = line;
    if (*at == '"') {
        for (at++; *at != '\0' && *at != '"'; at++)
            at += *at == '\\' && at[1] != '\0';
        at += *at == '"';
    }
    return strchr(at, ':');
}

/* What the place of a value is called: "fleet.sddcs", "thresholds[0]". */
static const char *path_text(const struct reader *reader, size_t depth)
{
    struct arena *arena = reader->section->bundle->arena;
    const char *path = "";
    for (size_t i = 0; i <= depth; i++)
        path = arena_print(arena, "%s%s%s", path, i > 0 && reader->keys[i][0] != '[' ? "." : "",
                           reader->keys[i]);
    return path;
}

/* What is not an assumption about the world, but the question and how it is asked. */
static bool is_about_asking(const char *path)
{
    static const char *const keys[] = {"question", "model", "experiment", "thresholds", "sweep"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t length = strlen(keys[i]);
        if (strncmp(path, keys[i], length) == 0 &&
            (path[length] == '\0' || path[length] == '.' || path[length] == '['))
            return true;
    }
    return false;
}

/* Put the values behind what they belong to. */
static void close_switch(struct reader *reader)
{
    if (*reader->values != '\0')
        reader->switches = arena_print(reader->section->bundle->arena, "%s (%s)", reader->switches,
                                       reader->values);
    reader->values = "";
}

/* End the row of a variant. */
static void end_switches(struct reader *reader)
{
    if (reader->variant == NULL)
        return;
    close_switch(reader);
    if (reader->table == NULL) {
        reader->table = manifest_add_table(bundle_open(reader->section), reader->caption);
        manifest_add_table_column(reader->table, "variant", MANIFEST_LEFT);
        manifest_add_table_column(reader->table, "what it changes", MANIFEST_LEFT);
    }
    manifest_add_cell(reader->table, reader->variant);
    manifest_add_cell(reader->table, *reader->switches == '\0' ? "nothing" : reader->switches);
}

/* Collect "precheck (deadline 3h), settle 15min": below the name of a variant, the first key with
 * the values right below it, or with its own. Another variant begins another row. */
static void add_switch(struct reader *reader, size_t depth, const char *value)
{
    struct arena *arena = reader->section->bundle->arena;
    if (reader->variant == NULL || strcmp(reader->variant, reader->keys[1]) != 0) {
        end_switches(reader);
        reader->variant = reader->keys[1];
        reader->switches = reader->last_switch = reader->values = "";
    }
    if (depth < 2)
        return;
    if (strcmp(reader->last_switch, reader->keys[2]) != 0) {
        close_switch(reader);
        reader->last_switch = reader->keys[2];
        reader->switches = arena_print(arena, "%s%s%s", reader->switches,
                                       *reader->switches == '\0' ? "" : ", ", reader->keys[2]);
    }
    const char *shown = words_shorten(arena, value, SWITCH_LENGTH_MAX);
    if (depth == 2)
        reader->switches = arena_print(arena, "%s %s", reader->switches, shown);
    if (depth == 3)
        reader->values = arena_print(arena, "%s%s%s %s", reader->values,
                                     *reader->values == '\0' ? "" : ", ", reader->keys[3], shown);
}

static void add_row(struct reader *reader, size_t depth, const char *value, const char *origin)
{
    struct arena *arena = reader->section->bundle->arena;
    const char *path = path_text(reader, depth);
    bool is_of_variants = strncmp(path, "variants.", 9) == 0;
    if (is_about_asking(path) || is_of_variants != (reader->which != BUNDLE_GIVEN_WORLD))
        return;
    if (reader->which == BUNDLE_GIVEN_SWITCHES) {
        add_switch(reader, depth, value);
        return;
    }
    if (reader->row_count == BUNDLE_ROWS_MAX) {
        reader->left_out_count++;
        return;
    }
    if (reader->table == NULL) {
        reader->table = manifest_add_table(bundle_open(reader->section), reader->caption);
        manifest_add_table_column(reader->table, is_of_variants ? "variant and key" : "key",
                                  MANIFEST_LEFT);
        manifest_add_table_column(reader->table, "value", MANIFEST_LEFT);
        manifest_add_table_column(reader->table, "given in", MANIFEST_LEFT);
    }
    manifest_add_cell(reader->table, is_of_variants ? path + 9 : path);
    manifest_add_cell(reader->table, strcmp(value, "{}") == 0
                                         ? "as is"
                                         : words_shorten(arena, value, VALUE_LENGTH_MAX));
    manifest_add_cell(reader->table, origin);
    reader->row_count++;
}

/* Take the key of a line off; returns what stands behind it. NULL: not a line of this form. */
static const char *take_key(struct reader *reader, const char *line, size_t depth)
{
    struct arena *arena = reader->section->bundle->arena;
    bool is_element = line[0] == '-' && line[1] == ' ';
    const char *end = is_element ? line + 1 : end_of_key(line);
    if (end == NULL || end - line > KEY_LENGTH_MAX)
        return NULL;
    if (is_element)
        reader->keys[depth] = arena_print(arena, "[%zu]", reader->indices[depth]++);
    else
        reader->keys[depth] = arena_print(arena, "%.*s", (int)(end - line), line);
    for (size_t i = depth + 1; i < DEPTH_MAX; i++)
        reader->indices[i] = 0;
    return end + 1;
}

static void read_line(struct reader *reader, char *line)
{
    size_t indent = strspn(line, " ");
    size_t depth = indent / 2;
    if (line[indent] == '#' || line[indent] == '\0' || depth >= DEPTH_MAX)
        return;
    const char *rest = take_key(reader, line + indent, depth);
    if (rest == NULL)
        return;
    char *comment = NULL;
    for (char *next = strstr(line, " # "); next != NULL; next = strstr(next + 1, " # "))
        comment = next;
    if (comment == NULL || comment < rest)
        return; /* A map on the way has its origin right behind the colon. */
    *comment = '\0';
    rest += strspn(rest, " ");
    if (*rest == '\0' || strcmp(comment + 3, "default") == 0)
        return;
    size_t length = strlen(rest);
    if (length >= 2 && rest[0] == '"' && rest[length - 1] == '"' && strchr(rest, '\\') == NULL)
        rest = arena_print(reader->section->bundle->arena, "%.*s", (int)length - 2, rest + 1);
    add_row(reader, depth, rest, comment + 3);
}

void bundle_add_given(struct bundle_section *section, enum bundle_given which, const char *caption)
{
    struct reader reader = {.section = section, .which = which, .caption = caption};
    char *text = configure_resolved_text(section->bundle->outcome->configuration);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        read_line(&reader, line);
    free(text);
    end_switches(&reader);
    if (reader.left_out_count > 0)
        manifest_add_text(bundle_open(section), MANIFEST_NOTE,
                          arena_print(section->bundle->arena, "%zu more in scenario.resolved.yaml.",
                                      reader.left_out_count));
}

void bundle_add_assumptions(struct bundle *bundle)
{
    struct bundle_section section = {
        .bundle = bundle, .id = "assumptions", .title = "Assumptions and sensitivity"};
    bundle_add_given(&section, BUNDLE_GIVEN_WORLD,
                     "Values that the scenario or the command line gave");
    if (section.section == NULL)
        manifest_add_text(bundle_open(&section), MANIFEST_PLAIN,
                          "The scenario gives no values of its own; everything is a default.");
    manifest_add_text(bundle_open(&section), MANIFEST_NOTE,
                      "Every other value is a default of the model; scenario.resolved.yaml has all "
                      "of them. How much the result depends on one of them, a sweep shows:");
    const struct configuration *configuration = bundle->outcome->configuration;
    manifest_add_command(bundle_open(&section), "Sensitivity, each value alone",
                         arena_print(bundle->arena,
                                     "rcesim sweep %s --one-at-a-time --over PATH=LOW,HIGH --over "
                                     "PATH=LOW,HIGH -o SWEEP && rcesim report DIR --with SWEEP",
                                     options_quote(bundle->arena, configuration->file_name)));
}
