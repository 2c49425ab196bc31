/* signature.h - what makes two failures the same one: what went wrong, in which step, in which
 * state.
 *
 * Time and place are not part of it, so that a finding keeps its signature while its schedule is
 * shrunk, and so that findings can be counted by it.
 */
#ifndef SIM_EXPLORE_SIGNATURE_H
#define SIM_EXPLORE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/experiment/model.h"

/* Three small numbers in one: never 0. */
uint64_t finding_signature(const struct model_finding *finding);

/* Is it a broken invariant? */
bool signature_is_safety(const struct model_explore *explore, uint64_t signature);

/* The parts: indices into the names of the model. */
uint32_t signature_kind(uint64_t signature);
uint32_t signature_step(uint64_t signature);
uint32_t signature_state(uint64_t signature);

/* The name of a step of the model; "" if it is none. */
const char *signature_step_name(const struct model_explore *explore, uint32_t step);

/* Write "deadline of enter-maintenance, cluster not ready". Returns `text`. */
char *signature_print(char *text, size_t size_bytes, const struct model_explore *explore,
                      uint64_t signature);

/* Read what signature_print wrote. False: the model has no such finding. */
bool signature_parse(const char *text, const struct model_explore *explore, uint64_t *signature);

enum { SIGNATURE_TEXT_SIZE_BYTES = 256 };

#endif
