/* Nobody can join a detached thread, so nothing tells that it is done; that it ended long ago orders nothing. */
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
    pthread_detach(thread);
    await(&s, 1);
    return result == 42 ? 0 : 1; // RACE
}
