/* The sink of a goroutine runtime (event.h): goroutines are actors like threads, their channels and locks are objects.
 *
 * A thread that hosts goroutines is nobody itself. While a goroutine runs there it is the thread's current actor, so that all
 * hooks and wrappers work for goroutines as for threads; between goroutines the thread has no actor, and what the
 * scheduler does is not seen. No verb here but those of event.h that say so makes an edge.
 *
 * What a partner tells for a parked goroutine is told as if that ran here for a moment.
 *
 * Timers fire between goroutines. The thread's own actor stands for them then, and forgets all it knows before each. */
#include <gorace/event.h>

#include "../detector/access.h"
#include "../detector/flags.h"
#include "../detector/locks.h"
#include "../detector/report.h"
#include "interpose.h"
#include "mappings.h"
#include "modules.h"
#include "steer.h"
#include "stuck.h"
#include "threads.h"

static inline struct actor *actor_of(struct gorace_actor *by)
{
    return by ? (struct actor *)by : current();
}

/* Acts for `a`, which may be somebody else than who runs here. */
struct acting {
    struct actor *a, *saved;
    bool lent;
};

static inline struct acting act(struct gorace_actor *by)
{
    struct acting on = {actor_of(by), NULL, false};
    if (on.a && on.a != current_actor) {
        on.saved = current_lend(on.a);
        on.lent = true;
    }
    return on;
}

static inline void acted(struct acting on)
{
    if (on.lent)
        current_lend_back(on.saved);
}

/* ---- threads and life ---- */

static void hosts(void)
{
    if (current())
        thread_hosts();
}

static void idles(int begins)
{
    struct actor *me = current();
    if (!me)
        return;
    actor_rests(me, begins);
    if (begins)
        actor_parks(me, "", -1, parked_here());
    else
        actor_unparks(me);
}

static void runs(struct gorace_actor *a)
{
    current_runs((struct actor *)a);
}

static struct gorace_actor *created(struct gorace_actor *by, const struct gorace_birth *birth)
{
    struct actor *parent = actor_of(by);
    if (!parent)
        return NULL;
    const char *name = birth->name ? birth->name : birth->function;
    return (struct gorace_actor *)actor_born_light(parent, birth->pc, birth->number, name);
}

static void begins(struct gorace_actor *by, const void *stack, size_t size)
{
    struct actor *a = (struct actor *)by;
    if (!a)
        return;
    actor_starts(a, 0, (uintptr_t)stack, size);
    mem_fresh(a, (uintptr_t)stack, size);
}

static bool excused(uintptr_t addr, enum thing thing)
{
    (void)addr;
    return thing == THING_ONCE;
}

static void ends(struct gorace_actor *by)
{
    struct acting on = act(by);
    locks_at_end(on.a, excused);
    current_gone(); /* first: a signal handler in the middle of its end must not be it */
    actor_ends(on.a);
    acted(on);
}

/* ---- edges ---- */

static uint64_t key_of(const void *object)
{
    return (uintptr_t)object;
}

static inline __attribute__((always_inline)) void edge(struct gorace_actor *by, const void *object,
                                                       void (*verb)(struct actor *a, uint64_t key))
{
    struct acting on = act(by);
    if (on.a)
        verb(on.a, key_of(object));
    acted(on);
}

static void acquire(struct gorace_actor *by, const void *object)
{
    edge(by, object, sync_acquire);
}

static void release(struct gorace_actor *by, const void *object)
{
    edge(by, object, sync_release);
}

static void release_merge(struct gorace_actor *by, const void *object)
{
    edge(by, object, sync_release_merge);
}

static void handoff(struct gorace_actor *by, const void *object)
{
    edge(by, object, sync_handoff);
}

static void handoff_slot(struct gorace_actor *by, struct gorace_slots **slots, size_t n, size_t index, const void *slot)
{
    struct acting on = act(by);
    if (on.a)
        slots_handoff(on.a, (struct slots **)slots, n, index, key_of(slot));
    acted(on);
}

static void end_slots(struct gorace_actor *by, struct gorace_slots *slots)
{
    struct actor *a = actor_of(by);
    if (a)
        slots_end(a, (struct slots *)slots);
}

