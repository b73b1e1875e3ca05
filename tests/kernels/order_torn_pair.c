/* Atomicity violation: two counters that belong together are each atomic, the pair is not. Fixed: one lock for both.
 * */
#include "kernel.h"

static mutex lock;
static int sent, received;

static void pass(void)
{
#ifdef FIXED
    mutex_lock(&lock);
#endif
    goro_atomic_add(&sent, 1);
    goro_atomic_add(&received, 1);
#ifdef FIXED
    mutex_unlock(&lock);
#endif
}

static void audit(void)
{
    mutex_lock(&lock);
    int out = goro_atomic_load(&sent), in = goro_atomic_load(&received);
    mutex_unlock(&lock);
    check(out == in, "the books do not balance");
}

static void kernel(void)
{
    TOGETHER(audit, pass);
}
