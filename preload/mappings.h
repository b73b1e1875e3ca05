/* What the program has mapped, for a look at all memory in which its pointers may lie. wrap_map.c */
#ifndef GORACE_MAPPINGS_H
#define GORACE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;

/* While nobody maps or unmaps. False when some are not known any more. Left out are stacks for signals of threads that run no
 * handler: what the kernel and earlier handlers have left there is nobody's. in_handler: the thread that looks, if it does so in
 * a handler of its own that counts as one; NULL: it does not. */
bool mappings_each(void (*visit)(uintptr_t lo, size_t size), const struct thread *in_handler);
/* The thread has its handlers run there from now on, and nowhere else; size 0: it has no such stack. */
void mappings_signal_stack(const struct thread *of, uintptr_t lo, size_t size);
/* Code may have been made at run time: memory of no module was executable once. */
bool mappings_have_code(void);

#endif
