/* GLib: the functions of glib.def, which are not compiled with the hooks and lock by atomic instructions. */
#include "../detector/arena.h"
#include "delay.h"
#include "library.h"

#define LIBRARY \
    (const char *const[]) \
    { \
        "libglib-2.0", NULL \
    }
#define GLIB(ret, name, params) LIBRARY_ROW(ret, name, params)
#define GLIB_NEW(ret, name, params) LIBRARY_ROW(ret, name, params)
#include "glib.def"
#undef GLIB
#undef GLIB_NEW

/* ---- GMutex, GCond ---------------------------------------------------------------------------------------------------- */

static struct actor *teller(uintptr_t pc)
{
    (void)pc;
    return current();
}
static struct actor *taker(uintptr_t pc)
{
    delay_here(pc);
    return current();
}
LIBRARY_CHANGES(g_mutex_init, teller, library_lock_made)
LIBRARY_CHANGES(g_mutex_clear, teller, library_lock_destroyed)
LIBRARY_TAKES(g_mutex_lock, (void *lock), taker, lock, false, lock)
LIBRARY_TRIES(g_mutex_trylock, teller)
LIBRARY_GIVES(g_mutex_unlock, (void *lock), teller, lock, lock)
LIBRARY_TAKES(g_async_queue_lock, (void *lock), taker, lock, false, lock)
LIBRARY_GIVES(g_async_queue_unlock, (void *lock), teller, lock, lock)

/* Order comes with the mutex. That it waits is not told: who may signal is not seen where GLib does it by itself. */
EXPORT void g_cond_wait(void *cond, void *mutex)
{
    struct actor *me = current();
    if (me)
        library_lock_given(me, (uintptr_t)mutex);
    library_quiet_begin();
    LIBRARY_REAL(g_cond_wait)(cond, mutex);
    library_quiet_end();
    if (me)
        library_lock_got(me, (uintptr_t)mutex, 0, CALLER);
}

EXPORT int g_cond_wait_until(void *cond, void *mutex, int64_t until)
{
    struct actor *me = current();
    if (me)
        library_lock_given(me, (uintptr_t)mutex);
    library_quiet_begin();
    int signalled = LIBRARY_REAL(g_cond_wait_until)(cond, mutex, until);
    library_quiet_end();
    if (me)
        library_lock_got(me, (uintptr_t)mutex, HOW_TIMED, CALLER);
    return signalled;
}

/* ---- once ------------------------------------------------------------------------------------------------------------- */

struct once_call {
    void *(*run)(void *);
    void *arg;
    void *once;
};

static void *once_run(void *arg)
{
    const struct once_call *call = arg;
    void *result = call->run(call->arg);
    struct actor *me = current();
    if (me)
        sync_release(me, (uintptr_t)call->once);
    return result;
}

EXPORT void *g_once_impl(void *once, void *(*run)(void *), void *arg)
{
    struct actor *me = current();
    if (!me)
        return LIBRARY_REAL(g_once_impl)(once, run, arg);
    struct once_call call = {run, arg, once};
    void *result = LIBRARY_REAL(g_once_impl)(once, once_run, &call);
    sync_acquire(me, (uintptr_t)once);
    return result;
}

/* Whoever finds it done in line has loaded the place, by an atomic operation that is seen. */
#define ONCE(enter, leave, type) \
    EXPORT int enter(void *place) \
    { \
        struct actor *me = current(); \
        int first = LIBRARY_REAL(enter)(place); \
        if (me && !first) \
            sync_acquire(me, (uintptr_t)place); \
        return first; \
    } \
    EXPORT void leave(void *place, type result) \
    { \
        struct actor *me = current(); \
        if (me) \
            sync_release(me, (uintptr_t)place); \
        LIBRARY_REAL(leave)(place, result); \
    }
ONCE(g_once_init_enter, g_once_init_leave, size_t)
ONCE(g_once_init_enter_pointer, g_once_init_leave_pointer, void *)

/* ---- GAsyncQueue ------------------------------------------------------------------------------------------------------ */

/* Each call is a section under the queue's own mutex, the key of which is the queue's, as for g_async_queue_lock. */
#define PUTS(name, params, ...) \
    EXPORT void name params \
    { \
        struct actor *me = current(); \
        if (me) \
            lock_release_merge(me, (uintptr_t)queue); \
        LIBRARY_REAL(name)(__VA_ARGS__); \
        if (me) \
            lock_acquire(me, (uintptr_t)queue); \
    }
