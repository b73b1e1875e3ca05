/* Two orders of what actors did, as clocks of their own beside those of the races.
 *
 * `order`: what every schedule of the program has - create, join, conditions, semaphores, barriers, channels, atomic
 * operations, and mutexes that guard a condition.
 * `flow`: that, and the order in which locks were taken in this run. Data that went from one thread to another under a
 * mutex may have decided what the other does ("only if the flag is set"), so what is ordered by it is not sure to be
 * possible the other way round. Of a lock that is held it says nothing: there, `flow` is as it was when the actor held
 * nothing (actor.section), or any two threads that use the same two locks would be ordered by these.
 *
 * Nor do the locks of a cycle say anything about its own order: so an actor remembers by which locks its flow came last.
 *
 * Both have the same epochs. An actor's own epoch is not in its clocks: it is told beside them as a number (struct teller), so
 * that telling what one knows costs no new clock as long as nothing was learnt. Only who hears it puts it in. What is told
 * while the actor holds a lock, and goes on to, has an even number of its own, all else an odd one: so one can tell whether
 * who has heard of an actor has heard of a section's end. Locks carry `flow` in themselves (struct lock), guarded by the lock
 * of the program. */
#ifndef GORACE_ORDER_H
#define GORACE_ORDER_H

#include "lock.h"
#include "sync.h"
#include "vclock_node.h"

static inline bool epoch_is_inside(uint64_t epoch)
{
    return !(epoch & 1);
}

/* It has nothing to tell, nor ever had. */
static inline bool order_silent(const struct actor *a)
{
    return !a->order.root && !a->flow.root && !a->told && !a->order_used && !a->nheld;
}
/* With the object held, by an actor that is inside. */
void order_hear(struct actor *a, const struct told *t);
void order_say(struct actor *a, struct sync *s);
static inline void order_into(struct actor *a, const struct sync *s) /* acquire */
{
    if (unlikely(s->told != NULL))
        order_hear(a, s->told);
}
static inline void order_out(struct actor *a, struct sync *s) /* release; what is there is kept */
{
    if (unlikely(!order_silent(a)))
        order_say(a, s);
}
void order_out_chance(struct actor *a, struct sync *s); /* release, which only flow has */
/* `child`, which is new, knows what `a` knows and has done. */
void order_born(struct actor *child, struct actor *a, struct vclock_stock *stock);
/* `a` knows what `other` knows and has done, who does nothing meanwhile. */
void order_learn(struct actor *a, struct actor *other);
/* Both do. */
void order_meet(struct actor *a, struct actor *other);
/* What the actor knows is dropped: it knows nothing, or nobody will ask. */
void order_clear(struct actor *a, struct vclock_stock *stock);
/* The same, without taking anything apart. */
void order_lost(struct actor *a);
bool order_knows(const struct actor *a);
/* The last epoch of `a` that somebody else has heard of. */
uint64_t order_heard(const struct actor *a);
bool order_start(void);

/* The last epoch of the slot that `a` learnt of otherwise than by locks that `but` names; UINT64_MAX when it cannot be told. */
uint64_t flow_but(const struct actor *a, uint32_t slot, bool (*but)(uint64_t id, const void *ctx), const void *ctx);
void flow_log_drop(struct actor *a); /* the actor ends */
/* Parts of the two below: what is known before the first lock; by a lock got; by one about to be given back while others are
 * held; and what is left in one. */
void flow_section(struct actor *a);
void flow_learn(struct actor *a, struct lock *l);
void flow_meanwhile(struct actor *a, struct lock *l);
void flow_leave(struct actor *a, struct lock *l);

/* Each epoch that an actor begins is news that goes through all locks to all others. Where nothing new was noted for long, only so
 * many are begun for what matters only to cycles that nobody has seen yet. Then the others know all, and locks tell nothing. */
static inline bool order_fine(struct actor *a)
{
    if (!a->fine)
        return false;
    a->fine--;
    return true;
}

