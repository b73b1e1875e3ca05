/* What goro_once_do runs is before every goro_once_do of it that returns, whoever was first. */
#include <goro/goro.h>

static goro_once once;
static goro_waitgroup done;
static int instance;

static void make(void *arg)
{
    (void)arg;
    instance = 1;
}

static void use(void)
{
    goro_once_do(&once, make, NULL);
    if (instance != 1)
        goro_panic("not made");
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 20);
    for (int i = 0; i < 20; i++)
        goro_go(use);
    goro_waitgroup_wait(&done);
    return instance != 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
