/* The sender has its release fence; the reader has forgotten the acquire fence. Half a fence pair orders nothing. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct schedule s;
static atomic_int ready;
static int message;

static void *sender(void *arg)
{
    message = 42; // RACE
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
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
    int got = message; // RACE
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
