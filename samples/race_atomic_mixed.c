/* One side is atomic, the other plain: still a race. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static int counter;

static void *other(void *arg)
{
    __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST); // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    int now = counter; // RACE
    pthread_join(thread, NULL);
    return now == 1 ? 0 : 1;
}
