#include "models/rcesim/result/store.h"

#include <inttypes.h>
#include <string.h>

#include "models/rcesim/run/stored.h"
#include "reports/tsv.h"
#include "sim/base/check.h"

static const char *unit_suffix(enum metric_unit unit)
{
    switch (unit) {
    case METRIC_COUNT: return "";
    case METRIC_DURATION_NS: return "_s";
    }
    check_failed(__FILE__, __LINE__, "a known unit");
}

static void write_summary(const struct outcome *outcome, FILE *file)
{
    json_t *value = outcome_json(outcome);
    identity_write_json(value, file);
    json_decref(value);
}

static void write_replication(const struct outcome *outcome, struct tsv *tsv, uint32_t replication,
                              uint32_t variant)
{
    const struct result *result = outcome->result;
    const struct record *record = result_record(result, replication, variant);
    tsv_count(tsv, (int64_t)result->first_replication + replication);
    tsv_text(tsv, result->variants[variant].name);
    tsv_count(tsv, record->unit_count);
    tsv_count(tsv, (int64_t)record->event_count);
    tsv_hex(tsv, record->history_hash);
    for (size_t i = 0; i < result->model->metric_count; i++) {
        if (record->values[i] == METRIC_NONE)
            tsv_empty(tsv);
        else if (result->model->metrics[i].unit == METRIC_DURATION_NS)
            tsv_seconds(tsv, record->values[i]);
        else
            tsv_count(tsv, record->values[i]);
    }
    tsv_end_row(tsv);
}

static void write_replications(const struct outcome *outcome, FILE *file)
{
    const struct result *result = outcome->result;
    static const char *const fixed[] = {"replication", "variant", "units", "events",
                                        "history_hash"};
    struct tsv tsv = tsv_make(file);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        tsv_text(&tsv, fixed[i]);
    for (size_t i = 0; i < result->model->metric_count; i++) {
        const struct metric *metric = &result->model->metrics[i];
        tsv_text(&tsv,
                 arena_print(outcome->arena, "%s%s", metric->name, unit_suffix(metric->unit)));
    }
    tsv_end_row(&tsv);
    for (uint32_t i = 0; i < result->replication_count; i++)
        for (uint32_t k = 0; k < result->variant_count; k++)
            write_replication(outcome, &tsv, i, k);
}

static void write_cell(struct tsv *tsv, const struct row_column *column, int64_t value)
{
    if (value == ROW_NONE) {
        tsv_empty(tsv);
        return;
    }
    switch (column->kind) {
    case ROW_COUNT:
    case ROW_FLAG: tsv_count(tsv, value); return;
    case ROW_DURATION_NS:
    case ROW_TIME_NS: tsv_seconds(tsv, value); return;
    case ROW_NAME:
        CHECK(value >= 0 && (size_t)value < column->name_count);
        tsv_text(tsv, column->names[value]);
        return;
    }
    check_failed(__FILE__, __LINE__, "a known kind of column");
}

static void write_rows_header(const struct outcome *outcome, struct tsv *tsv)
{
    const struct model *model = outcome->result->model;
    tsv_text(tsv, "replication");
    tsv_text(tsv, "variant");
    for (size_t i = 0; i < model->row_column_count; i++) {
        const struct row_column *column = &model->row_columns[i];
        bool is_time = column->kind == ROW_DURATION_NS || column->kind == ROW_TIME_NS;
        tsv_text(tsv, is_time ? arena_print(outcome->arena, "%s_s", column->name) : column->name);
    }
    tsv_end_row(tsv);
}

static void write_rows_of(const struct outcome *outcome, struct tsv *tsv, uint32_t replication,
                          uint32_t variant)
{
    const struct result *result = outcome->result;
    const struct row_table *rows = result_rows(result, replication, variant);
    for (size_t i = 0; rows != NULL && i < rows->row_count; i++) {
        tsv_count(tsv, (int64_t)result->first_replication + replication);
        tsv_text(tsv, result->variants[variant].name);
        for (size_t k = 0; k < rows->column_count; k++)
            write_cell(tsv, &result->model->row_columns[k],
                       rows->values[i * rows->column_count + k]);
        tsv_end_row(tsv);
    }
}

static void write_rows(const struct outcome *outcome, FILE *file)
{
    struct tsv tsv = tsv_make(file);
    write_rows_header(outcome, &tsv);
    for (uint32_t i = 0; i < outcome->result->replication_count; i++)
        for (uint32_t k = 0; k < outcome->result->variant_count; k++)
            write_rows_of(outcome, &tsv, i, k);
}

