/* The goroutine is given the address of the loop's variable, and the loop goes on. Pass the value: arguments of goro_go are
 * copied. */
#include "goro_await.h"

static struct schedule s;

static void work(const int *i, goro_chan_of(int) seen)
{
    goro_chan_send(seen, *i); // RACE work
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) seen = goro_chan_make(int, 2);
    int i = 0;
    goro_go(work, &i, seen);
    goro_await(&s, 1);
    i = 1; // RACE start
    goro_chan_take(seen);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
