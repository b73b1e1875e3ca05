/* Cancellation. Edge: pthread_cancel -> what the cancelled thread does because of it: its cleanup handlers
 * after a wait or a call in which it slept (wrap_*.c, parked.h), key destructors (thread_life.c), all handlers if it is cancelled
 * asynchronously.
 *
 * A thread that may be cancelled asynchronously may be so in the midst of the core, and would take the core's locks into
 * its grave. Libc does it by a signal of its own; from the first time that a thread asks for it, that signal goes through
 * the trampoline of signals.c, which puts it off as it does those of the program. */
#include "../detector/os.h"
#include "interpose.h"
#include "signals.h"
#include "threads.h"

#define SIGCANCEL 32 /* glibc's; its sigaction denies that it exists */

INTERPOSE(int, pthread_cancel, (pthread_t id))
{
    struct actor *me = current();
    struct thread *t = me ? thread_find(id) : NULL;
    if (t) {
        sync_release_merge(me, (uintptr_t)&t->cancelled);
        __atomic_store_n(&t->cancelled, true, __ATOMIC_RELEASE);
        thread_cancelled(t);
    }
    int result = REAL(pthread_cancel)(id);
    thread_unpin(t);
    return result;
}

void thread_heeds_cancel(struct actor *me)
{
    struct thread *t = thread_self();
    if (t && __atomic_load_n(&t->cancelled, __ATOMIC_ACQUIRE))
        sync_acquire(me, (uintptr_t)&t->cancelled);
}

void parked_left(struct actor *me)
{
    actor_unparks(me);
    thread_heeds_cancel(me);
}

static void heeds(void *me)
{
    if (me)
        thread_heeds_cancel(me);
}

INTERPOSE(void, pthread_testcancel, (void))
{
    struct actor *me = current();
    pthread_cleanup_push(heeds, me);
    REAL(pthread_testcancel)();
    pthread_cleanup_pop(0);
}

static void *waits_for_ever(void *arg)
{
    inside_begin(); /* a thread of ours, not of the program */
    for (;;)
        pause();
    return arg;
}

/* Libc installs its handler when the first thread is cancelled; so one is. */
static void guard_cancellation(void)
{
    static struct oslock once;
    static bool done;
    pthread_t t;
    struct inside in = inside_begin();
    os_lock(&once);
    if (!done && REAL(pthread_create)(&t, NULL, waits_for_ever, NULL) == 0) {
        REAL(pthread_cancel)(t);
        REAL(pthread_join)(t, NULL);
        signal_guard(SIGCANCEL);
        done = true;
    }
    os_unlock(&once);
    inside_end(in);
}

INTERPOSE(int, pthread_setcanceltype, (int type, int *old))
{
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS && current())
        guard_cancellation();
    return REAL(pthread_setcanceltype)(type, old);
}
