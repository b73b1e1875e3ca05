/* The facade of the detector core: what preload/ (and, through event.h, a goroutine runtime) may call.
 *
 * The actor is an argument of every verb. An actor is a thread or a goroutine; the core makes no difference. Nothing
 * here knows pthread, thread-local storage or malloc, so the whole core is tested with scripted actors and no thread.
 *
 * Order of calls in a wrapper: what gives something up (unlock, free, create, post) is told before the real call;
 * what obtains something (lock, malloc, join, wait) after it.
 *
 * `pc` is always a return address in the program: __builtin_return_address(0) of the wrapper or hook.
 * All verbs accept any address, are safe in signal handlers that were let through by `actor_busy`, and never fail the
 * host: on lack of memory they switch themselves off, say so once and count it (docs/limits.md).
 */
#ifndef GORACE_DETECTOR_H
#define GORACE_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every lock or call of an ordinary program runs through, together in few pages. */
#define HOT __attribute__((hot))

struct actor;
struct finding;

/* Evidence of a finding. */
enum finding_tier {
    TIER_HAPPENED,
    TIER_PREDICTED,
    TIER_ORDER_ONLY,
    TIER_SUSPECTED, /* STUCK: it waits for what can still be reached. Shown to who asks; no finding that counts */
    TIER_POSSIBLE,  /* RACE: if what looks like plain accesses are not atomic ones */
    TIER_NONE       /* RACE: it is none, and goes no further */
};
/* A side of a race. */
struct raced {
    uintptr_t addr;
    size_t size;
    unsigned kind; /* enum access_kind */
    uint32_t stack;
    uint64_t who; /* and when: for actor_turns_epoch */
};
enum asleep { ASLEEP_ALL, ASLEEP_NOT_YET, ASLEEP_UNKNOWN /* there are threads that we know nothing of */ };
enum sleeper { SLEEPER_UNKNOWN, SLEEPER_WAITS, SLEEPER_STUCK /* whether it sleeps or spins */ };

/* What the core asks of its host. All pointers stay valid for the life of the process. */
struct detector_host {
    /* Hands over a finding; called with no core lock held and the actor outside of the core. May be NULL. */
    void (*found)(struct actor *by, const struct finding *f);
    /* Return addresses of the caller's frames, innermost first, at most `max`; 0 when it cannot. May be NULL. */
    int (*unwind)(uintptr_t *pcs, int max);
    /* Of two accesses that race, whether or not such a pair was handed over before: how sure it is. [0] is that of `by`, which is
     * outside of the core. May be NULL: it happened. */
    enum finding_tier (*raced)(struct actor *by, const struct raced side[2]);
    /* Whether the code at `pc` was compiled with the hooks (it then keeps the calling context itself). May be NULL. */
    bool (*instrumented)(uintptr_t pc);
    /* The only actor is about to create a second one: the last moment without company. May be NULL. */
    void (*company)(void);
    /* Runs what actor_defer put off, now that `a` has left the core. May be NULL. */
    void (*deferred)(struct actor *a);
    /* One line for the user ("gorace: ..."), e.g. lack of memory. May be NULL. */
    void (*say)(const char *line);
    /* Something that the core does not see may still act for the program: a signal handler, a timer. May be NULL. */
    bool (*others)(void);
    /* Whether all OS threads of the process that wait sleep in the kernel, but the calling one; `who` says whose a
     * thread is. May be NULL: they do. */
    enum asleep (*asleep)(enum sleeper (*who)(int tid));
    /* Whether thread `tid`, 0: any, may have the mutex at this address, by what the library of mutexes has in it. May be NULL: it may. */
    bool (*mutex_taken)(uintptr_t addr, int tid);
    /* Whether one of these signals, bit sig - 1, may interrupt the calling thread. May be NULL. */
    bool (*unblocked)(uint64_t signals);
    /* In the child of fork: whether a lock that was held in the parent is the parent's lock, in memory of both. May be NULL:
     * none is. */
    bool (*shared)(uintptr_t addr);
    /* After a deadlock was handed over. `everybody`: nobody is left who could go on. May be NULL. */
    void (*deadlocked)(bool everybody);
    bool no_races; /* accesses, and the order that locks make, are not looked at */
    bool no_order; /* the order in which locks are taken is not */
    bool no_waits; /* who waits for whom is not */
};

/* False when the tables cannot be mapped; a line was then said. */
bool detector_start(const struct detector_host *host);

/* ---- life of an actor --------------------------------------------------------------------------------------- */

/* A new actor whose past is what `parent` has done so far. NULL: the first one, or one that nobody was seen to create;
 * it then knows all that the living have done. */
