/* The counter under a pthread spin lock, with trylock on the way in now and then. */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static pthread_spinlock_t lock;
static int counter;

static void *count(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 1000; i++) {
        if (i % 2 || pthread_spin_trylock(&lock) != 0)
            pthread_spin_lock(&lock);
        counter++;
        pthread_spin_unlock(&lock);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    pthread_spin_destroy(&lock);
    return counter == 2000 ? 0 : 1;
}
