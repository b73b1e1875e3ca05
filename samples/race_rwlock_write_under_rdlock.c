/* Read locks do not exclude one another: a write under a read lock races with a read under a read lock, although both
 * held "the lock". */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int hits;

static void *reader(void *arg)
{
    pthread_rwlock_rdlock(&lock);
    int seen = hits; // RACE
    pthread_rwlock_unlock(&lock);
    step(&s, 1);
    return seen ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, reader, NULL);
    await(&s, 1);
    pthread_rwlock_rdlock(&lock);
    hits = 1; // RACE
    pthread_rwlock_unlock(&lock);
    pthread_join(thread, NULL);
    return 0;
}
