/* The thread that would have signalled has ended without doing so: main waits for ever, and nobody is left who could wake
 * it. */
#include <pthread.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int ready;

static void *worker(void *arg)
{
    pthread_mutex_lock(&m);
    ready = 0; /* should have been 1, with a signal */
    pthread_mutex_unlock(&m);
    return arg;
}

int main(void)
{
    pthread_t t;
    pthread_create(&t, NULL, worker, NULL);
    pthread_mutex_lock(&m);
    while (!ready)
        pthread_cond_wait(&c, &m); // WAITS
    pthread_mutex_unlock(&m);
    pthread_join(t, NULL);
    return 0;
}
