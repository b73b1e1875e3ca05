/* A race at the bottom of 5,000 calls: both stacks are whole. */
#include "barrier.h"
#include <pthread.h>

enum { DEPTH = 5000 };
static struct schedule s;
static int value;

static __attribute__((noinline)) int descend(int depth)
{
    if (depth == 1) {
        value = depth; // RACE descend*5000 < dive
        return 1;
    }
    volatile int here = depth; /* used after the call, so that no compiler makes a loop of this */
    int deeper = descend(here - 1);
    return deeper + (here == depth);
}

static __attribute__((noinline)) int dive(void)
{
    int reached = descend(DEPTH);
    step(&s, 1);
    return reached;
}

static void *other(void *arg)
{
    return dive() == DEPTH ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    int reached = dive();
    pthread_join(thread, NULL);
    return reached == DEPTH && value == 1 ? 0 : 1;
}
