/* Workers that sleep in a pool when the program ends: nobody needs them any more, nobody knows the pool any more, and nobody ends
 * them. The process does. */
#include <pthread.h>
#include <stdlib.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    int jobs, sleeping;
};

static void *worker(void *arg)
{
    struct pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        pool->sleeping++;
        pthread_cond_signal(&pool->idle);
        while (!pool->jobs)
            pthread_cond_wait(&pool->work, &pool->lock);
        pool->sleeping--;
        pool->jobs--;
    }
    return NULL;
}

/* The last one waits for the end of another one that has none. */
static void *supervisor(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
    return arg;
}

static __attribute__((noinline)) void use_pool(void)
{
    static pthread_t workers[2], last;
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool || pthread_mutex_init(&pool->lock, NULL) || pthread_cond_init(&pool->work, NULL) ||
        pthread_cond_init(&pool->idle, NULL))
        abort();
    for (int i = 0; i < 2; i++)
        pthread_create(&workers[i], NULL, worker, pool);
    pthread_create(&last, NULL, supervisor, &workers[0]);
    pthread_mutex_lock(&pool->lock);
    pool->jobs = 10;
    pthread_cond_broadcast(&pool->work);
    while (pool->jobs || pool->sleeping < 2)
        pthread_cond_wait(&pool->idle, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

int main(void)
{
    use_pool();
    return 0;
}
