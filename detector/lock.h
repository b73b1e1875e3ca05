/* Objects that are held or waited for, by address, and the locks that an actor holds.
 *
 * An object has a number that is never used again: an object that was destroyed, freed or made anew is another one. The
 * table is chains by address, of which the first node is in the table itself: with thousands of locks, what a lock costs is
 * waiting for memory, and this line can be asked for before anything is known (lock_place). Finding takes no lock, because
 * nodes are never unmapped and a node that is met while it goes to another object only makes the finder look again, under the
 * chain's lock.
 *
 * Who takes and gives up a mutex that tells it nothing new, and to which it has nothing new to tell, only reads the object: its
 * first line may be in the caches of all processors. So the holder of a mutex stands in its own list, and in `owner` when
 * somebody could ask: it says so itself before it waits (held_own_up), and others say it for all when the world stands still.
 *
 * Guards: `addr`, `id`, `next` are written under the chain's lock and read without; `owner` is written by the holder, or while
 * it stands still; `out` and what follows belong to lock_order.c and its lock. */
#ifndef GORACE_LOCK_H
#define GORACE_LOCK_H

#include "actor.h"
#include "finding.h"
#include "lock_place.h"
#include "locks.h"

struct edge;
struct writing;

#define INSIDE_MANY UINT32_MAX

/* What every acquisition and release looks at is the first cache line. */
struct lock {
    uintptr_t addr;        /* 0: gone */
    uint64_t id;           /* 0: gone */
    struct lock *next;     /* chain, or free list */
    struct actor *owner;   /* who holds it exclusively; NULL: nobody, or who has not said so, or not known */
    struct vclock flow;    /* order.h; the holder's, as is ... */
    struct teller teller;  /* ... who has left that, or gave it up after that and has told what is not in it */
    uint8_t thing;
    bool flow_busy;        /* somebody is in `flow`; atomic */
    bool guards_condition;
    bool odd;              /* who takes it has to look at more: set with any of inherited ... in_handlers, and stays */

    bool inherited;        /* its owner held it over a fork, and may make it anew in the child */
    struct orphan *orphan; /* who ended with it; NULL: nobody */
    uint32_t destroyed;    /* where it was destroyed; 0: it was not */
    struct finding_actor *destroyer;
    uintptr_t copied_from; /* the original of which this is a copy ... */
    uint64_t copied_id;    /* ... and its number; 0: it is none, or that was reported */
    uint32_t copied;       /* where it was copied */
    uint32_t in_handler;   /* where it was taken in a handler ... */
    uint64_t in_handlers;  /* ... of which signals: bit sig - 1 */
    uint32_t made;         /* where it was initialised; 0: not known */
    uint32_t inside;       /* 1 + the slot of who told something while holding it (lock_predict.h), INSIDE_MANY, or 0 */
    uint64_t writer;       /* of a lock that lets writers pass readers: 1 + the number of the actor that wrote last, and ... */
    uint64_t writer_epoch;
    struct writing *writing; /* ... when; lock of lock_order.c; NULL: nobody has */
    uint32_t waiters;        /* of a condition: actors in a wait on it; this and the next two: lock of waits */
    uint32_t pending;        /* of them, how many were signalled and are not back */
    uintptr_t waited_with;   /* their mutex */
    struct edge *out, *in;
    uint64_t mark; /* the search that found that it leads back */
    bool on_path;  /* of the search */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct lock) == LOCK_SIZE, "lock_place");

/* A lock was held when its holder ended, or was left behind by fork. */
struct orphan {
    struct finding_actor by;
    uint32_t stack; /* where it was taken */
    bool forked;
};

bool lock_start(void);
static inline struct lock *lock_in_place(struct lock *l, uintptr_t addr)
{
    while (l && unlikely(__atomic_load_n(&l->addr, __ATOMIC_ACQUIRE) != addr))
        l = __atomic_load_n(&l->next, __ATOMIC_ACQUIRE);
    return l;
}
static inline struct lock *lock_in_chain(uint32_t chain, uintptr_t addr)
{
    return addr ? lock_in_place(&lock_chains[chain], addr) : NULL;
}
/* NULL: there is none, or no memory. Nothing is at address 0. */
struct lock *lock_find(uintptr_t addr);
struct lock *lock_make(uintptr_t addr, enum thing thing);
static inline struct lock *lock_at(uintptr_t addr, enum thing thing)
{
    struct lock *l = lock_in_chain(lock_chain(addr), addr);
    return likely(l != NULL) ? l : lock_make(addr, thing);
}
static inline bool lock_is_inside(const struct lock *l, const struct actor *a)
{
    return l->inside == INSIDE_MANY || l->inside == 1 + who_slot(a->who);
}
/* Another object than what is there. */
struct lock *lock_anew(struct actor *a, uintptr_t addr, enum thing thing);
static inline bool lock_is(const struct lock *l, uint64_t id)
{
    return __atomic_load_n(&l->id, __ATOMIC_ACQUIRE) == id;
}
/* All objects in [addr, addr + size) are gone. */
void locks_forget(struct actor *a, uintptr_t addr, size_t size);
/* The same, by free at `pc`: outside of the core. Those that are held are reported. */
void locks_freed(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc);
/* The first that is held in the range; 0: none. */
uintptr_t locks_held_in(uintptr_t addr, size_t size);
/* Addresses of at most `max` objects in the range. */
int locks_in(uintptr_t addr, size_t size, uintptr_t *found, int max);
/* Outside of the core: the lock, which handlers take, was taken at `stack` where they could have come. */
void misuse_of_handler(struct actor *a, struct lock *l, uint32_t stack);
bool locks_maybe(uintptr_t addr, size_t size);

/* Where `a` holds it, or NULL. */
struct held *held_find(const struct actor *a, uintptr_t addr);
/* `a` is the owner of all that it holds exclusively. By itself, or while it stands still. */
void held_own_up(struct actor *a);
/* A goroutine is about to stop running: room for locks that it does not need then is the thread's. It has some. */
void held_lend_back(struct actor *a);
/* Who holds it exclusively, whether it has said so or not, and where it was taken; NULL: nobody. Looks through what everybody
 * holds, unless nobody can. Caller holds actors_lock. */
struct actor *held_by(const struct lock *l, uint32_t *stack);
bool held_maybe(const struct lock *l); /* cheap */
static inline struct finding_lock held_describe(const struct held *h)
{
    return (struct finding_lock){h->addr, h->exclusive, h->stack, (enum thing)h->thing};
}
/* The actor ends, or is left behind by fork: its locks have no holder. */
void held_orphaned(struct actor *a, bool forked);
/* In the child of fork: what `a`, who is left, holds; locks in memory shared with the parent are still the parent's. */
void held_inherited(struct actor *a);

#endif
