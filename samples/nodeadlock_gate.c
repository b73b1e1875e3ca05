/* Two mutexes in opposite orders, but always under a third one: only one thread at a time is between them. */
#include <pthread.h>

#include "barrier.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static struct schedule s;

static void both(pthread_mutex_t *one, pthread_mutex_t *other)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_lock(one);
    pthread_mutex_lock(other);
    pthread_mutex_unlock(other);
    pthread_mutex_unlock(one);
    pthread_mutex_unlock(&gate);
}

static void *first(void *arg)
{
    both(&a, &b);
    step(&s, 1);
    return arg;
}

static void *second(void *arg)
{
    await(&s, 1);
    both(&b, &a);
    return arg;
}

int main(void)
{
    pthread_t t[2];
    pthread_create(&t[0], NULL, first, NULL);
    pthread_create(&t[1], NULL, second, NULL);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    return 0;
}
