/* A compare-exchange that fails is only a load, with its failure order: relaxed here, so the pointer that it brings
 * back may not be followed. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct schedule s;
static int payload;
static _Atomic(int *) slot;

static void *publisher(void *arg)
{
    payload = 42; // RACE
    atomic_store_explicit(&slot, &payload, memory_order_release);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    int mine = 0, *found = NULL;
    pthread_create(&thread, NULL, publisher, NULL);
    await(&s, 1);
    if (atomic_compare_exchange_strong_explicit(&slot, &found, &mine, memory_order_acq_rel, memory_order_relaxed))
        return 1;
    int got = *found; // RACE
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
