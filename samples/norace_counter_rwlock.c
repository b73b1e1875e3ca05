/* Writers exclude everybody: two threads count under the write lock, and look under the read lock. */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int counter, seen;

static void *count(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 1000; i++) {
        pthread_rwlock_wrlock(&lock);
        counter++;
        pthread_rwlock_unlock(&lock);
        pthread_rwlock_rdlock(&lock);
        int now = counter;
        pthread_rwlock_unlock(&lock);
        pthread_rwlock_wrlock(&lock);
        seen = now;
        pthread_rwlock_unlock(&lock);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    return counter == 2000 && seen > 0 ? 0 : 1;
}
