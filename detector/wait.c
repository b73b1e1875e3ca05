/* See wait.h. */
#include "wait.h"

#include "lock.h"
#include "record.h"
#include "wait_report.h"

static struct oslock waits;
static uint64_t serial;

/* Atomic. Low half: waits that are active and have no time limit; above it: how many have begun and ended. Of goroutines only those
 * that are `counted`: while the thread that runs one does not wait itself, nobody need ask whether all do, and the goroutines of
 * all threads would take this line from one another at each value that goes through a channel. */
static uint64_t tally;
#define CHANGE ((uint64_t)1 << 32)
static bool more; /* atomic: some wait was not counted */

bool wait_active(const struct actor *a)
{
    return __atomic_load_n(&a->wait.active, __ATOMIC_SEQ_CST);
}

void actor_cancelled(struct actor *a)
{
    __atomic_store_n(&a->cancelled, true, __ATOMIC_SEQ_CST);
}

void waits_lock(void)
{
    os_lock(&waits);
}

void waits_unlock(void)
{
    os_unlock(&waits);
}

uint32_t waits_without_limit(void)
{
    return (uint32_t)__atomic_load_n(&tally, __ATOMIC_SEQ_CST);
}

bool waits_possible(void)
{
    return waits_without_limit() > 0 || __atomic_load_n(&more, __ATOMIC_RELAXED);
}

uint64_t wait_changes(void)
{
    return __atomic_load_n(&tally, __ATOMIC_SEQ_CST) >> 32;
}

/* ---- a cycle --------------------------------------------------------------------------------------------------------- */

struct search {
    struct actor *start, *now, *last; /* now: whose holders are looked at; last: of the queue */
};

static bool reach(struct actor *holder, void *ctx)
{
    struct search *s = ctx;
    if (holder == s->start)
        return true;
    if (holder->wait.mark == serial || !wait_active(holder))
        return false;
    holder->wait.mark = serial;
    holder->wait.from = s->now;
    holder->wait.queue = NULL;
    s->last->wait.queue = holder;
    s->last = holder;
    return false;
}

/* The one who waits for `a` at the end of a chain that begins with it, or NULL; the chain is in wait.from. */
static struct actor *cycle_with(struct actor *a)
{
    struct search s = {.start = a, .now = a, .last = a};
    a->wait.mark = ++serial;
    a->wait.from = a->wait.queue = NULL;
    os_lock(&actors_lock);
    while (s.now && !wait_each_holder(s.now, reach, &s))
        s.now = s.now->wait.queue;
    os_unlock(&actors_lock);
    return s.now;
}

/* ---- verbs --------------------------------------------------------------------------------------------------------------- */

/* A lock of threads belongs to the thread that took it, and the goroutine may go on with another one. */
static void check_switch(struct actor *a, uintptr_t pc)
{
    for (unsigned i = 0; i < a->nheld; i++)
        if (!a->held[i].green && a->held[i].thing <= THING_SPIN) {
            misuse(a, MISUSE_HELD_ACROSS_SWITCH, (enum thing)a->held[i].thing, a->held[i].addr, NULL, pc);
            return;
        }
}

/* Who waits for somebody in particular, or on a condition, is looked at by others in the middle of their search. */
static bool needs_lock(const struct wait_for *f)
{
    return wait_for_holders(f) || f->thing == THING_COND;
}

/* What the searches note in a->wait stays. */
static inline void begun(struct actor *a, const struct wait_for *f, uint32_t stack, uintptr_t sp, bool counted)
{
    a->wait.f = *f;
    a->wait.reported = f->told;
    a->wait.stack = stack;
    a->wait.sp = sp;
    a->wait.counted = counted;
    if (unlikely(a->nheld))
        held_own_up(a);
    __atomic_store_n(&a->wait.active, true, __ATOMIC_RELEASE); /* whoever sees the tally sees it */
    if (likely(!counted)) {
        if (unlikely(!__atomic_load_n(&more, __ATOMIC_RELAXED)))
            __atomic_store_n(&more, true, __ATOMIC_RELAXED);
        return;
    }
    __atomic_fetch_add(&tally, CHANGE + !wait_timed(a), __ATOMIC_SEQ_CST);
}

static inline void ended(struct actor *a)
{
    const bool counted = a->wait.counted;
    __atomic_store_n(&a->wait.active, false, __ATOMIC_RELEASE);
    if (unlikely(counted))
        __atomic_fetch_add(&tally, CHANGE - !wait_timed(a), __ATOMIC_SEQ_CST);
}

/* The thread that runs it waits, too, or there is none. */
static inline bool is_counted(const struct actor *a)
{
    const struct actor *thread = a->stocks->owner;
    return unlikely(thread == a || wait_active(thread));
}

/* Requires: green, and not needs_lock. */
static inline __attribute__((always_inline)) void parks(struct actor *a, const struct wait_for *f, uintptr_t pc)
{
    const uint32_t stack = context_stack(a, pc);
    const uintptr_t sp = parked_here();
    if (!actor_enter(a))
        return;
    record(a, TRACE_WAIT, f->key, HOW(f->thing, f->how), pc);
    const bool counted = is_counted(a);
    begun(a, f, stack, sp, counted);
    actor_leave(a);
    if (unlikely(a->nheld))
        check_switch(a, pc);
    if (unlikely(counted) && !wait_timed(a))
        wait_check(a);
}