static void write_cause(const struct outcome *outcome, struct tsv *tsv, uint32_t variant,
                        size_t index)
{
    const struct model *model = outcome->result->model;
    const struct metric *metric = &model->metrics[index];
    const struct summary_metric *cause = outcome_metric(outcome, variant, index);
    const struct summary_metric *failed = outcome_metric(outcome, variant, model->failed_metric);
    tsv_text(tsv, outcome->result->variants[variant].name);
    tsv_text(tsv, metric->name);
    tsv_text(tsv, metric->label);
    tsv_count(tsv, (int64_t)cause->total);
    if (failed->total > 0)
        tsv_real(tsv, cause->total / failed->total);
    else
        tsv_empty(tsv);
    const struct interval *interval = &cause->headline;
    if (interval_has_estimate(interval))
        tsv_real(tsv, interval->estimate);
    else
        tsv_empty(tsv);
    if (interval_is_known(interval)) {
        tsv_real(tsv, interval->low);
        tsv_real(tsv, interval->high);
    } else {
        tsv_empty(tsv);
        tsv_empty(tsv);
    }
    tsv_end_row(tsv);
}

static void write_causes(const struct outcome *outcome, FILE *file)
{
    static const char *const header[] = {"variant",         "cause", "label", "count",
                                         "share_of_failed", "rate",  "low",   "high"};
    struct tsv tsv = tsv_make(file);
    tsv_header(&tsv, header, sizeof header / sizeof header[0]);
    const struct model *model = outcome->result->model;
    for (uint32_t i = 0; i < outcome->result->variant_count; i++)
        for (size_t k = 0; k < model->metric_count; k++) {
            const struct metric *metric = &model->metrics[k];
            if (metric->group != NULL && strcmp(metric->group, "causes") == 0)
                write_cause(outcome, &tsv, i, k);
        }
}

static void write_new_failure(const struct outcome *outcome, struct tsv *tsv, uint32_t replication,
                              uint32_t variant, uint32_t unit)
{
    const struct experiment_variant *variants = outcome->result->variants;
    tsv_count(tsv, replication);
    tsv_text(tsv, variants[variant].name);
    tsv_count(tsv, unit);
    tsv_text(tsv, outcome_look_command(outcome, variant, replication, unit));
    tsv_end_row(tsv);
}

/* Failures that the later variant has and the first has not, each with the command that tells both
 * stories. */
static void write_new_failures(const struct outcome *outcome, FILE *file)
{
    static const char *const header[] = {"replication", "variant", "workflow", "look"};
    const struct result *result = outcome->result;
    struct tsv tsv = tsv_make(file);
    tsv_header(&tsv, header, sizeof header / sizeof header[0]);
    for (uint32_t i = 0; i < result->replication_count; i++)
        for (uint32_t k = 1; k < result->variant_count; k++) {
            const struct record *first = result_record(result, i, 0);
            const struct record *later = result_record(result, i, k);
            uint32_t replication = result->first_replication + i;
            for (uint32_t unit = 0; unit < later->unit_count; unit++)
                if (summary_is_new_failure(first, later, unit))
                    write_new_failure(outcome, &tsv, replication, k, unit);
        }
}

static void write_scenario(const struct outcome *outcome, FILE *file)
{
    const struct configuration *configuration = outcome->configuration;
    if (configuration->resolved_text != NULL)
        fputs(configuration->resolved_text, file);
    else
        scenario_print_resolved(configuration->scenario, file);
}

static void write_records(const struct outcome *outcome, FILE *file)
{
    stored_write(file, outcome->configuration, outcome->result, &outcome->commands,
                 (struct stored_shard){0});
}

bool store_write(struct directory *directory, const struct outcome *outcome, struct error *error)
{
    static const struct {
        const char *name;
        void (*write)(const struct outcome *outcome, FILE *file);
    } files[] = {
        {STORE_MARK, write_summary},
        {"replications.tsv", write_replications},
        {"workflows.tsv", write_rows},
        {"causes.tsv", write_causes},
        {"new-failures.tsv", write_new_failures},
        {"scenario.resolved.yaml", write_scenario},
        {STORE_RECORDS, write_records},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE *file = directory_create_file(directory, files[i].name, error);
        if (file == NULL)
            return false;
        files[i].write(outcome, file);
        if (!directory_close_file(directory, files[i].name, file, error))
            return false;
    }
    return true;
}
