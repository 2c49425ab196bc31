/* scenario_fuzz.c - any bytes as a scenario: no crash, and what loads is well understood.
 *
 * Oracle: a scenario that loads prints resolved, loads again without a complaint, has the same
 * hash, and prints the same values again; one that does not load says why, in UTF-8.
 *
 * An input is the document. After a NUL byte may follow overrides, divided by NUL bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/scenario/scenario.h"
#include "tests/sim/scenario/test_schema.h"

enum { OVERRIDES_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static char *print_resolved(const struct scenario *scenario, size_t *size_bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size_bytes);
    CHECK(out != NULL);
    scenario_print_resolved(scenario, out);
    fclose(out);
    return text;
}

/* Print without comments, which name the origins and so differ. */
static void check_same_values(char *text, char *again)
{
    char *rest = NULL, *rest_again = NULL;
    char *line = strtok_r(text, "\n", &rest), *line_again = strtok_r(again, "\n", &rest_again);
    while (line != NULL && line_again != NULL) {
        char *comment = strstr(line, " # "), *last = comment;
        while (comment != NULL) {
            last = comment;
            comment = strstr(comment + 1, " # ");
        }
        if (last != NULL)
            CHECK(strncmp(line, line_again, (size_t)(last - line) + 3) == 0);
        line = strtok_r(NULL, "\n", &rest);
        line_again = strtok_r(NULL, "\n", &rest_again);
    }
    CHECK(line == NULL && line_again == NULL);
}

static void check_round_trip(const struct scenario *scenario)
{
    struct arena *arena = arena_create("fuzz again", 0);
    size_t size, size_again;
    char *text = print_resolved(scenario, &size);
    struct scenario_source source = {
        .file_name = "resolved.yaml", .text = text, .text_size_bytes = size};
    struct scenario *again;
    struct error error;
    if (size <= SCENARIO_SIZE_MAX_BYTES) {
        if (!scenario_load(&again, arena, &source, &test_schema, &error)) {
            fprintf(stderr, "%s\n%s\n", error.message, text);
            abort();
        }
        if (scenario_hash(scenario) != scenario_hash(again)) {
            fprintf(stderr, "another hash:\n%s\n", text);
            abort();
        }
        char *text_again = print_resolved(again, &size_again);
        check_same_values(text, text_again);
        free(text_again);
    }
    free(text);
    arena_destroy(arena);
}

/* Files of the machine are not part of the input. */
static bool names_a_file(const char *text, size_t size_bytes)
{
    return memmem(text, size_bytes, "extends", 7) != NULL ||
           memmem(text, size_bytes, "file", 4) != NULL || memchr(text, '\\', size_bytes) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    const char *overrides[OVERRIDES_MAX];
    size_t count = 0;
    char *text = malloc(size_bytes + 1);
    CHECK(text != NULL);
    if (size_bytes > 0)
        memcpy(text, bytes, size_bytes);
    text[size_bytes] = '\0';
    gsl_set_error_handler_off();
    size_t document_size = strlen(text);
    for (size_t at = document_size + 1; at < size_bytes && count < OVERRIDES_MAX;) {
        overrides[count++] = text + at;
        at += strlen(text + at) + 1;
    }
    /* With escapes in play a name could be hidden: these only without a NUL, as a whole. */
    if (!names_a_file(text, size_bytes)) {
        struct arena *arena = arena_create("fuzz", 0);
        struct scenario_source source = {.file_name = "fuzz.yaml",
                                         .text = text,
                                         .text_size_bytes = document_size,
                                         .overrides = overrides,
                                         .override_count = count};
        struct scenario *scenario;
        struct error error;
        if (scenario_load(&scenario, arena, &source, &test_schema, &error))
            check_round_trip(scenario);
        else
            CHECK(error.code == ERROR_SCENARIO &&
                  text_is_utf8(error.message, strlen(error.message), NULL));
        arena_destroy(arena);
    }
    free(text);
    return 0;
}
