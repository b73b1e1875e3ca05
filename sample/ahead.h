/* Where a thread may come soon: accesses in the code ahead of it, whichever way it goes. */
#ifndef GORACE_SAMPLE_AHEAD_H
#define GORACE_SAMPLE_AHEAD_H

#include "encounter.h"

#define AHEAD_MAX 32

/* Addresses of instructions, at most AHEAD_MAX: from the innermost frame of `s` on that is the program's, back to its callers. */
int ahead_find(const struct stand *s, uintptr_t *out);

#endif
