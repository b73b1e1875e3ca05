/* Read-write locks. Two sync objects: what writers did (the address) and what readers did (the address + 1).
 * A writer learns both when it gets the lock; a reader learns only what writers did, so two readers stay unordered and
 * a race between them is found. A reader's unlock adds to the readers' clock. */
#include "interpose.h"

#define WRITERS(lock) ((uintptr_t)(lock))
#define READERS(lock) ((uintptr_t)(lock) + 1)

static inline int read_locked(struct actor *me, pthread_rwlock_t *l, int result, uintptr_t pc)
{
    if (me && result == 0) {
        sync_acquire(me, WRITERS(l));
        lock_got(me, (uintptr_t)l, false, pc);
    }
    return result;
}

static inline int write_locked(struct actor *me, pthread_rwlock_t *l, int result, uintptr_t pc)
{
    if (me && result == 0) {
        sync_acquire(me, WRITERS(l));
        sync_acquire(me, READERS(l));
        lock_got(me, (uintptr_t)l, true, pc);
    }
    return result;
}

static void forget(struct actor *me, pthread_rwlock_t *l, uintptr_t pc)
{
    mem_write(me, l, sizeof *l, pc);
    sync_forget(me, WRITERS(l));
    sync_forget(me, READERS(l));
}

INTERPOSE(int, pthread_rwlock_init, (pthread_rwlock_t * l, const pthread_rwlockattr_t *attr))
{
    struct actor *me = current();
    if (me)
        forget(me, l, CALLER);
    return REAL(pthread_rwlock_init)(l, attr);
}

INTERPOSE(int, pthread_rwlock_destroy, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    int result = REAL(pthread_rwlock_destroy)(l);
    if (me && result == 0)
        forget(me, l, CALLER);
    return result;
}

INTERPOSE(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    return read_locked(me, l, REAL(pthread_rwlock_rdlock)(l), CALLER);
}

INTERPOSE(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    return read_locked(me, l, REAL(pthread_rwlock_tryrdlock)(l), CALLER);
}

INTERPOSE(int, pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, const struct timespec *until))
{
    struct actor *me = current();
    return read_locked(me, l, REAL(pthread_rwlock_timedrdlock)(l, until), CALLER);
}

INTERPOSE(int, pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t clock, const struct timespec *until))
{
    struct actor *me = current();
    if (!REAL(pthread_rwlock_clockrdlock))
        return ENOSYS;
    return read_locked(me, l, REAL(pthread_rwlock_clockrdlock)(l, clock, until), CALLER);
}

INTERPOSE(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    return write_locked(me, l, REAL(pthread_rwlock_wrlock)(l), CALLER);
}

INTERPOSE(int, pthread_rwlock_trywrlock, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    return write_locked(me, l, REAL(pthread_rwlock_trywrlock)(l), CALLER);
}

INTERPOSE(int, pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, const struct timespec *until))
{
    struct actor *me = current();
    return write_locked(me, l, REAL(pthread_rwlock_timedwrlock)(l, until), CALLER);
}

INTERPOSE(int, pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t clock, const struct timespec *until))
{
    struct actor *me = current();
    if (!REAL(pthread_rwlock_clockwrlock))
        return ENOSYS;
    return write_locked(me, l, REAL(pthread_rwlock_clockwrlock)(l, clock, until), CALLER);
}

/* Which of the two kinds of lock is given up only libc knows: while a reader holds it there is no current writer. */
INTERPOSE(int, pthread_rwlock_unlock, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    if (me) {
        if (__atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED))
            sync_release(me, WRITERS(l));
        else
            sync_release_merge(me, READERS(l));
        lock_gone(me, (uintptr_t)l);
    }
    return REAL(pthread_rwlock_unlock)(l);
}
