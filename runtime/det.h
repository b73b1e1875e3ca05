/* The deterministic mode: what the rest of the runtime calls, and what its own files (det*.c) share. Essay: det.c.
 *
 * All but rt_det_start and rt_det_stop: on the one thread that runs goroutines, and only while RT_STEERED. */
#ifndef RT_DET_H
#define RT_DET_H

#include "bytes.h"
#include "hidden.h"
#include "rt.h"
#include "schedule.h"

struct rt_m;
struct rt_timers;

/* Looks into the environment; 0: not asked for, or it runs from now on; -EINVAL: it says nonsense, which has been told. */
int rt_det_start(void);
/* The thread is made, and ends with main; then nothing of this mode is left. */
void rt_det_run(void);
void rt_det_stop(void);

/* Others may go on before the calling goroutine does this, in a call from pc. Nothing on g0 and inside of the runtime. */
void rt_det_point(uintptr_t pc, enum rt_op op, const volatile void *object);
int rt_det_spawned(struct rt_g *g, struct rt_g *parent); /* -ENOMEM */
void rt_det_ends(struct rt_g *g);
void rt_det_object_ends(const void *object);
void rt_det_ready(struct rt_g *g);
struct rt_g *rt_det_pick(struct rt_m *m); /* for a goroutine that cannot go on; NULL: g0 decides */
struct rt_g *rt_det_find(struct rt_m *m); /* for g0; NULL: the runtime stops */
int64_t rt_det_now(void);
/* Whether the end of main_fn is the end of a schedule only: then another one begins. */
bool rt_det_goes_on(void);
void rt_det_main_ends(int result);
/* The process is about to end by a panic. */
void rt_det_panics(const char *message);

/* ---- det*.c only ---- */

struct rt_det_task { /* [0] is the clock, and nobody; kept after its end, for paths */
    struct rt_g *g;  /* NULL: has ended */
    uint32_t parent, nth, children;
    uint32_t place;     /* 1 + where in `able`; 0: cannot go on */
    uint32_t decisions; /* made when it ran */
    uint32_t operations; /* come to, counted */
    uint32_t objects;   /* first used by it */
    uint32_t op;        /* enum rt_op: the next, or the one it waits in */
    uint32_t object_number; /* det_check.c's of it */
    int32_t held;           /* locks taken minus given up */
    uint32_t stopped;       /* by strategy hold before `op`: RT_HOLD_FIRST, RT_HOLD_LAST; 0: not */
    const volatile void *object;
    uintptr_t pc;
    uint64_t path;
    uint64_t since; /* when it became able to go on; order only */
    uint64_t priority;
};

struct rt_det {
    struct rt_schedule schedule;
    struct rt_record *record; /* never NULL */
    const char *token;        /* of the replay; NULL: what the schedule says */
    struct rt_det_task *tasks;
    uint32_t task_count, task_room;
    uint32_t *able; /* tasks that can go on; has as much room as tasks */
    uint32_t able_count;
    uint32_t running; /* task; 0: none */
    struct rt_g *chosen; /* decided before the switch */
    bool over;           /* main_fn has returned, and another schedule is to begin */
    uint64_t draws[RT_STREAM_COUNT]; /* numbers drawn, per stream */
    uint64_t arrivals; /* for `since` */
    uint64_t streak;   /* steps since another one could have gone on */
    uint64_t idle;     /* decisions since anybody did more than yield and look */
    int64_t now;
    /* strategy.c's */
    uint64_t changes[RT_MOST_CHANGES];
    uint64_t slice, mean, lowest;
    uint32_t stopped; /* tasks that have come to where they are held */
    uint32_t let_go;  /* those whose `stopped` is not above go on: 0, RT_HOLD_FIRST, RT_HOLD_LAST */
    /* det_check.c's */
    bool diverged;
    bool told_clock; /* what it stands still for */
    struct {
        uint32_t task, op;
        uintptr_t pc;
    } ring[256]; /* the last steps */
};
extern RT_HIDDEN struct rt_det rt_det;

/* det.c */
bool rt_det_tasks_start(void);
void rt_det_tasks_stop(void);

void rt_det_tasks_reset(void); /* none but the clock is left */

/* det_start.c: a schedule begins. false: no memory. Requires: the token is a good one. */
bool rt_det_begin(const char *token, struct rt_record *record);
/* det_again.c: on g0, when it is over. */
void rt_det_again(void);

/* strategy.c */
void rt_strategy_start(void);
void rt_strategy_born(struct rt_det_task *t);
void rt_strategy_arrives(struct rt_det_task *t); /* at its next operation */
/* Who of `able` goes on: a task. yields: not the running one, unless it is alone. Requires: able_count > 0. */
uint32_t rt_strategy_choose(bool yields);
uint32_t rt_strategy_base(bool yields); /* if nobody is interrupted */

/* det_check.c: what is written down about the steps, and compared. */
bool rt_check_start(void);                      /* false: no memory */
void rt_check_arrives(struct rt_det_task *t);   /* at its next operation */
void rt_check_point(uint32_t from);             /* a decision is about to be made, which might be another one */
void rt_check_stop(void);
void rt_check_step(struct rt_det_task *t); /* t does its operation now */
/* The schedule depends on this, too, which nothing here controls. A constant. */
void rt_check_uncontrolled(const char *what);
void rt_check_object_ends(const void *object);
void rt_check_switch(uint32_t from, uint32_t to);
void rt_check_outcome(enum rt_outcome outcome, int result, const char *message); /* the first one counts */
void rt_check_names(void); /* of the calls of the switches, if they are wanted and few */
/* "GORO_REPLAY=...", which is written anew by each call. */
const char *rt_check_replay(void);
/* Whether the environment wants accesses to memory to be points; then a replay needs that, too. */
bool rt_access_points(void);
/* "replay: " and that, to stderr. */
void rt_check_tell(void);

/* det_wait.c: nobody can go on. */
bool rt_wait_outside(void); /* takes what came from outside of the schedule; true: timers are due */
bool rt_wait_wanted(void);  /* whether there is anything for rt_wait_outside and rt_wait_timers to look at */
void rt_wait(void);         /* until somebody can, or the clock has moved; a deadlock otherwise */
void rt_wait_busy(void);    /* those that can go on only look again and again: moves the clock */
void rt_wait_timers(void);  /* on g0: fires those that are due and whose turn it is */

static inline struct rt_det_task *rt_det_task_of(const struct rt_g *g)
{
    return &rt_det.tasks[g->det];
}

/* Addresses of the program's objects are in there, which left.c would find again. */
static inline void rt_free_addresses(void *memory, size_t size)
{
    if (memory)
        rt_zero(memory, size);
    rt_free(memory, size);
}

static inline uint64_t rt_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
