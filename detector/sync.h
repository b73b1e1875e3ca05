/* Synchronisation objects: key -> clock.
 *
 * A hash table of chains; keys of one 64-byte line share a chain, so that the objects in a freed block are found without asking
 * for every address in it. An atomic operation of the program is performed while its object is held (sync_hold), so that a
 * value and the clock that travels with it never part.
 *
 * What every operation writes is the object's own cache line and nothing else that is shared: an object has a lock and a version of its
 * own (turn.h), and chains, whose neighbours are other objects', are only read, without a lock; nodes are never anything
 * else (sync_nodes.c). What a release leaves is mostly the releaser's epoch alone: the object shares the clock that the releaser has
 * had since before, which does not have the epoch, and becomes another one only when that learns something.
 *
 * Guards: the list of a chain, and that there is no object of some key: the chain's turn. `key`: both turns. All else: the
 * object's turn. */
#ifndef GORACE_SYNC_H
#define GORACE_SYNC_H

#include "actor.h"
#include "places.h"
#include "turn.h"

/* A release sequence (C11 5.1.2.4p10) that the location's value belongs to. */
struct head {
    struct head *next;
    uint64_t by;         /* the number of the actor that heads it */
    bool all;            /* its thread has put in all of the object's clock, and nothing is here. Of the first one only */
    struct vclock clock; /* what its thread has put in ... */
    who_t released;      /* ... as struct sync has it */
};
#define HEADS_MAX 8

/* In the order of locks (order.h). */
struct told {
    struct vclock order, flow; /* but for ... */
    struct teller teller;      /* ... who has released last */
};

struct sync {
    uint64_t key; /* SYNC_FREE: no object */
    struct turn turn;
    /* What an acquirer learns: the clock and, if it is not WHO_NOBODY, the epoch `released`. That one's actor knew all of
     * it then, so an acquirer that knows the epoch is done. */
    struct vclock clock;
    who_t released;
    uintptr_t heads; /* 0: none; sync_only: of the actor alone, `all`; else struct head *, the latest first, HEADS_MAX at most */
    struct told *told;   /* NULL: nothing */
    struct sync *next;   /* of the chain, or of free nodes */
    uint32_t begets_at;  /* the stack of who has said so */
    bool heads_lost;     /* there were more */
    bool begets;
    bool atomic; /* sync_release_atomic, atomic_locked: by sync_make_atomic */
    bool guard;  /* sync_mark_guard */
};
#define SYNC_FREE (~(uint64_t)0)
#define SYNC_LINE ((uint64_t)64)
_Static_assert(sizeof(struct sync) <= SYNC_LINE, "a cache line");

struct sync_chain {
    struct turn turn;
    struct sync *first;
};
#define SYNC_CHAIN_BITS 17
extern HIDDEN struct sync_chain *sync_chains;

bool sync_start(void);

static inline struct sync_chain *sync_chain(uint64_t key)
{
    return &sync_chains[places_chain(key, SYNC_LINE, SYNC_CHAIN_BITS)];
}
/* Without a lock: NULL only says that there was none, or that somebody was at the chain. */
static inline struct sync *sync_in_chain(const struct sync_chain *c, uint64_t key)
{
    struct sync *s = __atomic_load_n(&c->first, __ATOMIC_ACQUIRE);
    while (s && unlikely(__atomic_load_n(&s->key, __ATOMIC_ACQUIRE) != key))
        s = __atomic_load_n(&s->next, __ATOMIC_ACQUIRE);
    return s;
}

struct sync *sync_hold_slow(struct actor *a, uint64_t key, bool make);
/* Holds the object of `key`, made when `make`. NULL: there is none, and none is made before sync_let, which must follow in
 * any case: with the object, and whether a clock of it was changed. */
