#include "reports/junit.h"

#include <stdint.h>
#include <string.h>

#include "reports/output.h"
#include "sim/base/arena.h"
#include "sim/base/text.h"

/* How many bytes the character at the start of `text` has, if it is whole UTF-8; else 0. */
static size_t character_length(const char *text)
{
    size_t left = strnlen(text, 4);
    for (size_t length = 1; length <= left; length++)
        if (text_is_utf8(text, length, NULL))
            return length;
    return 0;
}

/* Controls (C0 but tab and line ends, DEL, C1) say nothing in a report, and XML 1.0 refuses most of
 * them, as it refuses U+FFFE and U+FFFF. */
static bool is_unwanted(const char *character, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)character;
    if (length == 1)
        return (bytes[0] < 0x20 && bytes[0] != '\t' && bytes[0] != '\n') || bytes[0] == 0x7f;
    if (length == 2)
        return bytes[0] == 0xc2 && bytes[1] < 0xa0;
    return length == 3 && bytes[0] == 0xef && bytes[1] == 0xbf && bytes[2] >= 0xbe;
}

static const char *entity_of(char c, bool is_attribute)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return is_attribute ? "&quot;" : NULL;
    case '\t': return is_attribute ? "&#9;" : NULL;
    case '\n': return is_attribute ? "&#10;" : NULL;
    default: return NULL;
    }
}

static void put_text(FILE *file, const char *text, bool is_attribute)
{
    while (*text != '\0') {
        size_t length = character_length(text);
        const char *entity = length == 1 ? entity_of(*text, is_attribute) : NULL;
        if (length == 0)
            putc('?', file);
        else if (entity != NULL)
            fputs(entity, file);
        else if (!is_unwanted(text, length))
            fwrite(text, 1, length, file);
        text += length == 0 ? 1 : length;
    }
}

static void put_attribute(FILE *file, const char *name, const char *text)
{
    fprintf(file, " %s=\"", name);
    put_text(file, text, true);
    putc('"', file);
}

static void put_properties(FILE *file, const struct junit_suite *suite)
{
    if (suite->property_count == 0)
        return;
    fputs("    <properties>\n", file);
    for (size_t i = 0; i < suite->property_count; i++) {
        fputs("      <property", file);
        put_attribute(file, "name", suite->properties[i].name);
        put_attribute(file, "value", suite->properties[i].value);
        fputs("/>\n", file);
    }
    fputs("    </properties>\n", file);
}

/* One element inside of a case, with its text or without. */
static void put_element(FILE *file, const char *name, const struct junit_case *check,
                        bool has_message)
{
    fprintf(file, "      <%s", name);
    if (has_message && check->message != NULL)
        put_attribute(file, "message", check->message);
    if (check->state == JUNIT_FAILED)
        put_attribute(file, "type", check->type != NULL ? check->type : "failure");
    if (check->details == NULL) {
        fputs("/>\n", file);
        return;
    }
    putc('>', file);
    put_text(file, check->details, false);
    fprintf(file, "</%s>\n", name);
}

static void put_case(FILE *file, const struct junit_suite *suite, const struct junit_case *check)
{
    fputs("    <testcase", file);
    put_attribute(file, "name", check->name);
    put_attribute(file, "classname", suite->class_name != NULL ? suite->class_name : suite->name);
    if (check->state == JUNIT_PASSED && check->details == NULL) {
        fputs("/>\n", file);
        return;
    }
    fputs(">\n", file);
    switch (check->state) {
    case JUNIT_PASSED: put_element(file, "system-out", check, false); break;
    case JUNIT_FAILED: put_element(file, "failure", check, true); break;
    case JUNIT_SKIPPED: put_element(file, "skipped", check, true); break;
    }
    fputs("    </testcase>\n", file);
}

void junit_print(FILE *file, const struct junit_suite *suite)
{
    size_t failed = 0, skipped = 0;
    for (size_t i = 0; i < suite->case_count; i++) {
        failed += suite->cases[i].state == JUNIT_FAILED;
        skipped += suite->cases[i].state == JUNIT_SKIPPED;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", file);
    put_attribute(file, "name", suite->name);
    fprintf(file, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
            suite->case_count, failed, skipped);
    put_properties(file, suite);
    for (size_t i = 0; i < suite->case_count; i++)
        put_case(file, suite, &suite->cases[i]);
    fputs("  </testsuite>\n</testsuites>\n", file);
}

bool junit_write(const char *path, const struct junit_suite *suite, struct error *error)
{
    struct arena *arena = arena_create("JUnit file", 0);
    struct output output;
    bool is_good = output_open(&output, arena, path, error);
    if (is_good) {
        junit_print(output.file, suite);
        is_good = output_commit(&output, error);
    }
    arena_destroy(arena);
    return is_good;
}
