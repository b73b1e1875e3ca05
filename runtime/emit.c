/* See emit.h: the runtime's side of event.h. All here is for when somebody listens. */
#include "emit.h"

#include <dlfcn.h>
#include <string.h>

#include "chan.h"
#include "det.h"
#include "os.h"
#include "rt.h"
#include "sched.h"
#include "stack.h"

uint32_t rt_watched;

void rt_op(uintptr_t pc, enum rt_op op, const void *object)
{
    rt_emit_here(pc);
    if (RT_STEERED)
        rt_det_point(pc, op, object);
}

#ifdef GORO_RACE
const struct gorace_events *rt_events;

/* Also before main: other threads may use channels and queues before anybody runs goroutines. */
__attribute__((constructor)) void rt_emit_start(void)
{
    if (rt_events)
        return;
    const struct gorace_events *found = dlsym(RTLD_DEFAULT, GORACE_EVENTS);
    if (found && found->abi == GORACE_EVENTS_ABI && found->size >= sizeof *found) {
        /* libc's own: the listener's would note a write to the stack of each goroutine that asks for the time. */
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *clock = libc ? dlsym(libc, "clock_gettime") : NULL;
        if (clock)
            memcpy(&rt_clock_gettime, &clock, sizeof clock);
        rt_events = found;
        rt_watched = 1;
    }
}

/* A listener is not to be preempted: its locks are not ours. */
#define TELL(...) \
    do { \
        rt_enter(); \
        rt_events->__VA_ARGS__; \
        rt_leave(); \
    } while (0)

/* g0 and threads that are not ours are not goroutines. */
static struct gorace_actor *actor_of(const struct rt_g *g)
{
    return g ? g->actor : NULL;
}

static uintptr_t pc_of(const struct rt_g *g)
{
    return g ? g->pc : 0;
}

void rt_tell_here(uintptr_t pc)
{
    struct rt_g *g = rt_self();
    if (g)
        g->pc = pc;
}

void rt_tell_hosts(void)
{
    TELL(hosts());
}

void rt_tell_idles(bool begins)
{
    TELL(idles(begins));
}

void rt_tell_runs(struct rt_g *g)
{
    TELL(runs(actor_of(g)));
}

void rt_tell_spawn(struct rt_g *parent, struct rt_g *child, uintptr_t pc)
{
    const char *function = child->site == &rt_unknown_site ? NULL : child->site->function;
    const struct gorace_birth birth = {child->id, child->name, function, pc};
    rt_enter();
    child->actor = rt_events->created(actor_of(parent), &birth);
    rt_leave();
}

void rt_tell_begin(struct rt_g *g)
{
    size_t size = (size_t)(rt_stack_top(g->stack_class, g->stack) - g->stack);
    TELL(begins(g->actor, g->stack, size));
}

void rt_tell_end(struct rt_g *g)
{
    struct gorace_actor *actor = g->actor;
    g->actor = NULL;
    if (actor)
        TELL(ends(actor));
}

void rt_tell_acquire(struct rt_g *g, const void *object)
{
    TELL(acquire(actor_of(g), object));
}

void rt_tell_release(struct rt_g *g, const void *object)
{
    TELL(release(actor_of(g), object));
}

void rt_tell_release_merge(struct rt_g *g, const void *object)
{
    TELL(release_merge(actor_of(g), object));
}

void rt_tell_handoff_slot(struct rt_g *g, struct goro_chan *c, const char *slot)
{
    /* With elements of no size all slots are at one place, and are told apart by nothing: one use after the other. */
    if (c->size == 0)
        TELL(handoff_slot(actor_of(g), &c->slots, 1, 0, &c->capacity));
    else
        TELL(handoff_slot(actor_of(g), &c->slots, c->capacity, (size_t)(slot - c->buffer) / c->size, slot));
}

void rt_tell_slots_end(struct gorace_slots *slots)
{
    if (slots)
        TELL(slots_end(actor_of(rt_self()), slots));
}

void rt_tell_meet(struct rt_g *g, struct rt_g *parked)
{
    TELL(meet(actor_of(g), actor_of(parked)));
}

/* There is code whose locks are inline: what is told would be half of the truth. */
extern char goro_locks_inline __attribute__((weak));

