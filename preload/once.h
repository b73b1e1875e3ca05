/* One initialisation under way in this thread; pthread_once and call_once. */
#ifndef GORACE_ONCE_H
#define GORACE_ONCE_H

#include "threads.h"

struct once_call {
    void (*run)(void);
    uintptr_t flag;
    uintptr_t pc; /* of the call */
    struct once_call *outer; /* an initialisation may need another one */
};

/* Instead of the program's function: runs it, then releases the flag. */
void once_run(void);
/* Round the real call. */
void once_begins(struct actor *me, const struct once_call *call);
void once_over(struct actor *me);

#endif