static void meet(struct gorace_actor *by, struct gorace_actor *partner)
{
    struct actor *a = actor_of(by), *b = (struct actor *)partner;
    if (!a || !b)
        return;
    actor_meet(a, b);
}

/* ---- locks. Writers release to the lock's address, readers to the one behind it ---- */

static void locked(struct gorace_actor *by, const void *lock, unsigned flags, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    if (!a)
        return;
    const bool exclusive = flags & GORACE_LOCK_EXCLUSIVE;
    lock_acquire(a, key_of(lock));
    if (exclusive)
        lock_acquire(a, key_of(lock) + 1);
    const unsigned how = HOW_GREEN | (exclusive ? HOW_EXCLUSIVE : 0) | (flags & GORACE_LOCK_TRY ? HOW_TRY : 0);
    lock_got(a, (uintptr_t)lock, HOW(THING_MUTEX, how), pc ? pc : CALLER);
}

static void unlocked(struct gorace_actor *by, const void *lock, unsigned flags, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    if (!a)
        return;
    if (flags & GORACE_LOCK_EXCLUSIVE)
        lock_release(a, key_of(lock));
    else
        lock_release_merge(a, key_of(lock) + 1);
    if (lock_gone(a, (uintptr_t)lock))
        return;
    lock_used(a, (uintptr_t)lock, THING_MUTEX, pc ? pc : CALLER);
    lock_disowned(a, (uintptr_t)lock); /* another goroutine's: it may */
}

/* ---- waiting ---- */

static enum thing thing_of(const struct gorace_wait *w)
{
    switch (w->kind) {
    case GORACE_OBJECT_CHANNEL:
        return THING_CHANNEL;
    case GORACE_OBJECT_MUTEX:
        return THING_MUTEX;
    case GORACE_OBJECT_RWMUTEX:
        return THING_RWLOCK;
    case GORACE_OBJECT_WAITGROUP:
        return THING_GROUP;
    case GORACE_OBJECT_COND:
        return THING_COND;
    case GORACE_OBJECT_SEMAPHORE:
        return THING_SEM;
    default:
        return THING_OTHER;
    }
}

/* The world may end it at any time. */
static inline bool ends_by_itself(const struct gorace_wait *w)
{
    return w->what == GORACE_WAIT_EXTERNAL || w->what == GORACE_WAIT_TIME;
}

static void wait_for_others(struct actor *a, const struct gorace_wait *waits, int n, unsigned how, uintptr_t pc)
{
    struct wait_for w = {.thing = n > 1 ? THING_SELECT : THING_CHANNEL, .how = how};
    for (int i = 0; i < n; i++)
        w.how |= ends_by_itself(&waits[i]) ? HOW_TIMED : 0;
    if (n == 1) {
        w.thing = thing_of(&waits[0]);
        w.key = key_of(waits[0].object);
        w.how |= waits[0].what == GORACE_WAIT_LOCK ? HOW_EXCLUSIVE : 0;
        if (waits[0].what == GORACE_WAIT_LOCK || waits[0].what == GORACE_WAIT_READ_LOCK)
            lock_used(a, w.key, w.thing, pc);
    }
    wait_begin(a, &w, pc);
}

static void wait_begins(struct gorace_actor *by, const struct gorace_wait *waits, int n, int timed, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    const unsigned how = timed ? HOW_TIMED : 0;
    if (!a)
        return;
    pc = pc ? pc : CALLER;
    if (likely(n == 1 && waits->kind == GORACE_OBJECT_CHANNEL))
        wait_parks(a, THING_CHANNEL, key_of(waits->object), how, pc);
    else
        wait_for_others(a, waits, n, how, pc);
}

static void wait_ends(struct gorace_actor *by)
{
    if (likely(!by || !wait_woken((struct actor *)by)))
        return;
    struct thread *busy = busy_begin();
    wait_let_look();
    busy_end(busy);
}

static void all_asleep(void)
{
    struct thread *busy = busy_begin();
    wait_all_asleep();
    busy_end(busy);
}

/* ---- who is left at the end ---- */

static bool leaving; /* left_begin has said yes */

/* The first thing that is told of those left. */
static bool begin_leaving(void)
{
    if (!leaving)
        leaving = current() && left_begin();
    return leaving;
}

