/* Going in and out of the core, standing still, switching off.
 *
 * Stopping costs the fast path nothing but a plain store and a load: the one who stops sets PAUSE_STOP on every actor
 * and then has the kernel put a barrier into every thread (membarrier(2)). Afterwards an actor has either seen the bit,
 * or its `inside` can be seen. Actors that are inside come out soon: nobody blocks there but on locks of the core. */
#include "access.h"
#include "collect.h"
#include "finding.h"
#include "foreign.h"
#include "heap.h"
#include "history.h"
#include "lock_order.h"
#include "order.h"
#include "lockset.h"
#include "race.h"
#include "record.h"
#include "sync.h"

struct detector_host host;
bool detector_races, detector_memory = true; /* the latter until it is known */
static struct oslock world;     /* held by the one who has stopped the world */
uint32_t world_stopped;         /* futex: 1 while the world stands; set under actors_lock */
static uint32_t off;
static uint64_t deferred;

HOT void actor_parks(struct actor *a, const char *call, int fd, uintptr_t sp)
{
    a->parked.sp = sp;
    a->parked.call = call;
    a->parked.fd = fd;
    __atomic_store_n(&a->parked.is, true, __ATOMIC_RELEASE);
}

/* Who has seen `is` set after he stopped the world (and had the barrier put into all threads) may rely on it: `a` does not get
 * past here. */
HOT void actor_unparks(struct actor *a)
{
    __atomic_store_n(&a->parked.is, false, __ATOMIC_RELAXED);
    compiler_barrier();
    actor_pass(a);
}

void actor_handles(struct actor *a, struct parked *before)
{
    *before = a->parked;
    __atomic_fetch_add(&a->handlers, 1, __ATOMIC_RELAXED);
    actor_unparks(a);
}

void actor_handled(struct actor *a, const struct parked *before)
{
    __atomic_fetch_sub(&a->handlers, a->handlers > 0, __ATOMIC_RELAXED);
    if (before->is)
        actor_parks(a, before->call, before->fd, before->sp);
    else
        actor_unparks(a);
}

void actor_jumped(struct actor *a)
{
    __atomic_store_n(&a->handlers, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&a->parked.is, false, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void stand(struct actor *a)
{
    PARKED_REGISTERS();
    const struct parked before = a->parked; /* `is`: of the thread that waits for goroutines, and watches over them meanwhile */
    actor_parks(a, before.is ? before.call : NULL, -1, parked_here());
    while (__atomic_load_n(&a->pause, __ATOMIC_SEQ_CST) & PAUSE_STOP)
        os_futex_wait(&world_stopped, 1);
    __atomic_store_n(&a->parked.is, false, __ATOMIC_RELAXED);
    if (before.is)
        actor_parks(a, before.call, before.fd, before.sp);
}

bool actor_stopped(const struct actor *a)
{
    compiler_barrier();
    return unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & PAUSE_STOP);
}

HOT void actor_pass(struct actor *a)
{
    if (!actor_stopped(a) || a->inside)
        return;
    if (actor_enter(a))
        actor_leave(a);
}

bool actor_enter_slow(struct actor *a)
{
    for (;;) {
        uint32_t pause = __atomic_load_n(&a->pause, __ATOMIC_SEQ_CST);
        if (pause & PAUSE_OFF) {
            a->inside = 0;
            return false;
        }
        if (!(pause & PAUSE_STOP))
            return true;
        a->inside = 0;
        stand(a);
        a->inside = 1;
        compiler_barrier();
    }
}

void actor_leave_slow(struct actor *a)
{
    uint32_t pause = __atomic_load_n(&a->pause, __ATOMIC_SEQ_CST);
    if (pause & PAUSE_OFF)
        return;
    if (pause & PAUSE_COLLECT) {
        pause_clear(a, PAUSE_COLLECT);
        collect(a);
    }
    if (pause & PAUSE_SIGNAL) {
        pause_clear(a, PAUSE_SIGNAL);
        if (host.deferred)
            host.deferred(a);
    }
}

bool actor_busy(const struct actor *a)
{
    return a->inside;
}

void actor_defer(struct actor *a)
{
    __atomic_fetch_add(&deferred, 1, __ATOMIC_RELAXED);
    pause_set(a, PAUSE_SIGNAL);
}

static bool is_inside(const struct actor *a)
{
    return __atomic_load_n(&a->inside, __ATOMIC_SEQ_CST);
}

/* NULL: nobody. */
static const struct actor *anybody_inside(const struct actor *but)
{
    os_lock(&actors_lock);
    const struct actor *o = actors_newest;
    while (o && (o == but || o->ended || !is_inside(o)))
        o = o->older;
    os_unlock(&actors_lock);
    return o;
}

#define LOOKS 64

/* Without the lock: among thousands of actors we would have it nearly all the time, and who is inside may be there for it. Meanwhile
 * it may end; what was an actor's memory can be read, but may say anything. */
static void await_inside(const struct actor *but)
{
    for (const struct actor *o; (o = anybody_inside(but));)
        for (unsigned looks = 0; looks < LOOKS && is_inside(o); looks++)
            os_yield();
}

void actor_poll(struct actor *a)
{
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & PAUSE_SIGNAL) && !a->inside)
        actor_leave_slow(a);
}

