/* A read-modify-write continues a release sequence even when it is relaxed and another thread's: who acquires the
 * value it wrote synchronises with the release store at the head. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct schedule s;
static atomic_int ready;
static int message;

static void *sender(void *arg)
{
    message = 42;
    atomic_store_explicit(&ready, 1, memory_order_release);
    step(&s, 1);
    return arg;
}

static void *relay(void *arg)
{
    await(&s, 1);
    atomic_fetch_add_explicit(&ready, 1, memory_order_relaxed);
    step(&s, 2);
    return arg;
}

int main(void)
{
    pthread_t thread[2];
    pthread_create(&thread[0], NULL, sender, NULL);
    pthread_create(&thread[1], NULL, relay, NULL);
    await(&s, 2);
    int ok = atomic_load_explicit(&ready, memory_order_acquire) == 2 && message == 42;
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    return ok ? 0 : 1;
}
