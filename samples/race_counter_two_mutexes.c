/* Each thread takes a mutex, but not the same one. Both locks are in the report, and no lock is on both sides. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *other(void *arg)
{
    pthread_mutex_lock(&left);
    counter = 1; // RACE
    pthread_mutex_unlock(&left);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    pthread_mutex_lock(&right);
    counter = 2; // RACE
    pthread_mutex_unlock(&right);
    pthread_join(thread, NULL);
    return counter == 2 ? 0 : 1;
}
