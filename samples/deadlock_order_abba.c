/* The same two orders as in deadlock_abba, one after the other this time: the run ends well, another one would not. Nothing
 * in the program makes the second thread wait until the first has done. */
#include <pthread.h>

#include "barrier.h"

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static struct schedule s;

static void *first(void *arg)
{
    pthread_mutex_lock(&a); // HELD
    pthread_mutex_lock(&b); // TAKES
    pthread_mutex_unlock(&b);
    pthread_mutex_unlock(&a);
    step(&s, 1);
    return arg;
}

static void *second(void *arg)
{
    await(&s, 1);
    pthread_mutex_lock(&b); // HELD
    pthread_mutex_lock(&a); // TAKES
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
