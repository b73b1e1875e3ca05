/* The goroutine counts itself, which is too late: the wait may find nothing to wait for, and does, here. Add before `go`. */
#include "goro_await.h"

static struct schedule s;
static goro_waitgroup done;
static int result;

static void work(void)
{
    goro_await(&s, 1);
    goro_waitgroup_add(&done, 1);
    result = 42; // RACE work
    goro_waitgroup_done(&done);
    step(&s, 2);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(work);
    goro_waitgroup_wait(&done);
    step(&s, 1);
    goro_await(&s, 2);
    return result; // RACE start
}

int main(void)
{
    return goro_run(start, NULL);
}
