/* Spin locks. Edge: unlock -> every later lock. In glibc init is the same function as unlock, but here it makes a new
 * object. */
#include "delay.h"
#include "interpose.h"

#include "../detector/locks.h"

static inline int locked(struct actor *me, pthread_spinlock_t *l, int result, unsigned bits, uintptr_t pc)
{
    if (me && result == 0) {
        lock_acquire(me, (uintptr_t)l);
        lock_got(me, (uintptr_t)l, HOW(THING_SPIN, HOW_EXCLUSIVE | bits), pc);
    }
    return result;
}

INTERPOSE(int, pthread_spin_init, (pthread_spinlock_t * l, int shared))
{
    struct actor *me = current();
    if (me) {
        mem_write(me, l, sizeof *l, CALLER);
        sync_forget(me, (uintptr_t)l);
        lock_made(me, (uintptr_t)l, THING_SPIN, CALLER);
    }
    return REAL(pthread_spin_init)(l, shared);
}

INTERPOSE(int, pthread_spin_destroy, (pthread_spinlock_t * l))
{
    struct actor *me = current();
    if (me && lock_holder(me, (uintptr_t)l) != HOLDER_NOBODY)
        misuse(me, MISUSE_DESTROY_LOCKED, THING_SPIN, (uintptr_t)l, NULL, CALLER);
    int result = REAL(pthread_spin_destroy)(l);
    if (me && result == 0) {
        mem_write(me, l, sizeof *l, CALLER);
        sync_forget(me, (uintptr_t)l);
        lock_destroyed(me, (uintptr_t)l, THING_SPIN, CALLER);
    }
    return result;
}

INTERPOSE(int, pthread_spin_lock, (pthread_spinlock_t * l))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!me)
        return REAL(pthread_spin_lock)(l);
    int result = REAL(pthread_spin_trylock)(l);
    if (__builtin_expect(result == EBUSY, 0)) {
        PARKED_REGISTERS();
        const struct wait_for w = {.thing = THING_SPIN, .how = HOW_EXCLUSIVE, .key = (uintptr_t)l};
        wait_begin(me, &w, CALLER);
        result = REAL(pthread_spin_lock)(l);
        wait_end(me);
    }
    return locked(me, l, result, 0, CALLER);
}

INTERPOSE(int, pthread_spin_trylock, (pthread_spinlock_t * l))
{
    delay_here(CALLER);
    struct actor *me = current();
    return locked(me, l, REAL(pthread_spin_trylock)(l), HOW_TRY, CALLER);
}

/* Of a lock that the core does not know this thread to hold. 1 is unlocked. */
static void check_unlock(struct actor *me, pthread_spinlock_t *l, uintptr_t pc)
{
    if (__atomic_load_n(l, __ATOMIC_RELAXED) == 1) {
        misuse(me, MISUSE_UNLOCK_UNLOCKED, THING_SPIN, (uintptr_t)l, NULL, pc);
    } else if (lock_holder(me, (uintptr_t)l) == HOLDER_OTHER) {
        misuse(me, MISUSE_UNLOCK_OTHERS, THING_SPIN, (uintptr_t)l, NULL, pc);
        lock_disowned(me, (uintptr_t)l);
    }
}

INTERPOSE(int, pthread_spin_unlock, (pthread_spinlock_t * l))
{
    struct actor *me = current();
    if (me) {
        lock_release(me, (uintptr_t)l);
        if (!lock_gone(me, (uintptr_t)l))
            check_unlock(me, l, CALLER);
    }
    int result = REAL(pthread_spin_unlock)(l);
    delay_here(CALLER);
    return result;
}
