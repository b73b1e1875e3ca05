/* The counter under one mutex: an unlock orders all before it with all after the next lock. */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *count(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    return counter == 2000 ? 0 : 1;
}
