/* explain_sentence.h - what happened, as one sentence with times.
 *
 *     Connect (the temporary host) was 25min40s instead of 2min18s: RCE asked for maintenance of
 * host 0 at 04:00:21; the request was accepted and dropped, for the temporary host was only
 * connected; the cluster became ready at 04:05:20; RCE heard no more of it; the deadline passed at
 * 05:00:21.
 *
 * Clauses are made from records, each by what it is and by what else is known at its time (the
 * states of hosts and tasks); a rule speaks of one fact, none of a whole story. What is not in the
 * trace is not said, and every time is that of its record.
 */
#ifndef MODELS_RCESIM_EXPLORE_EXPLAIN_SENTENCE_H
#define MODELS_RCESIM_EXPLORE_EXPLAIN_SENTENCE_H

#include "models/rcesim/explore/explain_words.h"
#include "sim/explore/explain.h"

/* Both lie in the arena of the words. */
const char *explain_sentence(const struct explain_words *words,
                             const struct explanation *explanation);

/* "Lost from 04:00:21 on (...), seen at 05:00:21: a blind wait of 1h." */
const char *explain_doom_text(const struct explain_words *words,
                              const struct explanation *explanation);

#endif
