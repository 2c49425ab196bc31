/* oracle.h - the one door through which everything undetermined comes.
 *
 * Delays, losses, duplicates, choices, ties, entropy: a model asks the oracle and never draws for
 * itself, so that a seed, a table or a search can drive the same model unchanged. Each question has
 * a name (draw.h), and one uniform u answers it. Conventions that every mode keeps:
 *   - a larger u is a longer delay and a rarer event: u near 0 is the plain world, near 1 deviates;
 *   - oracle_happens is true if and only if u >= 1 - p; probability 0 never, 1 always;
 *   - alternative 0 of oracle_pick is the benign one.
 *
 * Modes: without a table, Monte Carlo: u = draw_uniform(seed, replication, name). With a table
 * (struct oracle_table), a draw that it names gets its u, or its result, from there instead; this
 * is how a schedule is replayed. With a *steering* (struct oracle_steering) the typical answer may
 * take the place of the drawn one, every open question is noted, and a chooser may answer what the
 * table does not name; this is how a search leaves the typical path.
 *
 * What is exogenous (belongs to the world: delay, count, happens, pick, uniform) is noted with its
 * result for the synchrony check if there is one. Entropy (jitter of an engine) and ties are not:
 * engines may differ in them.
 *
 * An oracle belongs to one (replication, variant) and one thread; it is plain data of the caller.
 */
#ifndef SIM_CHANCE_ORACLE_H
#define SIM_CHANCE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/chance/dist.h"
#include "sim/chance/draw.h"
#include "sim/chance/oracle_asked.h"
#include "sim/chance/synchrony.h"

/* What a model tells about its purposes, for printing names and checking its numbering; the oracle
 * itself never looks. Tables end with {.name = NULL}. */
struct purpose {
    uint32_t number;
    const char *name; /* "callback delay" */
    bool exogenous;
};

/* Return the entry of `number` in a table that ends with a NULL name, or NULL. */
const struct purpose *purpose_find(const struct purpose *table, uint32_t number);

enum oracle_override_kind {
    ORACLE_OVERRIDE_U,     /* The draw has this u instead of its own. */
    ORACLE_OVERRIDE_VALUE, /* The draw has this result: ns, count, 0 or 1, alternative, bits. */
};

struct oracle_override {
    struct draw_name name;
    enum oracle_override_kind kind;
    double u;      /* 0 < u < 1 */
    int64_t value; /* Brought into the range of the draw; wins even against probability 0 or 1. */
};

/* A table of overrides, which counts the use of each. */
struct oracle_table;

/* Create a table in `arena` from `count` overrides (copied). On a name that occurs twice or a u
 * outside (0, 1) return NULL and set `error` (ERROR_SCENARIO). */
struct oracle_table *oracle_table_create(struct arena *arena,
                                         const struct oracle_override *overrides, size_t count,
                                         struct error *error);

/* How often the override at `index` of the array given has been used since the last reset. */
uint64_t oracle_table_uses(const struct oracle_table *table, size_t index);
/* How many overrides have not been used: a strict replay wants 0. */
size_t oracle_table_unused_count(const struct oracle_table *table);
void oracle_table_reset_uses(struct oracle_table *table);

/* Put other overrides into a table, in place of those that it has. Its memory is used again, and is
 * grown in the arena that it was created in only when there are more of them than ever. Errors as
 * of oracle_table_create; the table is then empty. */
bool oracle_table_refill(struct oracle_table *table, const struct oracle_override *overrides,
                         size_t count, struct error *error);

enum oracle_base {
    ORACLE_DRAWN,   /* What no override names is drawn. */
    ORACLE_TYPICAL, /* What no override names has its typical answer. */
};

/* Who answers open questions that the table does not name. `asked->value` is what the answer would
 * be otherwise (drawn or typical). True: the answer is `*value`, brought into the range. It must be
 * a function of (context, asked) alone, if runs are to repeat. */
struct oracle_chooser {
    void *context;
    bool (*choose)(void *context, const struct oracle_asked *asked, int64_t *value);
};

struct oracle_steering {
    enum oracle_base base;
    const struct oracle_chooser *chooser; /* May be NULL. */
    struct oracle_watch *watch;           /* May be NULL: nobody wants to know. */
    /* Questions asked in events from this number on have their typical answers, whatever table,
     * chooser and base say; 0: none. */
    uint64_t typical_from_event;
};

struct oracle {
    uint64_t seed;
    uint32_t replication;
    struct oracle_table *table;  /* May be NULL: Monte Carlo. */
    struct synchrony *synchrony; /* May be NULL: no check. */
    const struct oracle_steering
        *steering;       /* May be NULL: what the table does not name is drawn. */
    uint64_t draw_count; /* Questions answered so far. */
    /* Where the run is; the model stores both before each event. For who watches. */
    int64_t now_ns;
    uint64_t event_count;
};

static inline struct oracle oracle_make(uint64_t seed, uint32_t replication,
                                        struct oracle_table *table, struct synchrony *synchrony)
{
    return (struct oracle){
        .seed = seed, .replication = replication, .table = table, .synchrony = synchrony};
}

/* Return a uniform in (0, 1). With a value override: (value + 1/2) 2^-52. */
double oracle_uniform(struct oracle *oracle, struct draw_name name);

/* Return a delay of a duration distribution: whole microseconds, >= 0. A constant makes no draw. */
int64_t oracle_delay_ns(struct oracle *oracle, struct draw_name name, const struct dist *dist);

/* Return the nearest whole number of a number distribution's variate. */
int64_t oracle_count(struct oracle *oracle, struct draw_name name, const struct dist *dist);

/* Does an event of this probability happen? Probability 0 and 1 make no draw. */
bool oracle_happens(struct oracle *oracle, struct draw_name name, double probability);

/* Return one of 0 .. count-1, equally likely. */
uint32_t oracle_pick(struct oracle *oracle, struct draw_name name, uint32_t count);

/* Return 64 bits for what belongs to an engine (jitter). Not in the synchrony check. */
uint64_t oracle_entropy(struct oracle *oracle, struct draw_name name);

/* Return a rank among events of one time; the lowest goes first. Not in the synchrony check. */
uint64_t oracle_tie(struct oracle *oracle, struct draw_name name);

/* Return how many places, 0 to ORACLE_TIE_MAX, an event that is due at `due_ns` is put back among
 * those of its instant. For models that let themselves be probed: without a steering it is 0. */
uint32_t oracle_put_back(struct oracle *oracle, struct draw_name name, int64_t due_ns);

/* Say that an event is due at `due_ns` that is never put back, though others of its instant may be
 * put behind it. */
void oracle_keep_place(struct oracle *oracle, int64_t due_ns);

#endif
