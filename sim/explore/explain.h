/* explain.h - why a schedule fails: the failing run beside its nearest passing neighbour.
 *
 *     1. both runs are traced, with the chains of causes (sim/kernel/trace.h);
 *     2. their records are matched by what they say (align.h); the first without a partner is the
 *        first divergence;
 *     3. the doom point is found by replay (doom.h);
 *     4. of the failing run only the *causal slice* is shown: the detection, the doom, the events
 * in which deviations were asked for, every divergence up to the detection, what was tried for the
 * step that failed (even where its chain broke off: that is the point); and what these came from:
 * the event that scheduled each, and those that made the states which it read;
 *     5. what was before the first deviation was asked for is the same in both, and left out.
 *
 * What the records mean only the model knows: struct explain_domain. No words are made here, and
 * nothing is printed: a struct explanation is data, for sentences, tables and pictures.
 *
 * Everything lies in the arena of the options.
 */
#ifndef SIM_EXPLORE_EXPLAIN_H
#define SIM_EXPLORE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/explore/align.h"
#include "sim/explore/doom.h"
#include "sim/explore/probe.h"
#include "sim/kernel/trace.h"

enum explain_reading {
    EXPLAIN_INDEPENDENT,
    EXPLAIN_DEPENDS, /* The record is as it is because of that state. */
    EXPLAIN_MISSED, /* And it came too early for the next change of it, which is of interest too. */
};

struct explain_domain {
    const struct trace_type *types;
    size_t type_count;
    /* What a record says, without its time and without numbers that only this run gives; equal for
     * the same thing in two runs. 0: it is only there for other readers, and never shown. */
    uint64_t (*key)(const struct trace_record *record);
    /* The story that it belongs to: in one run as in another, records of a story have an order, and
     * those of different ones come in any. */
    uint64_t (*lane)(const struct trace_record *record);
    /* The name of the state that it sets, which lasts until the next record that sets the same one;
     * 0: none. */
    uint64_t (*state)(const struct trace_record *record);
    /* Does `record` depend on what `state` told, the last of its state before it? */
    enum explain_reading (*reads)(const struct trace_record *record,
                                  const struct trace_record *state);
    /* Was it done, or did it happen, for the step at which the finding was told? */
    bool (*concerns)(const struct trace_record *record, const struct model_finding *finding);
    /* Does that step begin, or come to a good end, with it? */
    bool (*begins)(const struct trace_record *record, const struct model_finding *finding);
    bool (*completes)(const struct trace_record *record, const struct model_finding *finding);
};

struct explain_options {
    struct probe *probe;
    const struct explain_domain *domain;
    const struct deviation *deviations; /* Of the failing run. */
    size_t count;
    bool has_neighbour;
    const struct deviation *neighbour; /* Of the passing one. */
    size_t neighbour_count;
    uint64_t signature; /* Of the finding to explain; 0: the first. */
    struct arena *arena;
};

/* One deviation of the failing run, as it was used. */
struct explain_deviation {
    struct deviation deviation;
    bool is_asked; /* Otherwise it had no effect, and the rest is not known. */
    struct oracle_asked asked;
    int64_t typical;
    double probability; /* Of a deviation at least as large. */
};

/* One of the two runs. */
struct explain_side {
    const struct trace *trace;
    uint32_t record_count;
    bool *is_shown;       /* [record_count] */
    uint32_t shown_count; /* Of those with a key. */
    uint32_t hidden_count;
};

/* A line of the two runs side by side: a record of one, the other, or both. */
struct explain_row {
    uint32_t left, right; /* Index of the record in the failing, the passing run; or ALIGN_NONE. */
};

struct explanation {
    struct model_finding finding;
    struct explain_deviation *deviations; /* [deviation_count] */
    size_t deviation_count;
    struct explain_side failing, passing; /* The latter without a trace if there is no neighbour. */
    struct explain_row *rows; /* [row_count] of what is shown, by the time of the failing run. */
    uint32_t row_count;
    uint32_t divergence;      /* The first row with one record only; row_count: there is none. */
    int64_t divergence_at_ns; /* -1: none */
    struct doom doom;
    int64_t from_ns; /* What is shown begins here. */
};

/* Explain a finding. Errors are those of the probe; a schedule without the finding is one. */
bool explain(const struct explain_options *options, struct explanation *explanation,
             struct error *error);

#endif
