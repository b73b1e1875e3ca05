/* See actor.h: birth, end, slots and their incarnations. */
#include "actor.h"

#include "finding.h"
#include "lock_order.h"
#include "lockset.h"
#include "order.h"
#include "owner.h"
#include "record.h"
#include "shadow.h"
#include "wait.h"

struct incarnation {
    struct incarnation *older; /* former owner of the slot */
    uint64_t first;            /* its first epoch there */
    uint64_t number, parent;
    uint64_t goroutine, parent_goroutine; /* numbers among those; 0: a thread */
    uint32_t birth_stack;
    int tid;
    bool ended, marked;
    uint8_t room; /* for the name */
    char name[];
};
#define NAME_LEAST 5u /* ends with a word of the arena */
#define NAME_MOST 32u

static struct slot {
    union {
        struct actor *owner; /* alive */
        uint64_t last;       /* dead: SLOT_DEAD, and above it the epoch from which the next owner goes on */
    };
    struct incarnation *incarnation; /* newest */
    uint64_t remembered;             /* dead: accesses later than this are not remembered anywhere */
    uint64_t order_epoch;            /* dead: where the next owner goes on in the order of locks */
} * slots;
#define SLOT_DEAD 1u /* no address of an actor has it */

struct oslock actors_lock;
struct actor *actors_newest;

#define NAMES_CROWD 16384u /* so many names of the dead cost less than a collection: 2 MB */

static uint32_t nslots;
static uint32_t *dead; /* slots without an owner, the latest last */
static uint32_t ndead;
static uint32_t nactors; /* in the list */
static uint32_t nalive;  /* of these, not ended; atomic to read */
static uint32_t nincarnations, incarnations_crowd = NAMES_CROWD, dead_crowd = 1024;
static uint64_t numbers;
static uint64_t gone_accesses, gone_stamps;
static struct seen gone_seen;

#define LOOK_BACK 16 /* dead slots tried for reuse */

static bool slots_start(void)
{
    if (!slots)
        slots = os_reserve(((size_t)SLOT_MAX + 1) * sizeof *slots);
    if (!dead)
        dead = os_reserve(((size_t)SLOT_MAX + 1) * sizeof *dead);
    return slots && dead;
}

static bool slot_alive(const struct slot *s)
{
    return !(s->last & SLOT_DEAD);
}

static uint64_t slot_epoch(const struct slot *s)
{
    return slot_alive(s) ? who_epoch(s->owner->who) : s->last >> 1;
}

static void slot_bury(struct slot *s, uint64_t epoch)
{
    s->last = epoch << 1 | SLOT_DEAD;
}

/* Everything that can still matter of slot s is known to the holder of `c`. */
static bool reusable(uint32_t s, const struct vclock *c)
{
    return vclock_get(c, s) >= slots[s].remembered && slot_epoch(&slots[s]) < EPOCH_MAX / 2;
}

/* Caller holds actors_lock. */
static bool take_slot(const struct vclock *past, uint32_t *slot)
{
    for (uint32_t i = ndead; i > 0 && i + LOOK_BACK > ndead; i--) {
        if (!reusable(dead[i - 1], past))
            continue;
        *slot = dead[i - 1];
        dead[i - 1] = dead[--ndead];
        return true;
    }
    if (nslots > SLOT_MAX)
        return false;
    slot_bury(&slots[nslots], 0);
    *slot = nslots++;
    return true;
}

struct actor *actor_of_slot(uint32_t slot)
{
    return slot < nslots && slot_alive(&slots[slot]) ? slots[slot].owner : NULL;
}

void actor_catch_up(struct actor *a)
{
    vclock_set(&a->clock, who_slot(a->who), who_epoch(a->who) - 1, &a->stocks->nodes);
    a->behind = false;
}

/* `a` is suspended; the world is stopped. */
static void learn_suspended(struct actor *child, struct actor *a)
{
    a->stocks = child->stocks;
    vclock_join(&child->clock, actor_publish(a), &child->stocks->nodes);
    order_born(child, a, &child->stocks->nodes);
    a->stocks = NULL;
}

