/* A named semaphore that is opened twice is one semaphore. */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

static char name[64];
static int value;

static void *producer(void *arg)
{
    sem_t *mine = sem_open(name, 0);
    value = 1;
    sem_post(mine);
    sem_close(mine);
    return arg;
}

int main(void)
{
    pthread_t thread;
    snprintf(name, sizeof name, "/gorace-sample-%d", (int)getpid());
    sem_t *full = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
    if (full == SEM_FAILED)
        return 1;
    pthread_create(&thread, NULL, producer, NULL);
    sem_wait(full);
    value++;
    pthread_join(thread, NULL);
    sem_close(full);
    sem_unlink(name);
    return value == 2 ? 0 : 1;
}
