/* For check_accesses: two goroutines count up, nobody else's operations come between; with FIXED under a lock. Exit status 1: one
 * was lost. */
#include <goro/goro.h>

static goro_mutex lock;
static int counter;

static void add(goro_waitgroup *all)
{
#ifdef FIXED
    goro_mutex_lock(&lock);
#endif
    counter++;
#ifdef FIXED
    goro_mutex_unlock(&lock);
#endif
    goro_waitgroup_done(all);
}

static int start(void *arg)
{
    goro_waitgroup all = {0};
    (void)arg;
    (void)lock;
    goro_waitgroup_add(&all, 2);
    for (int i = 0; i < 2; i++)
        goro_go(add, &all);
    goro_waitgroup_wait(&all);
    return counter != 2;
}

int main(void)
{
    return goro_run(start, NULL);
}
