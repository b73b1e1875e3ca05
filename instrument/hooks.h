/* What is added to the copy of an instruction. */
#ifndef GORACE_INSTRUMENT_HOOKS_H
#define GORACE_INSTRUMENT_HOOKS_H

#include "engine.h"

/* A function as far as hooks depend on it. */
struct frame_use {
    bool red_zone;      /* something may be kept below the stack pointer */
    bool frame_pointer; /* rbp points into the frame */
    bool escapes;       /* an address in the frame is taken */
    bool backward;      /* it turns the direction of string instructions, which C does not expect */
};
void hooks_look(const struct insn *insns, uint32_t n, struct frame_use *use);

/* Adds it to the module's counts of accesses. */
void hooks_count(struct module *m, const struct insn *i, const struct frame_use *use);
/* Written before, and after, the copy of the instruction itself, the k-th of its function. */
void hooks_before(struct module *m, uint32_t k, const struct insn *i, const struct live *l,
                  const struct frame_use *use);
void hooks_after(struct module *m, uint32_t k, const struct insn *i, const struct live *l, const struct frame_use *use);

#endif
