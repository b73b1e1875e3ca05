/* A cleanup handler runs in the cancelled thread: without a lock it races with main, which has cancelled, not joined.
 * */
#include "barrier.h"
#include <pthread.h>
#include <unistd.h>

static struct schedule s;
static int cleaned;

static void cleanup(void *arg)
{
    (void)arg;
    cleaned = 1; // RACE
    step(&s, 1);
}

static void *waits(void *arg)
{
    pthread_cleanup_push(cleanup, NULL);
    for (;;)
        pause();
    pthread_cleanup_pop(1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, waits, NULL);
    pthread_cancel(thread);
    await(&s, 1);
    int done = cleaned; // RACE
    pthread_join(thread, NULL);
    return done ? 0 : 1;
}
