/* The graph behind lock_order.h: between lock_order.c, which makes it, and lock_cycle.c, which searches it. One lock guards
 * all of it, the one of lock_order.c. */
#ifndef GORACE_LOCK_CYCLE_H
#define GORACE_LOCK_CYCLE_H

#include "lock_order.h"

/* Locks held at one moment, shared by the occurrences that it makes, when that was last, and what the actor knew then. */
struct gates {
    uint32_t refs, n;
    uint64_t hash;
    uint64_t epoch;                       /* when; atomic */
    struct oslock lock;                   /* of what the actor knew then, which it writes without the lock of the graph ... */
    struct vclock order, flow, meanwhile; /* ... as in order.h */
    struct gate {
        struct finding_lock lock;
        struct lock *object; /* NULL: there was no memory for it */
        uint64_t id;
    } at[];
};

/* Who it was, as when that was noted last: one for all of an actor's occurrences, which have a reference each. A server takes thousands of
 * locks under thousands of others, and its names would be most of the graph. */
struct party {
    struct party *chain;
    uint64_t number; /* the actor's */
    uint32_t slot;
    uint32_t refs;
    struct finding_actor is;
};

struct occurrence {
    struct occurrence *next;
    struct gates *gates;
    struct party *by;
    uint32_t from; /* which of the gates is the edge's */
    uint32_t stack;
    bool exclusive, readers_first;
};

/* The last time that the lock was taken for writing. */
struct writing {
    uint64_t actor, epoch;
    uint32_t slot;
    struct vclock order;
};

struct edge {
    struct edge *chain, *next_out, *next_in;
    struct lock *from, *to;
    uint64_t from_id, to_id;  /* their numbers, which outlive them here */
    struct occurrence *first; /* latest first */
    unsigned n;
    bool cyclic; /* lies on a cycle */
    uint64_t by; /* bit number % 64 of each actor that has ever been in `first` */
};

/* A step of a cycle. */
struct link {
    struct edge *e;
    struct occurrence *o;
};

static inline uint64_t occurrence_epoch(const struct occurrence *o)
{
    return __atomic_load_n(&o->gates->epoch, __ATOMIC_RELAXED);
}

/* Every cycle through the edge in which it is `o` that is unordered with the others is kept for lock_order_report. stock: the
 * graph's. */
void cycles_search(struct actor *a, struct edge *e, struct occurrence *o, struct vclock_stock *stock);
/* How many edges were found to lie on cycles, ever. Without the lock. */
extern HIDDEN uint64_t cycles_marked; /* atomic to read */
static inline uint64_t cycles_seen(void)
{
    return __atomic_load_n(&cycles_marked, __ATOMIC_RELAXED);
}
/* How often something was not kept, or not searched to the end. */
extern uint64_t lock_order_cut;

#endif
