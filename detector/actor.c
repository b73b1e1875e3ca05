/* See actor.h: birth and end. Slots and names are in actor_table.c, what an actor learns of all others at once in actor_learn.c. */
#include "actor_table.h"

#include "lock_order.h"
#include "lockset.h"
#include "order.h"
#include "owner.h"
#include "record.h"
#include "shadow.h"
#include "wait.h"

struct oslock actors_lock;
struct actor *actors_newest;

static uint32_t nalive; /* of those in the list, not ended; atomic to read */
static uint64_t numbers;
static uint64_t gone_accesses, gone_stamps;
static struct seen gone_seen;

void actor_catch_up(struct actor *a)
{
    vclock_set(&a->clock, who_slot(a->who), who_epoch(a->who) - 1, &a->stocks->nodes);
    a->behind = false;
}

#define FRAMES_FIRST 64
#define FRAMES_LIGHT 2

/* Vectors in it are aligned because such sizes are a class of the arena each. A thread's is whole cache lines, as what stands at its
 * beginning is written with each access. */
static size_t actor_size(bool light)
{
    _Static_assert(offsetof(struct actor, stack_top) % _Alignof(struct actor) == 0, "a light one is smaller by as much");
    return light ? offsetof(struct actor, stack_top) : (sizeof(struct actor) + 63) & ~(size_t)63;
}

/* Both of a light one come from the stocks of who makes it, and go to those it ends with. */
static void *light_alloc(struct pool *from, size_t size)
{
    return from ? pool_get(from, size) : arena_alloc(size);
}
static void light_free(struct pool *to, void *p, size_t size)
{
    if (to)
        pool_put(to, p, size);
    else
        arena_free(p, size);
}

void actor_stocks_drain(struct stocks *s)
{
    pool_drain(&s->actors, actor_size(true));
    pool_drain(&s->frames, FRAMES_LIGHT * sizeof(struct frame));
}

/* by: whose a light one, which lives by the stocks of others, is; else NULL. */
static struct actor *actor_new(struct stocks *by, const char *name)
{
    const bool light = by != NULL;
    const size_t frames = light ? FRAMES_LIGHT : FRAMES_FIRST;
    struct actor *a = light_alloc(light ? &by->actors : NULL, actor_size(light));
    if (!a)
        return NULL;
    zero_bytes(a, actor_size(light));
    a->light = light;
    a->frames = light_alloc(light ? &by->frames : NULL, frames * sizeof *a->frames);
    a->self = incarnation_new(name);
    if (!a->frames || !a->self)
        return NULL;
    a->top = a->frames;
    a->frames_end = a->frames + frames;
    actor_touch(a);
    if (light)
        return a;
    a->stocks = stocks_new(a);
    if (!a->stocks || !stamp_reserve_start(&a->stocks->reserve, &a->stamps))
        return NULL;
    return a;
}

static struct actor *born(struct actor *parent, uintptr_t pc, bool light, const char *name)
{
    if (!actor_table_start())
        return NULL;
    if (parent && parent->pause & PAUSE_SOLO && host.company)
        host.company();
    uint32_t birth = !parent ? 0 : pc ? context_stack(parent, pc) : parent->context;
    if (parent && !actor_enter(parent))
        return NULL;
    if (!parent)
        world_stop(NULL);
    struct actor *a = actor_new(light ? parent->stocks : NULL, name);
    uint32_t slot = 0;
    bool ok = a != NULL;
    if (ok && parent) {
        if (parent->pause & PAUSE_SOLO)
            actor_touch(parent); /* what was not recorded belongs to the past, too */
        actor_publish(parent);
        vclock_hand_down(&a->clock, &parent->clock, &parent->stocks->nodes);
        order_born(a, parent, &parent->stocks->nodes);
        pause_clear(parent, PAUSE_SOLO);
    }
    os_lock(&actors_lock);
    if (ok && !parent)
        actor_knows_everything(a);
    if (ok && host.no_races)
        a->ignore = 1, a->pause = PAUSE_IGNORE;
    if (ok && record_memory)
        a->pause |= PAUSE_RECORD;
    if (ok && actor_table_take(&a->clock, &slot)) {
        struct slot *s = &actor_table.slots[slot];
        struct incarnation *self = a->self;
        const uint64_t first = slot_epoch(s) + 1;
        s->owner = a;
        a->who = a->since = who_pack(slot, first);
        if (!light)
            a->stocks->page = page_mark(slot);
        a->order_told = s->order_epoch; /* of its former owners others may know */
        a->order_epoch = s->order_epoch + 1;
        a->fine = ORDER_FINE;
        self->older = s->incarnation;
        self->first = first;
        self->number = a->number = numbers++;
        a->teller = (struct teller){.slot = slot, .number = (uint32_t)a->number}.who;
        self->parent = !parent ? 0 : parent->forgetful ? CREATOR_TIMER : parent->self->number;
        self->parent_goroutine = parent ? parent->self->goroutine : 0;
        self->birth_stack = birth;
        s->incarnation = self;
        a->older = actors_newest;
        if (actors_newest)
            actors_newest->newer = a;
        else
            a->pause |= PAUSE_SOLO;
        if (world_stopped)
            a->pause |= PAUSE_STOP;
        actors_newest = a;
        actor_table.nactors++;
        nalive++;
        actor_table.incarnations++;
        if (parent && actors_crowded())
            pause_set(parent, PAUSE_COLLECT);
    } else {
        a = NULL;
    }
    os_unlock(&actors_lock);
    if (!a)
        detector_off("out of memory for a new thread");
    else if (parent)
        record(parent, TRACE_BORN, a->number, light, pc);
    if (parent)
        actor_leave(parent);
    else
        world_start(NULL);
    return a;
}

