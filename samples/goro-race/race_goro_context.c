/* To ask whether a context has ended, and to be told that it has not, orders nothing. */
#include "goro_await.h"

static struct schedule s;
static int result;

static void work(struct goro_context *c)
{
    if (goro_context_err(c) == 0)
        result = 1; // RACE work
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    struct goro_context *c = goro_context_with_cancel(goro_context_background());
    goro_go(work, c);
    goro_await(&s, 1);
    goro_context_cancel(c, 0);
    return result != 1; // RACE start
}

int main(void)
{
    return goro_run(start, NULL);
}
