/* walk.h - a small platform that answers an engine, and leaves a list of inputs. Internal to
 * models/engines/conformance.
 *
 * It answers requests, lets tasks end and calls back, lets timers fire, and, the noisier it is, the
 * more of that goes wrong: errors, answers that are lost, callbacks that are lost, early, late,
 * twice; crashes and changes of the engine; re-drives. A harsh one also refuses, and asks for
 * pauses of a year.
 */
#ifndef MODELS_ENGINES_CONFORMANCE_WALK_H
#define MODELS_ENGINES_CONFORMANCE_WALK_H

#include "models/engines/conformance/execution.h"

/* Uniform bits, by a counter. */
struct conformance_chance {
    uint64_t seed, walk, count;
};
uint64_t conformance_bits(struct conformance_chance *chance);
uint32_t conformance_below(struct conformance_chance *chance, uint32_t limit);

struct walk_terms {
    uint32_t noise_permille; /* 0: everything works */
    bool has_crashes, is_harsh;
    uint32_t inputs_max; /* at most CONFORMANCE_INPUTS_MAX */
};

/* Let a fresh execution walk. What was said is in its `fed`. */
void walk_run(struct execution *execution, const struct walk_terms *terms,
              struct conformance_chance chance);

/* Go on without any noise until the workflow ends, or `inputs_max` inputs have gone in. False: it
 * was stopped by a problem. */
bool walk_home(struct execution *execution, uint32_t inputs_max);

/* Let all fall silent: only timers fire. Stops like walk_home, or when no timer is set. */
bool walk_silence(struct execution *execution, uint32_t inputs_max);

/* All inputs that are worth trying now, one of each kind; returns how many. */
enum { WALK_MENU_MAX = 128 };
uint32_t walk_menu(const struct books *books, struct rce_input menu[WALK_MENU_MAX]);

#endif
