/* Nothing is too old to race: between the two accesses each thread takes and gives up 10,000,000 locks that have
 * nothing to do with the other one. (A detector with 14-bit epochs has begun anew hundreds of times by then.) */
#include "barrier.h"
#include <pthread.h>

enum { LOCK_OPERATIONS = 10 * 1000 * 1000 };
static struct schedule s;
static int value;

static void churn(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < LOCK_OPERATIONS; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_destroy(&lock);
}

static void *other(void *arg)
{
    value = 1; // RACE
    step(&s, 1);
    churn();
    step(&s, 2);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    churn(); /* both at once */
    await(&s, 2);
    value = 2; // RACE
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
