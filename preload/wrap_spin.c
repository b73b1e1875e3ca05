/* Spin locks. Edge: unlock -> every later lock. In glibc init is the same function as unlock, but here it makes a new
 * object. */
#include "interpose.h"

static inline int locked(struct actor *me, pthread_spinlock_t *l, int result, uintptr_t pc)
{
    if (me && result == 0) {
        sync_acquire(me, (uintptr_t)l);
        lock_got(me, (uintptr_t)l, true, pc);
    }
    return result;
}

INTERPOSE(int, pthread_spin_init, (pthread_spinlock_t * l, int shared))
{
    struct actor *me = current();
    if (me) {
        mem_write(me, l, sizeof *l, CALLER);
        sync_forget(me, (uintptr_t)l);
    }
    return REAL(pthread_spin_init)(l, shared);
}

INTERPOSE(int, pthread_spin_destroy, (pthread_spinlock_t * l))
{
    struct actor *me = current();
    int result = REAL(pthread_spin_destroy)(l);
    if (me && result == 0) {
        mem_write(me, l, sizeof *l, CALLER);
        sync_forget(me, (uintptr_t)l);
    }
    return result;
}

INTERPOSE(int, pthread_spin_lock, (pthread_spinlock_t * l))
{
    struct actor *me = current();
    return locked(me, l, REAL(pthread_spin_lock)(l), CALLER);
}

INTERPOSE(int, pthread_spin_trylock, (pthread_spinlock_t * l))
{
    struct actor *me = current();
    return locked(me, l, REAL(pthread_spin_trylock)(l), CALLER);
}

INTERPOSE(int, pthread_spin_unlock, (pthread_spinlock_t * l))
{
    struct actor *me = current();
    if (me) {
        sync_release(me, (uintptr_t)l);
        lock_gone(me, (uintptr_t)l);
    }
    return REAL(pthread_spin_unlock)(l);
}
