/* Who takes the second lock by trylock, and lets go of the first when that fails, waits for nobody with a lock in the hand:
 * opposite orders are no deadlock, also when the two meet. */
#include "barrier.h"
#include <pthread.h>

static struct barrier both;
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;

static void take(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
    pthread_mutex_lock(outer);
    barrier_wait(&both, 2);
    while (pthread_mutex_trylock(inner)) {
        pthread_mutex_unlock(outer);
        pthread_mutex_lock(outer);
    }
    pthread_mutex_unlock(inner);
    pthread_mutex_unlock(outer);
}

static void *other(void *arg)
{
    take(&second, &first);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    take(&first, &second);
    pthread_join(thread, NULL);
    return 0;
}
