/* Goroutines as actors: lending of a thread's caches, and what is told for one that is parked.
 *
 * A thread that runs goroutines switches between them by actor_suspend and actor_resume. The numbers of stamps come from the
 * thread's reserve, too: a goroutine that is resumed begins a new part of it, and does not recognise by number what it
 * accessed in the same epoch before; race.c works that out when it is met again. So a goroutine that does one access in its
 * life takes one number.
 *
 * Guards: as for actors. An actor that is suspended is nobody's but the waker's that holds the channel it waits on. */
#include "actor.h"
#include "foreign.h"
#include "heap.h"
#include "order.h"
#include "record.h"
#include "sync.h"
#include "vclock_short.h"

struct stocks *stocks_new(struct actor *owner)
{
    struct stocks *s = arena_alloc(sizeof *s);
    if (s) {
        zero_bytes(s, sizeof *s);
        s->owner = owner;
    }
    return s;
}

void stocks_free(struct stocks *s)
{
    vclock_stock_drain(&s->nodes);
    sync_stock_drain(&s->syncs);
    pool_drain(&s->blocks, sizeof(struct block));
    pool_drain(&s->held, sizeof(struct held));
    actor_stocks_drain(s);
    recorder_free(s->recorder);
    if (s->foreign)
        arena_free(s->foreign, FOREIGN * sizeof *s->foreign);
    if (s->walked)
        arena_free(s->walked, WALKED_BYTES);
    arena_free(s, sizeof *s);
}

void stocks_give_back(struct actor *a)
{
    if (stocks_owned(a)) {
        stamp_reserve_end(&a->stocks->reserve);
        stocks_free(a->stocks);
    } else {
        a->stocks->reserve.own = &a->stocks->owner->stamps;
    }
    a->stocks = NULL;
}

void actor_suspend(struct actor *a)
{
    if (unlikely(a->behind)) /* others read its clock (actor_turns_epoch) */
        actor_catch_up(a);
    if (stocks_owned(a))
        return;
    if (a->held)
        held_lend_back(a);
    stocks_give_back(a);
}

void actor_resume(struct actor *a, struct actor *lender)
{
    a->stocks = lender->stocks;
    stamp_reserve_resume(&a->stocks->reserve, &a->stamps);
}

/* The present epoch is in its clock, which is short, and another one begins. */
static inline void publish_short(struct actor *a)
{
    if (a->published_at != a->accesses) {
        a->clock.root->epoch[who_slot(a->who)] = who_epoch(a->who);
        actor_next_epoch(a);
        a->behind = false;
    } else if (unlikely(a->behind)) {
        actor_catch_up(a);
    }
}

static inline bool in_place(const struct actor *a, const struct actor *b)
{
    return vclock_are_short(&a->clock, &b->clock) && vclock_short_has(&a->clock, who_slot(a->who)) &&
           vclock_short_has(&b->clock, who_slot(b->who));
}

/* The other has the same stocks. */
static inline void learn_of_each_other(struct actor *a, struct actor *b)
{
    bool mine, others;
    if (likely(in_place(a, b))) {
        publish_short(a);
        publish_short(b);
        vclock_even_short(&a->clock, &b->clock, &mine, &others);
    } else {
        actor_publish(a);
        actor_publish(b);
        vclock_meet(&a->clock, &b->clock, &a->stocks->nodes, &mine, &others);
    }
    if (mine)
        actor_touch(a);
    if (others)
        actor_touch(b);
}

void actor_meet(struct actor *a, struct actor *other)
{
    if (!actor_enter(a))
        return;
    record(a, TRACE_MEET, other->number, 0, 0);
    /* While a is inside the world cannot be stopped, and nobody but us comes near the other. */
    other->stocks = a->stocks;
    if (!host.no_races)
        learn_of_each_other(a, other);
    order_meet(a, other);
    other->stocks = NULL;
    actor_leave(a);
}

void actor_forgets(struct actor *a)
{
    if (!actor_enter(a))
        return;
    vclock_clear(&a->clock, &a->stocks->nodes);
    order_clear(a, &a->stocks->nodes);
    zero_bytes(a->stocks->known, sizeof a->stocks->known);
    actor_touch(a);
    a->since = a->who;
    a->behind = false;
    a->forgetful = true;
    actor_leave(a);
}

void actor_rests(struct actor *a, bool rests)
{
    os_lock(&actors_lock);
    a->rests = rests;
    os_unlock(&actors_lock);
}
