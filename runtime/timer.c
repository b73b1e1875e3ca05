/* Timers: a heap with four children a node: half as deep as a binary one, and the children lie in one or two cache lines.
 *
 * Each timer knows its place, so that a deadline that was not needed (nearly all of them) leaves at once: its entry stays as an empty
 * one, and refers to nobody. Empty entries go when they come to the top (never is one there), or all together when they are the most:
 * to close the gap at once would touch a cold timer on each level.
 *
 * Guard: everything of a timer but `firing` is under the lock of its P's heap. t->p itself changes only while the timer
 * is neither armed nor firing (rt_timer_add), or with both heaps locked (rt_timers_move): who wants the lock reads t->p, locks,
 * and looks again.
 *
 * A timer's life: idle (place 0) -> armed (place > 0) -> firing (firing 1, place 0) -> idle. Armed again while it fires
 * (place AGAIN) it enters the heap only after fire has returned: so fire never runs twice at once, and rt_timer_del finds it in one
 * heap. The store of firing = 0 is the last that the scheduler does to a timer.
 *
 * Rejected: timer wheels (deadlines of I/O and sleeps of goroutines are of all sizes; a heap per P is uncontended), one heap
 * for all (its lock would be everybody's). */
#include "timer.h"

#include <string.h>
#include <sys/syscall.h>

#include "arch/x86_64/syscall.h"
#include "bytes.h"
#include "os.h"
#include "panic.h"
#include "rt.h"

enum { CHILDREN = 4, FIRST_ROOM = 64, FEW_EMPTY = 32, AGAIN = -1, SPINS = 100 };

/* ---- the heap. All: Requires ts->lock ---- */

static void put_at(struct rt_timers *ts, int32_t i, struct rt_timer_entry e)
{
    ts->heap[i] = e;
    if (e.timer)
        __atomic_store_n(&e.timer->place, i + 1, __ATOMIC_RELAXED);
}

static bool before(struct rt_timer_entry a, struct rt_timer_entry b)
{
    return a.when < b.when || (a.when == b.when && RT_STEERED && a.timer->turn < b.timer->turn);
}

static void sift_up(struct rt_timers *ts, int32_t i, struct rt_timer_entry e)
{
    while (i > 0) {
        int32_t parent = (i - 1) / CHILDREN;
        if (!before(e, ts->heap[parent]))
            break;
        put_at(ts, i, ts->heap[parent]);
        i = parent;
    }
    put_at(ts, i, e);
}

static void sift_down(struct rt_timers *ts, int32_t i, struct rt_timer_entry e)
{
    for (;;) {
        int64_t first = (int64_t)i * CHILDREN + 1, end = first + CHILDREN < ts->count ? first + CHILDREN : ts->count;
        if (first >= ts->count)
            break;
        int32_t least = (int32_t)first;
        for (int32_t child = least + 1; child < end; child++)
            if (before(ts->heap[child], ts->heap[least]))
                least = child;
        if (!before(ts->heap[least], e))
            break;
        put_at(ts, i, ts->heap[least]);
        i = least;
    }
    put_at(ts, i, e);
}

/* Earlier than before: sequentially consistent, for an M that goes to sleep publishes until when before it reads this, and
 * rt_timer_wake reads that after it. Later: who reads the old one looks once too often. */
static void publish(struct rt_timers *ts)
{
    int64_t next = ts->count > 0 ? ts->heap[0].when : INT64_MAX;
    int64_t old = __atomic_load_n(&ts->next, __ATOMIC_RELAXED);
    if (next < old)
        __atomic_store_n(&ts->next, next, __ATOMIC_SEQ_CST);
    else if (next > old)
        __atomic_store_n(&ts->next, next, __ATOMIC_RELEASE);
}

static void grow(struct rt_timers *ts)
{
    int32_t room = ts->room > 0 ? 2 * ts->room : FIRST_ROOM;
    struct rt_timer_entry *heap = room > ts->room ? rt_alloc((size_t)room * sizeof *heap) : NULL;
    if (!heap)
        rt_fatal("no memory for %d timers", ts->count + 1);
    if (ts->heap)
        rt_copy(heap, ts->heap, (size_t)ts->count * sizeof *heap);
    rt_free(ts->heap, (size_t)ts->room * sizeof *heap);
    ts->heap = heap;
    ts->room = room;
}