struct actor *actor_born(struct actor *parent, uintptr_t pc);
/* OS thread number and stack bounds, told by the actor itself when it begins. */
void actor_starts(struct actor *a, int tid, uintptr_t stack_lo, size_t stack_size);
/* Where the actor's thread-local variables are, which may be inside of its stack. */
void actor_has_locals(struct actor *a, uintptr_t lo, size_t size);
/* Its stack has no frames from `top` on. */
void actor_has_frames_below(struct actor *a, uintptr_t top);
/* The actor does nothing any more. Its past stays until it is proved harmless. `a` must not act again. */
void actor_ends(struct actor *a);
/* `a` knows that `child`, which has ended, is over (join). `child` is gone after this call. */
void actor_joins(struct actor *a, struct actor *child);
/* Nobody will join `child` any more (detach): it may be dropped as soon as it has ended. */
void actor_detached(struct actor *child);
void actor_set_name(struct actor *a, const char *name);

/* ---- goroutines ---------------------------------------------------------------------------------------------- */

/* As actor_born, for one that nobody joins: small and suspended. number: its number in the runtime's dumps, > 0. */
struct actor *actor_born_light(struct actor *parent, uintptr_t pc, uint64_t number, const char *name);
/* `a` acts from now on, with the caches of `lender` (a thread's actor, suspended itself); a == lender: its own again. */
void actor_resume(struct actor *a, struct actor *lender);
/* `a` does not act until actor_resume, and needs no caches. */
void actor_suspend(struct actor *a);
/* Both know of each other all that was done so far. `other` is suspended and cannot be resumed meanwhile. */
void actor_meet(struct actor *a, struct actor *other);
/* a knows all that anybody has done so far: for an order that was met, but not when it was made. Outside of the core; the world
 * is stopped meanwhile. */
void actor_learns_all(struct actor *a);
/* What the actor of `who` (struct raced), if it lives, has done so far covers nothing that it does next. learns: a knows what that one
 * had done up to `who` and what it knows of others by now, or all if it lives no more. As actor_learns_all otherwise. */
void actor_turns_epoch(struct actor *a, uint64_t who, bool learns);
/* a forgets all it knows: what it does next happens after what it then acquires, and nothing else but what was known when it
 * was born (whose slot it may have). */
void actor_forgets(struct actor *a);
/* The next that `a` does happens after what it acquires then from somebody who acts now, so that what everybody
 * else knows may be forgotten although `a` does not know it. */
void actor_rests(struct actor *a, bool rests);
/* True while `a` is inside of the core: a signal handler must be put off until it has left (see actor_defer). */
bool actor_busy(const struct actor *a);
/* In a signal handler while actor_busy: host.deferred will be called as soon as `a` leaves the core. */
void actor_defer(struct actor *a);
/* Calls host.deferred now, when something was put off and `a` is outside of the core. */
void actor_poll(struct actor *a);
/* Nesting: between the two, accesses of `a` are not checked (counted as ignored). Its synchronisation still
 * makes edges: what is not told can only make false alarms. */
void actor_ignore_begin(struct actor *a);
void actor_ignore_end(struct actor *a);
/* The same for reads, or writes, only (AnnotateIgnoreReadsBegin ...). */
void actor_ignore_reads(struct actor *a, int delta);
void actor_ignore_writes(struct actor *a, int delta);

/* ---- calling context ----------------------------------------------------------------------------------------- */
/* access.h has func_enter / func_exit inline. */
/* longjmp and the like: frames whose stack pointer is below `sp` have gone. */
void context_unwound(struct actor *a, uintptr_t sp);
/* Code at `pc` has called a function without hooks, whose frame is at `sp` and which now calls the program back: what that does has
 * the caller in its stack. Ends by context_unwound(a, sp + 1). */
void context_called_back(struct actor *a, uintptr_t pc, uintptr_t sp);
/* The stack of `a` here as one number (0: none); context_pcs gives it back, innermost first. */
uint32_t context_stack(struct actor *a, uintptr_t pc);
int context_pcs(uint32_t stack, uintptr_t *pcs, int max);
/* Return addresses may lie in copies of the program's code (instrument/): context_pcs gives them as original(address), which
 * gives any other address back. */
void context_copies(uintptr_t (*original)(uintptr_t pc));

/* ---- memory --------------------------------------------------------------------------------------------------- */
enum access_kind {
    ACCESS_READ,
    ACCESS_WRITE,
    ACCESS_ATOMIC_READ,
    ACCESS_ATOMIC_WRITE,
    ACCESS_FREE = 5 /* a kind of plain write: the two lower bits make the class (shadow.h) */
};

