/* The stack frame of a function: which accesses to it nobody else can see. */
#ifndef GORACE_INSTRUMENT_FRAME_H
#define GORACE_INSTRUMENT_FRAME_H

#include "decode.h"

#define FRAME_NO_ADDRESS INT64_MAX
#define FRAME_RED_ZONE 128
#define FRAME_SPARE 40

struct frame_use {
    bool red_zone; /* something may be kept below the stack pointer */
    bool spare; /* but not in the FRAME_SPARE bytes from 128 below it on, which no signal handler overwrites either */
    bool frame_pointer; /* rbp points into the frame */
    bool backward;      /* it turns the direction of string instructions, which C does not expect */
    bool wide;          /* it uses registers that AVX-512 has added */
    /* From here on addresses in the frame are taken, counted from where the stack pointer was when the function was entered. */
    int64_t taken;
};

/* Of a function; `target` as for live_find. What is said of its instructions holds until the next one is looked at. */
void frame_look(const struct insn *insns, const int32_t *target, uint32_t n, struct frame_use *use);
/* The k-th instruction accesses the part of the frame that no address is taken of. */
bool frame_has(const struct insn *i, uint32_t k, const struct frame_use *use);

#endif
