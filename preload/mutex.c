/* What libc has in a mutex, and what follows from it. Facts (glibc, nptl/pthreadP.h): __kind has the type in its two lowest
 * bits, 16 for robust, 32 for priority inheritance, 128 for process-shared; -1 after destroy. __owner is the thread that
 * holds it, of every type. Nothing here is looked at but in calls that block, fail or look wrong, and before a mutex's memory
 * becomes something else. */
#include "mutex.h"

#include <errno.h>

#include "normal_mutex.h"
#include "raw.h"
#include "signals.h"

bool mutex_more;
__thread int normal_mutex_owner TLS_IE;

#define KIND_TYPE 3
#define KIND_ROBUST 16
#define KIND_SHARED 128
#define KIND_ELISION 256

static int kind_of(const pthread_mutex_t *m)
{
    return __atomic_load_n(&m->__data.__kind, __ATOMIC_RELAXED);
}

static int own_tid(void)
{
    return (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

void mutex_forked(void)
{
    normal_mutex_owner = 0;
}

bool mutex_robust(const pthread_mutex_t *m)
{
    return kind_of(m) & KIND_ROBUST;
}

bool mutex_checks(const pthread_mutex_t *m)
{
    int kind = kind_of(m);
    return (kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK_NP || kind & KIND_ROBUST;
}

enum mutex_state mutex_state(const pthread_mutex_t *m)
{
    int kind = kind_of(m), owner = __atomic_load_n(&m->__data.__owner, __ATOMIC_RELAXED);
    if (kind < 0 || kind & KIND_ELISION)
        return MUTEX_UNKNOWN;
    if (__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) == 0)
        return MUTEX_UNLOCKED;
    if (owner == 0)
        return MUTEX_UNKNOWN;
    return owner == own_tid() ? MUTEX_MINE : MUTEX_OTHERS;
}

bool mutex_taken(uintptr_t addr, int tid)
{
    const pthread_mutex_t *m = (const pthread_mutex_t *)addr;
    const int owner = __atomic_load_n(&m->__data.__owner, __ATOMIC_RELAXED);
    return __atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) != 0 && (!tid || !owner || owner == tid);
}

bool mutex_wait_begin(struct actor *me, pthread_mutex_t *m, uintptr_t pc)
{
    lock_used(me, (uintptr_t)m, THING_MUTEX, pc);
    if (mutex_state(m) == MUTEX_MINE && (kind_of(m) & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK_NP)
        return false;
    unsigned how = HOW_EXCLUSIVE | (kind_of(m) & KIND_SHARED ? HOW_OUTSIDE : 0);
    wait_begin(me, &(struct wait_for){.thing = THING_MUTEX, .how = how, .key = (uintptr_t)m}, pc);
    return true;
}

void mutex_refused(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc)
{
    if (result == EINVAL && kind_of(m) == -1)
        lock_used(me, (uintptr_t)m, THING_MUTEX, pc);
}

void mutex_got_in_handler(struct actor *me, pthread_mutex_t *m, unsigned bits, int sig, uintptr_t pc)
{
    lock_got(me, (uintptr_t)m, HOW(THING_MUTEX, HOW_EXCLUSIVE | HOW_IN_HANDLER | bits), pc);
    if (!(bits & HOW_TRY))
        lock_taken_in_handler(me, (uintptr_t)m, sig, pc);
}

/* Some types refuse the unlock of a thread that is not the owner. The owner's clock contains the mutex's, so for it
 * adding to that clock is the same as replacing it; for anybody else adding does no harm to what the owner released. */
static bool may_refuse(const pthread_mutex_t *m)
{
    const int kind = kind_of(m), type = kind & KIND_TYPE;
    return kind & KIND_ROBUST || type == PTHREAD_MUTEX_RECURSIVE_NP || type == PTHREAD_MUTEX_ERRORCHECK_NP;
}

void mutex_given_unheld(struct actor *me, pthread_mutex_t *m, uintptr_t pc)
{
    if (lock_used(me, (uintptr_t)m, THING_MUTEX, pc) || mutex_checks(m))
        return;
    enum mutex_state state = mutex_state(m);
    if (state == MUTEX_MINE && lock_unseen_copy(me, (uintptr_t)m)) {
        misuse(me, MISUSE_COPIED, THING_MUTEX, (uintptr_t)m, NULL, pc);
    } else if (state == MUTEX_UNLOCKED) {
        misuse(me, MISUSE_UNLOCK_UNLOCKED, THING_MUTEX, (uintptr_t)m, NULL, pc);
    } else if (state == MUTEX_OTHERS) {
        misuse(me, MISUSE_UNLOCK_OTHERS, THING_MUTEX, (uintptr_t)m, NULL, pc);
        if ((kind_of(m) & KIND_TYPE) != PTHREAD_MUTEX_RECURSIVE_NP)
            lock_disowned(me, (uintptr_t)m);
    }
}

void mutex_given_clock(struct actor *me, pthread_mutex_t *m)
{
    if (may_refuse(m))
        lock_release_merge(me, (uintptr_t)m);
    else
        lock_release(me, (uintptr_t)m);
}

void mutex_made(struct actor *me, pthread_mutex_t *m, uintptr_t pc)
{
    mem_write(me, m, sizeof *m, pc);
    sync_forget(me, (uintptr_t)m);
    lock_made(me, (uintptr_t)m, THING_MUTEX, pc);
}

void mutex_destroyed(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc)
{
    if (result == 0) {
        mem_write(me, m, sizeof *m, pc);
        sync_forget(me, (uintptr_t)m);
        lock_destroyed(me, (uintptr_t)m, THING_MUTEX, pc);
    } else if (result == EBUSY && mutex_state(m) != MUTEX_UNLOCKED) {
        misuse(me, MISUSE_DESTROY_LOCKED, THING_MUTEX, (uintptr_t)m, NULL, pc);
    }
}
