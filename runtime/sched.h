/* The scheduler's own structures; rt.h is what others see. Essay: sched.c. */
#ifndef RT_SCHED_H
#define RT_SCHED_H

#include <pthread.h>
#include <signal.h>

#include "context.h"
#include "hidden.h"
#include "rt.h"
#include "stack.h"

enum { RT_RUNQ = 256, RT_MAX_PROCS = 256, RT_CACHE_LINE = 64, RT_FAIR = 64 /* find.c */ };

enum rt_p_status { RT_P_IDLE, RT_P_RUNNING, RT_P_BLOCKED /* its M is in a blocking call: may be retaken */, RT_P_STOPPED /* world.c */, RT_P_GONE };

struct rt_p {
    /* Ring: the owner pushes at tail, owner and thieves take at head by compare-and-swap (runq.c). */
    uint32_t head, tail;
    struct rt_g *runnext; /* before the ring; taken by compare-and-swap */
    uint32_t handovers;   /* how often in a row it ran runnext itself; cleared by thieves */
    uint32_t tick;        /* goroutines started or resumed; the owner's */
    uint32_t slice;       /* time slices begun: unchanged while runnext is inherited. Read by sysmon */
    uint8_t attention;    /* set by others: come to g0 at the next switch (slice over, timers, stop) */
    uint8_t expired;      /* the slice is over: rt_ready does not hand it on */
    uint8_t status;       /* enum rt_p_status; atomic */
    int32_t id;
    struct rt_m *m; /* running or blocked with it */
    struct rt_g *free, *spare; /* task.c's: lists of free ones */
    int32_t free_count;        /* of free, at most */
    int64_t goroutines; /* started minus ended here; only the sum over all Ps has a meaning */
    uint64_t next_id, last_id;
    struct rt_stack_cache stacks;
    struct rt_p *idle_next; /* or on the list of Ps that want an M */
    bool wants_spinning;
    bool alone; /* the only one, so that nobody steals from it; changes while the world is stopped */
    uint64_t draws[RT_STREAM_COUNT]; /* numbers drawn, per stream */
    /* sysmon's */
    uint32_t seen_slice, seen_tick, seen_block, last_tick;
    int64_t seen_at, seen_block_at, last_at;
    uint32_t weight; /* atomic: ns that its goroutines run for each; 0: too long to be of interest. ready.c */
    uint32_t blocks; /* blocking calls begun */
    struct rt_timers timers __attribute__((aligned(RT_CACHE_LINE)));
    struct rt_g *runq[RT_RUNQ] __attribute__((aligned(RT_CACHE_LINE)));
} __attribute__((aligned(RT_CACHE_LINE)));

/* At the end of the runtime an M ends (its thread says so), or is left alone, for it does not come back: who sets it first. */
enum rt_wish { RT_WISH_NONE, RT_WISH_FREEZE, RT_WISH_ABANDON, RT_WISH_HALT }; /* what the preemption signal is about */
enum rt_fate { RT_M_LIVES, RT_M_ENDED, RT_M_ABANDONED };

struct rt_m {
    struct rt_p *p;        /* NULL: does not run goroutines now */
    int *errno_place;      /* of the thread */
    void (*after)(void *); /* what the next one has to do once the last one's registers are saved */
    void *after_arg;
    struct rt_g *found;   /* what pick() left to g0 */
    struct rt_g *current; /* goroutine that runs on it; NULL: g0 */
    struct rt_g g0;       /* the scheduler's context, on the thread's own stack */
    struct rt_p *blocked_p; /* before the blocking call */
    struct rt_p *next_p;    /* given by whoever wakes it */
    uint32_t park;          /* futex: 1 = go on */
    bool spinning;
    uint32_t blocking;   /* blocking.c */
    uint32_t fate;       /* enum rt_fate; atomic */
    uint8_t wish;        /* enum rt_wish; atomic */
    uint32_t halted, asked; /* trace.c */
    uint32_t frozen;        /* atomic: its goroutine is (preempt.c) */
    uint64_t turn;          /* it goes on when so many have been taken off the global queue */
    struct rt_g *locked; /* the goroutine that only runs here (pinned or frozen), while it does not */
    struct rt_m *idle_next, *all_next;
    int32_t id, tid;
    pthread_t thread;
    char *signal_stack;
    const char *own_stack; /* of the thread, and g0's; known to fiber.c only */
    size_t own_stack_size;
};

