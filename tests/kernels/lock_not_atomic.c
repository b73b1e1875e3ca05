/* A lock of one's own that looks and takes in two steps: two see it free. Fixed: compare-and-swap. */
#include "kernel.h"

static int taken, inside;

static void enter(void)
{
#ifdef FIXED
    while (!goro_atomic_cas(&taken, 0, 1))
        yield();
#else
    while (goro_atomic_load(&taken))
        yield();
    goro_atomic_store(&taken, 1);
#endif
}

static void work(void)
{
    enter();
    check(goro_atomic_add(&inside, 1) == 1, "two hold the lock");
    goro_atomic_add(&inside, -1);
    goro_atomic_store(&taken, 0);
}

static void kernel(void)
{
    TOGETHER(work, work);
}
