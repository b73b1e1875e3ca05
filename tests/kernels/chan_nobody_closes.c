/* Missing close: the last worker closes the results; each looks whether it is the last before it counts itself off,
 * and of two that look at the same time none is. Fixed: in one step. */
#include "kernel.h"

static mutex lock;
static int left = 2;
static chan_of(int) results;

static void work(void)
{
    chan_send(results, 1);
#ifdef FIXED
    mutex_lock(&lock);
    bool last = --left == 0;
    mutex_unlock(&lock);
#else
    mutex_lock(&lock);
    bool last = left == 1;
    mutex_unlock(&lock);
    mutex_lock(&lock);
    left--;
    mutex_unlock(&lock);
#endif
    if (last)
        chan_close(results);
}

static void collect(void)
{
    int sum = 0;
    chan_range(results, value)
        sum += value;
    check(sum == 2, "a result is missing");
}

static void kernel(void)
{
    results = chan_make(int, 2);
    TOGETHER(collect, work, work);
}
