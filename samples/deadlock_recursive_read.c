/* A reader reads again while a writer waits. This kind of lock lets waiting writers go first: the reader waits for the writer,
 * the writer for the reader. Each of the two readings alone is right. */
#include <pthread.h>
#include <sched.h>

static pthread_rwlock_t lock;

static void *writer(void *arg)
{
    pthread_rwlock_wrlock(&lock); // WAITS
    pthread_rwlock_unlock(&lock);
    return arg;
}

static void read_again(void)
{
    pthread_rwlock_rdlock(&lock); // WAITS
    pthread_rwlock_unlock(&lock);
}

int main(void)
{
    pthread_rwlockattr_t attr;
    pthread_t thread;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock, &attr);
    pthread_rwlock_rdlock(&lock); // HELD
    pthread_create(&thread, NULL, writer, NULL);
    while (pthread_rwlock_tryrdlock(&lock) == 0) { /* until the writer waits */
        pthread_rwlock_unlock(&lock);
        sched_yield();
    }
    read_again();
    pthread_rwlock_unlock(&lock);
    pthread_join(thread, NULL);
    return 0;
}
