#include "goroutine.h"

INVISIBLE int steps_done(struct schedule *s)
{
    return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

void await_step(struct schedule *s, int k)
{
    while (steps_done(s) < k)
        goro_yield();
}

void rendezvous(int n)
{
    static int arrived;

    __atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < n)
        goro_yield();
}
