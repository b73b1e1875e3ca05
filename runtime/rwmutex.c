/* Readers-writer locks: writers first, but after a writer the readers that came meanwhile.
 *
 * state = WRITER | MORE | number of readers. A reader adds one; if WRITER is not there, it has the lock, and the same for
 * giving it up: one atomic addition each. WRITER means that a writer has the lock, or is about to: it waits for the readers that
 * were counted when it came (departing), who see WRITER when they leave and count themselves off under the lock. Readers that come
 * while WRITER is there are counted in state already, and queue.
 *
 * The end of a writer is one compare-and-swap under the lock: it counts the readers of that moment, who all get in, whether
 * they have reached the queue or not; for the latter there are `grants`, which the next readers that reach it
 * take. A writer that waited (MORE) becomes the one that waits for these readers in the same step, so that later
 * readers are behind it.
 *
 * Lifetime: see waiters.h. A departing reader holds the writer back until its last access. Whoever was let in by a grant
 * passes the lock first.
 *
 * Rejected: a counter of readers per P (fast for many, but a writer must look at all, and the struct would not be 64
 * bytes that may be zero). */
#include "waiters.h"

#define WRITER (UINT32_C(1) << 31)
#define MORE \
    (UINT32_C(1) << 30) /* writers are queued: only with WRITER. Also what a reader too many leaves, in place of it */
#define READERS (MORE - 1)

static bool swap(goro_rwmutex *rw, uint32_t *from, uint32_t to)
{
    return __atomic_compare_exchange_n(&rw->state, from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static uint32_t state_of(const goro_rwmutex *rw)
{
    return __atomic_load_n(&rw->state, __ATOMIC_RELAXED);
}

static struct rt_waitq *writers_of(goro_rwmutex *rw)
{
    return (struct rt_waitq *)&rw->writers;
}

/* The caller is counted in state and saw WRITER. */
static __attribute__((noreturn)) void refuse(const goro_rwmutex *rw, const char *text)
{
    rt_emit_misuse(GORACE_MISUSE_UNLOCK_UNLOCKED, rw, text);
    goro_panic("%s", text);
}

void goro_rwmutex_rlock_slow(goro_rwmutex *rw)
{
    struct rt_waiters *ws = rt_waiters(&rw->waiters);
    struct rt_waiter w = {.g = rt_goroutine("goro_rwmutex_rlock")};
    rt_lock(&ws->lock);
    if (rw->grants > 0) {
        rw->grants--;
        rt_unlock(&ws->lock);
        return;
    }
    ws->count++;
    rt_waitq_push(&ws->queue, &w);
    rt_park_locked(&ws->lock, RT_REASON_RWMUTEX_READ, rw);
}

/* The caller is not counted in `state` any more. */
void goro_rwmutex_runlock_slow(goro_rwmutex *rw, uint32_t state)
{
    struct rt_waiters *ws = rt_waiters(&rw->waiters);
    struct rt_g *writer = NULL;
    if ((state & READERS) == READERS)
        refuse(rw, "runlock of unlocked rwmutex");
    rt_lock(&ws->lock);
    if (rw->departing == 0)
        refuse(rw, "runlock of unlocked rwmutex");
    if (--rw->departing == 0) {
        writer = rw->pending;
        rw->pending = NULL;
    }
    rt_unlock(&ws->lock);
    if (writer)
        rt_ready(writer);
}

void goro_rwmutex_lock_slow(goro_rwmutex *rw)
{
    struct rt_waiters *ws = rt_waiters(&rw->waiters);
    struct rt_waiter w = {.g = rt_goroutine("goro_rwmutex_lock")};
    rt_lock(&ws->lock);
    uint32_t state = state_of(rw);
    while (!swap(rw, &state, state | (state & WRITER ? MORE : WRITER)))
        ;
    if (state & WRITER) {
        rt_waitq_push(writers_of(rw), &w);
    } else if (state & READERS) {
        rw->departing = state & READERS;
        rw->pending = w.g;
    } else {
        rt_unlock(&ws->lock);
        return;
    }
    rt_park_locked(&ws->lock, RT_REASON_RWMUTEX_WRITE, rw);
}

void goro_rwmutex_unlock_slow(goro_rwmutex *rw)
{
    struct rt_waiters *ws = rt_waiters(&rw->waiters);
    struct rt_glist list = {0};
    rt_lock(&ws->lock);
    uint32_t state = state_of(rw);
    if (!(state & WRITER) || rw->departing > 0)
        refuse(rw, "unlock of unlocked rwmutex");
    struct rt_waiter *next = rt_waitq_pop(writers_of(rw)), *w;
    uint32_t flags = (next ? WRITER : 0) | (rw->writers.first ? MORE : 0);
    while (!swap(rw, &state, (state & READERS) | flags))
        ;
    uint32_t readers = state & READERS;
    rw->grants = readers - ws->count; /* none were left, or this writer would not have got the lock */
    ws->count = 0;
    while ((w = rt_waitq_pop(&ws->queue)))
        rt_glist_push(&list, w->g);
    if (next && readers > 0) {
        rw->departing = readers;
        rw->pending = next->g;
    } else if (next) {
        rt_glist_push(&list, next->g);
    }
    rt_unlock(&ws->lock);
    rt_ready_all(&list);
}

void goro_rwmutex_rlock(goro_rwmutex *rw)
{
    RT_OP(RLOCK, rw);
    if (__atomic_add_fetch(&rw->state, 1, __ATOMIC_SEQ_CST) & WRITER)
        goro_rwmutex_rlock_slow(rw);
    rt_emit_lock(rt_self(), rw, 0);
}

bool goro_rwmutex_tryrlock(goro_rwmutex *rw)
{
    RT_OP(TRYLOCK, rw);
    uint32_t state = state_of(rw);
    do {
        if (state & WRITER)
            return false;
    } while (!swap(rw, &state, state + 1));
    rt_emit_lock(rt_self(), rw, GORACE_LOCK_TRY);
    return true;
}

void goro_rwmutex_runlock(goro_rwmutex *rw)
{
    RT_OP(RUNLOCK, rw);
    rt_emit_unlock(rt_self(), rw, 0);
    uint32_t state = __atomic_sub_fetch(&rw->state, 1, __ATOMIC_SEQ_CST);
    if (state >= MORE)
        goro_rwmutex_runlock_slow(rw, state);
}

bool goro_rwmutex_trylock(goro_rwmutex *rw)
{
    RT_OP(TRYLOCK, rw);
    uint32_t state = 0;
    if (!swap(rw, &state, WRITER))
        return false;
    rt_emit_lock(rt_self(), rw, GORACE_LOCK_EXCLUSIVE | GORACE_LOCK_TRY);
    return true;
}

void goro_rwmutex_lock(goro_rwmutex *rw)
{
    RT_OP(LOCK, rw);
    uint32_t state = 0;
    if (!swap(rw, &state, WRITER))
        goro_rwmutex_lock_slow(rw);
    rt_emit_lock(rt_self(), rw, GORACE_LOCK_EXCLUSIVE);
}

void goro_rwmutex_unlock(goro_rwmutex *rw)
{
    RT_OP(UNLOCK, rw);
    uint32_t state = WRITER;
    rt_emit_unlock(rt_self(), rw, GORACE_LOCK_EXCLUSIVE);
    if (!swap(rw, &state, 0))
        goro_rwmutex_unlock_slow(rw);
}
