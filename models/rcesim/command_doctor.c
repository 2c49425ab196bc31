#include "models/rcesim/command.h"

#include <curl/curl.h>
#include <gsl/gsl_version.h>
#include <jansson.h>
#include <microhttpd.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "models/engines/engines.h"
#include "models/rcesim/format/configure.h"
#include "reports/process.h"
#include "sim/base/error.h"
#include "sim/base/units.h"
#include "sim/chance/draw.h"

/* clang's version begins with its name, gcc's is a bare number. */
#if defined __clang__ || !defined __GNUC__
static const char compiler[] = __VERSION__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

#define PROBE_DEADLINE_NS (10 * UNITS_S)

static error_t parse(int key, char *argument, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    argp_error(state, "\"%s\" is too many", argument);
    return 0;
}

/* Run a program for its first line; false: missing or failed. */
static bool probe(const char *const *arguments, struct process_outcome *outcome)
{
    struct process_job job = {.arguments = arguments, .deadline_ns = PROBE_DEADLINE_NS};
    if (!process_run(&job, outcome, NULL) || !outcome->is_found || outcome->is_late ||
        outcome->exit_status != 0)
        return false;
    outcome->text[strcspn(outcome->text, "\n")] = '\0';
    return *outcome->text != '\0';
}

static bool check_gnuplot(void)
{
    static const char *const arguments[] = {"gnuplot", "--version", NULL};
    struct process_outcome outcome;
    if (probe(arguments, &outcome)) {
        printf("%-12s %s\n", "gnuplot", outcome.text);
        return true;
    }
    printf("%-12s missing: charts are left as data and script; install gnuplot-nox "
           "(apt, dnf: gnuplot, brew: gnuplot)\n",
           "gnuplot");
    return false;
}

/* SVG text needs no font here, but PNG without one has no text at all and nobody says so. */
static void check_fonts(void)
{
    static const char *const arguments[] = {"fc-list", ":scalable=true", "family", NULL};
    struct process_outcome outcome;
    if (probe(arguments, &outcome))
        printf("%-12s found (%s, ...)\n", "fonts", outcome.text);
    else
        printf("%-12s none found: SVG charts are fine, PNG ones would have no text "
               "(install fonts-dejavu-core)\n",
               "fonts");
}

/* Known answers of Philox4x32-10 from Random123, tests/kat_vectors. */
static bool check_draws(void)
{
    static const uint32_t ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    philox4x32_ctr_t counter = {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
    philox4x32_key_t key = {{UINT32_MAX, UINT32_MAX}};
    philox4x32_ctr_t high = philox4x32_R(10, counter, key);
    struct draw_name first = {0, 0, 0}, second = {0, 0, 1};
    bool is_good = memcmp(high.v, ones, sizeof ones) == 0 &&
                   draw_bits(0, 0, first) == UINT64_C(0x6627e8d5e169c58d) &&
                   draw_bits(0, 0, second) == UINT64_C(0xbc57ac4c9b00dbd8);
    printf("%-12s Philox4x32-10 known answers %s\n", "draws", is_good ? "hold" : "DO NOT HOLD");
    return is_good;
}

static void print_libraries(void)
{
    int major, minor, patch;
    yaml_get_version(&major, &minor, &patch);
    printf("%-12s %s, built by %s\n", "rcesim", command_version, compiler);
    printf("%-12s GSL %s, libyaml %d.%d.%d, jansson %s\n", "libraries", gsl_version, major, minor,
           patch, jansson_version_str());
    printf("%-12s libmicrohttpd %s, libcurl %s, SQLite %s\n", "", MHD_get_version(),
           curl_version_info(CURLVERSION_NOW)->version, sqlite3_libversion());
    for (size_t i = 0; i < engines_count(); i++)
        printf("%-12s %s %s\n", "engine", engines_at(i)->name, engines_at(i)->version);
}

static void print_machine(void)
{
    const double gib = 1024.0 * 1024 * 1024;
    printf("%-12s %ld cores, %.1f GiB of memory free\n", "machine", sysconf(_SC_NPROCESSORS_ONLN),
           configure_memory_available_bytes() / gib);
}

int command_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .doc = "Look at the machine: versions, gnuplot, fonts, cores, memory, and a self-test of "
               "the random numbers.\vExit status 5: gnuplot is missing; 1: the self-test failed.",
    };
    command_parse(&argp, argc, argv, NULL);
    print_libraries();
    print_machine();
    bool has_gnuplot = check_gnuplot();
    check_fonts();
    if (!check_draws())
        return ERROR_INTERNAL;
    return has_gnuplot ? 0 : ERROR_CHART;
}
