/* Which registers and flags the program still needs, at each instruction of a function. */
#ifndef GORACE_INSTRUMENT_LIVE_H
#define GORACE_INSTRUMENT_LIVE_H

#include "decode.h"

struct live {
    uint16_t gprs, flags; /* before the instruction: what is read before it is written */
    uint16_t gprs_after, flags_after;
    uint16_t soon; /* general registers that it or one of the next few instructions uses */
};

/* `target[i]`: the instruction that the i-th may jump to inside of the function, or -1. */
void live_find(const struct insn *insns, const int32_t *target, uint32_t n, struct live *live);

#endif
