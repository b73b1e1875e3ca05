/* Code that finds out whether the detector knows an access already. */
#ifndef GORACE_INSTRUMENT_COVERED_H
#define GORACE_INSTRUMENT_COVERED_H

#include "code.h"
#include "decode.h"

#define COVERED_JUMPS 10u
struct covered_jumps { /* to be led to where it goes on when it is not known */
    uint8_t *at[COVERED_JUMPS];
    unsigned n;
};
void covered_jumps_here(const struct code *c, const struct covered_jumps *j);

/* The registers of AVX-512 may be used, which nobody keeps anything in; else two of SSE are put aside. False: the processor has none. */
bool covered_has_wide(void);

/* b = what shadow.h says of the address in a, all but the lowest bits; b is lost if there is none. Both registers are wanted whole. */
void covered_granule(struct code *c, unsigned a, unsigned b, struct covered_jumps *fails);
/* Goes on if the access at the address in a of 1 << log2size bytes, at most 8 in one granule, or, wide, 16 in two, is known. Both registers
 * are lost, and the flags. */
void covered_check(struct code *c, unsigned a, unsigned b, unsigned log2size, bool writes, bool wide,
                   struct covered_jumps *fails);
/* The same by one register, wide, of at most 16 bytes: of what the instruction accesses, if its address has a form for that. b is lost. */
bool covered_alone_fits(const struct insn *i);
void covered_alone(struct code *c, unsigned b, const struct insn *i, const uint8_t *bytes, bool writes,
                   struct covered_jumps *fails);
/* The same by rcx, and the flags stay; of at most 8 bytes. */
void covered_quietly(struct code *c, const struct insn *i, const uint8_t *bytes, bool writes,
                     struct covered_jumps *fails);
/* The same of one that leaves its granule, and only for such a one; of 2 to 16 bytes. Wide. a is kept, b and d are lost. */
void covered_straddle(struct code *c, unsigned a, unsigned b, unsigned d, unsigned log2size, uintptr_t needs,
                      struct covered_jumps *fails);

/* What covered_straddle looks at, of which the address is in the 8 bytes at `needs`, within reach of the code. */
const void *covered_needs(unsigned log2size, bool writes);

#endif
