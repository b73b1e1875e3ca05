/* Lesson: a group is goroutines that belong to one task. wait returns when all have ended, with the first error; the first
 * error cancels the group's context, so that the others need not finish what nobody wants any more. Nothing started in the
 * group outlives it. */
#include <goro/goro.h>
#include <stdio.h>

static goro_group group;
static int finished, stopped;

static int part(void *arg)
{
    (void)arg;
    goro_atomic_add(&finished, 1);
    return 0;
}

static int broken(void *arg)
{
    (void)arg;
    return -EIO;
}

static int endless(void *arg)
{
    int error = goro_context_sleep(arg, 3600 * GORO_SECOND);
    goro_atomic_add(&stopped, error == -ECANCELED);
    return error;
}

static int start(void *arg)
{
    (void)arg;
    goro_group_init(&group, NULL);
    goro_group_limit(&group, 3); /* `go` waits while three run */
    for (int i = 0; i < 10; i++)
        goro_group_go(&group, part, NULL);
    int all_well = goro_group_wait(&group);

    goro_group_init(&group, NULL);
    for (int i = 0; i < 4; i++)
        goro_group_go(&group, endless, goro_group_context(&group));
    goro_group_go(&group, broken, NULL);
    int failed = goro_group_wait(&group); /* an hour, but for the context */

    printf("first group: %d, %d finished; second: %d, %d stopped\n", all_well, finished, failed, stopped);
    return all_well == 0 && finished == 10 && failed == -EIO && stopped == 4 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
