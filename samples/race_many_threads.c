/* Three hundred threads alive at once count under a mutex; the first and the last one also write without it. */
#include "barrier.h"
#include <pthread.h>

enum { THREADS = 300 };
static struct barrier all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter, value;

static void *work(void *arg)
{
    int me = *(int *)arg;
    if (me == 0)
        value = 1; // RACE
    barrier_wait(&all, THREADS);
    if (me == THREADS - 1)
        value = 2; // RACE
    pthread_mutex_lock(&lock);
    counter++;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    static int number[THREADS];
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, work, &number[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return counter == THREADS && value == 2 ? 0 : 1;
}
