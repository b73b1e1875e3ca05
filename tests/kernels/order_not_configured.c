/* Order violation: a server is started before it is configured. Fixed: the other way round. */
#include "kernel.h"

static mutex lock;
static const char *address;

static void serve(waitgroup *ended)
{
    mutex_lock(&lock);
    check(address != NULL, "no address to serve");
    mutex_unlock(&lock);
    waitgroup_done(ended);
}

static void configure(void)
{
    mutex_lock(&lock);
    address = "[::1]:80";
    mutex_unlock(&lock);
}

static void kernel(void)
{
    static waitgroup ended;
    waitgroup_add(&ended, 1);
#ifdef FIXED
    configure();
#endif
    go(serve, &ended);
#ifndef FIXED
    configure();
#endif
    waitgroup_wait(&ended);
}
