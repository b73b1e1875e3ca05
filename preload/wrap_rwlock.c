/* Read-write locks. Two sync objects: what writers did (the address) and what readers did (the address + 1).
 * A writer learns both when it gets the lock; a reader learns only what writers did, so two readers stay unordered and
 * a race between them is found. A reader's unlock adds to the readers' clock.
 *
 * Read locks of the default kind pass writers that wait, so a reader may lock again; of the kind
 * PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP they do not. libc forgets that a lock was destroyed; the field that tells
 * the kind remembers it for us, until the lock is made anew, by init or by the initializer. */
#include "delay.h"
#include "interpose.h"
#include "raw.h"

#include "../detector/locks.h"

#define WRITERS(lock) ((uintptr_t)(lock))
#define READERS(lock) ((uintptr_t)(lock) + 1)
#define DESTROYED 0x5a5a5a5au

static inline unsigned *kind_of(pthread_rwlock_t *l)
{
    return &l->__data.__flags;
}

static inline unsigned how(pthread_rwlock_t *l, unsigned bits)
{
    bool writers_first = *kind_of(l) == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
    if (writers_first && bits & HOW_EXCLUSIVE)
        bits |= HOW_WRITERS_FIRST;
    if (!writers_first && !(bits & HOW_EXCLUSIVE))
        bits |= HOW_READERS_FIRST;
    return HOW(THING_RWLOCK, bits);
}

static inline int locked(struct actor *me, pthread_rwlock_t *l, int result, unsigned bits, uintptr_t pc)
{
    if (!me)
        return result;
    if (__builtin_expect(*kind_of(l) == DESTROYED, 0))
        lock_used(me, (uintptr_t)l, THING_RWLOCK, pc);
    if (result == 0) {
        lock_acquire(me, WRITERS(l));
        if (bits & HOW_EXCLUSIVE)
            lock_acquire(me, READERS(l));
        lock_got(me, (uintptr_t)l, how(l, bits), pc);
    } else if (result == ETIMEDOUT) {
        lock_missed(me, (uintptr_t)l, how(l, bits), pc);
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
    if (me) {
        forget(me, l, CALLER);
        lock_made(me, (uintptr_t)l, THING_RWLOCK, CALLER);
    }
    return REAL(pthread_rwlock_init)(l, attr);
}

static inline bool is_held(pthread_rwlock_t *l)
{
    return __atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED) ||
           __atomic_load_n(&l->__data.__readers, __ATOMIC_RELAXED) >> 3;
}

INTERPOSE(int, pthread_rwlock_destroy, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    if (me && is_held(l))
        misuse(me, MISUSE_DESTROY_LOCKED, THING_RWLOCK, (uintptr_t)l, NULL, CALLER);
    int result = REAL(pthread_rwlock_destroy)(l);
    if (me && result == 0) {
        forget(me, l, CALLER);
        lock_destroyed(me, (uintptr_t)l, THING_RWLOCK, CALLER);
        *kind_of(l) = DESTROYED;
    }
    return result;
}

/* A writer that locks again is refused by libc at once. */
static bool wait_begins(struct actor *me, pthread_rwlock_t *l, unsigned bits, uintptr_t pc)
{
    int tid = (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    if (__atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED) == tid) {
        misuse(me, MISUSE_LOCKED_TWICE, THING_RWLOCK, (uintptr_t)l, NULL, pc);
        return false;
    }
    bits |= l->__data.__shared ? HOW_OUTSIDE : 0;
    const struct wait_for w = {.thing = THING_RWLOCK, .how = how(l, bits), .key = (uintptr_t)l};
    wait_begin(me, &w, pc);
    return true;
}

/* What is free is got by the call that does not wait. */
#define LOCK(name, try, bits) \
    struct actor *me = current(); \
    if (!me) \
        return REAL(name)(l); \
    PARKED_REGISTERS(); \
    int result = REAL(try)(l); \
    if (__builtin_expect(result == EBUSY, 0)) { \
        bool waits = wait_begins(me, l, bits, CALLER); \
        result = REAL(name)(l); \
        if (waits) \
            wait_end(me); \
    } \
    return locked(me, l, result, bits, CALLER)

INTERPOSE(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l))
{
    delay_here(CALLER);
    LOCK(pthread_rwlock_rdlock, pthread_rwlock_tryrdlock, 0);
}

INTERPOSE(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t * l))
{
    delay_here(CALLER);
    struct actor *me = current();
    return locked(me, l, REAL(pthread_rwlock_tryrdlock)(l), HOW_TRY, CALLER);
}

INTERPOSE(int, pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    return locked(me, l, PARKED(me, "pthread_rwlock_timedrdlock", -1, REAL(pthread_rwlock_timedrdlock)(l, until)), HOW_TIMED, CALLER);
}

INTERPOSE(int, pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t clock, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!REAL(pthread_rwlock_clockrdlock))
        return ENOSYS;
    return locked(me, l, PARKED(me, "pthread_rwlock_clockrdlock", -1, REAL(pthread_rwlock_clockrdlock)(l, clock, until)), HOW_TIMED, CALLER);
}

INTERPOSE(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l))
{
    delay_here(CALLER);
    LOCK(pthread_rwlock_wrlock, pthread_rwlock_trywrlock, HOW_EXCLUSIVE);
}

INTERPOSE(int, pthread_rwlock_trywrlock, (pthread_rwlock_t * l))
{
    delay_here(CALLER);
    struct actor *me = current();
    return locked(me, l, REAL(pthread_rwlock_trywrlock)(l), HOW_EXCLUSIVE | HOW_TRY, CALLER);
}

INTERPOSE(int, pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    return locked(me, l, PARKED(me, "pthread_rwlock_timedwrlock", -1, REAL(pthread_rwlock_timedwrlock)(l, until)), HOW_EXCLUSIVE | HOW_TIMED, CALLER);
}

INTERPOSE(int, pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t clock, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!REAL(pthread_rwlock_clockwrlock))
        return ENOSYS;
    return locked(me, l, PARKED(me, "pthread_rwlock_clockwrlock", -1, REAL(pthread_rwlock_clockwrlock)(l, clock, until)), HOW_EXCLUSIVE | HOW_TIMED, CALLER);
}

/* Of a lock that the core does not know this thread to hold. */
static void check_unlock(struct actor *me, pthread_rwlock_t *l, uintptr_t pc)
{
    int writer = __atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED);
    if (*kind_of(l) == DESTROYED)
        lock_used(me, (uintptr_t)l, THING_RWLOCK, pc);
    else if (!is_held(l))
        misuse(me, MISUSE_UNLOCK_UNLOCKED, THING_RWLOCK, (uintptr_t)l, NULL, pc);
    else if (writer && writer != (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0)) {
        misuse(me, MISUSE_UNLOCK_OTHERS, THING_RWLOCK, (uintptr_t)l, NULL, pc);
        lock_disowned(me, (uintptr_t)l);
    }
}

/* Which of the two kinds of lock is given up only libc knows: while a reader holds it there is no current writer. */
INTERPOSE(int, pthread_rwlock_unlock, (pthread_rwlock_t * l))
{
    struct actor *me = current();
    if (me) {
        if (__atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED))
            lock_release(me, WRITERS(l));
        else
            lock_release_merge(me, READERS(l));
        if (!lock_gone(me, (uintptr_t)l))
            check_unlock(me, l, CALLER);
    }
    int result = REAL(pthread_rwlock_unlock)(l);
    delay_here(CALLER);
    return result;
}
