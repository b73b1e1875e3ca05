/* Both fences are there, but the sender's stands behind the store: what it should publish has been published before. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct schedule s;
static atomic_int ready;
static int message;

static void *sender(void *arg)
{
    message = 42; // RACE
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    await(&s, 1);
    while (!atomic_load_explicit(&ready, memory_order_relaxed))
        ;
    atomic_thread_fence(memory_order_acquire);
    int got = message; // RACE
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
