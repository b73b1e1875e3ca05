/* Fields are variables of their own: one goroutine each needs no lock. */
#include <goro/goro.h>

static struct {
    short read, written;
    char state;
} counts;
static goro_waitgroup done;

static void reader(void)
{
    for (int i = 0; i < 100; i++)
        counts.read++;
    goro_waitgroup_done(&done);
}

static void writer(void)
{
    for (int i = 0; i < 100; i++)
        counts.written++;
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 2);
    goro_go(reader);
    goro_go(writer);
    counts.state = 'r';
    goro_waitgroup_wait(&done);
    return counts.read + counts.written != 200;
}

int main(void)
{
    return goro_run(start, NULL);
}
