/* test_schema.h - a schema for the tests of the scenario loader: every type and every kind of
 * container once, and nothing of any model.
 */
#ifndef TESTS_SIM_SCENARIO_TEST_SCHEMA_H
#define TESTS_SIM_SCENARIO_TEST_SCHEMA_H

#include "sim/scenario/schema.h"

static const struct schema_field test_schema_fields[] = {
    {"question", SCHEMA_TEXT, .required = true, .doc = "What this run is to answer."},
    {"note", SCHEMA_TEXT, .doc = "Anything else | with a bar."},
    {"fleet.sddcs", SCHEMA_COUNT, .required = true, .minimum = "1", .maximum = "2097152",
     .reason = "the name of a draw has 21 bits for it", .doc = "How many SDDCs."},
    {"fleet.temporary_host.share", SCHEMA_SHARE, .fallback = "100%", .doc = "Who gets one."},
    {"fleet.hosts", SCHEMA_DIST_NUMBER, .fallback = "4", .minimum = "2", .maximum = "16",
     .doc = "Hosts per cluster."},
    {"phase2.backup", SCHEMA_DURATION, .fallback = "30min", .doc = "The backup."},
    {"phase2.update_host", SCHEMA_DIST_DURATION, .fallback = "uniform(45min, 60min)",
     .doc = "One host."},
    {"phase2.deadline", SCHEMA_DURATION, .minimum = "1s", .maximum = "30d", .doc = "No default."},
    {"phase2.offset", SCHEMA_DURATION, .fallback = "-5min", .minimum = "-1h", .doc = "Signed."},
    {"service.rate", SCHEMA_RATE, .fallback = "50/s", .doc = "Requests."},
    {"service.early_request", SCHEMA_CHOICE, .fallback = "drop",
     .choices = "drop|drop_recorded|reject|queue", .doc = "What happens to one."},
    {"service.is_up", SCHEMA_FLAG, .fallback = "true", .doc = "Is it?"},
    {"service.factor", SCHEMA_NUMBER, .fallback = "2", .minimum = "1", .maximum = "100",
     .doc = "A number."},
    {"variants", SCHEMA_MAP, .required = true, .minimum = "1", .maximum = "8",
     .reason = "a table has room for 8", .doc = "What is compared."},
    {"variants.*", SCHEMA_MAP, .doc = "One variant."},
    {"variants.*.precheck", SCHEMA_MAP, .doc = "On when it is there."},
    {"variants.*.precheck.deadline", SCHEMA_DURATION, .fallback = "3h", .doc = "Of the check."},
    {"variants.*.retry", SCHEMA_MAP, .doc = "On when it is there."},
    {"variants.*.retry.after", SCHEMA_DURATION, .fallback = "10min", .doc = "Silence."},
    {"variants.*.retry.attempts", SCHEMA_COUNT, .fallback = "6", .minimum = "1", .maximum = "1000",
     .doc = "At most."},
    {"variants.*.canary", SCHEMA_MAP, .doc = "On when it is there."},
    {"variants.*.canary.share", SCHEMA_SHARE, .required = true, .doc = "Of the fleet."},
    {"wave.windows", SCHEMA_MAP, .maximum = "4", .doc = "When it may run."},
    {"wave.windows[].from", SCHEMA_DURATION, .required = true, .doc = "From."},
    {"wave.windows[].length", SCHEMA_DURATION, .fallback = "1h", .doc = "For."},
    {"labels.*", SCHEMA_TEXT, .doc = "Free names with texts."},
    {"experiment.seed", SCHEMA_COUNT, .fallback = "1", .doc = "The seed."},
    {"thresholds", SCHEMA_TEXT_LIST, .maximum = "20", .doc = "Claims."},
};

static const struct schema test_schema = {
    .title = "Test scenarios",
    .fields = test_schema_fields,
    .field_count = sizeof test_schema_fields / sizeof test_schema_fields[0],
};

#endif
