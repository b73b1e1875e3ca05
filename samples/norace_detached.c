/* A thread created detached tells by a semaphore that it is done. */
#include <pthread.h>
#include <semaphore.h>

static sem_t done;
static int result;

static void *compute(void *arg)
{
    result = 42;
    sem_post(&done);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_attr_t detached;
    sem_init(&done, 0, 0);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_create(&thread, &detached, compute, NULL);
    pthread_attr_destroy(&detached);
    sem_wait(&done);
    return result == 42 ? 0 : 1;
}
