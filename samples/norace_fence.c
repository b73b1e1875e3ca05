/* A release fence before a relaxed store, and an acquire fence after the relaxed load that sees it, order like
 * release and acquire on the flag itself. */
#include <pthread.h>
#include <stdatomic.h>

static atomic_int ready;
static int message;

static void *sender(void *arg)
{
    message = 42;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    while (!atomic_load_explicit(&ready, memory_order_relaxed))
        ;
    atomic_thread_fence(memory_order_acquire);
    int got = message;
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
