/* A reader reads again while a writer waits. glibc's default kind of lock lets readers in for as long as there are any. */
#include <pthread.h>
#include <sched.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void *writer(void *arg)
{
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_rwlock_rdlock(&lock);
    pthread_create(&thread, NULL, writer, NULL);
    for (int i = 0; i < 100; i++) {
        pthread_rwlock_rdlock(&lock);
        sched_yield();
        pthread_rwlock_unlock(&lock);
    }
    pthread_rwlock_unlock(&lock);
    pthread_join(thread, NULL);
    return 0;
}
