/* Actors: who acts (a thread or a goroutine), with its clock, calling context and private caches.
 *
 * An actor owns a slot of the vector clocks while it lives. A slot is given on to a new actor as soon as that cannot
 * change any answer: when the new actor's creator knows everything that the slot's former owners did which is still
 * remembered anywhere (`remembered`: its last epoch at first, lowered by each collection). The newcomer goes on with the
 * former owner's epochs, so clocks need no scrubbing, and 100,000 threads that were joined share a handful of slots
 * ("accordion clocks", Christiaens & De Bosschere 2001, by reuse instead of compaction). Who was behind (slot, epoch) is
 * kept in the slot's list of incarnations, pruned by collections.
 *
 * Guards: everything in struct actor belongs to the actor itself, but `pause` (atomic, by anybody) and `inside` (written
 * by itself, read by world_stop). The table of slots is guarded by `actors_lock`. */
#ifndef GORACE_ACTOR_H
#define GORACE_ACTOR_H

#include "context.h"
#include "epoch.h"
#include "locks.h"
#include "parked.h"
#include "spill.h"
#include "vclock.h"

/* Why an actor must leave the fast path (bits of actor.pause). */
enum pause {
    PAUSE_STOP = 1,    /* somebody wants the world to stand still */
    PAUSE_SOLO = 2,    /* this is the only actor, and nothing that others did is unknown to it */
    PAUSE_IGNORE = 4,  /* actor_ignore_begin, or reads / writes only */
    PAUSE_SIGNAL = 8,  /* a signal was put off; the host runs it when the actor has left */
    PAUSE_OFF = 16,    /* the detector has switched itself off */
    PAUSE_COLLECT = 32, /* a collection is due */
    PAUSE_RECORD = 64 /* accesses are recorded */
};

struct frame {
    uintptr_t sp;     /* of the caller at the call, to unwind after longjmp */
    uint32_t context; /* to go back to */
};

/* What was lately found for a code address and the context it was met in. */
struct call_cache {
    uintptr_t pc;
    uint32_t parent;
    uint32_t child; /* context of the address */
};
/* With a quarter of them one access in twelve of sqlite3 on four threads asked for its number anew; with these one in thirty does. */
#define CALLS 2048
#define NUMBERS 8192
#define NUMBER_MASK (((uint64_t)1 << STAMP_FIELD) - 1) /* of an entry: the number */
#define KNOWN_STAMPS 1024 /* hundreds of goroutines that take turns */

struct lock;
struct held {
    uintptr_t addr;
    struct lock *lock; /* NULL: there was no memory for it */
    uint64_t id;       /* of the lock when it was taken */
    uint64_t hash;     /* its part of held_hash */
    uint32_t stack;
    uint32_t depth; /* recursive locks */
    bool exclusive;
    bool green; /* HOW_GREEN */
    uint8_t thing;
};

/* What an actor is blocked in. Written by itself under the lock of waits (wait.c). */
struct wait {
    bool active;   /* atomic: cleared at once when the wait is over, before the lock is taken */
    bool reported; /* the deadlock that it is part of was */
    bool stuck;    /* scratch of the search */
    bool counted;  /* wait.h says which are */
    uint32_t stack;
    struct wait_for f;
    uintptr_t sp;           /* below it lies nothing that the actor needs when the wait is over */
    uint64_t mark;          /* scratch: the search that has come here ... */
    struct actor *from;     /* ... from whom */
    struct actor *queue;    /* ... and who is looked at next */
};

/* What an actor has learnt of the object at an address, or that there is none: true as long as the object, or its chain, has the
 * same version (turn.h). */
struct turn;
struct learnt {
    uint64_t key, version;
    const struct turn *turn; /* of what was learnt */
    uint64_t by;   /* actor.number */
    uint32_t what; /* atomic.c */
};
#define LEARNT 64u

/* Of the stacks that were walked lately, for who adds checks to code that keeps no context. */
struct walked;
#define WALKED_BYTES ((size_t)8 << 10)

