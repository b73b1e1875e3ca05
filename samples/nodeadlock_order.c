/* Opposite orders that cannot meet are no deadlock: under a third lock, by one thread, with a join in between. A tool that
 * looks at the order only reports each of these. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER, c = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void nest(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
    pthread_mutex_lock(outer);
    pthread_mutex_lock(inner);
    pthread_mutex_unlock(inner);
    pthread_mutex_unlock(outer);
}

static void *gated(void *arg)
{
    pthread_mutex_lock(&gate);
    nest(&a, &b);
    pthread_mutex_unlock(&gate);
    step(&s, 1);
    return arg;
}

static void *joined(void *arg)
{
    nest(&b, &c);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, gated, NULL);
    await(&s, 1);
    pthread_mutex_lock(&gate);
    nest(&b, &a);
    pthread_mutex_unlock(&gate);
    pthread_join(thread, NULL);

    pthread_create(&thread, NULL, joined, NULL);
    pthread_join(thread, NULL);
    nest(&c, &b);

    nest(&a, &c);
    nest(&c, &a);
    return 0;
}
