/* Double close: workers count themselves off, and look in a second step whether they were the last: both may see zero.
 * Fixed: one step. */
#include "kernel.h"

static int left = 2;
static chan_of(int) results;

static void work(void)
{
#ifdef FIXED
    if (goro_atomic_add(&left, -1) == 0)
        chan_close(results);
#else
    goro_atomic_add(&left, -1);
    if (goro_atomic_load(&left) == 0)
        chan_close(results);
#endif
}

static void kernel(void)
{
    results = chan_make(int, 0);
    TOGETHER(work, work);
    chan_recv(results, NULL);
}
