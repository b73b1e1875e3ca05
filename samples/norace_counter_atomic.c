/* An atomic counter, relaxed: atomics never race with one another, whatever their order. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct barrier b;
static atomic_int counter;

static void *count(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 1000; i++)
        atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    return atomic_load_explicit(&counter, memory_order_relaxed) == 2000 ? 0 : 1;
}