struct rt_sched {
    struct rt_lock lock; /* global queue, idle lists, number of Ps and Ms */
    struct rt_glist global;
    struct rt_glist frozen; /* goroutines that need a P, and no M: preempt.c */
    uint64_t taken;         /* off `global`, so far */
    struct rt_p *idle_ps;
    struct rt_m *idle_ms;
    struct rt_p *ps[RT_MAX_PROCS];
    uint32_t light, little; /* ns: ready.c */
    struct rt_m *ms;         /* all, newest first; push only */
    int32_t procs;           /* atomic */
    int32_t made_ps;
    int32_t idle_p_count;    /* atomic */
    int32_t spinning;        /* atomic: Ms that look for work */
    int32_t m_count;         /* atomic */
    int32_t idle_m_count;    /* atomic */
    int32_t starting_ms;     /* atomic: made as idle ones, not there yet */
    struct rt_p *wanting;    /* Ps for which an M has to be made */
    uint32_t maker;          /* enum rt_maker; atomic */
    uint32_t maker_word;     /* futex: counts wake-ups */
    uint32_t global_count;   /* atomic copy of global.count + frozen.count */
    int64_t poll_until;      /* atomic: until when an M sleeps in the poller; 0: none does */
    uint32_t polling;        /* atomic: 1 = an M is in the poller */
    int64_t coarse;          /* goro_now(), at most 10 ms old while anything runs; sysmon's */
    uint32_t stopping;       /* atomic */
    uint32_t halting;        /* atomic: the process is about to end by a panic */
    uint32_t world;          /* futex, and the next one: world.c */
    uint32_t world_changes;
    uint32_t child;          /* of a fork: 1 without threads yet, 2 with */
    uint32_t done;           /* atomic: main_fn has returned */
    uint32_t sysmon_word;    /* futex: counts wake-ups */
    uint32_t sysmon_sleeps;  /* atomic: 1 = until a P is not idle */
    int64_t last_poll;       /* atomic */
    int result;
    uint64_t seed;
    int default_class; /* of stacks */
    uint64_t last_id;
};
extern RT_HIDDEN struct rt_sched rt_sched;
extern RT_HIDDEN struct rt_m rt_lost_m; /* in a child of fork: the M of goroutines whose thread is not there (fork.c) */

/* runq.c: the queue of a P. Only the owner puts and gets. */
void rt_runq_put(struct rt_p *p, struct rt_g *g);
struct rt_g *rt_runq_get(struct rt_p *p);
/* Half of victim's goroutines: one is returned, the others are put on p's empty queue. */
struct rt_g *rt_runq_steal(struct rt_p *p, struct rt_p *victim, bool take_next);
bool rt_runq_empty(struct rt_p *p);
/* It is done with what is queued there, and with so many besides, about as soon as with another P's help: ready.c. */
static inline bool rt_runq_little(const struct rt_p *p, uint32_t besides)
{
    uint32_t weight = __atomic_load_n(&p->weight, __ATOMIC_RELAXED);
    uint32_t queued = __atomic_load_n(&p->tail, __ATOMIC_RELAXED) - __atomic_load_n(&p->head, __ATOMIC_RELAXED) + besides;
    return weight > 0 && __atomic_load_n(&p->status, __ATOMIC_RELAXED) == RT_P_RUNNING &&
           (uint64_t)queued * weight < rt_sched.little;
}
void rt_global_put(struct rt_g *g);            /* Requires: sched.lock. At the end */
void rt_global_put_list(struct rt_glist *list); /* Requires: sched.lock */
/* Requires: sched.lock. One, and a fair share onto p's queue; NULL: none. */
struct rt_g *rt_global_get(struct rt_p *p, uint32_t most);
void rt_frozen_put(struct rt_g *g);   /* Requires: sched.lock. Its turn comes when it would on the global queue */
struct rt_g *rt_frozen_get(void);     /* Requires: sched.lock. Before its turn; NULL: none */

