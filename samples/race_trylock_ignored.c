/* The result of a trylock is ignored. It fails here, so the write happens without the lock, and a failed trylock orders
 * nothing: the fact that somebody holds the lock says nothing about what he has done. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int value;

static void *owner(void *arg)
{
    pthread_mutex_lock(&lock);
    value = 1; // RACE
    step(&s, 1);
    await(&s, 2);
    pthread_mutex_unlock(&lock);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, owner, NULL);
    await(&s, 1);
    int got = pthread_mutex_trylock(&lock);
    value = 2; // RACE
    if (got == 0)
        pthread_mutex_unlock(&lock);
    step(&s, 2);
    pthread_join(thread, NULL);
    return got != 0 && value == 2 ? 0 : 1;
}
