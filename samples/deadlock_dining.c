/* Five philosophers with five forks: each has the left one and waits for the right one. The report shows all five. */
#include "barrier.h"
#include <pthread.h>

enum { SEATS = 5 };

static struct barrier all;
static pthread_mutex_t forks[SEATS];

static void *dine(void *arg)
{
    pthread_mutex_t *left = arg, *right = left == &forks[SEATS - 1] ? &forks[0] : left + 1;

    pthread_mutex_lock(left); // HELD
    barrier_wait(&all, SEATS);
    pthread_mutex_lock(right); // WAITS
    pthread_mutex_unlock(right);
    pthread_mutex_unlock(left);
    return NULL;
}

int main(void)
{
    pthread_t threads[SEATS];
    for (int i = 0; i < SEATS; i++)
        pthread_mutex_init(&forks[i], NULL);
    for (int i = 0; i < SEATS; i++)
        pthread_create(&threads[i], NULL, dine, &forks[i]);
    for (int i = 0; i < SEATS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
