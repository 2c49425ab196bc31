/* execution.h - one workflow of an engine under guard, fed one input at a time. Internal to
 * models/engines/conformance.
 *
 * Its block lies between guard bytes, at a place that the layout says; what step returns is checked
 * against the contract and kept as the line of the protocol, which has only what means something,
 * so that two answers can be compared as bytes. A crash is RESUMED: the state goes back to what was
 * last persisted, in a fresh process.
 *
 * What goes wrong is a problem of a property. `blame` is the one that a complaint, a crash or a
 * write outside of the block is counted for: to be total, unless the execution is about something
 * else.
 */
#ifndef MODELS_ENGINES_CONFORMANCE_EXECUTION_H
#define MODELS_ENGINES_CONFORMANCE_EXECUTION_H

#include "models/engines/conformance/books.h"
#include "models/engines/conformance/conformance.h"
#include "models/engines/message.h"

struct conformance_problem {
    bool is_set;
    enum conformance_property property;
    int signature; /* which of the things that can be wrong with it */
    char text[CONFORMANCE_TEXT_BYTES];
};

/* Where memory lies, and what is in it. */
struct layout {
    uint8_t fill;         /* of memory that is not the engine's, or not yet */
    uint32_t shift_bytes; /* a multiple of 16 */
    bool is_stirred;      /* also leave rubbish on heap and stack */
};

/* Everything that was fed since the executions began, for whoever finds a corpse. */
struct fed {
    struct rce_input inputs[CONFORMANCE_INPUTS_MAX];
    volatile uint32_t count;
    volatile enum conformance_property blame;
    char note[128]; /* what else was done with it */
};

struct execution {
    const struct conformance_subject *subject;
    const struct rce_plan *plan;
    const struct layout *layout;
    struct arena *arena;
    struct conformance_problem *problem; /* the first one stays */
    struct fed *fed;                     /* may be NULL */
    enum conformance_property blame;
    void *process;
    bool owns_process;
    uint8_t *room, *block;
    bool has_workflow; /* false: load has refused, and nothing is in the block */
    size_t block_bytes;
    uint8_t *saved, *record; /* what was saved for now, and by the last PERSIST */
    size_t saved_bytes, saved_room_bytes, record_bytes, record_room_bytes;
    enum rce_status record_status;
    bool keeps_records;
    bool may_be_betrayed; /* answers that do not fit are not passed over */
    bool is_betrayed;     /* there was one: from now on only crashes and the like count */
    struct books books;
    struct rce_actions out;
    size_t line_bytes;
    char line[MESSAGE_ACTIONS_MAX_BYTES];
};

enum execution_step { EXECUTION_TAKEN, EXECUTION_PASSED_OVER, EXECUTION_STOPPED };

/* The plain layout, and one where everything is elsewhere. */
extern const struct layout layout_plain, layout_other;

struct execution_terms {
    const struct conformance_subject *subject;
    const struct rce_plan *plan;
    const struct layout *layout;
    struct conformance_problem *problem;
    struct fed *fed;
    enum conformance_property blame;
    void *process; /* a running one to share, or NULL: it gets its own */
};

/* Begin; everything is in the arena. */
struct execution *execution_begin(const struct execution_terms *terms, struct arena *arena);

/* Feed an input. Stopped: `problem` is set. */
enum execution_step execution_take(struct execution *execution, const struct rce_input *input);

/* Save, and go on with what was loaded from that, in another block. False: `problem` is set. */
bool execution_exchange(struct execution *execution);

/* Save into `saved`, `saved_bytes`. False: `problem` is set. */
bool execution_save(struct execution *execution);

void execution_end(struct execution *execution);

/* A process alone, to be shared. */
void *execution_process_begin(const struct conformance_subject *subject, struct arena *arena);
void execution_process_end(const struct conformance_subject *subject, void *process);

/* Can this engine be stopped and go on? */
bool execution_can_resume(const struct conformance_subject *subject);
bool execution_is_inside(const struct conformance_subject *subject); /* in this program */

/* Set the problem unless there is one. Returns false. */
bool problem_set(struct conformance_problem *problem, enum conformance_property property,
                 int signature, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
