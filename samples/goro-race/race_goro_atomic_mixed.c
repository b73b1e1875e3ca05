/* Atomic on one side only: the plain read may be torn, cached, or moved. */
#include "goro_await.h"

static struct schedule s;
static long requests;

static void serve(void)
{
    goro_atomic_add(&requests, 1); // RACE serve
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(serve);
    goro_await(&s, 1);
    return requests > 1; // RACE start
}

int main(void)
{
    return goro_run(start, NULL);
}
