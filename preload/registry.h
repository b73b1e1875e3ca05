/* What the registry of threads (threads.c) is told of a thread's life (thread_life.c). */
#ifndef GORACE_REGISTRY_H
#define GORACE_REGISTRY_H

#include "threads.h"

/* The calling thread begins: it is found by its id from now on. Requires: tables_lock. */
void thread_enters(struct thread *t);
/* It has ended: from here on nobody else looks at its actor, but to join or detach it. True: no other one is left. */
bool thread_leaves(struct thread *t);

#endif