/* Caches and stocks, without which an actor cannot act and which mean nothing when it does not: of a thread, which lends them
 * to the goroutine that it runs, so that one that is parked has none (actor_resume). */
struct recorder;
struct seen { /* counters.def */
    uint64_t ignored, solo, unmapped, left_out, folded, lost_stacks;
};

/* Reads that an actor of the thread has made standing ones (standing.h), by granule, bytes and class. */
struct standing_read {
    uint64_t key;    /* 0: none */
    uint32_t number; /* of the stamp */
    int32_t gain;    /* by having it; it does not stand any more when there is none */
};
#define STANDINGS 256
struct standings {
    struct standing_read at[STANDINGS];
    int32_t debt;            /* by those that were begun */
    uint32_t asked, renewed; /* lately */
    uint32_t rest;           /* so many reads more are not asked for */
};

struct sync;
struct sync_stock {
    struct sync *first; /* nodes that are no objects (sync_nodes.c) */
    unsigned n;
};

struct stocks {
    struct actor *owner; /* of the thread; another one that has them acts there for a while */
    uintptr_t stepping;  /* page in which its owner's granules are changed; 0: none (owner.h) */
    uint32_t page;       /* what the owner's pages are marked with (owner.h) */
    struct stamp_reserve reserve;
    struct seen seen;
    struct pending_races *pending; /* NULL: none */
    struct handing *handing;       /* races that are being handed over; NULL: none */
    struct call_cache calls[CALLS];
    uint64_t numbers[NUMBERS];     /* of stamps, and the stacks and lock sets that these have: number.h */
    uint32_t stacks[NUMBERS], locksets[NUMBERS];
    uint64_t known[KNOWN_STAMPS];  /* stamps that an actor knows: stamp_known (cells.h) */
    struct learnt learnt[LEARNT];  /* atomic.c */
    struct standings standings;
    struct foreign_cache *foreign; /* NULL until needed */
    struct walked *walked;         /* instrument/stack.c, WALKED_BYTES; NULL until needed */
    struct spill_stock spills;
    struct sync_stock syncs;
    struct pool blocks; /* records of heap blocks */
    struct pool actors, frames; /* of light ones; frames: as many as one begins with */
    struct pool held;           /* room for one lock, of light ones that hold none */
    struct vclock_stock nodes;
    struct recorder *recorder; /* NULL: nothing was recorded */
};

struct incarnation; /* what outlives an actor: its name, number, place of birth */

#define ORDER_FINE 16

struct actor {
    who_t who; /* slot and current epoch */
    uint64_t accesses;
    struct stamp_own stamps;
    uint32_t pause;  /* enum pause, atomic */
    uint32_t inside; /* 1 while in the core */
    uint32_t context;
    uint32_t lockset;
    struct frame *top, *frames, *frames_end;
    struct stocks *stocks; /* NULL: it is suspended, and stamps mean nothing */

    struct vclock clock;         /* own slot: an epoch that was published */
    uint64_t published_at;       /* `accesses` at the last publication; anything else: publish anew */
    who_t since;                 /* what it has published from then on it knows, whether it is in `clock` or not */

    /* What a lock or unlock nearly always looks at, together. */
    struct held *held; /* locks held, in order of acquisition; behind them is the one that was given up last */
    unsigned nheld, held_max;
    uint64_t held_hash;        /* sum over the locks held */
    uint64_t teller;           /* as struct teller's `who` */
    struct vclock flow;        /* `order`, and what came by locks (order.h) */
    struct vclock section;     /* flow, before the first of the locks that are held was taken */
    uint64_t order_epoch;      /* the present one */
    uint64_t told;             /* the last in which something was noted that others may know of; 0: none */
    uint64_t order_told;       /* the same, but for what was told by locks; before that, the last of the slot's former owners */
    struct nestings *nestings; /* what it has taken under what; NULL: nothing */
    struct vclock meanwhile;   /* what came since `section`, but for what came by those that are held */
    struct order_report *cycles; /* lock-order cycles found, to be handed over outside of the core */
    bool order_used;           /* something was noted in the present epoch */
    bool log_over;             /* the log (below) says nothing any more */
    uint8_t fine;              /* so many more epochs it may begin for what nobody may ever ask for: order_fine */
    uint8_t reports_held;      /* >0: a lock is held, races wait in stocks.pending */
    uint16_t filled;           /* granules, not yet told to the shadow */
    uint16_t handlers;         /* of signals, that run on top of what it was doing; atomic, written by itself */
    uint32_t learnt;           /* how often one of the clocks of order.h has grown */
    int32_t ignore;            /* and the other two, below, where there was room */

