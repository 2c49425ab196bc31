/* tally.h - what the world counts: causes of failure, broken invariants, metrics and histograms of
 * a record.
 *
 * Causes are ground truth: the world knows what it did to a workflow, whatever the engine saw.
 */
#ifndef MODELS_VMC_TALLY_H
#define MODELS_VMC_TALLY_H

enum vmc_cause {
    CAUSE_EARLY_TRIGGER, /* maintenance asked for while the temporary host was not ready */
    CAUSE_DEAD_TASK,     /* the idempotency key led to a dead task, or to that of another target */
    CAUSE_DUPLICATE_TRIGGER, /* a second maintenance task for one visit got in the way */
    CAUSE_LOST_CALLBACK,     /* the work was done, its callback never sent */
    CAUSE_LATE_CALLBACK,   /* the work was done, its callback came too late or was not recognised */
    CAUSE_LOST_ANSWER,     /* the request or its response was lost, or came too late */
    CAUSE_CAPACITY_OUTAGE, /* the temporary host waited for capacity */
    CAUSE_SLOW_PROVISIONING, /* the temporary host took longer than the deadline */
    CAUSE_STUCK_EVACUATION,  /* the host could not be evacuated */
    CAUSE_SLOW_WORK,         /* the work took longer than the deadline */
    CAUSE_HOST_FAILURE,      /* the update failed */
    CAUSE_THROTTLED,         /* 429 */
    CAUSE_SERVICE_ERROR,     /* 503 or a refusal */
    CAUSE_CRASH,             /* the engine crashed again and again, or lost too much time by it */
    CAUSE_NEVER_ENDED,       /* neither completed nor failed, or never started */
    CAUSE_OTHER,
};
enum { CAUSE_COUNT = CAUSE_OTHER + 1 };

enum vmc_violation {
    VIOLATION_TWO_IN_MAINTENANCE, /* more than one host of a cluster in maintenance */
    VIOLATION_CAPACITY,           /* usable hosts below what the cluster started with */
    VIOLATION_UPDATED_TWICE,      /* a host updated again */
    VIOLATION_NOT_UPDATED,        /* a completed workflow left a host without the update */
    VIOLATION_DUPLICATE_TRIGGER,  /* a second maintenance task for one visit */
    VIOLATION_LEFT_OVER_HOST,     /* a completed workflow left a temporary host behind */
    VIOLATION_NEVER_ENDED,        /* a workflow neither completed nor failed */
    VIOLATION_FOREIGN_CALLBACK,   /* the engine believed a callback of another attempt */
};
enum { VIOLATION_COUNT = VIOLATION_FOREIGN_CALLBACK + 1 };

enum vmc_metric {
    METRIC_FAILURE_RATE,
    METRIC_EARLY_TRIGGER_RATE,
    METRIC_VIOLATIONS,
    METRIC_DUPLICATE_TRIGGERS,
    METRIC_API_CALLS,
    METRIC_API_READS,
    METRIC_RETRIES,
    METRIC_THROTTLED,
    METRIC_CALLBACKS_LOST,
    METRIC_CALLBACKS_IGNORED,
    METRIC_PEAK_CALLS_PER_MINUTE,
    METRIC_WAVE_DURATION,
    METRIC_QUEUE_TIMEOUTS,
    METRIC_PEAK_CALLS_AFTER_OUTAGE,
    METRIC_RECOVERY_TIME,
    METRIC_TEMPORARY_HOST_TIME,
    METRIC_HOSTS_ADDED,
    METRIC_HOSTS_REMOVED,
    METRIC_HOSTS_LEFT_OVER,
    METRIC_UNDER_ROLLOUT, /* all workflows, where the variant has a rollout; else 0 */
    METRIC_FAILED_AT_FIRST,
    METRIC_REDRIVEN,
    METRIC_FAILED_AGAIN,
    METRIC_TAKEN_OVER,
    METRIC_TRIGGERED_BEFORE, /* the detection */
    METRIC_FAILED_BEFORE,
    METRIC_TRIGGERED_AFTER, /* the last stage: in the bin that follows it */
    METRIC_FAILED_AFTER,
    METRIC_DETECTED_AT,
    METRIC_DEPLOYED_AT,
    METRIC_ROLLOUT_TIME,
    METRIC_ROLLOUTS_HALTED,
    METRIC_STATES_REFUSED,
    METRIC_CRASHES,
    METRIC_RESUMED,
    METRIC_ANSWERS_LOST,
    METRIC_ASKED_AGAIN,
    METRIC_FIRST_CAUSE, /* CAUSE_COUNT of them */
    METRIC_FIRST_VIOLATION = METRIC_FIRST_CAUSE + CAUSE_COUNT,
    VMC_METRIC_COUNT = METRIC_FIRST_VIOLATION + VIOLATION_COUNT,
};

/* Durations that a record has the distribution of. */
enum vmc_histogram {
    HISTOGRAM_DURATION,
    HISTOGRAM_TIME_TO_FAILURE,
    HISTOGRAM_READY_DELAY,
    HISTOGRAM_TRIGGER_DELAY,
    HISTOGRAM_EARLY_BY,
    VMC_HISTOGRAM_COUNT,
};

/* What a record has counts of in bins of time. A drive of a workflow ends with done or failed; a
 * workflow that is re-driven has two: by decision tells of the first, by trigger of the drive in
 * which maintenance was first asked for. */
enum vmc_series {
    SERIES_STARTED,
    SERIES_REDRIVEN,
    SERIES_ENDED, /* drives: running = started + re-driven - ended so far */
    SERIES_TRIGGERED,
    SERIES_TRIGGERED_FAILED,
    SERIES_TRIGGERED_UNDECIDED,
    SERIES_TRIGGERED_TAKEN_OVER,
    SERIES_DECIDED,
    SERIES_DECIDED_FAILED,
    /* The same since the deployment; empty where nothing was deployed. */
    SERIES_SINCE_TRIGGERED,
    SERIES_SINCE_TRIGGERED_FAILED,
    SERIES_SINCE_TRIGGERED_UNDECIDED,
    SERIES_SINCE_TRIGGERED_TAKEN_OVER,
    SERIES_SINCE_DECIDED,
    SERIES_SINCE_DECIDED_FAILED,
    /* Requests a minute, by the time they left the engine or reached the service. */
    SERIES_REQUESTS_OFFERED,
    SERIES_REQUESTS_THROTTLED,
    SERIES_REQUESTS_UNAVAILABLE,
    SERIES_REQUESTS_GIVEN_UP,
    VMC_SERIES_COUNT,
};

/* "early_trigger", "capacity", ...: CAUSE_COUNT and VIOLATION_COUNT names. */
extern const char *const vmc_cause_names[];
extern const char *const vmc_violation_names[];

#endif
