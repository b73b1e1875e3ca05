/* A barrier orders what is before it with what is after it, and nothing within one phase. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_barrier_t phase;
static int value;

static void *other(void *arg)
{
    pthread_barrier_wait(&phase);
    value = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_barrier_init(&phase, NULL, 2);
    pthread_create(&thread, NULL, other, NULL);
    pthread_barrier_wait(&phase);
    await(&s, 1);
    value = 2; // RACE
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
