/* The runtime's inner contract.
 *
 * G is a goroutine, M an OS thread, P the right to run goroutines together with what that needs (run queue, caches, timers).
 * A goroutine runs when an M has a P. There are GORO_MAXPROCS Ps; Ms come and go with blocking calls.
 *
 * States of a G and who moves it:
 *     idle      no goroutine: on a free list                      spawn -> runnable
 *     runnable  on exactly one queue, or about to be              the scheduler -> running
 *     running   on an M with a P                                  itself -> runnable (yield), waiting (park), blocked, dead;
 *                                                                 the signal handler -> frozen
 *     waiting   parked; exactly one waker will ready it           rt_ready -> runnable
 *     blocked   in a blocking call, on its M without a P          its end -> running or runnable
 *     frozen    preempted: its M sleeps in the signal handler, inside of whatever code was hit. It is runnable, too,
 *               but only on that M                                the scheduler hands a P to that M -> running
 *     dead      ended, still on its stack                         the next one to run on this M -> idle
 * A G that is pinned (g->pins) keeps its M in the same way: only that M continues it.
 *
 * Verbs, and from where:
 *     rt_park, rt_park_locked   a goroutine, with locks() == what unlock releases, nothing else held
 *     rt_ready                  anywhere: goroutines, timers, the poller, threads that are not ours; also under an rt_lock
 *     rt_lock / rt_unlock       anywhere
 *     rt_timer_add / del        anywhere (timer.h)
 *     rt_choose                 anywhere
 *
 * Park and wake. A goroutine enters its waiter into the object's queue under the object's lock and calls rt_park_locked, which
 * releases the lock when the goroutine's registers are saved: a waker needs the lock to find the waiter, so it cannot
 * make a goroutine runnable that still runs. With several locks, rt_park calls unlock(arg) at that point, on another stack:
 * it must touch neither the parked goroutine's waiters after the last unlock nor wait. The waker removes the waiter,
 * writes what it has to say into it (result, element), releases its locks if it likes, and calls rt_ready once. There are no
 * spurious wake-ups: rt_park returns because of exactly one rt_ready.
 *
 * Wake, timeout and cancel at once: all go through the claim word (waitq.h), one wins, and the goroutine learns which by
 * the word's value. rt_park_until is the timed form: it arms a timer that claims with RT_CLAIM_TIMEOUT, and returns when the
 * timer is dead. A wake that won is reported as a wake, even when the deadline has passed by the time the goroutine runs.
 *
 * Preemption. The signal handler freezes a goroutine only where this thread's `locks` is 0. Everything that uses the M's P, its
 * caches, or holds an rt_lock has it > 0 (rt_enter / rt_leave, rt_lock). After a park, nothing that was read from the M or P
 * before is valid.
 *
 * Order of locks: object locks (channels by address, then mutexes and so on) < timers < poller < sched < all-goroutines.
 * rt_ready takes sched's at most, so it may be called under object locks.
 *
 * errno: saved with the goroutine at each switch. */
#ifndef RT_H
#define RT_H

#include <goro/goro.h>

#include "arch/x86_64/tls.h"
#include "emit.h"
#include "hidden.h"
#include "lock.h"
#include "poll.h"
#include "timer.h"
#include "waitq.h"

struct rt_p;

enum rt_status { RT_IDLE, RT_RUNNABLE, RT_RUNNING, RT_WAITING, RT_BLOCKED, RT_FROZEN, RT_DEAD };

/* Why a goroutine waits; names for dumps are in dump.c. One list: RT_REASONS. */
#define RT_REASONS(ROW) \
    ROW(NONE, "") \
    ROW(CHAN_SEND, "chan send") \
    ROW(CHAN_RECV, "chan receive") \
    ROW(CHAN_NIL, "nil channel") \
    ROW(SELECT, "select") \
    ROW(SELECT_EMPTY, "select (no cases)") \
    ROW(SLEEP, "sleep") \
    ROW(MUTEX, "mutex lock") \
    ROW(RWMUTEX_READ, "rwmutex read lock") \
    ROW(RWMUTEX_WRITE, "rwmutex write lock") \
    ROW(WAITGROUP, "waitgroup wait") \
    ROW(COND, "cond wait") \
    ROW(SEMAPHORE, "semaphore acquire") \
    ROW(ONCE, "once") \
    ROW(QUEUE, "queue pop") \
    ROW(POOL, "pool wait") \
    ROW(IO_READ, "io read") \
    ROW(IO_WRITE, "io write") \
    ROW(IO_CLOSE, "io close") \
    ROW(DNS, "name lookup")

enum rt_reason {
#define RT_REASON(name, text) RT_REASON_##name,
    RT_REASONS(RT_REASON)
#undef RT_REASON
};

/* A goroutine that never waits costs two cache lines on its way from one P to another: what the start and the end need is in
 * the first two, what is for others in the rest. */
struct rt_g {
    void *sp;          /* saved context, on its stack; NULL: not started yet, owns no stack */
    struct rt_g *next; /* the queue or free list that it is on */
    struct rt_m *m;    /* running, blocked, frozen, pinned: on this one */
    union {
        char *stack;        /* lowest byte that may be used; the guard is below */
        struct rt_g *batch; /* of the first of some free ones: the next such. task.c */
    };
    uint8_t status;    /* enum rt_status; atomic */
    uint8_t reason;    /* enum rt_reason, while waiting */
    uint8_t stack_class;
    uint8_t count, floats; /* of words: see goro_spawn */
    uint8_t system;        /* g0: not counted, not shown */
    uint8_t main;          /* its end is the end of the runtime */
    uint16_t pins;         /* > 0: only its M may continue it */
    int32_t saved_errno;
    void **locals;            /* gls.c's */
    struct rt_at_end *at_end; /* gls.c's */