/* sched.c */
struct rt_g *rt_take_next(struct rt_p *p);  /* from runnext */
struct rt_g *rt_take_local(struct rt_p *p); /* from runnext or the queue */
/* m is about to switch to g. from: who runs until now; NULL: and never again. */
void rt_become(struct rt_m *m, struct rt_g *from, struct rt_g *g);
void rt_leave_running(struct rt_g *g, void (*after)(void *), void *arg); /* switches to whatever is next */
void rt_switch_dead(struct rt_g *g, void (*after)(void *), void *arg) __attribute__((noreturn));
void rt_landed(void);

/* ready.c */
void rt_ready_start(void); /* after rt_emit_start */
void rt_wake_p(void);               /* an idle P begins to look for work, unless somebody does already */
void rt_make_runnable(struct rt_g *g, bool next); /* on this P, or on the global queue */

/* find.c */
void rt_schedule(struct rt_m *m);   /* on g0, until the runtime stops */
int64_t rt_timers_earliest(void);   /* of all Ps */

/* worker.c: Ms. */
int rt_m_new(struct rt_p *p, bool spinning);  /* by one thread at a time; p NULL: an idle one */
bool rt_ms_wanted(void);                      /* a P wants an M, or there is no stock of idle ones */
void rt_ms_supply(void);                      /* makes those; by one thread at a time */
void rt_m_run(struct rt_p *p, bool spinning); /* an idle or new M continues with p */
/* Requires: sched.lock. Who can have a P by rt_m_wake at once: an idle M, or else that of the goroutine that was frozen first, which
 * resumes; NULL: nobody. */
struct rt_m *rt_m_heir(bool *resumes);
void rt_m_wake(struct rt_m *m, struct rt_p *p, bool spinning);
void rt_m_wait(struct rt_m *m); /* until rt_m_wake; then has the P. Without P: the runtime ends */
void rt_m_stop(struct rt_m *m); /* the same as an idle M */
void rt_p_acquire(struct rt_m *m, struct rt_p *p);
struct rt_p *rt_p_release(struct rt_m *m);
void rt_p_idle_put(struct rt_p *p); /* Requires: sched.lock */
struct rt_p *rt_p_idle_get(void);   /* Requires: sched.lock */
void rt_p_hand_off(struct rt_p *p); /* somebody else runs it, or it is idle */
void rt_run_locked(struct rt_m *m, struct rt_g *g); /* g may only run on g->m: gives it our P, and stops */

/* task.c */
void rt_task_free(struct rt_g *g);
void rt_task_bind(struct rt_g *g); /* gives an unstarted goroutine its stack */
void rt_tasks_flush(struct rt_p *p);
void rt_tasks_end(void);
void rt_tasks_forget(void);
void rt_tasks_lock(void); /* for fork */
void rt_tasks_unlock(void);
int64_t rt_tasks_count(void);
void rt_tasks_each(void (*visit)(struct rt_g *g, void *arg), void *arg);
/* Where goroutines' records lie. Nobody makes any meanwhile. */
void rt_tasks_memory(void (*visit)(const void *memory, size_t size));
/* The runtime has ended, its threads as well. left.c */
void rt_left(void);
/* Tells of the memory of the runtime. Takes no lock; also on threads that are none of the runtime's. */
void rt_left_memory(void);

/* init.c */
void rt_finish(int result);
void rt_stop_running(int result);
int rt_start_main(void); /* the main goroutine: 0 or -ENOMEM */
int rt_make_ps(int procs); /* Requires: sched.lock, but at the start. As idle ones */
void rt_procs_set(int procs); /* Requires: so many are made, and the world is stopped or has not begun */
void rt_forget(void);      /* a child of fork without goroutines: as if there had never been any */
size_t rt_setting(const char *name, size_t otherwise);

#endif
