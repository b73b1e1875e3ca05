/* The fast path of an access, as machine code that copies call. */
#ifndef GORACE_INSTRUMENT_THUNK_H
#define GORACE_INSTRUMENT_THUNK_H

#include "access_hook.h"
#include "engine.h"

/* The thunk for an access (HOOK_READ to HOOK_UPDATE) of 1 << log2size bytes at the address in the register `reg`, which it
 * loses; everything else stays, and the flags if `flags`. 0: there is no room. */
uintptr_t thunk_access(struct module *m, enum hook hook, unsigned log2size, unsigned reg, bool flags);
/* The same for other hooks, which have nothing but the slow path; bits of slots.what. */
uintptr_t thunk_slow(struct module *m, uint32_t what, unsigned reg, bool flags);

#endif
