/* Channel and lock: values are sent with the lock held, and who receives takes the lock first. As long as there is
 * room the send does not wait. Fixed: sent without the lock. */
#include "kernel.h"

static mutex lock;
static chan_of(int) values;
static int sent, seen;

static void produce(void)
{
    mutex_lock(&lock);
    int value = ++sent;
#ifdef FIXED
    mutex_unlock(&lock);
    chan_send(values, value);
#else
    chan_send(values, value);
    mutex_unlock(&lock);
#endif
}

static void consume(chan_of(bool) begun, waitgroup *ended)
{
    chan_send(begun, true);
    for (int i = 0; i < 2; i++) {
        mutex_lock(&lock);
        seen++;
        mutex_unlock(&lock);
        chan_take(values);
    }
    waitgroup_done(ended);
}

static void kernel(void)
{
    static waitgroup ended;
    chan_of(bool) begun = chan_make(bool, 0);
    values = chan_make(int, 1);
    waitgroup_add(&ended, 1);
    go(consume, begun, &ended);
    chan_take(begun);
    TOGETHER(produce, produce);
    waitgroup_wait(&ended);
}
