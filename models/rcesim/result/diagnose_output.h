/* diagnose_output.h - a diagnosis for people and as JSON. */
#ifndef MODELS_RCESIM_RESULT_DIAGNOSE_OUTPUT_H
#define MODELS_RCESIM_RESULT_DIAGNOSE_OUTPUT_H

#include <jansson.h>

#include "models/rcesim/result/diagnose.h"
#include "reports/identity.h"
#include "reports/table.h"
#include "sim/base/arena.h"
#include "sim/experiment/model.h"

struct diagnose_report {
    struct arena *arena;
    const struct diagnose *diagnose;
    const struct model *model;
    const char *variant;
    const char *trace_command; /* Of the typical failure; NULL where nothing failed. */
    struct identity identity;
};

void diagnose_print(const struct diagnose_report *report, const struct page *page);

/* The caller owns it. */
json_t *diagnose_json(const struct diagnose_report *report);

#endif