void wait_parks(struct actor *a, enum thing thing, uint64_t key, unsigned how, uintptr_t pc)
{
    const struct wait_for f = {.thing = thing, .how = how, .key = key};
    if (!host.no_waits)
        parks(a, &f, pc);
}

void wait_begin(struct actor *a, const struct wait_for *f, uintptr_t pc)
{
    if (host.no_waits)
        return;
    if (actor_green(a) && !needs_lock(f)) {
        parks(a, f, pc);
        return;
    }
    const uint32_t stack = context_stack(a, pc);
    const uintptr_t sp = parked_here();
    if (!actor_enter(a))
        return;
    record(a, TRACE_WAIT, f->key, HOW(f->thing, f->how), pc);
    struct report_of_waits r = {0};
    os_lock(&waits);
    begun(a, f, stack, sp, true);
    bool found = false, other_mutex = false;
    struct lock *condition = f->thing == THING_COND ? lock_at(f->key, THING_COND) : NULL;
    if (condition) {
        other_mutex = condition->waiters++ && condition->waited_with != f->mutex;
        condition->waited_with = f->mutex;
    }
    if (!wait_timed(a)) {
        struct actor *end = cycle_with(a);
        /* A goroutine that waits for a lock of its own may have been promised that somebody else unlocks it. */
        if (end == a && actor_green(a))
            end = NULL;
        found = end && wait_report_cycle(a, end, &r);
        if (!end)
            found = wait_report_orphan(a, &r);
    }
    os_unlock(&waits);
    actor_leave(a);
    if (actor_green(a))
        check_switch(a, pc);
    if (other_mutex)
        misuse(a, MISUSE_TWO_MUTEXES, THING_COND, f->key, NULL, pc);
    if (found)
        wait_report_hand_over(a, &r, false);
    if (!wait_timed(a))
        wait_check(a);
}

static void condition_left(struct actor *a, bool gave_up)
{
    struct lock *l = a->wait.f.thing == THING_COND ? lock_find(a->wait.f.key) : NULL;
    if (!l || !l->waiters)
        return;
    l->waiters--;
    if (!gave_up && l->pending)
        l->pending--;
    if (l->pending > l->waiters)
        l->pending = l->waiters;
}

static void end(struct actor *a, bool gave_up)
{
    if (!wait_active(a))
        return;
    ended(a);
    actor_pass(a); /* who has stopped the world and seen `active` relies on it */
    bool nested = a->inside;
    a->inside = 1;
    compiler_barrier();
    if (a->stocks)
        record(a, TRACE_WAITED, a->wait.f.key, 0, 0);
    os_lock(&waits);
    condition_left(a, gave_up);
    os_unlock(&waits);
    if (!nested)
        actor_leave(a);
}

void wait_end(struct actor *a)
{
    end(a, false);
}

bool wait_woken(struct actor *a)
{
    if (!wait_active(a))
        return false;
    const bool looked_at = needs_lock(&a->wait.f);
    ended(a);
    return looked_at;
}

void wait_let_look(void)
{
    os_lock(&waits);
    os_unlock(&waits);
}

void wait_given_up(struct actor *a)
{
    end(a, true);
}

/* One more that waits on the condition is on its way, or all are; false: there was nobody. */
static bool signalled(struct actor *a, uint64_t key, bool all)
{
    bool counted = false;
    if (!actor_enter(a))
        return false;
    struct lock *l = lock_find(key);
    if (l && __atomic_load_n(&l->waiters, __ATOMIC_SEQ_CST)) {
        os_lock(&waits);
        counted = l->pending < l->waiters;
        if (counted)
            l->pending = all ? l->waiters : l->pending + 1;
        os_unlock(&waits);
    }
    actor_leave(a);
    return counted;
}

bool wait_signalling(struct actor *a, uint64_t key, bool all)
{
    return signalled(a, key, all);
}

/* Somebody who began to wait meanwhile may have been woken. */
void wait_signalled(struct actor *a, uint64_t key, bool all, bool counted)
{
    if (all || !counted)
        signalled(a, key, all);
}

void wait_actor_ends(struct actor *a)
{
    os_lock(&waits);
    if (a->wait.active) { /* cancelled in it */
        ended(a);
        condition_left(a, true);
    }
    held_orphaned(a, false);
    os_unlock(&waits);
}

void wait_only(struct actor *a)
{
    __atomic_store_n(&tally, 0, __ATOMIC_SEQ_CST);
    a->wait.active = false;
}

bool condition_waited(struct actor *a, uintptr_t addr)
{
    if (!actor_enter(a))
        return false;
    const struct lock *l = lock_find(addr);
    os_lock(&waits);
    bool waited = l && l->waiters > l->pending;
    os_unlock(&waits);
    actor_leave(a);
    return waited;
}