#define GETS(name, params, ...) \
    EXPORT void *name params \
    { \
        struct actor *me = current(); \
        if (me) \
            lock_release_merge(me, (uintptr_t)queue); \
        void *data = LIBRARY_REAL(name)(__VA_ARGS__); \
        if (me) \
            lock_acquire(me, (uintptr_t)queue); \
        return data; \
    }
PUTS(g_async_queue_push, (void *queue, void *data), queue, data)
PUTS(g_async_queue_push_unlocked, (void *queue, void *data), queue, data)
PUTS(g_async_queue_push_front, (void *queue, void *data), queue, data)
PUTS(g_async_queue_push_front_unlocked, (void *queue, void *data), queue, data)
PUTS(g_async_queue_push_sorted, (void *queue, void *data, void *compare, void *arg), queue, data, compare, arg)
PUTS(g_async_queue_push_sorted_unlocked, (void *queue, void *data, void *compare, void *arg), queue, data, compare, arg)
GETS(g_async_queue_pop, (void *queue), queue)
GETS(g_async_queue_pop_unlocked, (void *queue), queue)
GETS(g_async_queue_try_pop, (void *queue), queue)
GETS(g_async_queue_try_pop_unlocked, (void *queue), queue)
GETS(g_async_queue_timeout_pop, (void *queue, uint64_t microseconds), queue, microseconds)
GETS(g_async_queue_timeout_pop_unlocked, (void *queue, uint64_t microseconds), queue, microseconds)

/* ---- GThreadPool ------------------------------------------------------------------------------------------------------ */

/* Runs in the place of the program's function. Stays when the pool is freed without waiting, as its threads go on then. */
struct pool_work {
    void (*run)(void *, void *);
    void *arg;
    char pushed, done; /* sync objects */
};

/* The beginning of GThreadPool, which is public. */
struct thread_pool {
    void (*run)(void *, void *);
    struct pool_work *work;
};

static void pool_run(void *data, void *arg)
{
    struct pool_work *work = arg;
    struct actor *me = current();
    if (me)
        sync_acquire(me, (uintptr_t)&work->pushed);
    work->run(data, work->arg);
    me = current();
    if (me)
        sync_release_merge(me, (uintptr_t)&work->done);
}

static struct pool_work *work_of(const struct thread_pool *pool)
{
    return pool && pool->run == pool_run ? pool->work : NULL;
}

static struct pool_work *work_new(void (*run)(void *, void *), void *arg)
{
    struct pool_work *work = current() ? arena_alloc(sizeof *work) : NULL;
    if (work)
        *work = (struct pool_work){.run = run, .arg = arg};
    return work;
}
#define WORK_OR_OWN(work) work ? pool_run : run, work ? work : arg

EXPORT void *g_thread_pool_new(void (*run)(void *, void *), void *arg, int threads, int exclusive, void **error)
{
    struct pool_work *work = work_new(run, arg);
    return LIBRARY_REAL(g_thread_pool_new)(WORK_OR_OWN(work), threads, exclusive, error);
}

EXPORT void *g_thread_pool_new_full(void (*run)(void *, void *), void *arg, void (*drop)(void *), int threads,
                                    int exclusive, void **error)
{
    struct pool_work *work = work_new(run, arg);
    return LIBRARY_REAL(g_thread_pool_new_full)(WORK_OR_OWN(work), drop, threads, exclusive, error);
}

EXPORT int g_thread_pool_push(void *pool, void *data, void **error)
{
    struct actor *me = current();
    struct pool_work *work = work_of(pool);
    if (me && work)
        sync_release_merge(me, (uintptr_t)&work->pushed);
    return LIBRARY_REAL(g_thread_pool_push)(pool, data, error);
}

EXPORT void g_thread_pool_free(void *pool, int at_once, int waits)
{
    struct actor *me = current();
    struct pool_work *work = work_of(pool);
    LIBRARY_REAL(g_thread_pool_free)(pool, at_once, waits);
    if (!work || !waits || !me)
        return;
    sync_acquire(me, (uintptr_t)&work->done);
    sync_forget(me, (uintptr_t)&work->pushed);
    sync_forget(me, (uintptr_t)&work->done);
    arena_free(work, sizeof *work);
}