    void (*entry)(void);
    union {
        uint64_t words[6]; /* its arguments until it starts; afterwards: */
        struct {
            const void *object; /* what it waits for */
            uintptr_t pc;       /* of the user's latest call of the API, for the listener */
            uint64_t children;
        };
    };
    uint32_t claim;    /* for whoever waits with several possible wakers: reset to 0 by the goroutine before it queues */
    uint32_t det;      /* det.c's number of it */

    uint64_t id;   /* order of creation; for people */
    uint64_t path; /* identity: parent's path and which child of it */
    uint64_t parent; /* id */
    const struct goro_site *site;
    const char *name;
    int64_t since;      /* of the state, by the coarse clock (10 ms) */

    struct gorace_actor *actor; /* emit.c: the listener's; NULL: none */
    void *fake_stack;           /* fiber.c's, while it does not run */
};

#define RT_CLAIM_TIMEOUT UINT32_MAX

/* Parks the calling goroutine. See above. */
void rt_park(void (*unlock)(void *arg), void *arg, enum rt_reason reason, const void *object);
/* Parked with a deadline that somebody watches over: rt_park_until. */
void rt_park_timed(void (*unlock)(void *arg), void *arg, enum rt_reason reason, const void *object);
void rt_park_locked(struct rt_lock *lock, enum rt_reason reason, const void *object);
/* Timed: `claim` is the word that the waiters were queued with. true: woken (claim has the waker's value); false: the
 * deadline claimed it. GORO_FOREVER is allowed. */
bool rt_park_until(uint32_t *claim, int64_t deadline, void (*unlock)(void *arg), void *arg, enum rt_reason reason,
                   const void *object);
/* Unlocks one rt_lock: the `unlock` for rt_park_until with a single lock. */
void rt_unlock_arg(void *lock);

/* Makes a parked goroutine runnable: next on this P (it inherits the slice), or on the global queue where there is none. */
void rt_ready(struct rt_g *g);
/* Many at once, in order, behind what is queued. */
void rt_ready_list(struct rt_glist *list);

static inline void rt_glist_push(struct rt_glist *list, struct rt_g *g)
{
    g->next = NULL;
    *(list->last ? &list->last->next : &list->first) = g;
    list->last = g;
    list->count++;
}

/* No preemption in between. The M stays the same. */
static inline void rt_enter(void)
{
    rt_locks_add(1);
}

static inline void rt_leave(void)
{
    rt_locks_add(-1);
}

/* All random choices: a number below n (n > 0), from this purpose's own counter-based stream. */
enum rt_stream {
    RT_STREAM_SELECT,
    RT_STREAM_STEAL,
    RT_STREAM_WAITER,
    RT_STREAM_POLL,
    RT_STREAM_SCHEDULE, /* these: deterministic mode only */
    RT_STREAM_TIMER,
    RT_STREAM_PROGRAM,
    RT_STREAM_COUNT
};
uint32_t rt_choose(enum rt_stream stream, uint32_t n);

/* The earliest timer of a P is now `when`: an M that sleeps longer is woken. Called by timer.c, no timer lock held. */
void rt_timer_wake(int64_t when);
/* The current M's P for timers and caches: only between rt_enter and rt_leave; NULL on a thread without. */
static inline struct rt_p *rt_this_p(void)
{
    struct rt_p *const *m = (struct rt_p *const *)rt_this_m(); /* the first field: sched.h */
    return m ? *m : NULL;
}
struct rt_timers *rt_p_timers(struct rt_p *p);
/* A P for the timers of threads that have none. */
struct rt_p *rt_any_p(void);

/* Zeroed memory of the runtime that is freed with it or by rt_free; NULL: none. Not malloc's, so that goroutine switches inside
 * of a malloc wrapper are nobody's problem. */
void *rt_alloc(size_t size);
void rt_free(void *memory, size_t size);

/* gls.c: code of the runtime that calls the user's links a hook, on its stack, that runs if the goroutine ends in there
 * (goro_exit): last in, first out. pop: it came back. */
struct rt_at_end {
    struct rt_at_end *next;
    void (*fn)(void *arg);
    void *arg;
};
void rt_at_end_push(struct rt_at_end *hook, void (*fn)(void *arg), void *arg);
void rt_at_end_pop(struct rt_at_end *hook);
/* The goroutine ends: hooks, then destructors of its values; on the goroutine. */
void rt_locals_free(struct rt_g *g);
/* The same for one that is abandoned: without calling anybody. */
void rt_locals_drop(struct rt_g *g);

/* task.c: goro_spawn and goro_go_fn for callers inside of the runtime, on behalf of the user's call that was noted last. */
int rt_spawn(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
             unsigned floats, const uint64_t *words);
int rt_go_fn(void (*fn)(void *arg), void *arg);
extern RT_HIDDEN const struct goro_site rt_unknown_site; /* of goro_go_fn */
/* The first goroutine; pc: of the call of goro_run. */
int rt_spawn_main(void (*f)(void), const struct goro_options *options, const struct goro_site *site, uint64_t word,
                  uintptr_t pc);

struct rt_g *rt_no_goroutine(const char *name) __attribute__((cold));
/* Waiting without a goroutine is misuse: panics "NAME outside of a goroutine" on g0 and foreign threads. Returns the caller.
 * At the end of the runtime a goroutine that computes is abandoned, anywhere but between rt_enter and rt_leave: its thread ends in
 * here. So where it counts, ask after rt_enter. */
static inline struct rt_g *rt_goroutine(const char *name)
{
    struct rt_g *g = rt_self();
    return __builtin_expect(g && !g->system, 1) ? g : rt_no_goroutine(name);
}

#endif
