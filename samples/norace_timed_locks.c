/* The timed and clock forms order as the plain ones do, and a lock that timed out orders nothing but harms nothing. */
#include "barrier.h"
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

static struct barrier b;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t tokens;
static int a, c, d;

static void *count(void *arg)
{
    struct timespec real, mono;
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    real.tv_sec += 600;
    mono.tv_sec += 600;
    barrier_wait(&b, 2);
    for (int i = 0; i < 100; i++) {
        if ((i % 2 ? pthread_mutex_timedlock(&lock, &real)
                   : pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &mono)) != 0)
            return NULL;
        a++;
        pthread_mutex_unlock(&lock);
        if ((i % 2 ? pthread_rwlock_timedwrlock(&rwlock, &real)
                   : pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &mono)) != 0)
            return NULL;
        c++;
        pthread_rwlock_unlock(&rwlock);
        if ((i % 2 ? sem_timedwait(&tokens, &real) : sem_clockwait(&tokens, CLOCK_MONOTONIC, &mono)) != 0)
            return NULL;
        d++;
        sem_post(&tokens);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    sem_init(&tokens, 0, 1);
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    return a == 200 && c == 200 && d == 200 ? 0 : 1;
}
