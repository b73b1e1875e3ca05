/* A thread unlocks a mutex that another one has locked: what it guards is no longer guarded. */
#include <pthread.h>

#include "barrier.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static struct schedule s;

static void *other(void *arg)
{
    await(&s, 1);
    pthread_mutex_unlock(&m); // MISUSE unlock-not-owner
    step(&s, 2);
    return arg;
}

int main(void)
{
    pthread_t t;
    pthread_create(&t, NULL, other, NULL);
    pthread_mutex_lock(&m); // HELD
    step(&s, 1);
    await(&s, 2);
    pthread_join(t, NULL);
    return 0;
}
