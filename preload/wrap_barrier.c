/* Barriers. Edge: every arrival of a round -> every leaving of that round.
 *
 * Each round of a barrier has a sync object of its own, with a number that is never used again. With one object for all
 * rounds, a slow thread that leaves round n would learn what a fast one has done before arriving at round n + 1, and
 * their race in between would be hidden. The round is over when the last thread has left it.
 *
 * When more threads than the barrier's count use it at once, libc decides who goes with whom, and we cannot see it
 * ("crowded"). Then, to raise no false alarm, leaving learns all arrivals ever, through the barrier's address. */
#include "../detector/locks.h"
#include "../detector/os.h"
#include "delay.h"
#include "interpose.h"
#include "raw.h"
#include "sync_keys.h"
#include "threads.h"

struct round {
    uint64_t key;
    uint64_t barrier; /* struct barrier.made of the one that it is a round of: another may stand at its address when the last leave */
    unsigned arrived;
    unsigned present; /* arrived and not yet left */
    bool full;
    struct round *next; /* free list */
};

struct barrier {
    uintptr_t address;
    uint64_t made; /* a number of its own */
    unsigned count;
    unsigned present; /* over all rounds */
    bool crowded;
    struct round *open;   /* the round that takes arrivals; NULL: the next one begins a new round */
    struct barrier *next; /* bucket or free list */
};

/* glibc (nptl/pthreadP.h, struct pthread_barrier): not zero when other processes may use it. */
#define SHARED_OFFSET 12

#define BUCKETS 64
#define SLAB ((size_t)16 << 10)
static struct barrier *buckets[BUCKETS]; /* these five: tables_lock */
static struct barrier *unused_barriers;
static struct round *unused_rounds;
static uint64_t rounds, barriers; /* that there have been */

#define TAKE(type, list) \
    static type *take_##list(void) \
    { \
        if (!list) { \
            type *slab = os_reserve(SLAB); \
            for (size_t i = slab ? SLAB / sizeof *slab : 0; i-- > 0;) { \
                slab[i].next = list; \
                list = &slab[i]; \
            } \
        } \
        type *taken = list; \
        if (taken) { \
            list = taken->next; \
            zero_bytes(taken, sizeof *taken); \
        } \
        return taken; \
    }
TAKE(struct barrier, unused_barriers)
TAKE(struct round, unused_rounds)

static struct barrier **find(const pthread_barrier_t *b)
{
    struct barrier **link = &buckets[((uintptr_t)b >> 4) % BUCKETS];
    while (*link && (*link)->address != (uintptr_t)b)
        link = &(*link)->next;
    return link;
}

static void forget(const pthread_barrier_t *b)
{
    struct barrier **link = find(b), *found = *link;
    if (!found)
        return;
    *link = found->next;
    found->next = unused_barriers;
    unused_barriers = found;
}

/* The round that the caller arrives at; NULL when the barrier is not known (made in another process). */
static struct round *arrive(const pthread_barrier_t *b)
{
    struct thread *self = tables_lock();
    struct barrier *known = *find(b);
    struct round *r = NULL;
    if (known) {
        if (!known->open && (known->open = take_unused_rounds())) {
            known->open->key = sync_key(SYNC_BARRIER_ROUND, ++rounds);
            known->open->barrier = known->made;
        }
        r = known->open;
        if (++known->present > known->count)
            known->crowded = true;
    }
    if (r) {
        r->present++;
        if (++r->arrived == known->count) {
            r->full = true;
            known->open = NULL;
        }
    }
    tables_unlock(self);
    return r;
}

/* True when the barrier's address has to be learned as well. `*over`: the round has ended. */
static bool leave(const pthread_barrier_t *b, struct round *r, uint64_t *over)
{
    struct thread *self = tables_lock();
    struct barrier *known = *find(b);
    if (known && known->made != r->barrier)
        known = NULL;
    bool all = !known || known->crowded;
    if (known)
        known->present--;
    *over = 0;
    if (--r->present == 0 && r->full) {
        *over = r->key;
        r->next = unused_rounds;
        unused_rounds = r;
    }
    tables_unlock(self);
    return all;
}

INTERPOSE(int, pthread_barrier_init, (pthread_barrier_t * b, const pthread_barrierattr_t *attr, unsigned count))
{
    struct actor *me = current();
    int result = REAL(pthread_barrier_init)(b, attr, count);
    if (result)
        return result;
    if (me) {
        mem_write(me, b, sizeof *b, CALLER);
        sync_forget(me, (uintptr_t)b);
    }
    struct thread *self = tables_lock();
    forget(b);
    struct barrier *known = take_unused_barriers();
    if (known) {
        known->address = (uintptr_t)b;
        known->made = ++barriers;
        known->count = count;
        known->next = NULL;
        *find(b) = known;
    }
    tables_unlock(self);
    return 0;
}

INTERPOSE(int, pthread_barrier_destroy, (pthread_barrier_t * b))
{
    struct actor *me = current();
    int result = REAL(pthread_barrier_destroy)(b);
    if (result)
        return result;
    if (me) {
        mem_write(me, b, sizeof *b, CALLER);
        sync_forget(me, (uintptr_t)b);
    }
    struct thread *self = tables_lock();
    forget(b);
    tables_unlock(self);
    return 0;
}

INTERPOSE(int, pthread_barrier_wait, (pthread_barrier_t * b))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!me)
        return REAL(pthread_barrier_wait)(b);
    PARKED_REGISTERS();
    struct round *r = arrive(b);
    uint64_t key = r ? r->key : (uintptr_t)b;
    uint64_t over = 0;
    sync_release_merge(me, key);
    if (r)
        sync_release_merge(me, (uintptr_t)b);
    int shared;
    raw_copy(&shared, (const char *)b + SHARED_OFFSET, sizeof shared);
    bool last = r && r->full;
    const struct wait_for w = {.thing = THING_BARRIER,
                               .how = shared || !r ? HOW_OUTSIDE : 0,
                               .key = (uintptr_t)b,
                               .available = NULL};
    if (!last)
        wait_begin(me, &w, CALLER);
    int result = REAL(pthread_barrier_wait)(b);
    if (!last)
        wait_end(me);
    bool through = result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD;
    if (through)
        sync_acquire(me, key);
    if (r && leave(b, r, &over) && through)
        sync_acquire(me, (uintptr_t)b);
    if (over)
        sync_forget(me, over);
    return result;
}
