/* SIGTRAP: who comes to an int3 of ours goes on in the copy. Any other trap is the program's. */
#ifndef GORACE_INSTRUMENT_TRAP_H
#define GORACE_INSTRUMENT_TRAP_H

#include <stdbool.h>
#include <stdint.h>

bool trap_start(const char **why);
/* Calls f(arg) on the stack that ends at `top`. */
void trap_call_on(char *top, void (*f)(void *arg), void *arg);

/* engine.c. The address to go on at for who came to the int3 at `pc`; 0: it is not ours. All signals are blocked. */
uintptr_t trap_resolve(uintptr_t pc);

#endif