static inline struct sync *sync_hold(struct actor *a, uint64_t key, bool make)
{
    struct sync *s = sync_in_chain(sync_chain(key), key);
    if (likely(s != NULL)) {
        turn_take(&s->turn);
        if (likely(s->key == key))
            return s;
        turn_give(&s->turn, false);
    }
    return sync_hold_slow(a, key, make);
}
/* What is held. */
static inline struct turn *sync_turn(struct sync *s, uint64_t key)
{
    return s ? &s->turn : &sync_chain(key)->turn;
}
static inline void sync_let(struct sync *s, uint64_t key, bool changed)
{
    turn_give(sync_turn(s, key), changed);
}
/* False: there is no object at `key` (nor any in its page), without a lock. */
extern HIDDEN uint32_t *sync_pages; /* places.h */
static inline bool sync_maybe(uint64_t key)
{
    return places_maybe(sync_pages, key);
}

/* Bits, atomic, by a hash of the address: whether an object there may be `atomic`. One for each address, as mutexes and what they guard share
 * pages; never taken back, as one too many costs a look. */
#define SYNC_MARK_BITS 20
extern HIDDEN uint64_t *sync_marks;
static inline uint64_t sync_mark_of(uint64_t key)
{
    return key * 0x9e3779b97f4a7c15u >> (64 - SYNC_MARK_BITS);
}
static inline bool sync_maybe_atomic(uint64_t key)
{
    const uint64_t mark = sync_mark_of(key);
    return __atomic_load_n(&sync_marks[mark / 64], __ATOMIC_ACQUIRE) >> mark % 64 & 1;
}
/* Before an operation that may be atomic. Whoever sees its value asks, and waits for the object while it is held: what is to be known of it
 * may not be there yet. */
static inline void sync_expect_atomic(uint64_t key)
{
    const uint64_t mark = sync_mark_of(key);
    if (unlikely(!sync_maybe_atomic(key)))
        __atomic_fetch_or(&sync_marks[mark / 64], (uint64_t)1 << mark % 64, __ATOMIC_RELEASE);
}
/* The object is held. */
static inline void sync_make_atomic(struct sync *s)
{
    if (likely(s->atomic))
        return;
    sync_expect_atomic(s->key);
    __atomic_store_n(&s->atomic, true, __ATOMIC_RELEASE); /* after the bit: who could see it asks */
}

static inline uintptr_t sync_only(const struct actor *a)
{
    return (uintptr_t)a->number << 1 | 1;
}
static inline struct head *sync_heads(const struct sync *s)
{
    return s->heads & 1 ? NULL : (struct head *)s->heads;
}

/* With the object held, by an actor that is inside. */
void sync_learn(struct actor *a, const struct sync *s);
static inline void sync_join_into(struct actor *a, const struct sync *s) /* acquire */
{
    if (s->released == WHO_NOBODY || !actor_knows(a, s->released))
        sync_learn(a, s);
}
void sync_set_clock(struct actor *a, struct sync *s);
static inline void sync_set(struct actor *a, struct sync *s) /* release */
{
    const who_t told = actor_tell(a);
    if (unlikely(s->clock.root != a->clock.root || a->forgetful || s->begets))
        sync_set_clock(a, s);
    else
        s->released = told;
}
void sync_merge(struct actor *a, struct sync *s); /* release that keeps what is there */
/* The clock has `released` in it. */
void sync_settle(struct vclock *clock, who_t released, struct vclock_stock *stock);
void sync_drop_heads(struct actor *a, struct sync *s);
struct told *sync_told(struct sync *s); /* made when there is none; NULL: no memory */
void sync_drop_told(struct actor *a, struct sync *s);
/* All objects whose key is an address in [addr, addr+size) are gone. */
void sync_forget_range(struct actor *a, uintptr_t addr, size_t size);
/* For the collector, as actor_floor: of those that beget. */
void sync_floor(uint64_t *floor, uint32_t slots);
/* Every clock of every object; with the world stopped. */
void sync_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx);
/* What is told beside clocks, the same. */
void sync_each_epoch(void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx);
uint64_t syncs_lost(void);

/* sync_nodes.c. One that is no object, with its turn as it was, taken; NULL: no memory. */
struct sync *sync_node_new(struct sync_stock *stock);
/* Its turn is the caller's until then; it is in no chain any more. */
void sync_node_end(struct sync_stock *stock, struct sync *s);
void sync_stock_drain(struct sync_stock *stock);
void sync_each(void (*visit)(const struct sync *s, void *ctx), void *ctx);

#endif
