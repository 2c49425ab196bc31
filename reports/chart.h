/* chart.h - charts of a few generic kinds, each as data, script and picture.
 *
 * A chart NAME becomes NAME.tsv (the data), NAME.gp (a gnuplot script that anybody can run again by
 * `gnuplot NAME.gp` in that folder) and NAME.svg. The caller writes the words; this file knows how
 * to draw kinds. Colours are safe for the colour-blind (gnuplot's podo) and never carry a meaning
 * alone.
 *
 * Kind "interval": one point with its interval for each label, in a given order, as percentages.
 */
#ifndef REPORTS_CHART_H
#define REPORTS_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/directory.h"
#include "reports/identity.h"
#include "reports/process.h"
#include "sim/base/error.h"

/* One point; shares, 0 to 1. `is_known` false: a label without a point ("no data"). `has_interval`
 * false: a point whose interval is not known; it is drawn without a bar, and the columns of the
 * limits are empty. */
struct chart_point {
    const char *label;
    double low, estimate, high;
    bool is_known, has_interval;
};

struct chart {
    const char *name;    /* Of the files; letters, digits and '-'. */
    const char *title;   /* What it shows. */
    const char *axis;    /* Of the values, with the unit: "failed workflows (%)". */
    const char *caption; /* n and method; may be several lines. */
    const char *section; /* Of the report. */
    const struct chart_point *points;
    size_t point_count;
};

/* Write data and script. */
bool chart_write(struct directory *directory, const struct chart *chart,
                 const struct identity *identity, struct error *error);

/* Draw the picture from what was written. `patience` (process.h) may be NULL. Errors: ERROR_CHART,
 * and the data stays. */
bool chart_draw(struct directory *directory, const struct chart *chart,
                const struct process_patience *patience, struct error *error);

/* Describe the chart for the manifest: {kind, data, script, picture, columns, ...}. */
json_t *chart_json(const struct chart *chart, bool is_drawn);

/* Write the manifest `report.json`: the charts of a result, and whose they are. */
bool chart_write_manifest(struct directory *directory, const struct identity *identity,
                          json_t *charts, struct error *error);

#endif