static void left_memory(const void *memory, size_t size)
{
    if (stuck_looks() || begin_leaving())
        left_hole((uintptr_t)memory, size);
}

static void left_waits(struct gorace_actor *by, const struct gorace_wait *waits, int n, const void *stack, size_t size)
{
    if (by && begin_leaving())
        left_waiting((struct actor *)by, n > 0 ? key_of(waits[0].object) : 0, n < 0, (uintptr_t)stack, size);
}

static void left_all(void)
{
    struct actor *me = current();
    if (!begin_leaving())
        return;
    leaving = false;
    PARKED_REGISTERS();
    bool all_roots = mappings_each(left_root, NULL);
    all_roots = modules_data(left_root) && all_roots;
    left_end(me, PARKED_ABOVE(), parked_registers, all_roots);
}

static void left_memory_with_pointers(const void *memory, size_t size)
{
    if (stuck_looks())
        left_pointers((uintptr_t)memory, size);
}

static void memory(void (*tell)(void))
{
    stuck_runtime(tell);
}

static void shows(const void *context)
{
    stuck_show(context);
}

/* ---- objects and memory ---- */

static void object_begins(struct gorace_actor *by, const void *object, enum gorace_object kind, size_t size,
                          size_t capacity, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    (void)kind;
    (void)capacity;
    if (a)
        heap_alloc(a, (uintptr_t)object, size, pc ? pc : CALLER);
}

static void object_ends(struct gorace_actor *by, const void *object, enum gorace_object kind, size_t size, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    (void)kind;
    if (!a)
        return;
    heap_free(a, (uintptr_t)object, pc ? pc : CALLER);
    mem_fresh(a, (uintptr_t)object, size); /* the runtime uses it again, with nobody told */
}

static void object_closed(struct gorace_actor *by, const void *object, enum gorace_object kind, uintptr_t pc)
{
    (void)by;
    (void)object;
    (void)kind;
    (void)pc;
}

/* The code at pc keeps the calling context itself. */
static inline void touch_here(struct actor *a, const void *p, size_t size, enum access_kind kind, uintptr_t pc)
{
    switch (size) {
    case 1:
        access_fast(a, (uintptr_t)p, 1, kind, pc);
        break;
    case 4:
        access_fast(a, (uintptr_t)p, 4, kind, pc);
        break;
    case 8:
        access_fast(a, (uintptr_t)p, 8, kind, pc);
        break;
    default:
        access_slow(a, (uintptr_t)p, size, kind, pc);
    }
}

static inline void touch(struct actor *a, const void *p, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (likely(pc && modules_instrumented(pc)))
        touch_here(a, p, size, kind, pc);
    else
        mem_access(a, (uintptr_t)p, size, kind, pc ? pc : CALLER);
}

static void reads(struct gorace_actor *by, const void *from, size_t size, uintptr_t pc)
{
    struct acting on = act(by);
    if (on.a)
        touch(on.a, from, size, ACCESS_READ, pc);
    acted(on);
}

static void writes(struct gorace_actor *by, void *to, size_t size, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    if (a)
        touch(a, to, size, ACCESS_WRITE, pc);
}

static void sends(struct gorace_actor *by, const void *channel, const void *element, size_t size, uintptr_t pc)
{
    struct acting on = act(by);
    const bool reads_it = element && size;
    if (likely(on.a && pc && modules_instrumented(pc))) {
        if (reads_it)
            touch_here(on.a, element, size, ACCESS_READ, pc);
        access_fast(on.a, (uintptr_t)channel, 1, ACCESS_READ, pc);
    } else if (on.a) {
        if (reads_it)
            mem_access(on.a, (uintptr_t)element, size, ACCESS_READ, pc ? pc : CALLER);
        mem_access(on.a, (uintptr_t)channel, 1, ACCESS_READ, pc ? pc : CALLER);
    }
    acted(on);
}

/* ---- the user's code called by the runtime: a call that has no hook ---- */

static void calls(struct gorace_actor *by, uintptr_t pc, uintptr_t sp)
{
    struct actor *a = actor_of(by);
    if (a)
        func_enter(a, pc, sp);
}

static void called(struct gorace_actor *by)
{
    struct actor *a = actor_of(by);
    if (a)
        func_exit(a);
}

/* ---- timers, misuse ---- */

