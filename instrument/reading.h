/* The instructions of one function, where they jump to, and what the program needs at each. */
#ifndef GORACE_INSTRUMENT_READING_H
#define GORACE_INSTRUMENT_READING_H

#include "live.h"

#define READING_MOST 200000 /* instructions of one function */

/* The function that was read last. Under the engine's lock. */
struct reading {
    struct insn insns[READING_MOST];
    int32_t targets[READING_MOST]; /* the instruction that this one may jump to inside of the function, or -1 */
    struct live lives[READING_MOST];
};
extern struct reading reading __attribute__((visibility("hidden")));

/* How many instructions there are in the `size` bytes that lie at `bytes` and run at `start`; 0: it is not understood, *why
 * says what. */
uint32_t reading_make(const uint8_t *bytes, uintptr_t start, uint32_t size, const char **why);

#endif
