/* A semaphore hands a value over: post comes before the wait that it lets through. Also by trywait. */
#include "barrier.h"
#include <pthread.h>
#include <semaphore.h>

static struct schedule s;
static sem_t full, empty;
static int box, sum;

static void *consumer(void *arg)
{
    for (int i = 0; i < 100; i++) {
        sem_wait(&full);
        sum += box;
        sem_post(&empty);
    }
    await(&s, 1);
    return sem_trywait(&full) == 0 && box == 7 ? &sum : arg;
}

int main(void)
{
    pthread_t thread;
    void *ok;
    sem_init(&full, 0, 0);
    sem_init(&empty, 0, 1);
    pthread_create(&thread, NULL, consumer, NULL);
    for (int i = 0; i < 100; i++) {
        sem_wait(&empty);
        box = i;
        sem_post(&full);
    }
    sem_wait(&empty);
    box = 7;
    sem_post(&full);
    step(&s, 1);
    pthread_join(thread, &ok);
    return ok && sum == 4950 ? 0 : 1;
}
