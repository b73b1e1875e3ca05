/* Locks and what else goroutines meet at. Included by goro.h. All zero-initialisable, none may be copied after first use;
 * fields are private. A goroutine that waits gives its thread to others. */
#ifndef GORO_SYNC_H
#define GORO_SYNC_H

#ifdef __cplusplus
extern "C" {
#endif

/* Fast paths are inline; the library has the same functions. A detector has to see each call: so not in code that is compiled
 * for one (GORO_OUTLINE), or with GORO_RACE. */
#if defined(__OPTIMIZE__) && !defined(GORO_RACE) && !defined(GORO_OUTLINE)
#define GORO_INLINE extern inline __attribute__((gnu_inline))
/* Says to the library that not every lock is seen: then it tells a detector of none, rather than of half of them. */
__attribute__((weak, unused)) char goro_locks_inline;
#endif

struct goro_waiters { /* a lock of the runtime and the goroutines that wait, first come first */
    uint32_t lock, count;
    void *first, *last;
};

/* Mutex. Barging, for speed, until a waiter has waited 1 ms: then it is handed over in order. Any goroutine may unlock it.
 * Panics: unlock of an unlocked mutex. */
enum goro_mutex_flags { /* runtime/mutex.c */
    GORO_MUTEX_LOCKED = 1,
    GORO_MUTEX_WAKING = 2,
    GORO_MUTEX_STARVING = 4,
    GORO_MUTEX_WAITING = 8,
};
typedef struct goro_mutex {
    uint32_t state; /* of goro_mutex_flags */
    struct goro_waiters waiters;
} goro_mutex;
void goro_mutex_lock(goro_mutex *m);
bool goro_mutex_trylock(goro_mutex *m); /* true: it is ours. From anywhere */
int goro_mutex_lock_until(goro_mutex *m, int64_t deadline); /* 0 or -ETIMEDOUT */
void goro_mutex_unlock(goro_mutex *m);
void goro_mutex_lock_slow(goro_mutex *m);
void goro_mutex_unlock_slow(goro_mutex *m);
#ifdef GORO_INLINE
/* A goroutine that waits or was woken leaves a flag for as long as it does not run: no reason to leave the fast path. */
GORO_INLINE void goro_mutex_lock(goro_mutex *m)
{
    goro_point(GORO_POINT_LOCK, m);
    uint32_t from = __atomic_load_n(&m->state, __ATOMIC_RELAXED);
    if (from & (GORO_MUTEX_LOCKED | GORO_MUTEX_STARVING) ||
        !__atomic_compare_exchange_n(&m->state, &from, from | GORO_MUTEX_LOCKED, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        goro_mutex_lock_slow(m);
}
GORO_INLINE void goro_mutex_unlock(goro_mutex *m)
{
    goro_point(GORO_POINT_UNLOCK, m);
    uint32_t from = __atomic_load_n(&m->state, __ATOMIC_RELAXED);
    bool wake = from & GORO_MUTEX_WAITING && (from & (GORO_MUTEX_WAKING | GORO_MUTEX_STARVING)) != GORO_MUTEX_WAKING;
    if (!(from & GORO_MUTEX_LOCKED) || wake ||
        !__atomic_compare_exchange_n(&m->state, &from, from & ~(uint32_t)GORO_MUTEX_LOCKED, false, __ATOMIC_RELEASE,
                                     __ATOMIC_RELAXED))
        goro_mutex_unlock_slow(m);
}
#endif

/* Readers-writer lock. A writer that waits keeps new readers out; after it, the readers that came meanwhile go first.
 * Panics: unlock without lock. */
typedef struct goro_rwmutex {
    uint32_t state, departing, grants;
    struct goro_waiters waiters; /* readers */
    struct {
        void *first, *last;
    } writers;
    void *pending; /* the one writer that waits for readers to leave */
} goro_rwmutex;
void goro_rwmutex_rlock(goro_rwmutex *rw);
bool goro_rwmutex_tryrlock(goro_rwmutex *rw);
void goro_rwmutex_runlock(goro_rwmutex *rw);
void goro_rwmutex_lock(goro_rwmutex *rw);
bool goro_rwmutex_trylock(goro_rwmutex *rw);
void goro_rwmutex_unlock(goro_rwmutex *rw);
void goro_rwmutex_rlock_slow(goro_rwmutex *rw);
void goro_rwmutex_runlock_slow(goro_rwmutex *rw, uint32_t state);
#ifdef GORO_INLINE
GORO_INLINE void goro_rwmutex_rlock(goro_rwmutex *rw)
{
    goro_point(GORO_POINT_RLOCK, rw);
    if ((int32_t)__atomic_add_fetch(&rw->state, 1, __ATOMIC_SEQ_CST) < 0)
        goro_rwmutex_rlock_slow(rw);
}
GORO_INLINE void goro_rwmutex_runlock(goro_rwmutex *rw)
{
    goro_point(GORO_POINT_RUNLOCK, rw);
    uint32_t state = __atomic_sub_fetch(&rw->state, 1, __ATOMIC_SEQ_CST);
    if (state >> 30)
        goro_rwmutex_runlock_slow(rw, state);
}
#endif

/* Counts work that others do; add before starting it. Panics: a negative counter, an add from zero while somebody waits. */
typedef struct goro_waitgroup {
    uint64_t state;
    struct goro_waiters waiters;
} goro_waitgroup;
void goro_waitgroup_add(goro_waitgroup *wg, int delta);
void goro_waitgroup_done(goro_waitgroup *wg);
void goro_waitgroup_wait(goro_waitgroup *wg);
int goro_waitgroup_wait_until(goro_waitgroup *wg, int64_t deadline); /* 0 or -ETIMEDOUT */

/* Runs fn(arg) once; all callers return after it has. If fn ends its goroutine (goro_exit), it counts as having run. A
 * call of it by fn itself waits for ever, as in Go. */
typedef struct goro_once {
    uintptr_t state; /* 1: done; runtime/once.c */
} goro_once;
void goro_once_do(goro_once *once, void (*fn)(void *arg), void *arg);
void goro_once_do_slow(goro_once *once, void (*fn)(void *arg), void *arg);
#ifdef GORO_INLINE
GORO_INLINE void goro_once_do(goro_once *once, void (*fn)(void *arg), void *arg)
{
    goro_point(GORO_POINT_ONCE, once);
    if (__atomic_load_n(&once->state, __ATOMIC_ACQUIRE) != 1)
        goro_once_do_slow(once, fn, arg);
}
#endif

/* Condition: always wait in a loop that tests. */
typedef struct goro_cond {
    struct goro_waiters waiters;
} goro_cond;
void goro_cond_wait(goro_cond *c, goro_mutex *m);
int goro_cond_wait_until(goro_cond *c, goro_mutex *m, int64_t deadline); /* 0 or -ETIMEDOUT; m is locked in both */
void goro_cond_signal(goro_cond *c);    /* from anywhere, with or without the mutex */
void goro_cond_broadcast(goro_cond *c);

/* Counting semaphore, fair: a big request is not overtaken by small ones. Panics: negative numbers. */
typedef struct goro_sem {
    int64_t count;
    struct goro_waiters waiters;
} goro_sem;
#define GORO_SEM_INIT(n) {(n), {}}
void goro_sem_acquire(goro_sem *s, int64_t n);
int goro_sem_acquire_until(goro_sem *s, int64_t n, int64_t deadline); /* 0 or -ETIMEDOUT */
struct goro_context;
int goro_sem_acquire_context(goro_sem *s, int64_t n, struct goro_context *c); /* 0, or the context's error */
bool goro_sem_tryacquire(goro_sem *s, int64_t n);
void goro_sem_release(goro_sem *s, int64_t n);

/* Atomics: sequentially consistent, as Go's. For any integer or pointer type of up to 8 bytes. */
/* The operands first: another goroutine may run before the operation, not between it and the point. */
#define GORO_ATOMIC_VALUE(p, v, operation) \
    __extension__({ \
        __typeof__(p) goro_at = (p); \
        __typeof__(*(p)) goro_v = (v); \
        goro_point(GORO_POINT_ATOMIC, goro_at); \
        operation(goro_at, goro_v, __ATOMIC_SEQ_CST); \
    })
#define goro_atomic_load(p) \
    __extension__({ \
        __typeof__(p) goro_at = (p); \
        goro_point(GORO_POINT_LOAD, goro_at); \
        __atomic_load_n(goro_at, __ATOMIC_SEQ_CST); \
    })
#define goro_atomic_store(p, v) GORO_ATOMIC_VALUE(p, v, __atomic_store_n)
#define goro_atomic_add(p, v) GORO_ATOMIC_VALUE(p, v, __atomic_add_fetch) /* the new value */
#define goro_atomic_swap(p, v) GORO_ATOMIC_VALUE(p, v, __atomic_exchange_n)
#define goro_atomic_cas(p, from, to) \
    __extension__({ \
        __typeof__(p) goro_at = (p); \
        __typeof__(*(p)) goro_from = (from), goro_to = (to); \
        goro_point(GORO_POINT_ATOMIC, goro_at); \
        __atomic_compare_exchange_n(goro_at, &goro_from, goro_to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    })

#ifdef __cplusplus
}
#endif
#endif
