/* The registry of threads. See threads.h; how one begins and ends is in thread_life.c.
 *
 * A pthread_t is given to a new thread as soon as the old one was joined, or has ended detached, so an id is no name
 * for a thread but only for its present holder. A record is entered exactly once, by whoever comes first: the creator
 * after the real pthread_create, or the new thread before the program's function runs (the id is unknown earlier).
 * It leaves when the thread was joined, or has ended and is detached, whatever comes last; so the registry is as large
 * as the number of threads that live or wait to be joined. For a moment two records may hold one id (joined, not yet
 * taken out, id given on): the newer one is in front, and join and detach work on the record that they pinned before.
 *
 * The lock guards this registry and the small tables of other files in preload/ (barriers, timers, signal handlers). It
 * is a private futex, held for a few instructions. A thread that holds it counts as busy, so no signal handler of the
 * program runs on top of it. Across fork it is held by the forking thread. Records come from address space of our own
 * in slabs and are used again, last freed first; nothing here calls malloc. */
#include "registry.h"

#include "../detector/locks.h"
#include "../detector/os.h"
#include "process.h"
#include "raw.h"
#include "sync_keys.h"

#define BUCKETS 4096
#define SLAB ((size_t)64 << 10)

static struct oslock lock;
static struct thread *buckets[BUCKETS];
static struct thread *unused;
static uint32_t running; /* threads that have begun and not ended; lock */

static struct thread **bucket_of(pthread_t id)
{
    return &buckets[(uint64_t)id * 0x9e3779b97f4a7c15u >> 52];
}

struct thread *tables_lock(void)
{
    struct thread *self = busy_begin();
    os_lock(&lock);
    return self;
}

void tables_unlock(struct thread *self)
{
    os_unlock(&lock);
    busy_end(self);
}

/* Requires the lock. */
static struct thread *record_new(void)
{
    if (!unused) {
        struct thread *slab = os_reserve(SLAB);
        if (!slab)
            return NULL;
        for (size_t i = SLAB / sizeof *slab; i-- > 0;) {
            slab[i].next = unused;
            unused = &slab[i];
        }
    }
    struct thread *t = unused;
    unused = t->next;
    zero_bytes(t, sizeof *t);
    return t;
}

/* Requires the lock. */
static void record_unpin(struct thread *t)
{
    if (--t->pins == 0) {
        t->next = unused;
        unused = t;
    }
}

/* Requires the lock. */
static void list(struct thread *t, pthread_t id)
{
    if (t->listed)
        return;
    struct thread **bucket = bucket_of(id);
    t->id = id;
    t->listed = true;
    t->next = *bucket;
    *bucket = t;
}

/* Requires the lock. Gives up the registry's pin. */
static void unlist(struct thread *t)
{
    if (!t->listed)
        return;
    struct thread **link = bucket_of(t->id);
    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
    t->listed = false;
    record_unpin(t);
}

/* ---- creation ------------------------------------------------------------------------------------------------------ */

struct thread *thread_prepare(struct actor *child, bool detached)
{
    struct thread *self = tables_lock();
    struct thread *t = record_new();
    if (t) {
        t->actor = child;
        t->detached = detached;
        t->pins = 2; /* the registry's and the creator's */
        t->busy = 1; /* until it has begun */
        t->delays = delay_stream_new(self ? &self->delays : NULL);
    }
    tables_unlock(self);
    return t;
}

void thread_created(struct thread *t, const pthread_t *id)
{
    struct thread *self = tables_lock();
    if (!t->listed && !t->ended)
        list(t, *id);
    record_unpin(t);
    tables_unlock(self);
}

void thread_not_created(struct thread *t)
{
    struct thread *self = tables_lock();
    t->pins = 1;
    record_unpin(t);
    tables_unlock(self);
}

void thread_enters(struct thread *t)
{
    running++;
    list(t, pthread_self());
}

bool thread_leaves(struct thread *t)
{
    struct thread *self = tables_lock();
    const bool last = --running == 0;
    t->ended = true;
    if (t->detached)
        unlist(t);
    tables_unlock(self);
    return last;
}

