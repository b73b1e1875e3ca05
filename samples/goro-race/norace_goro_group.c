/* What a group's functions do is before the wait that returns their first error; a cancel is before who sees it. */
#include <goro/goro.h>

static int results[3], reason;
static goro_group group;

static int work(void *arg)
{
    *(int *)arg = 1;
    goro_recv_chan_of(char) done = goro_context_done(goro_group_context(&group));
    goro_chan_recv(done, NULL);
    return reason;
}

static int fail(void *arg)
{
    (void)arg;
    reason = -EIO;
    return -EIO;
}

static int start(void *arg)
{
    (void)arg;
    goro_group_init(&group, NULL);
    for (int i = 0; i < 3; i++)
        goro_group_go(&group, work, &results[i]);
    goro_group_go(&group, fail, NULL);
    int error = goro_group_wait(&group);
    return error != -EIO || results[0] + results[1] + results[2] != 3;
}

int main(void)
{
    return goro_run(start, NULL);
}
