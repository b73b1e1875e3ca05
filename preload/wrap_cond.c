/* Condition variables. The only edges are those of the mutex, which a wait gives up and gets again.
 *
 * A signal makes no edge to the wait that it ends. POSIX does not promise one: a wait may end without a signal, so a
 * correct program looks at its predicate, under the mutex, and gets its order from there. An edge from the signal would
 * hide the race of a program that writes the predicate without the mutex.
 *
 * All of the family is wrapped, also what makes no edge: programs that gcc linked against libtsan name these functions
 * without a version, and would get glibc's first ones (2.2.5, with another layout) if the loader found them in libc. */
#include "cond_wait.h"
#include "interpose.h"
#include "threads.h"

void cond_wait_begins(struct cond_wait *w, const void *mutex, uintptr_t pc)
{
    *w = (struct cond_wait){.me = current(), .mutex = (uintptr_t)mutex, .pc = pc};
    if (w->me) {
        sync_release(w->me, w->mutex);
        lock_gone(w->me, w->mutex);
    }
}

void cond_wait_over(struct cond_wait *w)
{
    if (w->me) {
        sync_acquire(w->me, w->mutex);
        lock_got(w->me, w->mutex, true, w->pc);
    }
}

void cond_wait_cancelled(void *arg)
{
    struct cond_wait *w = arg;
    struct thread *t = thread_self();
    cond_wait_over(w);
    if (w->me && t && __atomic_load_n(&t->cancelled, __ATOMIC_ACQUIRE))
        sync_acquire(w->me, (uintptr_t)&t->cancelled);
}

INTERPOSE(int, pthread_cond_init, (pthread_cond_t * c, const pthread_condattr_t *attr))
{
    struct actor *me = current();
    if (me)
        mem_write(me, c, sizeof *c, CALLER);
    return REAL(pthread_cond_init)(c, attr);
}

INTERPOSE(int, pthread_cond_destroy, (pthread_cond_t * c))
{
    struct actor *me = current();
    int result = REAL(pthread_cond_destroy)(c);
    if (me && result == 0)
        mem_write(me, c, sizeof *c, CALLER);
    return result;
}

INTERPOSE(int, pthread_cond_signal, (pthread_cond_t * c))
{
    return REAL(pthread_cond_signal)(c);
}

INTERPOSE(int, pthread_cond_broadcast, (pthread_cond_t * c))
{
    return REAL(pthread_cond_broadcast)(c);
}

static int waited(struct cond_wait *w, int result)
{
    if (result != EPERM) /* a mutex that was not ours was not given up, nor got */
        cond_wait_over(w);
    return result;
}

INTERPOSE(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m))
{
    struct cond_wait w;
    int result;
    cond_wait_begins(&w, m, CALLER);
    COND_WAIT(&w, result, REAL(pthread_cond_wait)(c, m));
    return waited(&w, result);
}

INTERPOSE(int, pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *until))
{
    struct cond_wait w;
    int result;
    cond_wait_begins(&w, m, CALLER);
    COND_WAIT(&w, result, REAL(pthread_cond_timedwait)(c, m, until));
    return waited(&w, result);
}

INTERPOSE(int, pthread_cond_clockwait,
          (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until))
{
    struct cond_wait w;
    int result;
    if (!REAL(pthread_cond_clockwait))
        return ENOSYS;
    cond_wait_begins(&w, m, CALLER);
    COND_WAIT(&w, result, REAL(pthread_cond_clockwait)(c, m, clock, until));
    return waited(&w, result);
}
