/* Order without sleeping: a goroutine says where it is about to wait, and another one waits until it does. */
#ifndef TESTS_RUNTIME_PARKED_H
#define TESTS_RUNTIME_PARKED_H

#include <goro/goro.h>

#include "rt.h"

/* In the goroutine that is going to wait, before it does. The goroutine must not end while others look. */
#define HERE(place) __atomic_store_n(&(place), rt_self(), __ATOMIC_RELEASE)

/* Until the goroutine that called HERE(*place) waits for that reason. */
static inline void until_parked(struct rt_g *const *place, enum rt_reason reason)
{
    for (;;) {
        struct rt_g *g = __atomic_load_n(place, __ATOMIC_ACQUIRE);
        if (g && __atomic_load_n(&g->status, __ATOMIC_ACQUIRE) == RT_WAITING &&
            __atomic_load_n(&g->reason, __ATOMIC_RELAXED) == reason)
            return;
        goro_yield();
    }
}

#endif
