/* columns.h - what a row says of a workflow, and what an attempt says of a request.
 *
 * Values in this order go to the sink of a run (sim/experiment/model.h); names, units and roles of
 * the columns are in the tables of rows.c and attempts.c. Internal to models/vmc.
 */
#ifndef MODELS_VMC_COLUMNS_H
#define MODELS_VMC_COLUMNS_H

#include "sim/experiment/model.h"

enum vmc_row_column {
    COLUMN_WORKFLOW,
    COLUMN_GROUP,
    COLUMN_CLUSTERS,
    COLUMN_HOSTS,
    COLUMN_TEMPORARY_HOSTS,
    COLUMN_STATUS,
    COLUMN_REASON,
    COLUMN_OPERATION,
    COLUMN_CLUSTER,
    COLUMN_HOST,
    COLUMN_CAUSE,
    COLUMN_EARLY_TRIGGER,
    COLUMN_DUPLICATES,
    COLUMN_VIOLATIONS,
    COLUMN_STARTED,
    COLUMN_TRIGGERED,
    COLUMN_TRIGGER_MARGIN,
    COLUMN_ENDED,
    COLUMN_DURATION,
    COLUMN_CALLS,
    COLUMN_READS,
    COLUMN_RETRIES,
    COLUMN_THROTTLED,
    COLUMN_IGNORED_CALLBACKS,
    COLUMN_TEMPORARY_HOST_TIME,
    COLUMN_HOSTS_LEFT_OVER,
    COLUMN_ENGINE,
    COLUMN_STAGE,
    COLUMN_TAKEN_OVER,
    COLUMN_FAILED_AT_FIRST,
    COLUMN_REDRIVEN,
    COLUMN_CRASHES,
    VMC_ROW_COLUMN_COUNT,
};
extern const struct row_column vmc_row_columns[VMC_ROW_COLUMN_COUNT];

enum vmc_attempt_column {
    ATTEMPT_WORKFLOW,
    ATTEMPT_OPERATION,
    ATTEMPT_TARGET,
    ATTEMPT_CLUSTER,
    ATTEMPT_HOST,
    ATTEMPT_NUMBER,
    ATTEMPT_SENT,
    ATTEMPT_ANSWERED,
    ATTEMPT_RESULT,
    ATTEMPT_TASK,
    ATTEMPT_HAS_KEY,
    VMC_ATTEMPT_COLUMN_COUNT,
};
extern const struct row_column vmc_attempt_columns[VMC_ATTEMPT_COLUMN_COUNT];

#endif
