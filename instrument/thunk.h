/* What copies call when the detector is to be told. */
#ifndef GORACE_INSTRUMENT_THUNK_H
#define GORACE_INSTRUMENT_THUNK_H

#include "access_hook.h"
#include "engine.h"

/* For an access of 1 << log2size bytes at the address in the register `reg` that the check has not found covered, or that has none, or is an
 * atomic instruction (HOOK_LOCK_BEGINS):
 * keeps all registers, not the flags; wide: but for those of covered.h. 0: there is no room. */
uintptr_t thunk_missed(struct module *m, enum hook hook, unsigned log2size, unsigned reg, bool wide);
/* A function of the module uses registers of AVX-512: nothing else may be kept there, as functions that it calls may be known to the compiler
 * to leave them alone (gcc -fipa-ra). Before the function is run. */
void thunk_leaves_wide(struct module *m);
/* For what has no check. what: slots.h; reg: has its address, if any; flags: they stay, too; else lost. */
uintptr_t thunk_slow(struct module *m, uint32_t what, unsigned reg, bool flags);
/* Behind an atomic instruction: keeps all registers and the flags. */
uintptr_t thunk_locked(struct module *m);

#endif
