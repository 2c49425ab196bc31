/* profile.h - where the time goes: a sampling profiler for one thread of this process.
 *
 * A timer of the process's CPU time interrupts it and notes the program counter. Afterwards the
 * counters are looked up in the symbol table of the executable, which also tells the source file
 * of every static function; the caller says to which layer a (file, function) belongs. Code outside
 * the executable (libm) has neither name. Needs an unstripped binary on Linux.
 *
 * Precision: a share p of n samples is good to about 2 sqrt(p (1 - p) / n).
 */
#ifndef TESTS_BENCH_PROFILE_H
#define TESTS_BENCH_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROFILE_SAMPLES_MAX = 1 << 16 };

/* Start and stop sampling. Only one profile at a time. */
void profile_start(void);
void profile_stop(void);

/* Number of samples so far. */
size_t profile_count(void);

/* Sort all samples into layers: `layer_of` returns the index of a layer, below `layer_count`, for a
 * file name ("" if global) and a function name ("" if unknown); counts[layer] receives the samples.
 * False if the symbol table cannot be read. */
bool profile_sort(uint32_t (*layer_of)(const char *file, const char *function), size_t *counts,
                  uint32_t layer_count);

#endif
