/* Many readers at once, then a writer: a write lock comes after every read unlock before it, not only the last one. */
#include "barrier.h"
#include <pthread.h>

enum { READERS = 6 };
static struct barrier inside, outside;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int config = 7;

static void *reader(void *arg)
{
    pthread_rwlock_rdlock(&lock);
    barrier_wait(&inside, READERS); /* all of them hold the read lock now */
    int seen = config;
    pthread_rwlock_unlock(&lock);
    barrier_wait(&outside, READERS + 1);
    return seen == 7 ? arg : NULL;
}

int main(void)
{
    pthread_t thread[READERS];
    for (int i = 0; i < READERS; i++)
        pthread_create(&thread[i], NULL, reader, NULL);
    barrier_wait(&outside, READERS + 1);
    pthread_rwlock_wrlock(&lock);
    config = 8;
    pthread_rwlock_unlock(&lock);
    for (int i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    return config == 8 ? 0 : 1;
}
