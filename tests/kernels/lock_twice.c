/* Double lock by one goroutine: who sees that the limit is reached calls flush, which takes the lock that he holds.
 * One request at a time never reaches the limit. Fixed: a flush for those who hold it. */
#include "kernel.h"

enum { LIMIT = 2 };

static mutex lock;
static int in_flight, flushes;

static void flush(void)
{
#ifndef FIXED
    mutex_lock(&lock);
#endif
    flushes++;
#ifndef FIXED
    mutex_unlock(&lock);
#endif
}

static void request(void)
{
    mutex_lock(&lock);
    if (++in_flight == LIMIT)
        flush();
    mutex_unlock(&lock);
    mutex_lock(&lock);
    in_flight--;
    mutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(request, request);
}