    struct vclock acquire_fence; /* what relaxed loads have seen and an acquire fence will make known */
    struct vclock release_fence; /* clock at the last release fence */
    bool release_fenced;
    bool behind;           /* the last published epoch is not in `clock` */
    bool news;             /* `clock` has grown since it was last put into an object (sync.c) */
    bool cancelled;        /* somebody has cancelled it; atomic */
    bool ended : 1, detached : 1; /* actors_lock */
    bool light;            /* without what is behind `newer` */
    bool rests;            /* what it does next it does after learning all that it must know: see actor_rests */
    bool forgetful;        /* actor_forgets: a later epoch may know less than an earlier one */
    int32_t ignore_reads, ignore_writes;

    struct wait wait;
    struct parked parked;

    struct vclock order;     /* order.h */
    struct vclock unlocked;  /* what of flow did not come by locks that it took itself */
    struct flow_log *log;    /* by which locks `flow` came; NULL: by none */

    struct incarnation *self;
    uint64_t number; /* in order of birth; never used again */
    uintptr_t stack_lo;
    size_t stack_size;
    struct actor *older, *newer; /* list of those that live or wait to be joined; actors_lock */

    /* Of threads only: */
    uintptr_t stack_top; /* of its stack, as far as it holds frames; 0: not known */
    uintptr_t locals_lo;  /* thread-local variables; the thread's control block begins where they end */
    size_t locals_size;
};

/* As an entry of stocks.known. */
static inline uint64_t known_stamp(const struct actor *a, uint32_t number)
{
    return a->number << STAMP_BITS | number;
}

extern struct oslock actors_lock;
extern struct actor *actors_newest; /* list of all, through `older` */
extern struct detector_host host;
extern uint32_t world_stopped;

/* What was known of an actor, for the reports; false when that was dropped. */
struct finding_actor;
void actor_describe(who_t who, struct finding_actor *out);
void actor_describe_live(const struct actor *a, struct finding_actor *out);
/* Who lives in the slot, or NULL. Caller holds actors_lock. */
struct actor *actor_of_slot(uint32_t slot);
/* Whose stack, or thread-local variables, the address is in, or NULL. Caller holds actors_lock. */
struct actor *actor_of_stack(uintptr_t addr);
struct actor *actor_of_locals(uintptr_t addr);

/* What it does from now on is of another epoch; the old one is in its clock. */
static inline void actor_next_epoch(struct actor *a)
{
    a->published_at = a->accesses;
    a->who++;
    if (a->stocks->reserve.own == &a->stamps) /* it acts itself */
        stamp_new_epoch(&a->stocks->reserve);
}
/* A new epoch begins when anything happened in this one. What was published last: with `clock` it is the actor's knowledge up to
 * now. */
