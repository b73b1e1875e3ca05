/* Each holds a mutex, but not the same one. The report shows which was held on both sides. */
#include "goro_await.h"

static struct schedule s;
static goro_mutex lock, other_lock;
int counter;

static void count(goro_mutex *m)
{
    goro_mutex_lock(m);
    counter++; // RACE count < other | count < start
    goro_mutex_unlock(m);
}

static void other(void)
{
    count(&other_lock);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(other);
    goro_await(&s, 1);
    count(&lock);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
