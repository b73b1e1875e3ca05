/* A trylock that succeeds orders as a lock does. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int value;

static void *other(void *arg)
{
    if (pthread_mutex_trylock(&lock) == 0) {
        value = 1;
        pthread_mutex_unlock(&lock);
    }
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    if (pthread_mutex_trylock(&lock) == 0) {
        value++;
        pthread_mutex_unlock(&lock);
    }
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
