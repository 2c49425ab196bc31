/* junit.h - a list of checks as a JUnit XML file, which every CI system shows.
 *
 *     <testsuites> <testsuite name=...> <properties/> <testcase name=...> <failure .../> ...
 *
 * A check passed, or failed, or was skipped. What failed has a type ("inconclusive"), for those who
 * tell failures apart; whatever it is, CI counts it as one. Details of what passed go to
 * <system-out>.
 *
 * The bytes depend on the suite only: no date, no durations, no host name. Texts may hold anything:
 * markup is escaped, line ends and tabs stay, other control characters go, and what is not UTF-8
 * becomes "?".
 *
 * Source: the schema that Jenkins publishes (JUnit plugin), as GitLab and GitHub read it.
 */
#ifndef REPORTS_JUNIT_H
#define REPORTS_JUNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/base/error.h"

enum junit_state { JUNIT_PASSED, JUNIT_FAILED, JUNIT_SKIPPED };

struct junit_case {
    const char *name;
    enum junit_state state;
    const char *type;    /* Of a failure; NULL: "failure". */
    const char *message; /* One line; NULL: none. Not shown for what passed. */
    const char *details; /* Some lines; NULL: none. */
};

struct junit_property {
    const char *name;
    const char *value;
};

struct junit_suite {
    const char *name;
    const char *class_name; /* Of every case; NULL: the name of the suite. */
    const struct junit_property *properties;
    size_t property_count;
    const struct junit_case *cases;
    size_t case_count;
};

/* Write. Errors of writing are left to whoever closes the file. */
void junit_print(FILE *file, const struct junit_suite *suite);

/* Write to a file that appears whole or not at all, and replaces what was there. Errors:
 * ERROR_IO. */
bool junit_write(const char *path, const struct junit_suite *suite, struct error *error);

#endif
