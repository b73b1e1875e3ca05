/* Publication through a plain flag: the flag races (1), and so does the data that it should publish (2). */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static int ready, message;

static void *sender(void *arg)
{
    message = 42; // RACE 2
    ready = 1;    // RACE 1
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    await(&s, 1);
    int done = ready;  // RACE 1
    int got = message; // RACE 2
    pthread_join(thread, NULL);
    return done && got == 42 ? 0 : 1;
}
