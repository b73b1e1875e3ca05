/* A C11 thread that writes without the mtx that main holds. */
#include "barrier.h"
#include <threads.h>

static struct schedule s;
static mtx_t lock;
static int value;

static int worker(void *arg)
{
    (void)arg;
    value = 1; // RACE
    step(&s, 1);
    return 0;
}

int main(void)
{
    thrd_t thread;
    mtx_init(&lock, mtx_plain);
    thrd_create(&thread, worker, NULL);
    await(&s, 1);
    mtx_lock(&lock);
    value = 2; // RACE
    mtx_unlock(&lock);
    thrd_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