struct actor *actor_born(struct actor *parent, uintptr_t pc)
{
    return born(parent, pc, false, "");
}

struct actor *actor_born_light(struct actor *parent, uintptr_t pc, uint64_t number, const char *name)
{
    struct actor *a = born(parent, pc, true, name ? name : "");
    if (!a)
        return NULL;
    a->self->goroutine = number;
    a->detached = true;
    if (unlikely(record_on))
        record_name(parent, a->number, number, name ? name : "");
    return a;
}

void actor_starts(struct actor *a, int tid, uintptr_t stack_lo, size_t stack_size)
{
    a->self->tid = tid;
    os_lock(&actors_lock);
    a->stack_lo = stack_lo;
    a->stack_size = stack_size;
    os_unlock(&actors_lock);
    if (unlikely(record_on))
        record_begins(a, tid);
}

void actor_has_locals(struct actor *a, uintptr_t lo, size_t size)
{
    os_lock(&actors_lock);
    a->locals_lo = lo;
    a->locals_size = size;
    os_unlock(&actors_lock);
}

void actor_has_frames_below(struct actor *a, uintptr_t top)
{
    a->stack_top = top;
}

/* A call of its own: the stock is larger than a page, which each goroutine that ends would begin of its stack. */
static __attribute__((noinline)) void clear_without_stocks(struct actor *a)
{
    struct vclock_stock none;
    zero_bytes(&none, sizeof none);
    vclock_clear(&a->clock, &none);
    order_clear(a, &none);
    vclock_stock_drain(&none);
}

/* Caller holds actors_lock. with: stocks that it ended with, or NULL. */
static void forget(struct actor *a, struct stocks *with)
{
    uint32_t s = who_slot(a->who);
    slot_bury(&actor_table.slots[s], who_epoch(a->who));
    actor_table.slots[s].remembered = who_epoch(a->who) - 1; /* the end began an epoch in which nothing was done */
    actor_table.slots[s].order_epoch = a->order_epoch;
    actor_table.dead[actor_table.ndead++] = s;
    if (a->newer)
        a->newer->older = a->older;
    else
        actors_newest = a->older;
    if (a->older)
        a->older->newer = a->newer;
    actor_table.nactors--;
    if (a->clock.root || order_knows(a))
        clear_without_stocks(a);
    light_free(a->light && with ? &with->actors : NULL, a, actor_size(a->light));
}

/* Caller holds actors_lock. */
static void add_gone(const struct stocks *s)
{
    gone_stamps += s->reserve.made;
    gone_seen.ignored += s->seen.ignored;
    gone_seen.solo += s->seen.solo;
    gone_seen.unmapped += s->seen.unmapped;
    gone_seen.left_out += s->seen.left_out;
    gone_seen.folded += s->seen.folded;
    gone_seen.lost_stacks += s->seen.lost_stacks;
}

