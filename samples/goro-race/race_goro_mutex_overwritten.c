/* A mutex is initialised once, before others know of it. To assign a new one to a variable that others lock is a race on its
 * memory. */
#include "goro_await.h"

static struct schedule s;
static struct {
    goro_mutex lock;
    int hits;
} cache;

static void hit(void)
{
    goro_mutex_lock(&cache.lock); // RACE hit
    cache.hits++;
    goro_mutex_unlock(&cache.lock);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(hit);
    goro_await(&s, 1);
    cache.lock = (goro_mutex){0}; // RACE start
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
