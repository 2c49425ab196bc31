/* study_page.h - the page of a study: what the pages of sweep, policies, ablate and calibrate have
 * in common.
 *
 * A page has one section with what the study found, under an id of its own, and one that says how
 * to get it again. The id is what `rcesim report --with` knows the section by when it puts it into
 * the page of a run, beside the section that it belongs to.
 */
#ifndef MODELS_RCESIM_STUDY_STUDY_PAGE_H
#define MODELS_RCESIM_STUDY_STUDY_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "reports/manifest.h"
#include "sim/experiment/model.h"
#include "sim/stats/interval.h"

/* The ids of what studies found. */
#define STUDY_PAGE_ABLATION    "ablation"
#define STUDY_PAGE_POLICIES    "policies"
#define STUDY_PAGE_SWEEP       "sweep"
#define STUDY_PAGE_TORNADO     "sensitivity"
#define STUDY_PAGE_CALIBRATION "calibration"
#define STUDY_PAGE_FIT         "fit"
#define STUDY_PAGE_EXPLORATION "exploration"

struct study_page {
    struct arena *arena;
    struct manifest *manifest;
    struct manifest_section *section;
};

struct study_page_words {
    const char *question;
    const char *lead;       /* The answer, in a few sentences. */
    const char *id, *title; /* Of the section. */
    const char *partial;    /* What is missing where it was interrupted; else NULL. */
};

/* Begin the page; everything lies in the arena. */
struct study_page study_page_begin(struct arena *arena, const struct identity *identity,
                                   const struct study_page_words *words);

/* Add how to get it again; the page is then whole. */
struct manifest *study_page_end(struct study_page *page);

/* How values of a metric are drawn: times a factor they are in a unit that reads well. */
struct study_page_axis {
    double factor;
    const char *unit;  /* "%", "h" or "". */
    const char *label; /* "failure rate (%)" */
};

/* Find it for values up to `largest`. */
struct study_page_axis study_page_axis_of(struct arena *arena, const struct metric *metric,
                                          double largest);

/* Add what is known of an interval in the order low, estimate, high. */
void study_page_add_interval(struct chart *chart, const struct interval *interval, double factor);
/* The same in the order estimate, low, high. */
void study_page_add_estimate(struct chart *chart, const struct interval *interval, double factor);

/* The larger of `largest` and what the interval reaches to. */
double study_page_reach(double largest, const struct interval *interval);

#endif
