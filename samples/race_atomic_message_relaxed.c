/* The same with a relaxed store: the flag itself is fine, but it publishes nothing, so the message races. On x86 the
 * machine forgives it; the compiler need not. */
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
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    await(&s, 1);
    while (!atomic_load_explicit(&ready, memory_order_acquire))
        ;
    int got = message; // RACE
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
