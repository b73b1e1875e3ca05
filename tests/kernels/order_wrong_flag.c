/* Order violation in mutual exclusion by flags: each looks at the other's before it raises its own. Fixed: raised,
 * then looked at, with turns. */
#include "kernel.h"

static int wants[2], turn, inside;

static void enter(int self)
{
#ifdef FIXED
    goro_atomic_store(&wants[self], 1);
    goro_atomic_store(&turn, !self);
    while (goro_atomic_load(&wants[!self]) && goro_atomic_load(&turn) == !self)
        yield();
#else
    while (goro_atomic_load(&wants[!self]))
        yield();
    goro_atomic_store(&wants[self], 1);
    goro_atomic_store(&turn, !self);
#endif
}

static void work(int self)
{
    enter(self);
    check(goro_atomic_add(&inside, 1) == 1, "both are inside");
    goro_atomic_add(&inside, -1);
    goro_atomic_store(&wants[self], 0);
}

static void one(void)
{
    work(0);
}

static void other(void)
{
    work(1);
}

static void kernel(void)
{
    TOGETHER(one, other);
}
