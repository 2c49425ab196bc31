/* fit_findings.h - which distributions describe measured durations, and what there is to say of it.
 *
 * The request says which rows of which file are taken and which families are tried; the findings
 * are the rows, the fits in order of trust, and how many digits so many rows can carry. They are
 * told three ways: tables for people with lines to paste into a scenario (fit_output.c), JSON
 * (fit_output.c), and a page with a chart of quantiles (fit_page.c).
 *
 * Times are fitted in seconds, whatever the unit of the column is, so that likelihoods can be
 * compared. The statistics are those of sim/chance/fit.h.
 */
#ifndef MODELS_RCESIM_STUDY_FIT_FINDINGS_H
#define MODELS_RCESIM_STUDY_FIT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reports/identity.h"
#include "reports/manifest.h"
#include "reports/table.h"
#include "sim/chance/fit.h"

/* A second, the unit of all times in findings, in ns. */
#define FIT_FINDINGS_UNIT_NS 1e9

enum { FIT_CONDITIONS_MAX = 64 };

struct fit_request {
    struct arena *arena;
    struct empirical_source source;
    struct empirical_condition conditions[FIT_CONDITIONS_MAX], censored;
    const char *unit, *min, *max, *censored_at; /* As they were given. */
    const char *key;
    bool has_family[FIT_FAMILY_COUNT];
    struct fit_bootstrap bootstrap;
    bool is_qq, is_json, is_quiet, is_forced;
    const char *output; /* A folder for page and chart; NULL: none. */
};

struct fit_findings {
    const struct fit_request *request;
    struct empirical_sample rows;
    struct fit_sample sample;
    struct fit fits[FIT_FAMILY_COUNT];
    size_t fit_count;
    int digits; /* As many as so many rows can carry. */
};

/* Read the rows and fit the families. `findings->request` is set, the rest is zero. Errors name the
 * file and the row (ERROR_IO, ERROR_SCENARIO). */
bool fit_findings_find(struct fit_findings *findings, struct error *error);

/* Tell people, on standard output. */
void fit_findings_print(const struct fit_findings *findings);

/* The same as a JSON document. */
void fit_findings_write_json(const struct fit_findings *findings, FILE *file);

/* The page; it lies in the arena of the request. */
struct manifest *fit_findings_manifest(const struct fit_findings *findings);

/* The file, a hash of the rows that were taken, and the command in a normal form. */
struct identity fit_findings_identity(const struct fit_findings *findings);

/* The first fit that may be trusted; NULL if there is none. */
const struct fit *fit_findings_best(const struct fit_findings *findings);

/* The longest row that ended, in seconds. */
double fit_findings_last_ended(const struct fit_findings *findings);

/* The quantile of the data in seconds, that is inf{x : F_n(x) >= p}; the second one is unknown
 * beyond the longest row that ended. */
double fit_findings_quantile(const struct fit_findings *findings, double p);
struct fit_number fit_findings_quantile_seen(const struct fit_findings *findings, double p);

/* A fit as a scenario has it, a duration of so many seconds, "row" or "rows", a p-value. */
const char *fit_findings_law(const struct fit_findings *findings, const struct fit *fit);
const char *fit_findings_duration(const struct fit_findings *findings, double value_s);
const char *fit_findings_rows_word(size_t count);
const char *fit_findings_p(struct arena *arena, double p);

#endif
