/* Data race, lazy initialisation: it is said to be done before it is. Fixed: the table is filled under the lock. */
#include "kernel.h"

static mutex lock;
static bool filled;
static int table, uses;

static void use(void)
{
    mutex_lock(&lock);
    bool mine = !filled;
    filled = true;
#ifdef FIXED
    if (mine)
        table = 7;
#endif
    mutex_unlock(&lock);
#ifndef FIXED
    if (mine)
        table = 7;
#endif
    check(table == 7, "used before it was filled");
    mutex_lock(&lock);
    uses++;
    mutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(use, use);
}
