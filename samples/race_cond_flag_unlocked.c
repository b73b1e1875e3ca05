/* The predicate of a condition variable is set outside of the mutex. The signal does not make up for it: the waiter
 * looks at the predicate under the mutex and races with the store (and may sleep through the signal). */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int ready;

static void *waiter(void *arg)
{
    await(&s, 1);
    pthread_mutex_lock(&lock);
    while (!ready) // RACE
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, waiter, NULL);
    ready = 1; // RACE
    pthread_cond_signal(&changed);
    step(&s, 1);
    pthread_join(thread, NULL);
    return 0;
}