static inline who_t actor_tell(struct actor *a)
{
    if (likely(a->published_at != a->accesses)) {
        actor_next_epoch(a);
        a->behind = true;
    }
    return a->who - 1;
}
/* What is told is in `clock`. */
void actor_catch_up(struct actor *a);
/* The actor's knowledge up to now as a clock that may be shared; a new epoch begins when anything happened in this one. */
static inline const struct vclock *actor_publish(struct actor *a)
{
    actor_tell(a);
    if (a->behind)
        actor_catch_up(a);
    return &a->clock;
}
/* The next publication must begin a new epoch, although no access was recorded since the last. */
static inline void actor_touch(struct actor *a)
{
    a->published_at = a->accesses - 1;
}
/* a learns what `c` knows. An epoch stands for all that its actor knew when it was published, so learning ends one. */
static inline void actor_learn(struct actor *a, const struct vclock *c)
{
    if (vclock_join(&a->clock, c, &a->stocks->nodes)) {
        a->news = true;
        actor_touch(a);
    }
}
/* It has published that epoch itself. */
static inline bool actor_told(const struct actor *a, who_t who)
{
    return who - a->since < a->who - a->since;
}
static inline bool actor_knows(const struct actor *a, who_t who)
{
    return actor_told(a, who) || vclock_get(&a->clock, who_slot(who)) >= who_epoch(who);
}

/* For the collector, with the world stopped: floor[s] becomes the epoch of slot s that every live actor knows of
 * (`floor` has actor_slots() elements); mark every access that stays remembered; sweep forgets the rest. */
uint32_t actor_slots(void);
void actor_floor(uint64_t *floor);
/* Every clock of every actor. */
void actor_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx);
/* The last epoch of whoever acted in `who`. */
uint64_t actor_last_epoch(who_t who);
void actor_mark_begin(void);
void actor_keep_together(void); /* stamp_renew_together, for all that have stamps of their own */
void actor_mark(who_t who);      /* an access */
void actor_mark_name(who_t who); /* only who it was */
void actor_sweep(void);
/* How much garbage a collection should wait for: looking at so many clocks takes its time. */
uint32_t actors_afford(void);
bool actors_crowded(void); /* so many dead are remembered that it is worth a collection */
/* fork: all other threads are gone; caller holds actors_lock. True: nobody else is left. */
bool actors_keep_only(struct actor *a);
uint64_t actor_counter(enum counter c);

uint32_t actors_alive(void); /* that have not ended */
int actor_tid(const struct actor *a);
bool actor_green(const struct actor *a); /* a goroutine */

/* Switches the detector off for good: every actor leaves at the next event. Says `why` once. */
void detector_off(const char *why);

static inline void pause_set(struct actor *a, uint32_t bits)
{
    __atomic_fetch_or(&a->pause, bits, __ATOMIC_SEQ_CST);
}
static inline void pause_clear(struct actor *a, uint32_t bits)
{
    __atomic_fetch_and(&a->pause, ~bits, __ATOMIC_SEQ_CST);
}

/* stocks.c. For actor.c: an actor's own, or given back to the lender. */
struct stocks *stocks_new(struct actor *owner);
/* They are its own, whether it has lent them or not. */
static inline bool stocks_owned(const struct actor *a)
{
    return a->stocks && a->stocks->owner == a;
}
void stocks_free(struct stocks *s);
void actor_stocks_drain(struct stocks *s); /* of actors and their frames; actor.c */
void stocks_give_back(struct actor *a);

/* Going in and out of the core. enter returns false when the verb is to do nothing (off, or the world would not let it).
 * Between the two a signal handler of the program must not run, and the world cannot be stopped. */
bool actor_enter_slow(struct actor *a);
void actor_leave_slow(struct actor *a);
/* Somebody wants something of it that it has to see to on its way in or out. */
static inline bool actor_called(const struct actor *a)
{
    return __atomic_load_n(&a->pause, __ATOMIC_RELAXED) & ~(uint32_t)(PAUSE_SOLO | PAUSE_IGNORE);
}
static inline bool actor_enter(struct actor *a)
{
    a->inside = 1;
    compiler_barrier();
    if (unlikely(actor_called(a)))
        return actor_enter_slow(a);
    return true;
}
static inline void actor_leave(struct actor *a)
{
    compiler_barrier();
    a->inside = 0;
    compiler_barrier();
    if (unlikely(actor_called(a)))
        actor_leave_slow(a);
}

#endif
