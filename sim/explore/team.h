/* team.h - pieces of a search on several threads, merged in order.
 *
 * A job is cut into numbered pieces. Threads take them in order; what a piece leaves lies in a
 * slot, and slots are merged one at a time in the order of the pieces, so the sum is the same for
 * any number of threads. A piece may be abandoned when time is out or somebody interrupts, also in
 * the midst of a run (team_cut); then it and all after it count for nothing, and what was merged is
 * the beginning of the job. At most
 * TEAM_SLOTS_A_THREAD pieces a thread wait to be merged.
 *
 * Private to sim/explore.
 */
#ifndef SIM_EXPLORE_TEAM_H
#define SIM_EXPLORE_TEAM_H

#include "sim/explore/search.h"

enum { TEAM_SLOTS_A_THREAD = 4 };

struct team;

enum team_outcome { TEAM_DONE, TEAM_ABANDONED, TEAM_FAILED };

struct team_job {
    void *context;
    uint64_t piece_count;
    /* Make and end what one thread needs for itself; its runs are to look at team_cut. */
    void *(*open)(void *context, const struct team *team);
    void (*close)(void *context, void *worker);
    /* Do a piece and leave what comes of it in the slot. TEAM_FAILED has set `error`. */
    enum team_outcome (*work)(void *context, void *worker, const struct team *team, uint64_t piece,
                              uint32_t slot, struct error *error);
    /* Take what a piece left. False: nothing after it is wanted. */
    bool (*merge)(void *context, uint64_t piece, uint32_t slot);
    /* Tell people how far it is; called under the lock, so it sees what was merged. May be NULL. */
    void (*tell)(void *context);
};

/* How many slots there will be. */
uint32_t team_slot_count(const struct search_options *options);

/* Is a long piece to be abandoned? */
bool team_is_stopping(const struct team *team);

/* The same as a flag for runs that go on for long: not 0 when what is being done is wanted no more.
 * For the options of a probe. */
const volatile sig_atomic_t *team_cut(const struct team *team);

/* Do the job. `end` receives SEARCH_DONE (all pieces, or merge wanted no more), SEARCH_OUT_OF_TIME
 * or SEARCH_INTERRUPTED. False when a piece failed, with the error of the first that did. */
bool team_run(const struct search_options *options, const struct team_job *job,
              enum search_end *end, struct error *error);

#endif
