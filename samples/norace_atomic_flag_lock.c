/* A hand-made spin lock: test-and-set with acquire, clear with release. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

static struct barrier b;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static int counter;

static void *count(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 1000; i++) {
        while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
            ;
        counter++;
        atomic_flag_clear_explicit(&lock, memory_order_release);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    return counter == 2000 ? 0 : 1;
}
