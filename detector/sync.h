/* Synchronisation objects: key -> clock.
 *
 * A hash table of chains with a lock a chain; keys of one 64-byte line share a chain, so that the objects in a freed
 * block are found without asking for every address in it. An atomic operation of the program is performed while its
 * object is held (sync_hold), so that a value and the clock that travels with it never part. */
#ifndef GORACE_SYNC_H
#define GORACE_SYNC_H

#include "actor.h"

/* A release sequence (C11 5.1.2.4p10) that the location's value belongs to. */
struct head {
    struct head *next;
    struct vclock clock; /* what its thread has put in; empty while it is the only one: then that is the object's clock */
    uint64_t by;         /* the number of the actor that heads it */
};
#define HEADS_MAX 8

struct sync {
    uint64_t key;
    struct sync *next;
    struct vclock clock;
    struct head *heads; /* latest first; HEADS_MAX at most */
    bool heads_lost;    /* there were more */
    bool begets;
    bool atomic; /* sync_release_atomic */
    uint32_t begets_at; /* the stack of who has said so */
    /* The clock is what this actor knew at this epoch, and nothing else: an acquirer that knows the epoch is done. */
    who_t released;
    struct vclock order, flow; /* order.h, but for ... */
    struct teller teller;      /* ... who has released last */
};

bool sync_start(void);
/* Locks the chain of `key`; the object, made when `make`, or NULL. sync_let must follow in any case, or sync_let_same when no
 * clock was changed. */
struct sync *sync_hold(struct actor *a, uint64_t key, bool make);
void sync_let(uint64_t key);
void sync_let_same(uint64_t key);
/* A number that each sync_let of the chain changes; the chain is held. */
uint64_t sync_version(uint64_t key);
/* Nobody holds the chain of `key`, nor has changed it since it had that version: without a lock, nor a write to anything
 * shared. What was read before the call is of that version, if it is written by holders only. */
bool sync_is_still(uint64_t key, uint64_t version);
/* False: there is no object at `key` (nor any in its page), without a lock. */
bool sync_maybe(uint64_t key);
/* With the object held, by an actor that is inside. */
void sync_join_into(struct actor *a, const struct sync *s); /* acquire */
void sync_set(struct actor *a, struct sync *s);             /* release */
void sync_merge(struct actor *a, struct sync *s);           /* release that keeps what is there */
void sync_drop_heads(struct actor *a, struct sync *s);
/* All objects whose key is an address in [addr, addr+size) are gone. */
void sync_forget_range(struct actor *a, uintptr_t addr, size_t size);
/* For the collector, as actor_floor: of those that beget. */
void sync_floor(uint64_t *floor, uint32_t slots);
/* Every clock of every object; with the world stopped. */
void sync_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx);
uint64_t syncs_lost(void);

#endif