/* Without the empty entries, at once. */
static void sweep(struct rt_timers *ts)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < ts->count; i++)
        if (ts->heap[i].timer)
            put_at(ts, kept++, ts->heap[i]);
    ts->count = kept;
    ts->empty = 0;
    for (int32_t i = (kept - 2) / CHILDREN; i >= 0 && kept > 1; i--)
        sift_down(ts, i, ts->heap[i]);
}

static bool mostly_empty(const struct rt_timers *ts)
{
    return ts->empty > FEW_EMPTY && ts->empty > ts->count / 4 * 3;
}

static void insert(struct rt_timers *ts, struct rt_timer *t)
{
    if (ts->count == ts->room && ts->empty > ts->count / 2)
        sweep(ts);
    if (ts->count == ts->room)
        grow(ts);
    sift_up(ts, ts->count++, (struct rt_timer_entry){t->when, t});
}

static void drop_first(struct rt_timers *ts)
{
    struct rt_timer_entry last = ts->heap[--ts->count];
    if (ts->count > 0)
        sift_down(ts, 0, last);
}

static void take_first(struct rt_timers *ts)
{
    drop_first(ts);
    while (ts->count > 0 && !ts->heap[0].timer) {
        ts->empty--;
        drop_first(ts);
    }
}

/* The order among timers of one moment is drawn, and has to be what it was with the same draws: no entry stays. */
static void close_gap(struct rt_timers *ts, int32_t i)
{
    struct rt_timer_entry last = ts->heap[--ts->count];
    if (i == ts->count)
        return;
    if (i > 0 && before(last, ts->heap[(i - 1) / CHILDREN]))
        sift_up(ts, i, last);
    else
        sift_down(ts, i, last);
}

/* Of one that is neither first nor last the heap is only written to: its line is cold, and a load would wait for it. */
static void take_out(struct rt_timers *ts, struct rt_timer *t)
{
    int32_t i = t->place - 1;
    if (i == ts->count - 1 || RT_STEERED) {
        close_gap(ts, i);
    } else if (i == 0) {
        take_first(ts);
    } else {
        ts->heap[i].timer = NULL;
        ts->empty++;
        if (mostly_empty(ts))
            sweep(ts);
    }
    /* Released: who sees it without the lock (rt_timer_over) must see firing as well. */
    __atomic_store_n(&t->place, 0, __ATOMIC_RELEASE);
}

/* ---- arming ---- */

/* The heap of an armed or firing timer, locked; NULL: it never was in one that still exists. */
static struct rt_timers *lock_home(struct rt_timer *t)
{
    for (;;) {
        struct rt_p *p = __atomic_load_n(&t->p, __ATOMIC_ACQUIRE);
        if (!p)
            return NULL;
        struct rt_timers *ts = rt_p_timers(p);
        rt_lock(&ts->lock);
        if (__atomic_load_n(&t->p, __ATOMIC_RELAXED) == p)
            return ts;
        rt_unlock(&ts->lock);
    }
}

/* It fires, maybe on another M: armed for when that is over, unless it is over by now. */
static bool arm_firing(struct rt_timer *t, int64_t when)
{
    struct rt_timers *ts = lock_home(t);
    if (!ts)
        return false;
    bool firing = __atomic_load_n(&t->firing, __ATOMIC_RELAXED);
    if (firing) {
        t->when = when;
        __atomic_store_n(&t->place, AGAIN, __ATOMIC_RELAXED);
    }
    rt_unlock(&ts->lock);
    return firing;
}

