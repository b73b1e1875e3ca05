/* pthread_create, join, detach and their kin. Edges: create -> first action; last action -> join.
 *
 * The child's actor is born in the creator before the real call and handed over in the thread's record, so nothing has
 * to flow back from the child to the creator, and no edge does. */
#include "../sample/sample.h"
#include "delay.h"
#include "interpose.h"
#include "joining.h"
#include "reports.h"
#include "threads.h"

/* Reports are made on the stack of the thread that finds a race; what suffices for the program need not suffice then. */
#define STACK_MIN ((size_t)256 << 10)

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    void *volatile own = t->arg; /* on its stack, where who looks for pointers will find it */
    thread_begins(t);
    delay_here((uintptr_t)t->run + 1); /* as if called from its beginning */
    return t->run(own);
}

/* A copy of *attr with room for us on a stack that libc is to allocate; *attr itself when there is nothing to change. */
static const pthread_attr_t *with_room(const pthread_attr_t *attr, pthread_attr_t *copy)
{
    void *base;
    size_t size;
    if (!attr || pthread_attr_getstacksize(attr, &size) || size >= STACK_MIN)
        return attr;
    if (pthread_attr_getstack(attr, &base, &size) == 0 && (uintptr_t)base + size != 0)
        return attr; /* the program's own stack */
    *copy = *attr;   /* used for this one call and never destroyed */
    return pthread_attr_setstacksize(copy, STACK_MIN) == 0 ? copy : attr;
}

INTERPOSE(int, pthread_create, (pthread_t * id, const pthread_attr_t *attr, void *(*run)(void *), void *arg))
{
    struct actor *me = current();
    if (!me) {
        if (sample_on())
            reports_ready();
        return REAL(pthread_create)(id, attr, run, arg);
    }
    int state = PTHREAD_CREATE_JOINABLE;
    if (attr)
        pthread_attr_getdetachstate(attr, &state);
    bool detached = state == PTHREAD_CREATE_DETACHED;
    mem_write(me, id, sizeof *id, CALLER);
    struct actor *child = actor_born(me, CALLER);
    struct thread *t = child ? thread_prepare(child, detached) : NULL;
    if (!t)
        return REAL(pthread_create)(id, attr, run, arg);
    t->run = run;
    t->arg = arg;
    if (detached)
        actor_detached(child);
    pthread_attr_t roomy;
    thread_creation_begins(t, attr);
    int result = REAL(pthread_create)(id, with_room(attr, &roomy), thread_main, t);
    thread_creation_over(t);
    if (result == 0) {
        thread_created(t, id);
        delay_here(CALLER);
        return 0;
    }
    thread_not_created(t);
    actor_ends(child);
    if (!detached)
        actor_joins(me, child);
    return result;
}

INTERPOSE(int, pthread_join, (pthread_t id, void **value))
{
    JOIN(pthread_join, true, id, value, sizeof *value, id, value);
}

INTERPOSE(int, pthread_tryjoin_np, (pthread_t id, void **value))
{
    JOIN(pthread_tryjoin_np, false, id, value, sizeof *value, id, value);
}

INTERPOSE(int, pthread_timedjoin_np, (pthread_t id, void **value, const struct timespec *until))
{
    JOIN(pthread_timedjoin_np, false, id, value, sizeof *value, id, value, until);
}

INTERPOSE(int, pthread_clockjoin_np, (pthread_t id, void **value, clockid_t clock, const struct timespec *until))
{
    if (!REAL(pthread_clockjoin_np))
        return ENOSYS;
    JOIN(pthread_clockjoin_np, false, id, value, sizeof *value, id, value, clock, until);
}

INTERPOSE(int, pthread_detach, (pthread_t id))
{
    struct actor *me = current();
    struct thread *t = me ? thread_find(id) : NULL;
    int result = REAL(pthread_detach)(id);
    if (t && result == 0)
        thread_detached(t);
    else
        thread_unpin(t);
    return result;
}

static size_t length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

INTERPOSE(int, pthread_setname_np, (pthread_t id, const char *name))
{
    struct actor *me = current();
    if (me)
        mem_read(me, name, length(name) + 1, CALLER);
    int result = REAL(pthread_setname_np)(id, name);
    if (me && result == 0)
        thread_named(id, name);
    return result;
}

INTERPOSE(int, prctl, (int option, ...))
{
    unsigned long a[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(list, unsigned long);
    va_end(list);
    struct actor *me = current();
    if (option == PR_SET_SECCOMP)
        sample_stop();
    int result = REAL(prctl)(option, a[0], a[1], a[2], a[3]);
    if (me && option == PR_SET_NAME && result == 0) {
        const char *name = (const char *)a[0];
        mem_read(me, name, length(name) + 1, CALLER);
        thread_named(pthread_self(), name);
    }
    return result;
}
