/* RWMutex, upgrade: who finds the entry gone takes the write lock with the read lock still in hand, and waits for
 * himself. Fixed: he gives it back first, and looks again. */
#include "kernel.h"

static rwmutex lock;
static bool filled = true;

static void look_up(void)
{
    goro_rwmutex_rlock(&lock);
    if (filled) {
        goro_rwmutex_runlock(&lock);
        return;
    }
#ifdef FIXED
    goro_rwmutex_runlock(&lock);
    goro_rwmutex_lock(&lock);
    filled = true;
    goro_rwmutex_unlock(&lock);
#else
    goro_rwmutex_lock(&lock);
    filled = true;
    goro_rwmutex_unlock(&lock);
    goro_rwmutex_runlock(&lock);
#endif
}

static void set(bool value)
{
    goro_rwmutex_lock(&lock);
    filled = value;
    goro_rwmutex_unlock(&lock);
}

static void refresh(void)
{
    set(false);
    set(true);
}

static void kernel(void)
{
    TOGETHER(look_up, refresh);
}