void rt_timer_add(struct rt_timer *t, int64_t when)
{
    if (__atomic_load_n(&t->firing, __ATOMIC_ACQUIRE) && arm_firing(t, when))
        return;
    rt_enter();
    struct rt_p *p = rt_this_p();
    if (!p)
        p = rt_any_p();
    if (!p)
        rt_fatal("a timer while the runtime does not run");
    struct rt_timers *ts = rt_p_timers(p);
    if (RT_STEERED)
        t->turn = rt_choose(RT_STREAM_TIMER, UINT32_MAX);
    rt_lock(&ts->lock);
    t->when = when;
    __atomic_store_n(&t->p, p, __ATOMIC_RELEASE);
    insert(ts, t);
    bool earliest = t->place == 1;
    publish(ts);
    rt_unlock(&ts->lock);
    if (earliest)
        rt_timer_wake(when);
    rt_leave();
}

bool rt_timer_del(struct rt_timer *t)
{
    bool armed = false;
    for (int spins = 0;; spins++) {
        struct rt_timers *ts = lock_home(t);
        if (!ts)
            return false;
        int32_t place = t->place;
        if (place > 0) {
            take_out(ts, t);
            if (place == 1)
                publish(ts);
        } else if (place == AGAIN) {
            t->place = 0;
        }
        armed |= place != 0;
        bool firing = __atomic_load_n(&t->firing, __ATOMIC_ACQUIRE);
        rt_unlock(&ts->lock);
        if (!firing)
            return armed;
        if (spins < SPINS)
            rt_pause();
        else
            rt_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    }
}

/* ---- for the scheduler ---- */

/* Requires: ts->lock, which is given up meanwhile; there is one. */
static void fire_first(struct rt_timers *ts)
{
    struct rt_timer *t = ts->heap[0].timer;
    __atomic_store_n(&t->firing, 1, __ATOMIC_RELAXED);
    take_out(ts, t);
    publish(ts);
    rt_unlock(&ts->lock);
    rt_emit_timer_fires(t);
    t->fire(t);
    rt_emit_timer_fired();
    rt_lock(&ts->lock);
    if (t->place == AGAIN) {
        insert(ts, t);
        publish(ts);
    }
    __atomic_store_n(&t->firing, 0, __ATOMIC_RELEASE);
}

void rt_timers_fire(struct rt_p *p)
{
    struct rt_timers *ts = rt_p_timers(p);
    rt_lock(&ts->lock);
    fire_first(ts);
    rt_unlock(&ts->lock);
}

void rt_timers_run(struct rt_p *p, int64_t now, uint32_t most)
{
    struct rt_timers *ts = rt_p_timers(p);
    if (rt_timers_next(ts) > now)
        return;
    rt_lock(&ts->lock);
    while (ts->count > 0 && ts->heap[0].when <= now && most-- > 0)
        fire_first(ts);
    rt_unlock(&ts->lock);
}

void rt_timers_move(struct rt_p *from, struct rt_p *to)
{
    struct rt_timers *source = rt_p_timers(from), *target = rt_p_timers(to);
    struct rt_timers *first = source < target ? source : target, *second = source < target ? target : source;
    rt_lock(&first->lock);
    rt_lock(&second->lock);
    for (int32_t i = 0; i < source->count; i++) {
        struct rt_timer *t = source->heap[i].timer;
        if (!t)
            continue;
        __atomic_store_n(&t->p, to, __ATOMIC_RELEASE);
        insert(target, t);
    }
    source->count = source->empty = 0;
    publish(source);
    publish(target);
    int64_t next = rt_timers_next(target);
    rt_unlock(&second->lock);
    rt_unlock(&first->lock);
    rt_timer_wake(next);
}

void rt_timers_drop(struct rt_p *p)
{
    struct rt_timers *ts = rt_p_timers(p);
    for (int32_t i = 0; i < ts->count; i++)
        if (ts->heap[i].timer) {
            ts->heap[i].timer->place = 0;
            ts->heap[i].timer->p = NULL;
        }
    ts->count = ts->empty = 0;
    publish(ts);
}

void rt_timers_free(struct rt_p *p)
{
    struct rt_timers *ts = rt_p_timers(p);
    rt_timers_drop(p);
    rt_free(ts->heap, (size_t)ts->room * sizeof *ts->heap);
    memset(ts, 0, sizeof *ts);
}
