/* Channel and lock: stop tells the worker to quit, and waits for it, with the lock held that the worker takes for each
 * piece of work. Fixed: the lock is given back first. */
#include "kernel.h"

static mutex lock;
static chan_of(bool) quit;
static chan_of(int) work;
static int done;

static void worker(void)
{
    for (;;) {
        int piece = 0;
        bool last = false;
        chan_select {
            recv_case(quit, NULL) {
                last = true;
            }
            recv_case(work, &piece) {
                last = false;
            }
        }
        if (last)
            return;
        mutex_lock(&lock);
        done += piece;
        mutex_unlock(&lock);
    }
}

static void stop(void)
{
    chan_send(work, 1);
    mutex_lock(&lock);
    int before = done;
#ifdef FIXED
    mutex_unlock(&lock);
    chan_send(quit, before >= 0);
#else
    chan_send(quit, before >= 0);
    mutex_unlock(&lock);
#endif
}

static void kernel(void)
{
    quit = chan_make(bool, 0);
    work = chan_make(int, 0);
    TOGETHER(worker, stop);
}
