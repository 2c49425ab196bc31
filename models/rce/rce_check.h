/* rce_check.h - what must be true or the engine has a bug.
 *
 * The engine needs nothing of its surroundings, so a broken invariant is a trap: the driver's
 * debugger or crash handler shows where. Never for what comes from outside: every input is legal.
 */
#ifndef MODELS_RCE_RCE_CHECK_H
#define MODELS_RCE_RCE_CHECK_H

#define RCE_CHECK(condition)                                                                       \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            __builtin_trap();                                                                      \
    } while (0)

#endif