/* ---- lookup ----------------------------------------------------------------------------------------------------- */

struct thread *thread_find(pthread_t id)
{
    struct thread *self = tables_lock();
    struct thread *t = *bucket_of(id);
    while (t && !pthread_equal(t->id, id))
        t = t->next;
    if (t)
        t->pins++;
    tables_unlock(self);
    return t;
}

void thread_named(pthread_t id, const char *name)
{
    struct thread *self = tables_lock();
    struct thread *t = *bucket_of(id);
    while (t && !pthread_equal(t->id, id))
        t = t->next;
    if (t && !t->ended)
        actor_set_name(t->actor, name);
    tables_unlock(self);
}

void thread_unpin(struct thread *t)
{
    if (!t)
        return;
    struct thread *self = tables_lock();
    record_unpin(t);
    tables_unlock(self);
}

struct join_wait join_wait_begins(struct actor *me, struct thread *t, uintptr_t pc)
{
    struct join_wait w = {NULL, NULL};
    if (!t)
        return w;
    struct thread *self = tables_lock();
    /* libc refuses to join oneself, and one who is joining oneself. */
    if (t == self) {
        tables_unlock(self);
        misuse(me, MISUSE_JOINS_ITSELF, THING_THREAD, 0, NULL, pc);
        return w;
    }
    bool waits = self && t->joins != self && !t->ended;
    if (waits)
        self->joins = t;
    tables_unlock(self);
    if (!waits)
        return w;
    w.me = me;
    w.self = self;
    wait_begin(me, &(struct wait_for){.thing = THING_THREAD, .key = (uintptr_t)t, .target = t->actor}, pc);
    return w;
}

void join_wait_over(struct join_wait *w)
{
    if (!w->me)
        return;
    wait_end(w->me);
    tables_lock();
    w->self->joins = NULL;
    tables_unlock(w->self);
}

void thread_joined(struct actor *me, struct thread *t)
{
    struct thread *self = tables_lock();
    bool ended = t->ended;
    bool first = t->listed;
    t->ended = true;
    unlist(t);
    os_unlock(&lock);
    if (first) {
        if (!ended) /* it left by the bare system call */
            actor_ends(t->actor);
        actor_joins(me, t->actor);
    }
    busy_end(self);
    thread_unpin(t);
}

void thread_detached(struct thread *t)
{
    struct thread *self = tables_lock();
    struct actor *child = t->detached ? NULL : t->actor;
    t->detached = true;
    if (t->ended)
        unlist(t);
    if (child)
        actor_detached(child);
    record_unpin(t);
    tables_unlock(self);
}

void thread_cancelled(struct thread *t)
{
    struct thread *self = tables_lock();
    if (!t->ended)
        actor_cancelled(t->actor);
    tables_unlock(self);
}

/* ---- fork ------------------------------------------------------------------------------------------------------- */

/* Registered before any handler of the program: the first registered is prepared last and released first, so handlers
 * of the program never run while the world stands still. */
static struct thread *forking;

void threads_before_fork(void)
{
    struct actor *me = current();
    if (me)
        sync_release_chance(me, children_key());
    struct thread *self = tables_lock();
    forking = self;
    if (me)
        world_stop(me);
}

void threads_after_fork_in_parent(void)
{
    struct thread *self = forking;
    struct actor *me = current();
    if (me)
        world_start(me);
    tables_unlock(self);
}

void threads_after_fork_in_child(void)
{
    struct thread *self = forking;
    struct actor *me = current();
    process_forked();
    for (size_t b = 0; b < BUCKETS; b++)
        for (struct thread *t = buckets[b], *next; t; t = next) {
            next = t->next;
            if (t != self)
                unlist(t);
        }
    running = self ? 1 : 0;
    if (me) {
        world_only(me);
        world_start(me);
        if (self && !self->hosts)
            actor_starts(me, (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0), self->stack_lo, self->stack_size);
    }
    tables_unlock(self);
}
