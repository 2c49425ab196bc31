#include "reports/chart.h"

#include <inttypes.h>
#include <string.h>

#include "reports/gnuplot.h"
#include "reports/tsv.h"
#include "sim/base/check.h"

/* Where the first line of the caption stands, in characters from the bottom. */
#define CAPTION_TOP 4.6

enum { NAME_SIZE_BYTES = 128, PICTURE_WIDTH = 720, PICTURE_HEIGHT_HEAD = 190, ROW_HEIGHT = 44 };

/* The names of the columns and what they are for, in the manifest as well. */
static const char *const columns[] = {"label", "low_percent", "estimate_percent", "high_percent",
                                      "known"};
static const char *const roles[] = {"label", "low", "estimate", "high", "is_known"};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static const char *file_name(char name[NAME_SIZE_BYTES], const struct chart *chart,
                             const char *ending)
{
    int length = snprintf(name, NAME_SIZE_BYTES, "%s.%s", chart->name, ending);
    CHECK(length > 0 && length < NAME_SIZE_BYTES);
    return name;
}

static void write_percent(struct tsv *tsv, double share, bool is_there)
{
    if (is_there)
        tsv_real(tsv, 100 * share);
    else
        tsv_empty(tsv);
}

static void write_data(const struct chart *chart, FILE *file)
{
    struct tsv tsv = tsv_make(file);
    tsv_header(&tsv, columns, COLUMN_COUNT);
    for (size_t i = 0; i < chart->point_count; i++) {
        const struct chart_point *point = &chart->points[i];
        bool has_interval = point->is_known && point->has_interval;
        tsv_text(&tsv, point->label);
        write_percent(&tsv, point->low, has_interval);
        write_percent(&tsv, point->estimate, point->is_known);
        write_percent(&tsv, point->high, has_interval);
        tsv_count(&tsv, point->is_known);
        tsv_end_row(&tsv);
    }
}

/* Where the drawing of a point ends on the right. */
static double end_of(const struct chart_point *point)
{
    return point->has_interval ? point->high : point->estimate;
}

static double highest_percent(const struct chart *chart)
{
    double highest = 0;
    for (size_t i = 0; i < chart->point_count; i++)
        if (chart->points[i].is_known && end_of(&chart->points[i]) > highest)
            highest = end_of(&chart->points[i]);
    return 100 * highest;
}

static size_t known_count(const struct chart *chart)
{
    size_t count = 0;
    for (size_t i = 0; i < chart->point_count; i++)
        count += chart->points[i].is_known;
    return count;
}

static void write_setting(FILE *file, const char *setting, const char *text)
{
    fprintf(file, "%s ", setting);
    gnuplot_quote(file, text);
    fputs(" noenhanced", file);
}

/* The caption goes below the axis, a label a line, because gnuplot does not break lines. */
static void write_caption(const struct chart *chart, const struct identity *identity, FILE *file)
{
    int line = 0;
    char text[256];
    for (const char *at = chart->caption; *at != '\0'; line++) {
        size_t length = strcspn(at, "\n");
        snprintf(text, sizeof text, "%.*s", (int)length, at);
        write_setting(file, "set label", text);
        fprintf(file, " at screen 0.02, character %.1f font ',10'\n", CAPTION_TOP - 1.1 * line);
        at += length + (at[length] == '\n');
    }
    snprintf(text, sizeof text, "%s %s, %s %016" PRIx64 ", seed %" PRIu64 ", %" PRIu32 "%s.",
             identity->program, identity->version, identity->scenario, identity->scenario_hash,
             identity->seed, identity->replications,
             identity_is_partial(identity) ? " replications (interrupted)"
             : identity->replications == 1 ? " replication"
                                           : " replications");
    const char *const foot[] = {text, identity_caveat};
    for (int i = 0; i < 2; i++) {
        write_setting(file, "set label", foot[i]);
        fprintf(file, " at screen 0.02, character %.1f font ',10' textcolor rgb '#555555'\n",
                CAPTION_TOP - 1.1 * (line + i));
    }
}

