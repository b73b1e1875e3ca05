/* A plain store by another thread ends a release sequence: who acquires its value synchronises with nobody. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct schedule s;
static atomic_int ready;
static int message;

static void *sender(void *arg)
{
    message = 42; // RACE
    atomic_store_explicit(&ready, 1, memory_order_release);
    step(&s, 1);
    return arg;
}

static void *intruder(void *arg)
{
    await(&s, 1);
    atomic_store_explicit(&ready, 2, memory_order_relaxed);
    step(&s, 2);
    return arg;
}

int main(void)
{
    pthread_t thread[2];
    pthread_create(&thread[0], NULL, sender, NULL);
    pthread_create(&thread[1], NULL, intruder, NULL);
    await(&s, 2);
    int ok = atomic_load_explicit(&ready, memory_order_acquire) == 2;
    ok &= message == 42; // RACE
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    return ok ? 0 : 1;
}
