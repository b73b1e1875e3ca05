/* Message passing: a release store publishes what was written before it to whoever reads it with acquire. */
#include <pthread.h>
#include <stdatomic.h>

static atomic_int ready;
static int message;

static void *sender(void *arg)
{
    message = 42;
    atomic_store_explicit(&ready, 1, memory_order_release);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    while (!atomic_load_explicit(&ready, memory_order_acquire))
        ;
    int got = message;
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