static void timer_starts(struct gorace_actor *by, const void *timer, uintptr_t pc)
{
    struct actor *a = actor_of(by);
    if (!a)
        return;
    sync_release_merge(a, key_of(timer));
    sync_begets(a, key_of(timer), context_stack(a, pc ? pc : CALLER));
}

static void timer_ends(struct gorace_actor *by, const void *timer)
{
    struct actor *a = actor_of(by);
    if (!a)
        return;
    sync_begets_not(a, key_of(timer));
    sync_forget(a, key_of(timer));
}

static void timer_fires(const void *timer)
{
    struct actor *host = current_host();
    if (!host || current_actor)
        return;
    current_lend(host);
    actor_forgets(host);
    sync_acquire(host, key_of(timer));
    sync_take_context(host, key_of(timer));
}

static void timer_fired(void)
{
    if (current_host() && current_actor == current_host())
        current_lend_back(NULL);
}

static void misused(struct gorace_actor *by, enum gorace_misuse what, const void *object, const char *text,
                    uintptr_t pc)
{
    static const enum misuse kinds[] = {[GORACE_MISUSE_UNLOCK_UNLOCKED] = MISUSE_UNLOCK_UNLOCKED,
                                        [GORACE_MISUSE_NEGATIVE_COUNTER] = MISUSE_NEGATIVE_COUNTER,
                                        [GORACE_MISUSE_CLOSE_CLOSED] = MISUSE_CLOSE_CLOSED,
                                        [GORACE_MISUSE_CLOSE_NIL] = MISUSE_CLOSE_NIL,
                                        [GORACE_MISUSE_SEND_CLOSED] = MISUSE_SEND_CLOSED,
                                        [GORACE_MISUSE_DESTROY_IN_USE] = MISUSE_DESTROY_WAITED,
                                        [GORACE_MISUSE_OTHER] = MISUSE_OTHER};
    static const enum thing things[] = {[GORACE_MISUSE_UNLOCK_UNLOCKED] = THING_MUTEX,
                                        [GORACE_MISUSE_NEGATIVE_COUNTER] = THING_GROUP,
                                        [GORACE_MISUSE_CLOSE_CLOSED] = THING_CHANNEL,
                                        [GORACE_MISUSE_CLOSE_NIL] = THING_CHANNEL,
                                        [GORACE_MISUSE_SEND_CLOSED] = THING_CHANNEL,
                                        [GORACE_MISUSE_DESTROY_IN_USE] = THING_OTHER,
                                        [GORACE_MISUSE_OTHER] = THING_OTHER};
    struct actor *a = actor_of(by);
    if (a)
        misuse(a, kinds[what], things[what], (uintptr_t)object, text, pc ? pc : CALLER);
}

/* ---- schedules from a seed ---- */

const struct gorace_steering *steering;

static void steered(const struct gorace_steering *given)
{
    report_replay(given ? given->replay : NULL);
    steering = given;
}

EXPORT extern const struct gorace_events gorace_events;
const struct gorace_events gorace_events = {
    .abi = GORACE_EVENTS_ABI,
    .size = sizeof(struct gorace_events),
    .hosts = hosts,
    .idles = idles,
    .runs = runs,
    .created = created,
    .begins = begins,
    .ends = ends,
    .acquire = acquire,
    .release = release,
    .release_merge = release_merge,
    .handoff = handoff,
    .meet = meet,
    .locked = locked,
    .unlocked = unlocked,
    .wait_begins = wait_begins,
    .wait_ends = wait_ends,
    .object_begins = object_begins,
    .object_ends = object_ends,
    .object_closed = object_closed,
    .reads = reads,
    .writes = writes,
    .timer_starts = timer_starts,
    .timer_ends = timer_ends,
    .timer_fires = timer_fires,
    .timer_fired = timer_fired,
    .misused = misused,
    .all_asleep = all_asleep,
    .left_memory = left_memory,
    .left_waiting = left_waits,
    .left_all = left_all,
    .calls = calls,
    .called = called,
    .steered = steered,
    .left_pointers = left_memory_with_pointers,
    .memory = memory,
    .shows = shows,
    .sends = sends,
    .handoff_slot = handoff_slot,
    .slots_end = end_slots,
};
