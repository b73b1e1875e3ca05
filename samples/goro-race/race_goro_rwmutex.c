/* Readers are not ordered with each other: what is written under a read lock is not protected. */
#include "goro_await.h"

static struct schedule s;
static goro_rwmutex lock;
static int table[4] = {1, 2, 3, 4};
int lookups;

static int look_up(int i)
{
    goro_rwmutex_rlock(&lock);
    int value = table[i];
    lookups++; // RACE look_up < worker | look_up < start
    goro_rwmutex_runlock(&lock);
    return value;
}

static void worker(void)
{
    if (look_up(1) == 2)
        step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(worker);
    goro_await(&s, 1);
    return look_up(2) != 3;
}

int main(void)
{
    return goro_run(start, NULL);
}
