/* A thread that sleeps on a condition of its own until it is cancelled: nobody can signal it, and it ends all the same. */
#include <gorace/annotate.h>
#include <pthread.h>
#include <semaphore.h>

static sem_t begun;
static pthread_mutex_t *volatile its;

static void give_up(void *lock)
{
    pthread_mutex_unlock(lock);
}

static void *sleeper(void *arg)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(give_up, &lock);
    its = &lock;
    sem_post(&begun);
    for (;;)
        pthread_cond_wait(&never, &lock);
    pthread_cleanup_pop(1);
    return arg;
}

static __attribute__((noinline)) void await_sleep(void)
{
    sem_wait(&begun);
    pthread_mutex_lock(its); /* got as soon as it waits */
    pthread_mutex_unlock(its);
    its = NULL;
}

int main(void)
{
    pthread_t thread;
    unsigned long stuck;
    sem_init(&begun, 0, 0);
    pthread_create(&thread, NULL, sleeper, NULL);
    await_sleep();
    stuck = gorace_check_stuck();
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    return stuck != 0;
}
