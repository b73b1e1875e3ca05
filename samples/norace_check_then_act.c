/* A race condition that is no data race: every access is under the mutex, but check and act are two critical sections,
 * so a seat can be sold twice. The schedule below sells it twice. A race detector passes this, and must. */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int seats = 1, sold;

static void *sell(void *arg)
{
    pthread_mutex_lock(&lock);
    int available = seats > 0;
    pthread_mutex_unlock(&lock);
    barrier_wait(&b, 2); /* both have checked, none has acted */
    if (available) {
        pthread_mutex_lock(&lock);
        seats--;
        sold++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sell, NULL);
    sell(NULL);
    pthread_join(thread, NULL);
    return sold == 2 && seats == -1 ? 0 : 1; /* the bug */
}
