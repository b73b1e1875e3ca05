/* Condition variables. The only edges are those of the mutex, which a wait gives up and gets again.
 *
 * A signal makes no edge to the wait that it ends. POSIX does not promise one: a wait may end without a signal, so a
 * correct program looks at its predicate, under the mutex, and gets its order from there. An edge from the signal would
 * hide the race of a program that writes the predicate without the mutex.
 *
 * All of the family is wrapped, also what makes no edge: programs that gcc linked against libtsan name these functions
 * without a version, and would get glibc's first ones (2.2.5, with another layout) if the loader found them in libc. */
#include "cond_wait.h"
#include "delay.h"
#include "interpose.h"
#include "mutex.h"
#include "threads.h"

/* glibc: set when the condition is destroyed; init and the initializer clear it. */
#define DESTROYED 4u
#define SHARED 1u

static void check_destroyed(struct actor *me, const pthread_cond_t *c, uintptr_t pc)
{
    if (__builtin_expect(__atomic_load_n(&c->__data.__wrefs, __ATOMIC_RELAXED) & DESTROYED, 0))
        lock_used(me, (uintptr_t)c, THING_COND, pc);
}

/* A mutex that is not the thread's: types that check return EPERM, and the wait does not begin. True: so it is. */
static bool check_mutex(struct actor *me, pthread_cond_t *c, pthread_mutex_t *m, uintptr_t pc)
{
    enum mutex_state state = mutex_state(m);
    if (state != MUTEX_UNLOCKED && state != MUTEX_OTHERS)
        return false;
    if (mutex_checks(m))
        return true;
    misuse(me, MISUSE_WAIT_UNLOCKED, THING_COND, (uintptr_t)c, NULL, pc);
    return false;
}

void cond_wait_begins(struct cond_wait *w, pthread_cond_t *c, pthread_mutex_t *m, bool timed, uintptr_t pc)
{
    *w = (struct cond_wait){.me = current(), .cond = (uintptr_t)c, .mutex = m, .timed = timed, .pc = pc};
    if (!w->me)
        return;
    check_destroyed(w->me, c, pc);
    lock_guards_condition(w->me, (uintptr_t)m);
    lock_release(w->me, (uintptr_t)m);
    if (!lock_gone(w->me, (uintptr_t)m))
        w->refused = check_mutex(w->me, c, m, pc);
    if (w->refused)
        return;
    const struct wait_for f = {.thing = THING_COND,
                               .how =
                                   (timed ? HOW_TIMED : 0) |
                                   (__atomic_load_n(&c->__data.__wrefs, __ATOMIC_RELAXED) & SHARED ? HOW_OUTSIDE : 0),
                               .key = (uintptr_t)c,
                               .mutex = (uintptr_t)m};
    wait_begin(w->me, &f, pc);
}

void cond_wait_over(struct cond_wait *w, bool gave_up)
{
    if (w->me) {
        if (gave_up && !w->refused)
            wait_given_up(w->me);
        else if (!w->refused)
            wait_end(w->me);
        order_acquire(w->me, w->cond);
        mutex_got(w->me, lock_place((uintptr_t)w->mutex), w->mutex, 0, w->pc);
    }
}

void cond_wait_cancelled(void *arg)
{
    struct cond_wait *w = arg;
    cond_wait_over(w, true);
    if (w->me)
        thread_heeds_cancel(w->me);
}

INTERPOSE(int, pthread_cond_init, (pthread_cond_t * c, const pthread_condattr_t *attr))
{
    struct actor *me = current();
    if (me) {
        mem_write(me, c, sizeof *c, CALLER);
        sync_forget(me, (uintptr_t)c);
        lock_made(me, (uintptr_t)c, THING_COND, CALLER);
    }
    return REAL(pthread_cond_init)(c, attr);
}

INTERPOSE(int, pthread_cond_destroy, (pthread_cond_t * c))
{
    struct actor *me = current();
    bool waited = me && condition_waited(me, (uintptr_t)c);
    if (waited) { /* glibc then waits until they have gone */
        misuse(me, MISUSE_DESTROY_WAITED, THING_COND, (uintptr_t)c, NULL, CALLER);
        wait_begin(me, &(struct wait_for){.thing = THING_OTHER, .key = (uintptr_t)c, .told = true}, CALLER);
    }
    int result = REAL(pthread_cond_destroy)(c);
    if (waited)
        wait_end(me);
    if (me && result == 0) {
        mem_write(me, c, sizeof *c, CALLER);
        lock_destroyed(me, (uintptr_t)c, THING_COND, CALLER);
    }
    return result;
}

/* What was before the signal is before the end of the wait in every schedule, as far as locks are concerned: whoever waits
 * for something waits for it in all of them. */
void cond_signals(struct actor *me, pthread_cond_t *c, uintptr_t pc)
{
    check_destroyed(me, c, pc);
    lock_guards_condition(me, 0);
    order_release(me, (uintptr_t)c);
}

INTERPOSE(int, pthread_cond_signal, (pthread_cond_t * c))
{
    delay_here(CALLER);
    COND_SIGNAL(pthread_cond_signal, c, false);
}

INTERPOSE(int, pthread_cond_broadcast, (pthread_cond_t * c))
{
    delay_here(CALLER);
    COND_SIGNAL(pthread_cond_broadcast, c, true);
}

static int waited(struct cond_wait *w, int result)
{
    if (result != EPERM) /* a mutex that was not ours was not given up, nor got */
        cond_wait_over(w, result == ETIMEDOUT);
    else if (w->me && !w->refused)
        wait_given_up(w->me);
    return result;
}

INTERPOSE(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m))
{
    delay_here(CALLER);
    struct cond_wait w;
    int result;
    cond_wait_begins(&w, c, m, false, CALLER);
    COND_WAIT(&w, result, REAL(pthread_cond_wait)(c, m));
    return waited(&w, result);
}

INTERPOSE(int, pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *until))
{
    delay_here(CALLER);
    struct cond_wait w;
    int result;
    cond_wait_begins(&w, c, m, true, CALLER);
    COND_WAIT(&w, result, REAL(pthread_cond_timedwait)(c, m, until));
    return waited(&w, result);
}

INTERPOSE(int, pthread_cond_clockwait,
          (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until))
{
    delay_here(CALLER);
    struct cond_wait w;
    int result;
    if (!REAL(pthread_cond_clockwait))
        return ENOSYS;
    cond_wait_begins(&w, c, m, true, CALLER);
    COND_WAIT(&w, result, REAL(pthread_cond_clockwait)(c, m, clock, until));
    return waited(&w, result);
}
