/* A result is read before the group has been waited for. */
#include "goro_await.h"

static struct schedule s;
static int answer;

static int ask(void *arg)
{
    (void)arg;
    answer = 42; // RACE ask
    step(&s, 1);
    return 0;
}

static int start(void *arg)
{
    goro_group group = {0};
    (void)arg;
    goro_group_go(&group, ask, NULL);
    goro_await(&s, 1);
    int early = answer; // RACE start
    return goro_group_wait(&group) || early != 42;
}

int main(void)
{
    return goro_run(start, NULL);
}
