/* Missing receive: an error is sent to who waits for the end only. Errors come only when two meet. Fixed: the channel
 * has room for all. */
#include "kernel.h"

static mutex busy;
static chan_of(int) errors;

static void work(void)
{
    if (!mutex_trylock(&busy)) {
        chan_send(errors, -EBUSY);
        return;
    }
    mutex_unlock(&busy);
}

static void kernel(void)
{
#ifdef FIXED
    errors = chan_make(int, 2);
#else
    errors = chan_make(int, 0);
#endif
    TOGETHER(work, work);
}
