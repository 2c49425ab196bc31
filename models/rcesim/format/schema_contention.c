#include "models/rcesim/format/domain.h"
#include "models/rcesim/format/schema_fields.h"

static const struct schema_field fields[] = {
    HEAD_FIELDS("contention"),

    {.path = "clients.count",
     .type = SCHEMA_COUNT,
     .fallback = "100",
     .minimum = "1",
     .maximum = "10000",
     .reason = "writes may grow with the square of the clients",
     .doc = "Clients, each of which writes the row once. All begin at the same time."},
    {.path = "network.hop",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "truncate(normal(mean=10ms, sigma=2ms), min=0s)",
     .doc =
         "One way through the network, for each message anew. The default is that of the article "
         "(M. Brooker, \"Exponential Backoff And Jitter\", 2015)."},
    {.path = "database.service",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "0s",
     .doc = "Work of the database on one request. It works on one at a time, in the order in which "
            "they come; 0s, as in the article, is no work at all."},

    {.path = "variants",
     .type = SCHEMA_MAP,
     .required = true,
     .minimum = "1",
     .maximum = "64",
     .doc = "The policies to compare, each in the same simulated worlds. The first is what the "
            "others are compared with."},
    {.path = "variants.*.retry",
     .type = SCHEMA_MAP,
     .doc = "What a client does after a conflict. Default: it gives up."},
    {.path = "variants.*.retry.policy",
     .type = SCHEMA_TEXT,
     .fallback = "exponential",
     .doc = "Spacing of the attempts. " POLICIES " The policy none with more attempts tries again "
            "without a pause."},
    SPACING_FIELDS("variants.*.retry"),
    LIMIT_FIELDS("variants.*.retry"),

    EXPERIMENT_FIELDS,
};

const struct schema schema_contention = {
    .title = "rcesim scenario of the contention model",
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
};
