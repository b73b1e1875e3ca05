/* `volatile` is not a synchronisation: it keeps the compiler from dropping the accesses, and orders nothing. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static volatile int stop;

static void *asks(void *arg)
{
    stop = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, asks, NULL);
    await(&s, 1);
    while (!stop) // RACE
        ;
    pthread_join(thread, NULL);
    return 0;
}
