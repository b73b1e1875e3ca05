/* A look at what `once` makes, without `once`: only those who call goro_once_do know that it is ready. */
#include "goro_await.h"

static struct schedule s;
static goro_once once;
static int instance;

static void make(void *arg)
{
    (void)arg;
    instance = 1; // RACE make < goro_once_do_slow < user
}

static void user(void)
{
    goro_once_do(&once, make, NULL);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(user);
    goro_await(&s, 1);
    if (instance == 0) // RACE start
        goro_once_do(&once, make, NULL);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