/* The past of an actor that nobody created: all that those who live have done and know. The world is stopped. */
static void know_everything(struct actor *child)
{
    for (struct actor *a = actors_newest; a; a = a->older) {
        if (a == child || a->ended || a->rests)
            continue;
        if (!a->stocks) { /* nothing happened since it was suspended */
            learn_suspended(child, a);
            continue;
        }
        actor_touch(a); /* an epoch may have begun unseen while alone */
        vclock_join(&child->clock, actor_publish(a), &child->stocks->nodes);
        order_born(child, a, &child->stocks->nodes);
        pause_clear(a, PAUSE_SOLO);
    }
}

/* The world is stopped. */
static const struct vclock *turn_epoch(struct actor *x)
{
    if (x->stocks && !x->ended) {
        actor_touch(x);
        actor_publish(x);
    }
    return &x->clock;
}

/* What is in `c`, but of the actor of `who` nothing later than that. */
static void learn_up_to(struct actor *a, const struct vclock *c, who_t who)
{
    struct vclock past = {NULL};
    vclock_copy(&past, c, &a->stocks->nodes);
    if (vclock_get(&past, who_slot(who)) > who_epoch(who))
        vclock_set(&past, who_slot(who), who_epoch(who), &a->stocks->nodes);
    actor_learn(a, &past);
    vclock_clear(&past, &a->stocks->nodes);
}

void actor_turns_epoch(struct actor *a, who_t who, bool learns)
{
    world_stop(a);
    os_lock(&actors_lock);
    struct actor *x = actor_of_slot(who_slot(who));
    const struct vclock *known = x && x != a ? turn_epoch(x) : NULL;
    if (known && learns)
        learn_up_to(a, known, who);
    os_unlock(&actors_lock);
    world_start(a);
    if (!known && learns)
        actor_learns_all(a);
}

void actor_learns_all(struct actor *a)
{
    world_stop(a);
    os_lock(&actors_lock);
    for (struct actor *x = actors_newest; x; x = x->older)
        if (x != a)
            actor_learn(a, turn_epoch(x));
    for (uint32_t i = 0; i < ndead; i++) { /* whom nobody joins is not in the list when it has ended */
        const uint64_t last = slots[dead[i]].remembered;
        if (vclock_get(&a->clock, dead[i]) < last) {
            vclock_set(&a->clock, dead[i], last, &a->stocks->nodes);
            actor_touch(a);
        }
    }
    os_unlock(&actors_lock);
    world_start(a);
}

#define FRAMES_FIRST 64
#define FRAMES_LIGHT 2

static size_t incarnation_size(const struct incarnation *i)
{
    return offsetof(struct incarnation, name) + i->room;
}

static uint32_t room_for(const char *name)
{
    uint32_t n = 0;
    while (name[n] && n + 1 < NAME_MOST)
        n++;
    return n + 1 < NAME_LEAST ? NAME_LEAST : n + 1;
}

static void put_name(struct incarnation *i, const char *name)
{
    uint32_t n = 0;
    for (; name[n] && n + 1 < i->room; n++)
        i->name[n] = name[n];
    i->name[n] = 0;
}

static struct incarnation *incarnation_new(const char *name)
{
    const uint32_t room = room_for(name);
    struct incarnation *i = arena_alloc(offsetof(struct incarnation, name) + room);
    if (i) { /* not by zero_bytes: so few bytes at an odd end cost more than all else here */
        *i = (struct incarnation){.room = (uint8_t)room};
        put_name(i, name);
    }
    return i;
}

