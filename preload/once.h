/* One initialisation under way in this thread; pthread_once and call_once. */
#ifndef GORACE_ONCE_H
#define GORACE_ONCE_H

#include "threads.h"

struct once_call {
    void (*run)(void);
    uintptr_t flag;
    struct once_call *outer; /* an initialisation may need another one */
};

/* Instead of the program's function: runs it, then releases the flag. */
void once_run(void);

#endif
