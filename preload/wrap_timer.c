/* Timers. Edge: arming -> the signal or notification that comes of it.
 *
 * SIGEV_THREAD notifications run in threads that libc makes by itself. The program's function goes through a trampoline
 * that tells the thread's actor of the arming. A notification may still come when timer_delete has returned, so the
 * record that it finds its function by is used again only when QUARANTINE others have been deleted after it. */
#include "../detector/os.h"
#include "raw.h"
#include "signals.h"
#include "stuck.h"
#include "threads.h"
#include "touch.h"

#define QUARANTINE 1024
#define SLAB ((size_t)16 << 10)

struct notice {
    timer_t id;
    int sig;                   /* SIGEV_SIGNAL; else 0 */
    void (*run)(union sigval); /* SIGEV_THREAD */
    union sigval value;
    char armed; /* its address is the sync object of a notification */
    struct notice *next;
};

static struct notice *live;                   /* these five: tables_lock */
static struct notice *unused;                 /* never used yet */
static struct notice *deleted, *deleted_last; /* oldest first */
static unsigned in_quarantine;

static void notify(union sigval value)
{
    struct notice *n = value.sival_ptr;
    struct actor *me = current();
    if (me)
        sync_acquire(me, (uintptr_t)&n->armed);
    n->run(n->value);
}

/* Requires the lock. */
static struct notice *notice_new(void)
{
    struct notice *n;
    if (in_quarantine > QUARANTINE) {
        n = deleted;
        deleted = n->next;
        in_quarantine--;
        return n;
    }
    if (!unused) {
        struct notice *slab = os_reserve(SLAB);
        for (size_t i = slab ? SLAB / sizeof *slab : 0; i-- > 0;) {
            slab[i].next = unused;
            unused = &slab[i];
        }
    }
    n = unused;
    if (n)
        unused = n->next;
    return n;
}

/* Requires the lock. */
static void notice_delete(struct notice *n)
{
    n->next = NULL;
    if (in_quarantine++)
        deleted_last->next = n;
    else
        deleted = n;
    deleted_last = n;
}

/* Requires the lock. */
static struct notice **notice_of(timer_t id)
{
    struct notice **link = &live;
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

INTERPOSE(int, timer_create, (clockid_t clock, struct sigevent *event, timer_t *id))
{
    struct actor *me = current();
    if (me) {
        read_if(me, event, sizeof *event, CALLER);
        mem_write(me, id, sizeof *id, CALLER);
    }
    int how = event ? event->sigev_notify : SIGEV_SIGNAL;
    stuck_kernel_keeps(event ? (uintptr_t)event->sigev_value.sival_ptr : 0);
    struct notice *n = NULL;
    if (me && how != SIGEV_NONE) {
        struct thread *self = tables_lock();
        n = notice_new();
        tables_unlock(self);
    }
    if (!n)
        return REAL(timer_create)(clock, event, id);
    n->sig = how == SIGEV_THREAD ? 0 : event ? event->sigev_signo : SIGALRM;
    struct sigevent ours, *told = event;
    if (how == SIGEV_THREAD && event->sigev_notify_function) {
        n->run = event->sigev_notify_function;
        n->value = event->sigev_value;
        sync_forget(me, (uintptr_t)&n->armed);
        ours = *event;
        ours.sigev_notify_function = notify;
        ours.sigev_value.sival_ptr = n;
        told = &ours;
    }
    int result = REAL(timer_create)(clock, told, id);
    struct thread *self = tables_lock();
    if (result == 0) {
        n->id = *id;
        n->next = live;
        live = n;
    } else {
        notice_delete(n);
    }
    tables_unlock(self);
    return result;
}

INTERPOSE(int, timer_settime, (timer_t id, int flags, const struct itimerspec *when, struct itimerspec *old))
{
    struct actor *me = current();
    if (me) {
        struct thread *self = tables_lock();
        struct notice *n = *notice_of(id);
        tables_unlock(self);
        if (n && n->sig)
            signal_sent(me, n->sig);
        else if (n)
            sync_release_merge(me, (uintptr_t)&n->armed);
        mem_read(me, when, sizeof *when, CALLER);
    }
    int result = REAL(timer_settime)(id, flags, when, old);
    if (me && result == 0)
        write_if(me, old, sizeof *old, CALLER);
    return result;
}

INTERPOSE(int, timer_gettime, (timer_t id, struct itimerspec *now))
{
    struct actor *me = current();
    int result = REAL(timer_gettime)(id, now);
    if (me && result == 0)
        mem_write(me, now, sizeof *now, CALLER);
    return result;
}

INTERPOSE(int, timer_delete, (timer_t id))
{
    if (current()) {
        struct thread *self = tables_lock();
        struct notice **link = notice_of(id), *n = *link;
        if (n) {
            *link = n->next;
            notice_delete(n);
        }
        tables_unlock(self);
    }
    return REAL(timer_delete)(id);
}

static void arms(int sig)
{
    struct actor *me = current();
    if (me)
        signal_sent(me, sig);
}

INTERPOSE(unsigned, alarm, (unsigned seconds))
{
    arms(SIGALRM);
    return REAL(alarm)(seconds);
}

INTERPOSE(useconds_t, ualarm, (useconds_t delay, useconds_t interval))
{
    arms(SIGALRM);
    return REAL(ualarm)(delay, interval);
}

INTERPOSE(int, setitimer, (__itimer_which_t which, const struct itimerval *new, struct itimerval *old))
{
    struct actor *me = current();
    arms((int)which == ITIMER_PROF ? SIGPROF : (int)which == ITIMER_VIRTUAL ? SIGVTALRM : SIGALRM);
    if (me)
        read_if(me, new, sizeof *new, CALLER);
    int result = REAL(setitimer)(which, new, old);
    if (me && result == 0)
        write_if(me, old, sizeof *old, CALLER);
    return result;
}
