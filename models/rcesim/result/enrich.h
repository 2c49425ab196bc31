/* enrich.h - put what a study found into the page of a run.
 *
 * A study's manifest has one section with what it found, under an id that says what kind of study
 * it was (study/study_page.h). That section goes behind the one of the run that it belongs to: what
 * each fix does behind what fixed it, what the result depends on behind the assumptions. It brings
 * its charts, and a note that says whose it is. Doing it again replaces what is there.
 */
#ifndef MODELS_RCESIM_RESULT_ENRICH_H
#define MODELS_RCESIM_RESULT_ENRICH_H

#include <stdbool.h>

#include "reports/manifest.h"
#include "sim/base/error.h"

/* Put the section of `study` into `run`; both have the same arena, and what is taken from the study
 * is the run's from then on. `folder` is for messages. Errors: ERROR_USAGE, if it is no study, or
 * has a chart of a name that the run has too. */
bool enrich(struct manifest *run, struct manifest *study, const char *folder, struct error *error);

#endif