void actor_ends(struct actor *a)
{
    actor_enter(a);
    record(a, TRACE_END, 0, 0, 0);
    wait_actor_ends(a);
    vclock_clear(&a->acquire_fence, &a->stocks->nodes);
    vclock_clear(&a->release_fence, &a->stocks->nodes);
    const size_t frames = (size_t)(a->frames_end - a->frames);
    light_free(frames == FRAMES_LIGHT ? &a->stocks->frames : NULL, a->frames, frames * sizeof *a->frames);
    a->frames = a->top = a->frames_end = NULL;
    if (a->pause & PAUSE_SOLO)
        actor_touch(a);
    lock_order_ended(a);
    flow_log_drop(a);
    actor_tell(a);     /* so that the epoch it ends with is one in which nothing was done */
    if (a->detached) { /* nobody asks what it knew */
        vclock_clear(&a->clock, &a->stocks->nodes);
        order_clear(a, &a->stocks->nodes);
    } else {
        actor_publish(a);
    }
    if (stocks_owned(a)) {
        os_lock(&actors_lock);
        add_gone(a->stocks);
        os_unlock(&actors_lock);
    }
    struct stocks *lent = stocks_owned(a) ? NULL : a->stocks;
    stocks_give_back(a);
    os_lock(&actors_lock);
    nalive--;
    gone_accesses += a->accesses;
    a->ended = true;
    a->self->ended = true;
    a->stack_size = 0;
    bool drop = a->detached;
    a->inside = 0;
    if (drop)
        forget(a, lent);
    os_unlock(&actors_lock);
}

void actor_detached(struct actor *child)
{
    os_lock(&actors_lock);
    child->detached = true;
    if (child->ended)
        forget(child, NULL);
    os_unlock(&actors_lock);
}

void actor_joins(struct actor *a, struct actor *child)
{
    if (!actor_enter(a))
        return;
    record(a, TRACE_JOIN, child->number, 0, 0);
    actor_learn(a, &child->clock);
    order_learn(a, child);
    os_lock(&actors_lock);
    forget(child, NULL);
    bool alone = actor_table.nactors == 1;
    for (uint32_t i = 0; alone && i < actor_table.ndead; i++)
        alone = vclock_get(&a->clock, actor_table.dead[i]) >= actor_table.slots[actor_table.dead[i]].remembered;
    os_unlock(&actors_lock);
    if (alone)
        pause_set(a, PAUSE_SOLO);
    actor_leave(a);
}

bool actors_keep_only(struct actor *a)
{
    for (struct actor *o = actors_newest, *older; o; o = older) {
        older = o->older;
        if (o == a || o == a->stocks->owner)
            continue;
        if (o->self->goroutine) { /* those that ran elsewhere never go on */
            o->stocks = NULL;
            continue;
        }
        /* Its memory is not taken apart: the thread was caught anywhere, and this happens once a process. */
        held_orphaned(o, true);
        lock_order_ended(o);
        o->clock.root = NULL;
        order_lost(o);
        vclock_set(&a->clock, who_slot(o->who), who_epoch(o->who), &a->stocks->nodes);
        if (!o->ended)
            nalive--;
        o->self->ended = true;
        forget(o, NULL);
    }
    actor_touch(a);
    wait_only(a);
    held_inherited(a);
    return actors_newest == a && !a->older;
}

uint32_t actors_alive(void)
{
    return __atomic_load_n(&nalive, __ATOMIC_RELAXED);
}

bool actor_green(const struct actor *a)
{
    return a->self->goroutine != 0;
}

int actor_tid(const struct actor *a)
{
    return a->self->tid;
}

/* ---- counters ---------------------------------------------------------------------------------------------------- */

uint64_t actor_counter(enum counter c)
{
    uint64_t n = 0;
    os_lock(&actors_lock);
#define SUM(name, which, field, gone) \
    case COUNTER_##name: \
        n = gone; \
        for (struct actor *a = actors_newest; a; a = a->older) \
            if (!a->ended && (which)) \
                n += a->field; \
        break
#define SUM_STOCKS(name, field, gone) SUM(name, stocks_owned(a), stocks->field, gone)
    switch (c) {
        SUM(accesses, true, accesses, gone_accesses);
        SUM_STOCKS(stamps, reserve.made, gone_stamps);
        SUM_STOCKS(accesses_solo, seen.solo, gone_seen.solo);
        SUM_STOCKS(accesses_ignored, seen.ignored, gone_seen.ignored);
        SUM_STOCKS(accesses_unmapped, seen.unmapped, gone_seen.unmapped);
        SUM_STOCKS(accesses_left_out, seen.left_out, gone_seen.left_out);
        SUM_STOCKS(recursion_folded, seen.folded, gone_seen.folded);
        SUM_STOCKS(stacks_lost, seen.lost_stacks, gone_seen.lost_stacks);
    default:
        break;
    }
#undef SUM_STOCKS
#undef SUM
    os_unlock(&actors_lock);
    return n;
}
