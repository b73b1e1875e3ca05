/* The first access lies 200,000 lock operations of its thread back, the second one as many ahead. Nothing is too old
 * to race. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static int value;

static void churn(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* nobody else's */
    for (int i = 0; i < 100000; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_destroy(&lock);
}

static void *other(void *arg)
{
    value = 1; // RACE
    churn();
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    churn();
    value = 2; // RACE
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
