/* Missed check: a name is looked up and entered in two locked steps; two enter it. Fixed: looked up again before it is
 * entered. */
#include "kernel.h"

static mutex lock;
static int entries;

static bool known(void)
{
    mutex_lock(&lock);
    bool there = entries > 0;
    mutex_unlock(&lock);
    return there;
}

static void enter(void)
{
    if (known())
        return;
    mutex_lock(&lock);
#ifdef FIXED
    if (!entries)
#endif
        entries++;
    check(entries == 1, "entered twice");
    mutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(enter, enter);
}
