/* C11 threads. In glibc they call the pthread functions by their internal names, past our wrappers, so each has its
 * own; the objects and the edges are those of the pthread ones (wrap_thread.c, wrap_mutex.c, wrap_cond.c, wrap_once.c).
 * thrd_exit and tss_* need none: the end of a thread is seen by the destructor of our own key (thread_life.c). */
#include "cond_wait.h"
#include "delay.h"
#include "interpose.h"
#include "joining.h"
#include "mutex.h"
#include "once.h"

static int thread_main(void *arg)
{
    struct thread *t = arg;
    void *volatile own = t->arg; /* as in wrap_thread.c */
    thread_begins(t);
    delay_here((uintptr_t)t->run_c11 + 1);
    return t->run_c11(own);
}

INTERPOSE(int, thrd_create, (thrd_t * id, thrd_start_t run, void *arg))
{
    struct actor *me = current();
    struct actor *child = NULL;
    struct thread *t = NULL;
    if (me) {
        mem_write(me, id, sizeof *id, CALLER);
        child = actor_born(me, CALLER);
        t = child ? thread_prepare(child, false) : NULL;
    }
    if (!t)
        return REAL(thrd_create)(id, run, arg);
    t->run_c11 = run;
    t->arg = arg;
    thread_creation_begins(t, NULL);
    int result = REAL(thrd_create)(id, thread_main, t);
    thread_creation_over(t);
    if (result == thrd_success) {
        thread_created(t, id);
        delay_here(CALLER);
        return result;
    }
    thread_not_created(t);
    actor_ends(child);
    actor_joins(me, child);
    return result;
}

INTERPOSE(int, thrd_join, (thrd_t id, int *value))
{
    JOIN(thrd_join, true, id, value, sizeof *value, id, value);
}

INTERPOSE(int, thrd_detach, (thrd_t id))
{
    struct actor *me = current();
    struct thread *t = me ? thread_find(id) : NULL;
    int result = REAL(thrd_detach)(id);
    if (t && result == thrd_success)
        thread_detached(t);
    else
        thread_unpin(t);
    return result;
}

/* ---- mutexes ---------------------------------------------------------------------------------------------------- */

static inline pthread_mutex_t *inner(mtx_t *m)
{
    return (pthread_mutex_t *)m;
}

static inline int locked(struct actor *me, mtx_t *m, int result, unsigned bits, uintptr_t pc)
{
    if (me && result == thrd_success)
        mutex_got(me, lock_place((uintptr_t)inner(m)), inner(m), bits, pc);
    return result;
}

INTERPOSE(int, mtx_init, (mtx_t * m, int type))
{
    struct actor *me = current();
    if (me)
        mutex_made(me, inner(m), CALLER);
    return REAL(mtx_init)(m, type);
}

INTERPOSE(void, mtx_destroy, (mtx_t * m))
{
    struct actor *me = current();
    if (me && mutex_state(inner(m)) != MUTEX_UNLOCKED)
        mutex_destroyed(me, inner(m), EBUSY, CALLER);
    REAL(mtx_destroy)(m);
    if (me)
        mutex_destroyed(me, inner(m), 0, CALLER);
}

INTERPOSE(int, mtx_lock, (mtx_t * m))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!me)
        return REAL(mtx_lock)(m);
    int result = REAL(mtx_trylock)(m);
    if (__builtin_expect(result == thrd_busy, 0)) {
        PARKED_REGISTERS();
        bool waits = mutex_wait_begin(me, inner(m), CALLER);
        result = REAL(mtx_lock)(m);
        if (waits)
            wait_end(me);
    }
    if (result == thrd_error)
        mutex_refused(me, inner(m), EINVAL, CALLER);
    return locked(me, m, result, 0, CALLER);
}

INTERPOSE(int, mtx_trylock, (mtx_t * m))
{
    delay_here(CALLER);
    struct actor *me = current();
    return locked(me, m, REAL(mtx_trylock)(m), HOW_TRY, CALLER);
}

INTERPOSE(int, mtx_timedlock, (mtx_t * m, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    int result = PARKED(me, "mtx_timedlock", -1, REAL(mtx_timedlock)(m, until));
    if (me && result == thrd_timedout)
        lock_missed(me, (uintptr_t)m, HOW(THING_MUTEX, HOW_EXCLUSIVE | HOW_TIMED), CALLER);
    return locked(me, m, result, HOW_TIMED, CALLER);
}

INTERPOSE(int, mtx_unlock, (mtx_t * m))
{
    struct actor *me = current();
    if (me)
        mutex_given(me, inner(m), CALLER);
    int result = REAL(mtx_unlock)(m);
    delay_here(CALLER);
    return result;
}

/* ---- condition variables and call_once -------------------------------------------------------------------------- */

INTERPOSE(int, cnd_init, (cnd_t * c))
{
    struct actor *me = current();
    if (me)
        mem_write(me, c, sizeof *c, CALLER);
    return REAL(cnd_init)(c);
}

INTERPOSE(void, cnd_destroy, (cnd_t * c))
{
    struct actor *me = current();
    if (me)
        mem_write(me, c, sizeof *c, CALLER);
    REAL(cnd_destroy)(c);
}

INTERPOSE(int, cnd_wait, (cnd_t * c, mtx_t *m))
{
    delay_here(CALLER);
    struct cond_wait w;
    int result;
    cond_wait_begins(&w, (pthread_cond_t *)c, inner(m), false, CALLER);
    COND_WAIT(&w, result, REAL(cnd_wait)(c, m));
    cond_wait_over(&w, false);
    return result;
}

INTERPOSE(int, cnd_timedwait, (cnd_t * c, mtx_t *m, const struct timespec *until))
{
    delay_here(CALLER);
    struct cond_wait w;
    int result;
    cond_wait_begins(&w, (pthread_cond_t *)c, inner(m), true, CALLER);
    COND_WAIT(&w, result, REAL(cnd_timedwait)(c, m, until));
    cond_wait_over(&w, result == thrd_timedout);
    return result;
}

INTERPOSE(int, cnd_signal, (cnd_t * c))
{
    delay_here(CALLER);
    COND_SIGNAL(cnd_signal, c, false);
}

INTERPOSE(int, cnd_broadcast, (cnd_t * c))
{
    delay_here(CALLER);
    COND_SIGNAL(cnd_broadcast, c, true);
}

INTERPOSE(void, call_once, (once_flag * flag, void (*run)(void)))
{
    delay_here(CALLER);
    struct actor *me = current();
    struct thread *t = me ? thread_self() : NULL;
    if (!t) {
        REAL(call_once)(flag, run);
        return;
    }
    struct once_call call = {run, (uintptr_t)flag, CALLER, t->once};
    t->once = &call;
    once_begins(me, &call);
    REAL(call_once)(flag, once_run);
    once_over(me);
    t->once = call.outer;
    sync_acquire(me, (uintptr_t)flag);
}