void rt_tell_lock(struct rt_g *g, const void *lock, unsigned flags)
{
    if (&goro_locks_inline)
        return;
    struct gorace_actor *actor = actor_of(g);
    TELL(locked(actor, lock, flags, pc_of(g)));
    TELL(reads(actor, lock, 1, pc_of(g))); /* a lock is memory: to overwrite one that others take is a race */
}

void rt_tell_unlock(struct rt_g *g, const void *lock, unsigned flags)
{
    if (&goro_locks_inline)
        return;
    TELL(unlocked(actor_of(g), lock, flags, pc_of(g)));
}

static const struct gorace_wait waits[] = {
    [RT_REASON_CHAN_SEND] = {.kind = GORACE_OBJECT_CHANNEL, .what = GORACE_WAIT_SEND},
    [RT_REASON_CHAN_RECV] = {.kind = GORACE_OBJECT_CHANNEL, .what = GORACE_WAIT_RECEIVE},
    [RT_REASON_CHAN_NIL] = {.kind = GORACE_OBJECT_CHANNEL, .what = GORACE_WAIT_NOTHING},
    [RT_REASON_SELECT_EMPTY] = {.what = GORACE_WAIT_NOTHING},
    [RT_REASON_SLEEP] = {.what = GORACE_WAIT_TIME},
    [RT_REASON_MUTEX] = {.kind = GORACE_OBJECT_MUTEX, .what = GORACE_WAIT_LOCK},
    [RT_REASON_RWMUTEX_READ] = {.kind = GORACE_OBJECT_RWMUTEX, .what = GORACE_WAIT_READ_LOCK},
    [RT_REASON_RWMUTEX_WRITE] = {.kind = GORACE_OBJECT_RWMUTEX, .what = GORACE_WAIT_LOCK},
    [RT_REASON_WAITGROUP] = {.kind = GORACE_OBJECT_WAITGROUP, .what = GORACE_WAIT_SIGNAL},
    [RT_REASON_COND] = {.kind = GORACE_OBJECT_COND, .what = GORACE_WAIT_SIGNAL},
    [RT_REASON_SEMAPHORE] = {.kind = GORACE_OBJECT_SEMAPHORE, .what = GORACE_WAIT_SIGNAL},
    [RT_REASON_ONCE] = {.kind = GORACE_OBJECT_ONCE, .what = GORACE_WAIT_SIGNAL},
    [RT_REASON_QUEUE] = {.kind = GORACE_OBJECT_QUEUE, .what = GORACE_WAIT_SIGNAL},
    [RT_REASON_POOL] = {.kind = GORACE_OBJECT_POOL, .what = GORACE_WAIT_SIGNAL},
    [RT_REASON_IO_READ] = {.what = GORACE_WAIT_EXTERNAL},
    [RT_REASON_IO_WRITE] = {.what = GORACE_WAIT_EXTERNAL},
    [RT_REASON_IO_CLOSE] = {.what = GORACE_WAIT_EXTERNAL},
    [RT_REASON_DNS] = {.what = GORACE_WAIT_EXTERNAL},
};

void rt_tell_block(struct rt_g *g, const void *object, int reason, bool timed)
{
    if (reason == RT_REASON_SELECT) /* has told its cases itself */
        return;
    struct gorace_wait wait = waits[reason];
    wait.object = object;
    TELL(wait_begins(g->actor, &wait, wait.what != GORACE_WAIT_NOTHING, timed || wait.what == GORACE_WAIT_TIME, g->pc));
}

enum { FEW = 16 };

void rt_tell_block_select(struct rt_g *g, struct goro_case **cases, int count, bool timed)
{
    struct gorace_wait few[FEW], *all = few;
    if (count > FEW && !(all = rt_alloc((size_t)count * sizeof *all))) {
        all = few;
        count = FEW;
    }
    for (int i = 0; i < count; i++)
        all[i] = (struct gorace_wait){
            .object = cases[i]->chan,
            .kind = GORACE_OBJECT_CHANNEL,
            .what = cases[i]->kind == GORO_CASE_SEND ? GORACE_WAIT_SEND : GORACE_WAIT_RECEIVE,
        };
    TELL(wait_begins(g->actor, all, count, timed, g->pc));
    if (all != few)
        rt_free(all, (size_t)count * sizeof *all);
}

