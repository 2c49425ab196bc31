/* conformance.h - does an engine keep what models/rce/rce.h promises for it?
 *
 * Small worlds drive the engine: obedient ones, noisy ones, and some that answer what makes no
 * sense. Each walk is a list of inputs, and each property a question about such a list:
 *
 *     walk (inputs) --> property: run it again, twice, saved and loaded, with strays in between...
 *                   --> a problem, if the engine answers otherwise than it may
 *
 * A list can be fed again with some of its inputs left out: what then no driver would say (a timer
 * that is not set, a crash before anything was persisted) is passed over. So every problem is
 * shrunk to a short list that still shows it.
 *
 * An engine in this program runs in a forked child, so that a crash or a hang is a finding. What an
 * engine in a process of its own does is seen from outside: there properties about memory are out
 * of reach, and its driver (external.h) finds some things first.
 *
 * A property that holds was not proven, only tried so many times. One that compares two runs of an
 * engine says nothing where equal runs already differ, so it is left out if the engine is not pure.
 *
 * Chance: a counter hash of seed, walk and draw; same engine, same arguments, same report.
 */
#ifndef MODELS_ENGINES_CONFORMANCE_CONFORMANCE_H
#define MODELS_ENGINES_CONFORMANCE_CONFORMANCE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/engines/engines.h"
#include "models/rce/rce.h"
#include "sim/base/arena.h"

enum conformance_property {
    CONFORMANCE_TOTAL,      /* every input is answered: no crash, hang, complaint, stray write */
    CONFORMANCE_ALLOWED,    /* no action that contract.h forbids and that is not of those below */
    CONFORMANCE_TIME,       /* no timer is set to a time before now */
    CONFORMANCE_END,        /* DONE or FAIL once, and the status says the same */
    CONFORMANCE_PURE,       /* same inputs, same actions, wherever its memory lies */
    CONFORMANCE_DIGEST,     /* same state, same digest */
    CONFORMANCE_SAVE,       /* saved and loaded, it goes on as if nothing had been */
    CONFORMANCE_DAMAGE,     /* damaged bytes are refused, or harmless */
    CONFORMANCE_INTERLEAVE, /* workflows of one process do not disturb each other */
    CONFORMANCE_PERSIST,    /* what was sent is known after a crash */
    CONFORMANCE_DEADLINE,   /* in silence every workflow ends */
    CONFORMANCE_STRAY,      /* late, repeated and foreign callbacks and responses change nothing */
};
enum {
    CONFORMANCE_COUNT = CONFORMANCE_STRAY + 1,
    CONFORMANCE_INPUTS_MAX = 1024,
    CONFORMANCE_TEXT_BYTES = 1024,
    CONFORMANCE_SUBJECTS_MAX = 4,
};

enum conformance_verdict { CONFORMANCE_HOLDS, CONFORMANCE_FAILS, CONFORMANCE_UNCHECKED };

/* The engine, opened with these options. */
struct conformance_subject {
    const struct engine *engine;
    const struct rce_options *options;
    const char *label; /* of the options: "every fix" */
};

/* What was found. */
struct conformance_finding {
    char text[CONFORMANCE_TEXT_BYTES]; /* What happened, a sentence. */
    uint32_t subject;                  /* Under which options. */
    const struct rce_plan *plan;       /* Of the workflow. */
    const struct rce_input *inputs;    /* [count], after shrinking; the last one shows it. */
    uint32_t count, count_before;      /* How many there were when it was found. */
};

struct conformance_result {
    enum conformance_verdict verdict;
    uint64_t tries;                      /* walks (or states) it was tried on */
    const char *reason;                  /* UNCHECKED: why; HOLDS: what was left out, or NULL */
    struct conformance_finding *finding; /* FAILS */
};

struct conformance_report {
    struct conformance_result results[CONFORMANCE_COUNT];
    uint64_t walks, inputs, done, failed; /* walks, and how many of them ended how */
};

struct conformance_job {
    const struct conformance_subject *subjects; /* [subjects_count], walked in turn */
    uint32_t subjects_count;
    uint64_t seed;
    uint64_t inputs_max;                         /* of all walks together */
    bool is_wanted[CONFORMANCE_COUNT];           /* The others are UNCHECKED. */
    const volatile sig_atomic_t *is_interrupted; /* NULL: it cannot be. */
};

/* Try everything; the report and what it points to lie in the arena. */
void conformance_check(const struct conformance_job *job, struct arena *arena,
                       struct conformance_report *report);

/* "total", "pure", ...; and a clause that says what holds. */
const char *conformance_name(enum conformance_property property);
const char *conformance_clause(enum conformance_property property);

#endif
