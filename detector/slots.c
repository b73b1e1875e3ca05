/* See slots.h. All are in a list, for collections; `lock` guards it. What is in them is their channel's. */
#include "slots.h"

#include "order.h"
#include "record.h"
#include "vclock_short.h"

struct slots {
    struct slots *next, **at; /* at: what points here */
    uint32_t n;
    struct sync slot[]; /* but for what has to do with chains and atomics */
};

static struct oslock lock;
static struct slots *all;

static size_t size_of(uint32_t n)
{
    return sizeof(struct slots) + n * sizeof(struct sync);
}

static __attribute__((noinline)) struct slots *make(uint32_t n)
{
    struct slots *s = arena_alloc(size_of(n));
    if (!s)
        return NULL;
    zero_bytes(s, size_of(n));
    s->n = n;
    for (uint32_t i = 0; i < n; i++)
        s->slot[i].released = WHO_NOBODY;
    os_lock(&lock);
    s->next = all;
    s->at = &all;
    if (all)
        all->at = &s->next;
    all = s;
    os_unlock(&lock);
    return s;
}

/* In place. False: it is not so simple. */
static inline bool hand_off_short(struct actor *a, struct sync *s)
{
    const uint32_t slot = who_slot(a->who);
    bool grew, its_grew;
    if (unlikely(!vclock_are_short(&a->clock, &s->clock) || !vclock_short_has(&a->clock, slot)))
        return false;
    vclock_even_short(&a->clock, &s->clock, &grew, &its_grew);
    if (grew || a->behind || a->published_at != a->accesses) {
        a->clock.root->epoch[slot] = s->clock.root->epoch[slot] = who_epoch(a->who);
        actor_next_epoch(a);
        a->behind = false;
    }
    s->released = WHO_NOBODY; /* not noted: to join it is as quick */
    return true;
}

static inline void hand_off(struct actor *a, struct sync *s)
{
    if (likely(hand_off_short(a, s)))
        return;
    sync_join_into(a, s);
    vclock_copy(&s->clock, actor_publish(a), &a->stocks->nodes); /* with all in it: see above */
    s->released = WHO_NOBODY;
}

void slots_handoff(struct actor *a, struct slots **slots, size_t n, size_t slot, uint64_t key)
{
    if (unlikely(n > SLOTS_MOST)) {
        sync_handoff(a, key);
        return;
    }
    if (!actor_enter(a))
        return;
    record(a, TRACE_HANDOFF, key, 0, 0);
    if (!(a->pause & PAUSE_SOLO)) {
        if (unlikely(!*slots) && !(*slots = make((uint32_t)n))) {
            detector_off("out of memory for the slots of a channel; running on without detection");
        } else {
            struct sync *s = &(*slots)->slot[slot];
            if (!host.no_races)
                hand_off(a, s);
            order_into(a, s);
            order_out(a, s);
            if (unlikely(vclock_failed))
                detector_off("out of memory for clocks; running on without detection");
        }
    }
    actor_leave(a);
}

void slots_end(struct actor *a, struct slots *s)
{
    if (!s || !actor_enter(a))
        return;
    os_lock(&lock);
    *s->at = s->next;
    if (s->next)
        s->next->at = s->at;
    os_unlock(&lock);
    for (uint32_t i = 0; i < s->n; i++) {
        vclock_clear(&s->slot[i].clock, &a->stocks->nodes);
        sync_drop_told(a, &s->slot[i]);
    }
    arena_free(s, size_of(s->n));
    actor_leave(a);
}

void slots_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx)
{
    for (const struct slots *s = all; s; s = s->next)
        for (uint32_t i = 0; i < s->n; i++)
            visit(&s->slot[i].clock, ctx);
}
