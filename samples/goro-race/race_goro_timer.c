/* The function of a timer is a goroutine: what its setter does after it was set is not ordered with it, however long it takes. */
#include "goro_await.h"

static struct schedule s;
static int state;

static void expire(void *arg)
{
    (void)arg;
    state = 2; // RACE expire
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_after_func(GORO_MILLISECOND, expire, NULL);
    goro_await(&s, 1);
    return state != 2; // RACE start
}

int main(void)
{
    return goro_run(start, NULL);
}
