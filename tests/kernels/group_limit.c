/* A group's limit, nested: tasks start a task of their own in the same group and keep their place meanwhile; with as
 * many tasks as places nobody goes on. Fixed: there is a place for each. */
#include "kernel.h"

static goro_group group;
static chan_of(bool) begun;

static int inner(void *arg)
{
    (void)arg;
    return 0;
}

static int outer(void *arg)
{
    if (arg)
        chan_send(begun, true);
    return goro_group_go(&group, inner, NULL);
}

static void kernel(void)
{
    begun = chan_make(bool, 0);
#ifdef FIXED
    goro_group_limit(&group, 4);
#else
    goro_group_limit(&group, 2);
#endif
    goro_group_go(&group, outer, &group);
    chan_take(begun);
    goro_group_go(&group, outer, NULL);
    goro_group_wait(&group);
}