/* Vectors in it are aligned because such sizes are a class of the arena each. */
static size_t actor_size(bool light)
{
    _Static_assert(offsetof(struct actor, stack_top) % _Alignof(struct actor) == 0, "a light one is smaller by as much");
    return light ? offsetof(struct actor, stack_top) : sizeof(struct actor);
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

static bool crowded(void)
{
    return nincarnations > incarnations_crowd || ndead > dead_crowd;
}

uint32_t actors_afford(void)
{
    return nactors < UINT32_MAX / 8 ? 8 * nactors : UINT32_MAX;
}

bool actors_crowded(void)
{
    return crowded();
}

static struct actor *born(struct actor *parent, uintptr_t pc, bool light, const char *name)
{
    if (!slots_start())
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
        vclock_copy(&a->clock, actor_publish(parent), &parent->stocks->nodes);
        order_born(a, parent, &parent->stocks->nodes);
        pause_clear(parent, PAUSE_SOLO);
    }
    os_lock(&actors_lock);
    if (ok && !parent)
        know_everything(a);
    if (ok && host.no_races)
        a->ignore = 1, a->pause = PAUSE_IGNORE;
    if (ok && record_memory)
        a->pause |= PAUSE_RECORD;
    if (ok && take_slot(&a->clock, &slot)) {
        struct slot *s = &slots[slot];
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
        nactors++;
        nalive++;
        nincarnations++;
        if (parent && crowded())
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

/* Caller holds actors_lock. with: stocks that it ended with, or NULL. */
static void forget(struct actor *a, struct stocks *with)
{
    uint32_t s = who_slot(a->who);
    slot_bury(&slots[s], who_epoch(a->who));
    slots[s].remembered = who_epoch(a->who) - 1; /* the end began an epoch in which nothing was done */
    slots[s].order_epoch = a->order_epoch;
    dead[ndead++] = s;
    if (a->newer)
        a->newer->older = a->older;
    else
        actors_newest = a->older;
    if (a->older)
        a->older->newer = a->newer;
    nactors--;
    if (a->clock.root || order_knows(a)) { /* it has no stocks any more */
        struct vclock_stock none;
        zero_bytes(&none, sizeof none);
        vclock_clear(&a->clock, &none);
        order_clear(a, &none);
        vclock_stock_drain(&none);
    }
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
    actor_publish(a);  /* so that the epoch it ends with is one in which nothing was done */
    if (a->detached) { /* nobody asks what it knew */
        vclock_clear(&a->clock, &a->stocks->nodes);
        order_clear(a, &a->stocks->nodes);
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
    bool alone = nactors == 1;
    for (uint32_t i = 0; alone && i < ndead; i++)
        alone = vclock_get(&a->clock, dead[i]) >= slots[dead[i]].remembered;
    os_unlock(&actors_lock);
    if (alone)
        pause_set(a, PAUSE_SOLO);
    actor_leave(a);
}

/* One that is too short stays behind, as if it had been the slot's former owner: others may be looking at it. */
void actor_set_name(struct actor *a, const char *name)
{
    struct incarnation *longer = room_for(name) > a->self->room ? incarnation_new(name) : NULL;
    os_lock(&actors_lock);
    if (longer) {
        const struct incarnation *self = a->self;
        longer->older = a->self;
        longer->first = self->first;
        longer->number = self->number;
        longer->parent = self->parent;
        longer->goroutine = self->goroutine;
        longer->parent_goroutine = self->parent_goroutine;
        longer->birth_stack = self->birth_stack;
        longer->tid = self->tid;
        longer->ended = self->ended;
        a->self = slots[who_slot(a->who)].incarnation = longer;
        nincarnations++;
    } else {
        put_name(a->self, name);
    }
    os_unlock(&actors_lock);
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

/* ---- description ----------------------------------------------------------------------------------------------- */

static void describe(const struct incarnation *i, struct finding_actor *out)
{
    *out = (struct finding_actor){.number = i->number,
                                  .goroutine = i->goroutine,
                                  .tid = i->tid,
                                  .ended = i->ended,
                                  .is_main = i->number == 0,
                                  .birth_stack = i->birth_stack,
                                  .parent = i->parent,
                                  .parent_goroutine = i->parent_goroutine};
    for (size_t c = 0; c + 1 < sizeof out->name && i->name[c]; c++)
        out->name[c] = i->name[c];
}

static struct incarnation *incarnation_of(who_t who)
{
    struct incarnation *i = slots[who_slot(who)].incarnation;
    while (i && i->first > who_epoch(who))
        i = i->older;
    return i;
}

void actor_describe(who_t who, struct finding_actor *out)
{
    os_lock(&actors_lock);
    struct incarnation *i = incarnation_of(who);
    if (i)
        describe(i, out);
    else
        zero_bytes(out, sizeof *out);
    os_unlock(&actors_lock);
}

void actor_describe_live(const struct actor *a, struct finding_actor *out)
{
    describe(a->self, out);
}

struct actor *actor_of_stack(uintptr_t addr)
{
    for (struct actor *a = actors_newest; a; a = a->older)
        if (addr - a->stack_lo < a->stack_size)
            return a;
    return NULL;
}

struct actor *actor_of_locals(uintptr_t addr)
{
    for (struct actor *a = actors_newest; a; a = a->older)
        if (!a->light && addr - a->locals_lo < a->locals_size)
            return a;
    return NULL;
}

/* ---- collection -------------------------------------------------------------------------------------------------- */

uint32_t actor_slots(void)
{
    return nslots;
}

/* Of so many that one by one would take too long. An actor's current epoch counts as not known even to itself, for its tree
 * is looked at together with those who share it. */
static void floor_of_many(uint64_t *floor)
{
    struct vclock_floor f;
    vclock_floor_begin(&f, floor, nslots);
    for (struct actor *a = actors_newest; a; a = a->older)
        if (!a->ended && !a->rests)
            vclock_floor_add(&f, &a->clock);
    vclock_floor_end(&f);
}

#define MANY 256

void actor_floor(uint64_t *floor)
{
    /* Before anybody asks which epochs can be told apart: who has no stocks has caught up (actor_suspend). */
    for (struct actor *a = actors_newest; a; a = a->older)
        if (a->behind && a->stocks)
            actor_catch_up(a);
    for (uint32_t s = 0; s < nslots; s++)
        floor[s] = EPOCH_MAX;
    if (nactors > MANY) {
        floor_of_many(floor);
        return;
    }
    for (struct actor *a = actors_newest; a; a = a->older) {
        if (a->ended || a->rests)
            continue;
        uint64_t own = floor[who_slot(a->who)];
        vclock_lower(&a->clock, floor, nslots);
        floor[who_slot(a->who)] = own; /* it knows all of itself */
    }
}

void actor_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx)
{
    for (struct actor *a = actors_newest; a; a = a->older) {
        visit(&a->clock, ctx);
        visit(&a->acquire_fence, ctx);
        visit(&a->release_fence, ctx);
    }
}

uint64_t actor_last_epoch(who_t who)
{
    const struct slot *s = &slots[who_slot(who)];
    uint64_t last = slot_epoch(s);
    for (const struct incarnation *i = s->incarnation; i && i->first > who_epoch(who); i = i->older)
        last = i->first - 1;
    return last;
}

void actor_mark_begin(void)
{
    for (uint32_t s = 0; s < nslots; s++) {
        slots[s].remembered = 0;
        for (struct incarnation *i = slots[s].incarnation; i; i = i->older)
            i->marked = false;
    }
    for (struct actor *a = actors_newest; a; a = a->older)
        a->self->marked = true;
}

void actor_mark(who_t who)
{
    struct slot *s = &slots[who_slot(who)];
    if (s->remembered < who_epoch(who))
        s->remembered = who_epoch(who);
    actor_mark_name(who);
}

void actor_mark_name(who_t who)
{
    struct incarnation *i = incarnation_of(who);
    if (i)
        i->marked = true;
}

void actor_keep_together(void)
{
    uint32_t n = 0;
    for (struct actor *a = actors_newest; a; a = a->older) {
        stamp_own_nothing(&a->stamps); /* granule_covered, which nobody stops, sees this before any cell of the new numbers */
        n += stocks_owned(a) && !a->ended;
    }
    for (struct actor *a = actors_newest; a; a = a->older)
        if (stocks_owned(a) && !a->ended)
            stamp_renew_together(&a->stocks->reserve, who_slot(a->who), n);
}

void actor_sweep(void)
{
    for (uint32_t s = 0; s < nslots; s++) {
        for (struct incarnation **at = &slots[s].incarnation; *at;) {
            struct incarnation *i = *at;
            if (i->marked) {
                at = &i->older;
                continue;
            }
            *at = i->older;
            arena_free(i, incarnation_size(i));
            nincarnations--;
        }
    }
    incarnations_crowd = 2 * nincarnations + NAMES_CROWD;
    dead_crowd = 2 * ndead + 1024;
    for (struct actor *a = actors_newest; a; a = a->older) {
        if (a->ended || !a->stocks)
            continue;
        if (stocks_owned(a))
            stamp_reserve_renew(&a->stocks->reserve, who_slot(a->who), a->stocks->reserve.own != &a->stamps);
        zero_bytes(a->stocks->known, sizeof a->stocks->known);
        for (size_t c = 0; c < sizeof a->stocks->spills.n / sizeof *a->stocks->spills.n; c++)
            a->stocks->spills.n[c] = 0;
    }
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
