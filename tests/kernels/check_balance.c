/* Missed check: whether there is enough is found out in one locked step, and taken in another. Fixed: one step. */
#include "kernel.h"

static mutex lock;
static int balance = 3;

static bool enough(int amount)
{
    mutex_lock(&lock);
    bool yes = balance >= amount;
    mutex_unlock(&lock);
    return yes;
}

static void withdraw(void)
{
    if (!enough(2))
        return;
    mutex_lock(&lock);
#ifdef FIXED
    if (balance >= 2)
#endif
        balance -= 2;
    mutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(withdraw, withdraw);
    check(balance >= 0, "overdrawn");
}
