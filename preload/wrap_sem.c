/* Semaphores, named and unnamed. Edge: post -> every wait that succeeds later. Which post a wait consumed is not
 * observable, so a wait learns all posts so far: an edge too many at times, never one too few. */
#include "delay.h"
#include "interpose.h"
#include "raw.h"
#include "threads.h"

#include "../detector/locks.h"

/* glibc (nptl/semaphoreP.h): not zero when other processes may use it, as with all named ones. */
#define SHARED_OFFSET 8

static bool positive(const struct wait_for *f)
{
    return (uint32_t)__atomic_load_n((uint64_t *)f->key, __ATOMIC_SEQ_CST) > 0;
}

static inline int passed(struct actor *me, sem_t *s, int result)
{
    if (me && result == 0)
        sync_acquire(me, (uintptr_t)s);
    return result;
}

INTERPOSE(int, sem_init, (sem_t * s, int shared, unsigned value))
{
    struct actor *me = current();
    int result = REAL(sem_init)(s, shared, value);
    if (me && result == 0) {
        mem_write(me, s, sizeof *s, CALLER);
        sync_forget(me, (uintptr_t)s);
        lock_made(me, (uintptr_t)s, THING_SEM, CALLER);
    }
    return result;
}

INTERPOSE(int, sem_destroy, (sem_t * s))
{
    struct actor *me = current();
    int result = REAL(sem_destroy)(s);
    if (me && result == 0) {
        mem_write(me, s, sizeof *s, CALLER);
        sync_forget(me, (uintptr_t)s);
        lock_destroyed(me, (uintptr_t)s, THING_SEM, CALLER);
    }
    return result;
}

INTERPOSE(int, sem_post, (sem_t * s))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (me) {
        lock_used(me, (uintptr_t)s, THING_SEM, CALLER);
        sync_release_merge(me, (uintptr_t)s);
    }
    int result = REAL(sem_post)(s);
    delay_here(CALLER);
    return result;
}

static void wait_cancelled(void *me)
{
    wait_end(me);
    thread_heeds_cancel(me);
}

static int wait_blocking(struct actor *me, sem_t *s, uintptr_t pc)
{
    int result, shared;
    PARKED_REGISTERS();
    raw_copy(&shared, (const char *)s + SHARED_OFFSET, sizeof shared);
    const struct wait_for w = {
        .thing = THING_SEM, .how = shared ? HOW_OUTSIDE : 0, .key = (uintptr_t)s, .available = positive};
    wait_begin(me, &w, pc);
    pthread_cleanup_push(wait_cancelled, me);
    result = REAL(sem_wait)(s);
    pthread_cleanup_pop(0);
    wait_end(me);
    return result;
}

/* What can be got at once is got without a wait, but not without the cancellation point. */
INTERPOSE(int, sem_wait, (sem_t * s))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!me)
        return REAL(sem_wait)(s);
    lock_used(me, (uintptr_t)s, THING_SEM, CALLER);
    pthread_testcancel();
    int saved = errno;
    int result = REAL(sem_trywait)(s);
    if (result != 0) {
        errno = saved;
        result = wait_blocking(me, s, CALLER);
    }
    return passed(me, s, result);
}

INTERPOSE(int, sem_trywait, (sem_t * s))
{
    delay_here(CALLER);
    struct actor *me = current();
    return passed(me, s, REAL(sem_trywait)(s));
}

INTERPOSE(int, sem_timedwait, (sem_t * s, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    return passed(me, s, PARKED(me, "sem_timedwait", -1, REAL(sem_timedwait)(s, until)));
}

INTERPOSE(int, sem_clockwait, (sem_t * s, clockid_t clock, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!REAL(sem_clockwait)) {
        errno = ENOSYS;
        return -1;
    }
    return passed(me, s, PARKED(me, "sem_clockwait", -1, REAL(sem_clockwait)(s, clock, until)));
}

INTERPOSE(int, sem_getvalue, (sem_t *restrict s, int *restrict to))
{
    struct actor *me = current();
    int result = REAL(sem_getvalue)(s, to);
    if (me && result == 0) {
        sync_acquire(me, (uintptr_t)s); /* who looks for a value may have waited for it */
        mem_write(me, to, sizeof *to, CALLER);
    }
    return result;
}
