/* The first thread waits for what nobody can bring any more, and keeps a lock that the second one needs. Everybody knows the lock,
 * but only its holder could give it up: both are stuck. That is said when the program ends. */
#include "contended.h"
#include <pthread.h>
#include <stdlib.h>

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t here;
};
static struct answer *volatile expected;
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t begun;

static void *asks(void *arg)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer || pthread_mutex_init(&answer->lock, NULL) || pthread_cond_init(&answer->here, NULL))
        abort();
    pthread_mutex_lock(&table); // HELD 1
    pthread_mutex_lock(&answer->lock);
    expected = answer;
    pthread_barrier_wait(&begun);
    pthread_cond_wait(&answer->here, &answer->lock); // WAITS 1
    return arg;
}

static void *uses(void *arg)
{
    pthread_barrier_wait(&begun);
    pthread_mutex_lock(&table); // WAITS 2
    pthread_mutex_unlock(&table);
    return arg;
}

static __attribute__((noinline)) void give_up(void)
{
    pthread_barrier_wait(&begun);
    await_contended(&table);
    pthread_mutex_lock(&expected->lock); /* got as soon as the first one waits */
    pthread_mutex_unlock(&expected->lock);
    expected = NULL;
}

int main(void)
{
    pthread_t threads[2];
    volatile char room[4096]; /* what is called leaves its words below, not where the end of the program runs */
    room[0] = 0;
    pthread_barrier_init(&begun, NULL, 3);
    pthread_create(&threads[0], NULL, asks, NULL);
    pthread_create(&threads[1], NULL, uses, NULL);
    give_up();
    return room[0];
}