/* What is told now has an epoch that says so; what is noted later is of another one. inside: it holds a lock, and goes on to. What
 * counts as told inside may have been told outside, but not the other way round. */
static inline uint64_t order_tell_epoch(struct actor *a, bool inside)
{
    const bool otherwise = a->told ? epoch_is_inside(a->told) != inside : inside;
    if (unlikely(a->order_used || otherwise) && (a->order_used || inside || order_fine(a))) {
        a->order_used = false;
        a->told = a->order_epoch + (epoch_is_inside(a->order_epoch) != inside);
        a->order_epoch = a->told + 1;
    }
    return a->told;
}

/* What `a` tells of itself now. */
static inline struct teller order_tell(struct actor *a, bool inside)
{
    return (struct teller){.who = a->teller, .epoch = order_tell_epoch(a, inside)};
}

/* Who has given it up last told something by that which may not be in `known`. Clocks that are one say the same: what is shared does
 * not change. */
static inline bool flow_news(const struct lock *l, const struct vclock *known)
{
    return (l->flow.root && l->flow.root != known->root) || vclock_node_flat(known, l->teller.slot) < l->teller.epoch;
}

/* Somebody else has given it up last, and to take it is to learn something, if only by which locks (flow_but). */
static inline bool flow_tells(const struct lock *l, const struct actor *a)
{
    return l->teller.who != a->teller &&
           (likely(a->log_over) ? flow_news(l, &a->flow) : l->teller.epoch || l->flow.root);
}

/* To give it up, and go on to hold others, is to know from then on what it told. */
static inline bool flow_stays(const struct lock *l, const struct actor *a)
{
    return l->teller.who != a->teller &&
           (likely(a->log_over) ? flow_news(l, &a->section) : l->teller.epoch || l->flow.root);
}

/* It tells nothing beyond `known`, a clock of the actor's: what can be said of nearly all locks without a look at that. */
static inline bool flow_old(const struct lock *l, const struct actor *a, const struct vclock *known)
{
    return l->teller.who == a->teller ||
           (!l->teller.epoch && l->flow.root == known->root && (likely(a->log_over) || !known->root));
}

/* `a` holds nothing, and what it knew when it did not before has changed. */
static inline bool flow_outside(const struct actor *a)
{
    return a->section.root != a->flow.root || a->meanwhile.root;
}

/* `a` has got the lock. */
static inline void flow_taken(struct actor *a, struct lock *l)
{
    if (unlikely(a->nheld == 0 && flow_outside(a)))
        flow_section(a);
    if (unlikely(flow_tells(l, a)))
        flow_learn(a, l);
}

/* What was left in the lock is not all that `a`, its holder, knows. */
static inline bool flow_leaves(const struct actor *a, const struct lock *l)
{
    return l->flow.root != a->flow.root;
}

/* What `a`, who gives it up, tells of itself is left in it. new: so is what it knows. Else, where what was left says it already,
 * nothing is written: whoever is the teller left that, and hears nothing by it. Nor is there a teller any more, when all that one
 * told is in what was left (flow_old). */
static inline void flow_tell(struct actor *a, struct lock *l, bool inside, bool new)
{
    const struct teller me = order_tell(a, inside);
    if (new || unlikely(!a->log_over) || unlikely(vclock_node_flat(&l->flow, me.slot) < me.epoch))
        l->teller = me;
    else if (unlikely(l->teller.epoch != 0) && vclock_node_flat(&l->flow, l->teller.slot) >= l->teller.epoch)
        l->teller = (struct teller){.epoch = 0};
}

/* It is about to give it up. */
static inline void flow_given(struct actor *a, struct lock *l, bool exclusive)
{
    if (unlikely(a->nheld > 1 && flow_stays(l, a)))
        flow_meanwhile(a, l);
    if (!exclusive)
        return;
    const bool new = flow_leaves(a, l);
    flow_tell(a, l, a->nheld > 1, new);
    if (unlikely(new))
        flow_leave(a, l);
}

#endif
