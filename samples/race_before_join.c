/* The result of a thread is read before it is joined. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static int result;

static void *compute(void *arg)
{
    result = 42; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, compute, NULL);
    await(&s, 1);
    int early = result; // RACE
    pthread_join(thread, NULL);
    return early == result ? 0 : 1;
}
