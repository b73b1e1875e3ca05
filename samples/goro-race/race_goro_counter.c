/* Two goroutines count without a lock. It makes no difference that both may run on one OS thread, one after the other:
 * nothing in the program orders them. */
#include <goro/goro.h>

static int counter;
static goro_waitgroup done;

static void count(void)
{
    counter++; // RACE count
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 2);
    goro_go_opt((.name = "first"), count);
    goro_go_opt((.name = "second"), count);
    goro_waitgroup_wait(&done);
    return counter > 2;
}

int main(void)
{
    return goro_run(start, NULL);
}
