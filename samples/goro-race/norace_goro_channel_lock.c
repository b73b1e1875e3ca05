/* A buffer for one as a lock: the k-th receive is before the (k + 1)-th send. */
#include <goro/goro.h>

static int counter;
static goro_waitgroup done;

static void count(goro_chan_of(char) lock)
{
    for (int i = 0; i < 100; i++) {
        goro_chan_send(lock, 1);
        counter++;
        goro_chan_take(lock);
    }
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(char) lock = goro_chan_make(char, 1);
    goro_waitgroup_add(&done, 10);
    for (int i = 0; i < 10; i++)
        goro_go(count, lock);
    goro_waitgroup_wait(&done);
    return counter != 1000;
}

int main(void)
{
    return goro_run(start, NULL);
}
