/* struct goro_waiters, which public structs contain, as the runtime sees it: a lock and a queue that it guards. (The
 * runtime is built without strict aliasing.)
 *
 * Lifetime. An object may be gone as soon as somebody learned that it is free: so who wakes others does all it has to do to
 * the object under the lock, gives it up, and only then makes them ready. Those who wait touch the object after the wake, or
 * not at all, and whoever takes a short cut by an atomic must see in it that nobody is still under the lock. */
#ifndef RT_WAITERS_H
#define RT_WAITERS_H

#include "rt.h"

/* For callers inside of the runtime: the call that a report shows is theirs. */
void rt_mutex_lock(goro_mutex *m);
void rt_mutex_unlock(goro_mutex *m);
void rt_waitgroup_add(goro_waitgroup *wg, int delta);
int rt_waitgroup_wait(goro_waitgroup *wg, int64_t deadline);
void rt_sem_acquire(goro_sem *s, int64_t n);
void rt_sem_release(goro_sem *s, int64_t n);
#define goro_spawn rt_spawn

struct rt_waiters {
    struct rt_lock lock;
    uint32_t count; /* the object's */
    struct rt_waitq queue;
};
_Static_assert(sizeof(struct rt_waiters) == sizeof(struct goro_waiters), "struct goro_waiters");

static inline struct rt_waiters *rt_waiters(struct goro_waiters *w)
{
    return (struct rt_waiters *)w;
}

static inline bool rt_passed(int64_t deadline)
{
    return deadline != GORO_FOREVER && deadline <= goro_now();
}

/* One is next on this P; several run in order of waiting, after what is queued. */
static inline void rt_ready_all(struct rt_glist *list)
{
    if (list->count == 1)
        rt_ready(list->first);
    else
        rt_ready_list(list);
}

#endif
