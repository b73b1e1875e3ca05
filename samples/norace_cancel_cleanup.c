/* A thread is cancelled in pthread_cond_wait. It gets the mutex back before its cleanup handler runs, the handler gives
 * it up, and the join comes after all of that. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int waiters, cleaned;

static void cleanup(void *arg)
{
    waiters--;
    cleaned = 1;
    pthread_mutex_unlock(arg);
}

static void *waits(void *arg)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(cleanup, &lock);
    waiters++;
    step(&s, 1);
    for (;;)
        pthread_cond_wait(&never, &lock);
    pthread_cleanup_pop(1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, waits, NULL);
    await(&s, 1);
    pthread_mutex_lock(&lock);
    int waiting = waiters;
    pthread_mutex_unlock(&lock);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    return result == PTHREAD_CANCELED && waiting == 1 && waiters == 0 && cleaned ? 0 : 1;
}
