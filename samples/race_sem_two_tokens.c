/* A semaphore that was given two tokens is no mutex: both threads are let in, and no post lies between them. */
#include "barrier.h"
#include <pthread.h>
#include <semaphore.h>

static struct schedule s;
static sem_t tokens;
static int value;

static void *other(void *arg)
{
    sem_wait(&tokens);
    value = 1; // RACE
    step(&s, 1);
    await(&s, 2);
    sem_post(&tokens);
    return arg;
}

int main(void)
{
    pthread_t thread;
    sem_init(&tokens, 0, 2);
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    sem_wait(&tokens);
    value = 2; // RACE
    step(&s, 2);
    sem_post(&tokens);
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
