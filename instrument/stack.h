/* The calling context of code that keeps none. */
#ifndef GORACE_INSTRUMENT_STACK_H
#define GORACE_INSTRUMENT_STACK_H

#include "../detector/detector.h"
#include "site.h"

/* Where a thunk was called, with the rbp of then: the context of the function, as of those that have the hooks. */
uint32_t stack_context(struct actor *a, const struct site *site, uintptr_t rbp);

#endif