void rt_tell_unblock(struct rt_g *g)
{
    TELL(wait_ends(g->actor));
}

void rt_tell_memory(bool begins)
{
    TELL(memory(begins ? rt_left_memory : NULL));
}

void rt_tell_shows(const void *context)
{
    TELL(shows(context));
}

bool rt_emit_inside(const struct rt_g *g)
{
    return waits[g->reason].what != GORACE_WAIT_TIME && waits[g->reason].what != GORACE_WAIT_EXTERNAL;
}

void rt_tell_left_waiting(struct rt_g *g)
{
    struct gorace_wait wait = waits[g->reason];
    wait.object = g->object;
    int n = g->reason == RT_REASON_SELECT ? -1 : wait.what != GORACE_WAIT_NOTHING;
    const char *end = g->stack + rt_stack_size(g->stack_class);
    TELL(left_waiting(g->actor, &wait, n, g->sp, (size_t)(end - (const char *)g->sp)));
}

void rt_tell_left_all(void)
{
    TELL(left_all());
}

void rt_tell_calls(uintptr_t sp)
{
    struct rt_g *g = rt_self();
    TELL(calls(actor_of(g), pc_of(g), sp));
}

void rt_tell_called(void)
{
    TELL(called(actor_of(rt_self())));
}

void rt_tell_object_begins(const void *object, enum gorace_object kind, size_t size, size_t capacity)
{
    struct rt_g *g = rt_self();
    TELL(object_begins(actor_of(g), object, kind, size, capacity, pc_of(g)));
}

void rt_tell_object_ends(const void *object, enum gorace_object kind, size_t size)
{
    struct rt_g *g = rt_self();
    TELL(object_ends(actor_of(g), object, kind, size, pc_of(g)));
}

void rt_tell_object_closed(const void *object, enum gorace_object kind)
{
    struct rt_g *g = rt_self();
    TELL(object_closed(actor_of(g), object, kind, pc_of(g)));
}

void rt_tell_value_read(struct rt_g *g, const void *from, size_t size)
{
    if (from && size)
        TELL(reads(actor_of(g), from, size, pc_of(g)));
}

void rt_tell_sends(struct rt_g *g, const struct goro_chan *c, const void *element)
{
    TELL(sends(actor_of(g), c, element, c->size, pc_of(g)));
}

void rt_tell_value_written(void *to, size_t size)
{
    struct rt_g *g = rt_self();
    if (to && size)
        TELL(writes(actor_of(g), to, size, pc_of(g)));
}

void rt_tell_timer_starts(const void *timer)
{
    struct rt_g *g = rt_self();
    TELL(timer_starts(actor_of(g), timer, pc_of(g)));
}

void rt_tell_timer_ends(const void *timer)
{
    TELL(timer_ends(actor_of(rt_self()), timer));
}

void rt_tell_timer_fires(const void *timer)
{
    TELL(timer_fires(timer));
}

void rt_tell_timer_fired(void)
{
    TELL(timer_fired());
}

void rt_tell_misuse(enum gorace_misuse what, const void *object, const char *text)
{
    struct rt_g *g = rt_self();
    TELL(misused(actor_of(g), what, object, text, pc_of(g)));
}

/* ---- what the listener asks in the deterministic mode ---- */

static void steer_point(const volatile void *object, int writes, uintptr_t pc)
{
    rt_det_point(pc, writes ? RT_OP_HOOK_ATOMIC : RT_OP_HOOK_LOAD, object);
}

static int64_t steer_now(void)
{
    const struct rt_g *g = rt_self();
    return g && !g->system && rt_locks() == 0 ? rt_det_now() : -1;
}

static uint32_t steer_draw(void)
{
    return rt_choose(RT_STREAM_PROGRAM, UINT32_MAX);
}

void rt_tell_steered(const char *replay)
{
    static struct gorace_steering steering = {
        .size = sizeof steering, .point = steer_point, .now = steer_now, .sleep = goro_sleep, .draw = steer_draw};
    steering.replay = replay;
    if (rt_events->steered)
        rt_events->steered(replay ? &steering : NULL);
}

void rt_tell_all_asleep(void)
{
    rt_events->all_asleep();
}

#else
void rt_emit_start(void)
{
}
#endif
