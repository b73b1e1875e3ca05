/* Semaphores, named and unnamed. Edge: post -> every wait that succeeds later. Which post a wait consumed is not
 * observable, so a wait learns all posts so far: an edge too many at times, never one too few. */
#include "interpose.h"

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
    }
    return result;
}

INTERPOSE(int, sem_post, (sem_t * s))
{
    struct actor *me = current();
    if (me)
        sync_release_merge(me, (uintptr_t)s);
    return REAL(sem_post)(s);
}

INTERPOSE(int, sem_wait, (sem_t * s))
{
    struct actor *me = current();
    return passed(me, s, REAL(sem_wait)(s));
}

INTERPOSE(int, sem_trywait, (sem_t * s))
{
    struct actor *me = current();
    return passed(me, s, REAL(sem_trywait)(s));
}

INTERPOSE(int, sem_timedwait, (sem_t * s, const struct timespec *until))
{
    struct actor *me = current();
    return passed(me, s, REAL(sem_timedwait)(s, until));
}

INTERPOSE(int, sem_clockwait, (sem_t * s, clockid_t clock, const struct timespec *until))
{
    struct actor *me = current();
    if (!REAL(sem_clockwait)) {
        errno = ENOSYS;
        return -1;
    }
    return passed(me, s, REAL(sem_clockwait)(s, clock, until));
}
