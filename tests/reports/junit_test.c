#include "reports/junit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect(const struct junit_suite *suite, const char *text)
{
    char *printed;
    size_t size_bytes;
    FILE *file = open_memstream(&printed, &size_bytes);
    assert_non_null(file);
    junit_print(file, suite);
    fclose(file);
    assert_string_equal(printed, text);
    assert_int_equal(size_bytes, strlen(text));
    free(printed);
}

static const struct junit_case mixed_cases[] = {
    {.name = "failure_rate(after) < 1%", .details = "0.4 %, [0.3, 0.5] %"},
    {.name = "a", .state = JUNIT_PASSED, .message = "not shown"},
    {.name = "b", .state = JUNIT_FAILED, .message = "FAIL: outside", .details = "5 %\n6 %"},
    {.name = "c", .state = JUNIT_FAILED, .type = "inconclusive", .message = "partly"},
    {.name = "d", .state = JUNIT_FAILED},
    {.name = "e", .state = JUNIT_SKIPPED, .message = "no such variant"},
    {.name = "f", .state = JUNIT_SKIPPED, .details = "x"},
};

static const char mixed_text[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<testsuites>\n"
    "  <testsuite name=\"race\" tests=\"7\" failures=\"3\" errors=\"0\" skipped=\"2\">\n"
    "    <properties>\n"
    "      <property name=\"seed\" value=\"1\"/>\n"
    "      <property name=\"command\" value=\"rcesim run --set &quot;a&lt;b&quot;\"/>\n"
    "    </properties>\n"
    "    <testcase name=\"failure_rate(after) &lt; 1%\" classname=\"rcesim.thresholds\">\n"
    "      <system-out>0.4 %, [0.3, 0.5] %</system-out>\n"
    "    </testcase>\n"
    "    <testcase name=\"a\" classname=\"rcesim.thresholds\"/>\n"
    "    <testcase name=\"b\" classname=\"rcesim.thresholds\">\n"
    "      <failure message=\"FAIL: outside\" type=\"failure\">5 %\n"
    "6 %</failure>\n"
    "    </testcase>\n"
    "    <testcase name=\"c\" classname=\"rcesim.thresholds\">\n"
    "      <failure message=\"partly\" type=\"inconclusive\"/>\n"
    "    </testcase>\n"
    "    <testcase name=\"d\" classname=\"rcesim.thresholds\">\n"
    "      <failure type=\"failure\"/>\n"
    "    </testcase>\n"
    "    <testcase name=\"e\" classname=\"rcesim.thresholds\">\n"
    "      <skipped message=\"no such variant\"/>\n"
    "    </testcase>\n"
    "    <testcase name=\"f\" classname=\"rcesim.thresholds\">\n"
    "      <skipped>x</skipped>\n"
    "    </testcase>\n"
    "  </testsuite>\n"
    "</testsuites>\n";

static struct junit_suite mixed_suite(void)
{
    static const struct junit_property properties[] = {{"seed", "1"},
                                                       {"command", "rcesim run --set \"a<b\""}};
    return (struct junit_suite){
        .name = "race",
        .class_name = "rcesim.thresholds",
        .properties = properties,
        .property_count = 2,
        .cases = mixed_cases,
        .case_count = sizeof mixed_cases / sizeof mixed_cases[0],
    };
}

static void a_suite_of_every_state(void **state)
{
    (void)state;
    struct junit_suite suite = mixed_suite();
    expect(&suite, mixed_text);
    expect(&suite, mixed_text);
}

static void an_empty_suite(void **state)
{
    (void)state;
    expect(&(struct junit_suite){.name = "none"},
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
           "  <testsuite name=\"none\" tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\">\n"
           "  </testsuite>\n</testsuites>\n");
}

/* Line ends and tabs would become spaces in an attribute unless they are written as references. */
static const char hostile[] = "<&>\"' ]]> \033[31m\001\r\n\t\x7f ü \xc2\x85 \xff\xc3; \xed\xa0\x80 "
                              "\xef\xbf\xbf \xef\xbf\xbe \xef\xbf\xbd \xf0\x9f\x98\x80 \xe2\x82";

static struct junit_suite hostile_suite(struct junit_case *check)
{
    *check = (struct junit_case){
        .name = hostile, .state = JUNIT_FAILED, .message = hostile, .details = hostile};
    return (struct junit_suite){.name = "x", .cases = check, .case_count = 1};
}

#define HOSTILE_START "&lt;&amp;&gt;"
#define HOSTILE_END   " ü  ??; ???   \xef\xbf\xbd \xf0\x9f\x98\x80 ??"

static void hostile_texts_stay_texts(void **state)
{
    (void)state;
    struct junit_case check;
    struct junit_suite suite = hostile_suite(&check);
    expect(&suite,
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
           "  <testsuite name=\"x\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">\n"
           "    <testcase name=\"" HOSTILE_START "&quot;' ]]&gt; [31m&#10;&#9;" HOSTILE_END
           "\" classname=\"x\">\n"
           "      <failure message=\"" HOSTILE_START "&quot;' ]]&gt; [31m&#10;&#9;" HOSTILE_END
           "\" type=\"failure\">" HOSTILE_START "\"' ]]&gt; [31m\n\t" HOSTILE_END "</failure>\n"
           "    </testcase>\n"
           "  </testsuite>\n</testsuites>\n");
}

/* Does xmllint take it? Also where xmllint is not installed (status 127). */
static bool is_well_formed(const char *path)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("xmllint", "xmllint", "--noout", path, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 127);
}

static void files_are_well_formed(void **state)
{
    (void)state;
    char folder[] = "/tmp/junit-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/result.xml", folder);
    struct junit_case check;
    struct junit_suite suites[] = {mixed_suite(), hostile_suite(&check), {.name = "none"}};
    for (size_t i = 0; i < 3; i++) {
        struct error error = {0};
        if (!junit_write(path, &suites[i], &error))
            fail_msg("%s", error.message);
        assert_true(is_well_formed(path));
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* So nothing else was left there. */
    struct error error = {0};
    assert_false(junit_write("/nonexistent/result.xml", &suites[0], &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message,
                        "cannot write /nonexistent/result.xml: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suite_of_every_state),
        cmocka_unit_test(an_empty_suite),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(files_are_well_formed),
    };
    return cmocka_run_group_tests_name("reports/junit", tests, NULL, NULL);
}
