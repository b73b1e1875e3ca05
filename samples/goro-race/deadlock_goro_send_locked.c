/* A lock and a channel close a cycle: the sender holds the lock that the receiver takes before it receives. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>

static mutex lock;
static chan_of(int) values;

static void produce(chan_of(bool) locked)
{
    mutex_lock(&lock); // HELD
    chan_send(locked, true);
    chan_send(values, 1); // WAITS
    mutex_unlock(&lock);
}

static int start(void *arg)
{
    chan_of(bool) locked = chan_make(bool, 0);
    (void)arg;
    values = chan_make(int, 0);
    go(produce, locked);
    chan_take(locked);
    mutex_lock(&lock); // WAITS
    chan_take(values);
    mutex_unlock(&lock);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
