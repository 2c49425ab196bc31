/* explain_diagram.h - the runs of an explanation as a space-time diagram (reports/spacetime.h).
 *
 * Lanes: RCE, the service, and whoever the shown records are about. Requests, answers and callbacks
 * are the messages: an answer belongs to the request in whose event's consequence it was given, so
 * the pairs are found by the chain of causes and not by numbers. States of hosts, work under way,
 * and what RCE waits for are the bars.
 */
#ifndef MODELS_RCESIM_EXPLORE_EXPLAIN_DIAGRAM_H
#define MODELS_RCESIM_EXPLORE_EXPLAIN_DIAGRAM_H

#include "models/rcesim/explore/explain_words.h"
#include "reports/spacetime.h"
#include "sim/explore/explain.h"

/* Make it; everything lies in the arena of the words. */
struct spacetime explain_diagram(const struct explain_words *words,
                                 const struct explanation *explanation);

#endif
