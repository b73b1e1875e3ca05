/* Order without sleeping: until somebody waits for a mutex, which glibc notes in its first word. */
#ifndef GORACE_TESTS_CONTENDED_H
#define GORACE_TESTS_CONTENDED_H

#include <pthread.h>

#include "barrier.h"

INVISIBLE void await_contended(pthread_mutex_t *m)
{
    while (__atomic_load_n(&m->__data.__lock, __ATOMIC_ACQUIRE) < 2)
        ;
}

#endif
