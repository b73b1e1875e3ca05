/* See at_fork.h. */
#include "at_fork.h"

#include <dlfcn.h>
#include <pthread.h>

extern void *__dso_handle;

void at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    int (*registers)(void (*)(void), void (*)(void), void (*)(void), void *) = dlsym(RTLD_NEXT, "__register_atfork");
    if (registers)
        registers(prepare, parent, child, __dso_handle);
    else
        pthread_atfork(prepare, parent, child);
}
