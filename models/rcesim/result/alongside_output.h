/* alongside_output.h - what `validate-live` found, for people and as JSON. */
#ifndef MODELS_RCESIM_RESULT_ALONGSIDE_OUTPUT_H
#define MODELS_RCESIM_RESULT_ALONGSIDE_OUTPUT_H

#include <stdint.h>

#include "models/rcesim/run/alongside.h"
#include "reports/table.h"

struct alongside_output {
    const struct configuration *configuration;
    const struct alongside *settings;
    const struct alongside_report *reports; /* [count], one a variant */
    uint32_t count;
};

/* The worst of all verdicts. */
enum fidelity_verdict alongside_verdict(const struct alongside_output *output);

/* Working memory comes from the arena. */
void alongside_print(const struct alongside_output *output, const struct page *page,
                     struct arena *arena);

/* Print one JSON object. False if it cannot be written. */
bool alongside_print_json(const struct alongside_output *output, FILE *file);

#endif
