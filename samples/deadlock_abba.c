/* Two threads take two mutexes in opposite orders, and each has got its first one: neither will ever go on. The report comes
 * at the moment when the second one blocks, and the process ends, because main waits for them. */
#include <pthread.h>

#include "barrier.h"

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static struct barrier both;

static void *first(void *arg)
{
    pthread_mutex_lock(&a); // HELD
    barrier_wait(&both, 2);
    pthread_mutex_lock(&b); // WAITS
    pthread_mutex_unlock(&b);
    pthread_mutex_unlock(&a);
    return arg;
}

static void *second(void *arg)
{
    pthread_mutex_lock(&b); // HELD
    barrier_wait(&both, 2);
    pthread_mutex_lock(&a); // WAITS
    pthread_mutex_unlock(&a);
    pthread_mutex_unlock(&b);
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