/* A handler of the program must not come between stop and start: `a` counts as inside, which puts signals off. */
void world_stop(struct actor *a)
{
    if (a)
        a->inside = 0;
    while (!os_trylock(&world)) {
        while (__atomic_load_n(&world_stopped, __ATOMIC_SEQ_CST))
            os_futex_wait(&world_stopped, 1);
        os_yield();
    }
    if (a)
        a->inside = 1;
    os_lock(&actors_lock);
    __atomic_store_n(&world_stopped, 1, __ATOMIC_SEQ_CST);
    for (struct actor *o = actors_newest; o; o = o->older)
        if (o != a)
            pause_set(o, PAUSE_STOP);
    os_barrier_all();
    os_unlock(&actors_lock);
    await_inside(a);
}

void world_start(struct actor *a)
{
    os_lock(&actors_lock);
    for (struct actor *o = actors_newest; o; o = o->older)
        pause_clear(o, PAUSE_STOP);
    __atomic_store_n(&world_stopped, 0, __ATOMIC_SEQ_CST);
    os_unlock(&actors_lock);
    os_futex_wake_all(&world_stopped);
    os_unlock(&world);
    if (a)
        actor_leave(a);
}

void world_only(struct actor *a)
{
    os_lock(&actors_lock);
    bool alone = actors_keep_only(a);
    os_unlock(&actors_lock);
    if (alone)
        pause_set(a, PAUSE_SOLO);
    record_forked(a);
}

void detector_off(const char *why)
{
    if (__atomic_exchange_n(&off, 1, __ATOMIC_SEQ_CST))
        return;
    if (host.say)
        host.say(why);
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a; a = a->older)
        pause_set(a, PAUSE_OFF);
    os_unlock(&actors_lock);
}

void actor_ignore_begin(struct actor *a)
{
    a->ignore++;
    pause_set(a, PAUSE_IGNORE);
}

static void ignore_update(struct actor *a)
{
    if (a->ignore <= 0 && a->ignore_reads <= 0 && a->ignore_writes <= 0)
        pause_clear(a, PAUSE_IGNORE);
    else
        pause_set(a, PAUSE_IGNORE);
}

void actor_ignore_end(struct actor *a)
{
    a->ignore--;
    ignore_update(a);
}

void actor_ignore_reads(struct actor *a, int delta)
{
    a->ignore_reads += delta;
    ignore_update(a);
}

void actor_ignore_writes(struct actor *a, int delta)
{
    a->ignore_writes += delta;
    ignore_update(a);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Both count as inside: a signal handler must not find the arena locked by its own thread, nor the cache half written. */
void frames_grow(struct actor *a)
{
    a->inside = 1;
    compiler_barrier();
    size_t n = (size_t)(a->frames_end - a->frames);
    struct frame *bigger = arena_grow(a->frames, n * sizeof *bigger, 2 * n * sizeof *bigger);
    if (bigger) {
        a->frames = bigger;
        a->top = bigger + n;
        a->frames_end = bigger + 2 * n;
    } else {
        a->top--;
    }
    actor_leave(a);
    if (!bigger)
        detector_off("out of memory for the call stack; running on without detection");
}

uint32_t call_slow(struct actor *a, struct call_cache *c, uintptr_t pc)
{
    bool nested = a->inside;
    a->inside = 1;
    compiler_barrier();
    uint32_t parent = a->context;
    uint32_t child = context_child(parent, pc, &a->stocks->seen.folded, &a->stocks->seen.lost_stacks);
    *c = (struct call_cache){.pc = pc, .parent = parent, .child = child};
    if (!nested)
        actor_leave(a);
    return child;
}

void context_unwound(struct actor *a, uintptr_t sp)
{
    while (a->top != a->frames && a->top[-1].sp < sp)
        a->context = (--a->top)->context;
}

void context_called_back(struct actor *a, uintptr_t pc, uintptr_t sp)
{
    const uint32_t stack = context_stack_at(a, pc, sp);
    func_enter(a, pc, sp);
    a->context = stack;
}

/* ---- start and counters -------------------------------------------------------------------------------------------- */

bool detector_start(const struct detector_host *h)
{
    host = *h;
    detector_races = detector_memory = !host.no_races;
    os_barrier_setup();
    if (context_start() && stamp_start() && spill_start() && sync_start() && lock_start() && order_start() && heap_start())
        return true;
    if (host.say)
        host.say("cannot reserve address space for its tables (about 10 GB of addresses, not of memory): "
                 "raise or remove the limit of `ulimit -v`; running without detection");
    off = 1;
    return false;
}

uint64_t counter_sum(enum counter c)
{
    switch (c) {
    case COUNTER_collections:
        return collections();
    case COUNTER_races:
        return races_found();
    case COUNTER_locksets_lost:
        return locksets_lost();
    case COUNTER_accesses_lost:
        return histories_lost();
    case COUNTER_heap_lost:
        return heap_lost();
    case COUNTER_syncs_lost:
        return syncs_lost();
    case COUNTER_lock_orders_cut:
        return lock_orders_cut();
    case COUNTER_signals_deferred:
        return deferred;
    default:
        return actor_counter(c);
    }
}

const char *counter_text(enum counter c)
{
    static const char *const text[] = {
#define COUNTER(name, what) [COUNTER_##name] = what,
#include "counters.def"
#undef COUNTER
    };
    return c < COUNTERS ? text[c] : "";
}
