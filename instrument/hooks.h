/* What is added to the copy of an instruction. */
#ifndef GORACE_INSTRUMENT_HOOKS_H
#define GORACE_INSTRUMENT_HOOKS_H

#include "engine.h"
#include "frame.h"

/* Adds it to the module's counts of accesses. */
void hooks_count(struct module *m, uint32_t k, const struct insn *i, const struct frame_use *use);
/* Written before, and after, the copy of the instruction itself, the k-th of its function. True: there is to be no copy. */
bool hooks_before(struct module *m, uint32_t k, const struct insn *i, const struct live *l,
                  const struct frame_use *use);
void hooks_after(struct module *m, uint32_t k, const struct insn *i, const struct live *l, const struct frame_use *use);

#endif
