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

/* What is told now has an epoch that says so; what is noted later is of another one. inside: it holds a lock, and goes on to. */
static inline uint64_t order_tell_epoch(struct actor *a, bool inside)
{
    if (a->order_used || (a->told ? epoch_is_inside(a->told) != inside : inside)) {
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

/* Somebody else has given it up last, who may have told something by it. */
static inline bool flow_tells(const struct lock *l, const struct actor *a)
{
    return l->teller.who != a->teller && (l->teller.epoch || l->flow.root);
}

/* `a` holds nothing, and what it knew when it did not before has changed. */
static inline bool flow_outside(const struct actor *a)
{
    return a->section_version != a->flow_version || a->meanwhile.root;
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
    return l->teller.who != a->teller || l->flow_version != a->flow_version;
}

/* It is about to give it up. */
static inline void flow_given(struct actor *a, struct lock *l, bool exclusive)
{
    if (unlikely(a->nheld > 1 && flow_tells(l, a)))
        flow_meanwhile(a, l);
    if (!exclusive)
        return;
    l->teller.epoch = order_tell_epoch(a, a->nheld > 1);
    if (unlikely(flow_leaves(a, l))) {
        l->teller.who = a->teller;
        flow_leave(a, l);
    }
}

#endif