/* Somebody looks at accesses. */
extern __attribute__((visibility("hidden"))) bool detector_memory;
/* Any address and size; the fast entry for 1-16 bytes from hooks is in access.h. */
void mem_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
static inline void mem_read(struct actor *a, const volatile void *p, size_t n, uintptr_t pc)
{
    if (detector_memory)
        mem_access(a, (uintptr_t)p, n, ACCESS_READ, pc);
}
static inline void mem_write(struct actor *a, const volatile void *p, size_t n, uintptr_t pc)
{
    if (detector_memory)
        mem_access(a, (uintptr_t)p, n, ACCESS_WRITE, pc);
}
/* From now on mem_access of code for which `which` holds does nothing: whatever it raced with would not be reported. Not while
 * a trace is recorded. `which` is called outside of the core. */
void mem_leave_out(bool (*which)(uintptr_t pc));
/* The bytes begin a new life (mmap, a new thread's stack, munmap): all history and sync objects there go. */
void mem_fresh(struct actor *a, uintptr_t addr, size_t size);

/* A heap block begins: the bytes are fresh, the block is remembered with the stack. */
void heap_alloc(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc);
/* A heap block ends, told before the real free: a write of the whole block (races are found), sync objects go. Returns the size in
 * bytes that heap_alloc was told, SIZE_MAX if no block is known to begin there. */
size_t heap_free(struct actor *a, uintptr_t addr, uintptr_t pc);

/* ---- synchronisation -------------------------------------------------------------------------------------------
 * A sync object is a number: an address, or any 64-bit key that is not one (bit 63 set; e.g. a file descriptor).
 * An object with more than one clock (rwlock: readers' and writers') uses neighbouring keys: addr, addr+1, ...
 * These order in every schedule; they are not for locks. */
void sync_acquire(struct actor *a, uint64_t key);       /* a's clock joins the object's */
void sync_release(struct actor *a, uint64_t key);       /* the object's clock becomes a's (mutex unlock) */
void sync_release_merge(struct actor *a, uint64_t key); /* the object's clock joins a's (read unlock, sem post) */
/* The same, in this run: another schedule may do without it, so to the order of locks it is what a lock is. */
void sync_release_chance(struct actor *a, uint64_t key);
/* The machine code at hand does not say which of its accesses are atomic; `addr` is a place where they are, until its memory is
 * freed. Releases as sync_release_merge. */
void sync_release_atomic(struct actor *a, uintptr_t addr);
void sync_mark_atomic(struct actor *a, uintptr_t addr); /* releases nothing */
/* The same, and the program accesses it by atomic operations only, whatever they look like. */
void sync_mark_guard(struct actor *a, uintptr_t addr);
bool sync_is_guard(struct actor *a, uintptr_t addr);
bool sync_is_atomic(struct actor *a, uintptr_t addr);
void sync_handoff(struct actor *a, uint64_t key);       /* acquire, then release */
/* The same with one of the n slots of a channel's buffer. *slots is the channel's, NULL at first, and guarded by the caller; key: the
 * slot's address. And the channel's end: slots may be NULL. */
struct slots;
void slots_handoff(struct actor *a, struct slots **slots, size_t n, size_t slot, uint64_t key);
void slots_end(struct actor *a, struct slots *slots);
/* What the object carries may become all that an actor knows which is born later (a timer that starts a goroutine): until it
 * is not so any more, nothing is forgotten that the object does not know. */
void sync_begets(struct actor *a, uint64_t key, uint32_t stack); /* stack: where it was told to */
void sync_begets_not(struct actor *a, uint64_t key);
void sync_take_context(struct actor *a, uint64_t key); /* `a` is where that was, until the next time */
void sync_forget(struct actor *a, uint64_t key);       /* destroyed: a new object if the key is seen again */

/* The same for locks (locks.h): who takes one later need not do so in another schedule. */
extern __attribute__((visibility("hidden"))) bool detector_races; /* not host.no_races */
void lock_acquire_clock(struct actor *a, uint64_t key);
void lock_release_clock(struct actor *a, uint64_t key);
void lock_release_merge_clock(struct actor *a, uint64_t key);
static inline void lock_acquire(struct actor *a, uint64_t key)
{
    if (detector_races)
        lock_acquire_clock(a, key);
}
static inline void lock_release(struct actor *a, uint64_t key)
{
    if (detector_races)
        lock_release_clock(a, key);
}
static inline void lock_release_merge(struct actor *a, uint64_t key)
{
    if (detector_races)
        lock_release_merge_clock(a, key);
}

/* ---- whole process --------------------------------------------------------------------------------------------- */
/* Brings every other actor out of the core and keeps it out, e.g. round fork; pairs must not nest. */
void world_stop(struct actor *a);
void world_start(struct actor *a);
/* In the child of fork, between world_stop and world_start: all other actors are gone without a trace. */
void world_only(struct actor *a);

/* Counters (counters.def), by name, for the coverage line and the tests. */
#define COUNTER(name, text) COUNTER_##name,
enum counter {
#include "counters.def"
    COUNTERS
};
#undef COUNTER
uint64_t counter_sum(enum counter c);
const char *counter_text(enum counter c);

#endif
