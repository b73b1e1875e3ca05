/* Which accesses an interrupted thread is about to make: those that it will make whatever others do meanwhile. */
#ifndef GORACE_SAMPLE_PENDING_H
#define GORACE_SAMPLE_PENDING_H

#include <ucontext.h>

#include "events.h"
#include "place.h"

struct pending {
    uintptr_t addr;
    struct insn insn; /* its `reads` and `writes` are true of this access */
};

/* Of the thread with these registers: at most AIMS, in their order. */
int pending_find(const greg_t *registers, struct pending *out);
/* What to watch for it: of its bytes, if they are not all, those at the beginning. */
struct aim pending_aim(const struct pending *p);
/* The address that an instruction has accessed after it was run, or is about to; false: its registers have changed since. */
bool pending_address(const struct insn *i, const greg_t *registers, uint16_t known, uintptr_t *addr);

#endif
