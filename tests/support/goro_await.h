/* barrier.h for goroutines: one that waits for a step yields, so that the thread goes on with others. No edge: nothing here is
 * instrumented, and a scheduler that hands over orders nothing. */
#ifndef GORACE_TESTS_GORO_AWAIT_H
#define GORACE_TESTS_GORO_AWAIT_H

#include "barrier.h"

#include <goro/goro.h>

/* Returns once step `k`, or a later one, is done. */
INVISIBLE void goro_await(struct schedule *s, int k)
{
    while (__atomic_load_n(&s->done, __ATOMIC_ACQUIRE) < k)
        goro_yield();
}

#endif
