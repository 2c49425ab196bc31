/* check.h - each property as a question about a list of inputs. Internal to
 * models/engines/conformance.
 *
 * A question builds its own executions, feeds them the list (what no driver would say is passed
 * over) and whatever belongs to the question, and sets `problem` where the answer is bad. Same
 * list, same answer: that is what shrinking needs. What goes wrong on the way and belongs to
 * another property is a problem of that one; `is_replay` says that feeding `fed` alone shows it
 * again.
 */
#ifndef MODELS_ENGINES_CONFORMANCE_CHECK_H
#define MODELS_ENGINES_CONFORMANCE_CHECK_H

#include "models/engines/conformance/execution.h"

struct check {
    const struct conformance_subject *subject;
    const struct rce_plan *plan;
    struct arena *arena; /* reset before each question */
    struct fed *fed;
    struct conformance_problem *problem;
    bool is_digest_good; /* so it may be used to compare */
    bool is_replay;
    const struct rce_input *inputs;
    uint32_t count;
};

/* Ask. */
void check_ask(struct check *check, enum conformance_property property);
/* Just feed the list. */
void check_replay(struct check *check);
/* Feed the list, and at each place everything else that could have come instead. */
void check_enumerate(struct check *check);

/* Why this engine cannot be asked, or NULL. */
const char *check_obstacle(const struct conformance_subject *subject,
                           enum conformance_property property);

/* For the parts. */
struct execution *check_begin(struct check *check, enum conformance_property blame);
bool check_feed(struct execution *execution, const struct rce_input *inputs, uint32_t count);
/* A problem of the question itself. */
void check_found(struct check *check, enum conformance_property property, int signature,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Which places of a list of `count` are looked at: not all where a look is dear. */
uint32_t check_stride(const struct check *check, uint32_t count, uint32_t places_inside);
void check_damage(struct check *check);
void check_persist(struct check *check);
void check_deadline(struct check *check);

#endif