/* Points from top to bottom in the order of the data, each with its bar and its value in words. */
static void write_script(const struct chart *chart, const struct identity *identity, FILE *file)
{
    char name[NAME_SIZE_BYTES];
    int height = PICTURE_HEIGHT_HEAD + ROW_HEIGHT * (int)chart->point_count;
    fprintf(file, "# Draw with: gnuplot %s\n", file_name(name, chart, "gp"));
    fprintf(file, "if (!exists('output')) output = '%s'\n", file_name(name, chart, "svg"));
    fprintf(file,
            "set terminal svg size %d,%d dynamic font 'sans-serif,13' background '#ffffff'\n"
            "set output output\n"
            "set datafile separator tab\n"
            "set colorsequence podo\n",
            PICTURE_WIDTH, height);
    write_setting(file, "set title", chart->title);
    putc('\n', file);
    write_setting(file, "set xlabel", chart->axis);
    putc('\n', file);
    fputs("set bmargin 8.5\nset rmargin 4\n", file);
    write_caption(chart, identity, file);
    double highest = highest_percent(chart);
    fprintf(file, "set xrange [0:%.12g]\n", highest > 0 ? 1.18 * highest : 1);
    fprintf(file, "set yrange [%zu.5:-0.5]\n", chart->point_count - 1);
    fputs("set grid xtics linecolor rgb '#dddddd'\n"
          "set border 3\nset tics nomirror\nset ytics scale 0 noenhanced\nunset key\n",
          file);
    file_name(name, chart, "tsv");
    /* A label without a point is still listed: its point lies left of the axis. An empty cell is
     * not valid() and draws nothing. */
    fprintf(file,
            "at(n) = valid(n) ? column(n) : NaN\n"
            "plot '%s' every ::1 using (-1):0:yticlabels(1) with points pointtype 0 notitle, \\\n"
            "     '' every ::1 using (at(3)):0:(at(2)):(at(4)) \\\n"
            "        with xerrorbars linetype 2 linewidth 2 pointtype 0 notitle, \\\n"
            "     '' every ::1 using (at(3)):0 \\\n"
            "        with points linetype 2 linewidth 2 pointtype 7 pointsize 0.8 notitle, \\\n"
            "     '' every ::1 using (valid(4) ? at(4) : at(3)):0:(valid(3) ? gprintf('  %%.3g "
            "%%%%', column(3)) : '') \\\n"
            "        with labels left offset 0.5,0 notitle\n",
            name);
}

static bool write_file(struct directory *directory, const char *name, const struct chart *chart,
                       const struct identity *identity, struct error *error)
{
    FILE *file = directory_create_file(directory, name, error);
    if (file == NULL)
        return false;
    if (identity == NULL)
        write_data(chart, file);
    else
        write_script(chart, identity, file);
    return directory_close_file(directory, name, file, error);
}

bool chart_write(struct directory *directory, const struct chart *chart,
                 const struct identity *identity, struct error *error)
{
    CHECK(chart->point_count > 0);
    char data[NAME_SIZE_BYTES], script[NAME_SIZE_BYTES];
    return write_file(directory, file_name(data, chart, "tsv"), chart, NULL, error) &&
           write_file(directory, file_name(script, chart, "gp"), chart, identity, error);
}

bool chart_draw(struct directory *directory, const struct chart *chart,
                const struct process_patience *patience, struct error *error)
{
    char script[NAME_SIZE_BYTES], picture[NAME_SIZE_BYTES];
    if (known_count(chart) == 0) /* gnuplot fails on a picture of nothing, with other words. */
        return error_set(error, ERROR_CHART, "there is nothing to draw in chart %s; data kept",
                         chart->name);
    struct gnuplot_job job = {
        .directory = directory_path(directory),
        .script = file_name(script, chart, "gp"),
        .picture = file_name(picture, chart, "svg"),
        .patience = patience,
    };
    return gnuplot_draw(&job, error);
}

json_t *chart_json(const struct chart *chart, bool is_drawn)
{
    char data[NAME_SIZE_BYTES], script[NAME_SIZE_BYTES], picture[NAME_SIZE_BYTES];
    json_t *list = json_array();
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", columns[i], "role", roles[i]));
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "name", chart->name, "kind",
                  "interval", "section", chart->section, "title", chart->title, "axis", chart->axis,
                  "caption", chart->caption, "columns", list, "data", file_name(data, chart, "tsv"),
                  "script", file_name(script, chart, "gp"));
    CHECK(value != NULL);
    json_object_set_new(value, "picture",
                        is_drawn ? json_string(file_name(picture, chart, "svg")) : json_null());
    return value;
}

bool chart_write_manifest(struct directory *directory, const struct identity *identity,
                          json_t *charts, struct error *error)
{
    static const char name[] = "report.json";
    FILE *file = directory_create_file(directory, name, error);
    if (file == NULL)
        return false;
    json_t *manifest = json_pack("{s:i, s:o, s:O}", "schema_version", 1, "identity",
                                 identity_json(identity), "charts", charts);
    CHECK(manifest != NULL);
    identity_write_json(manifest, file);
    json_decref(manifest);
    return directory_close_file(directory, name, file, error);
}
