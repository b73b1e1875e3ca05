/* The deterministic mode: GORO_SCHED=det, or GORO_REPLAY.
 *
 * One thread runs all goroutines, and whose turn it is is decided anew before every operation (rt_det_point) and whenever one waits
 * or ends (rt_det_pick, rt_det_find). Decisions come from strategy.c: from the seed, and from what has happened in
 * this schedule so far. No address, no clock and no other thread has a say in them, so the same seed and the same input give the same
 * schedule.
 *
 * A point is before its operation: whoever is able to go on has named what it is about to do and not done any of it. Nothing is
 * interrupted between two points. What code does between them without telling (plain memory, calls of libc) is one step, as
 * far as this mode goes.
 *
 * Time is rt_det.now. It moves when nobody can go on, to the next timer (det_wait.c).
 *
 * Identity: the creation path of a goroutine, and for an object who used it first and the how-manieth of his that is. Both are
 * the same in all runs of one schedule, and in most of others.
 *
 * The rest of the runtime is as ever, with one P and one M, but: nobody watches (sysmon.c), nothing is preempted, a blocking
 * call holds everything up, and pins have no meaning. */
#include "det.h"

#include <errno.h>

#include "sched.h"

enum {
    PATIENCE = 2000, /* steps that one may go on while others could: it may wait for them without saying so */
    IDLE = 256,      /* looks and yields of each, after which all wait for time to pass */
};

uint32_t goro_steered;
struct rt_det rt_det;

/* ---- tasks ---- */

static bool grow(void)
{
    struct rt_det *d = &rt_det;
    uint32_t room = d->task_room ? 2 * d->task_room : 64;
    struct rt_det_task *tasks = rt_alloc(room * sizeof *tasks);
    uint32_t *able = rt_alloc(room * sizeof *able);
    if (!tasks || !able) {
        rt_free(tasks, room * sizeof *tasks);
        rt_free(able, room * sizeof *able);
        return false;
    }
    if (d->tasks) {
        rt_copy(tasks, d->tasks, d->task_count * sizeof *tasks);
        rt_copy(able, d->able, d->able_count * sizeof *able);
    }
    rt_free_addresses(d->tasks, d->task_room * sizeof *tasks);
    rt_free(d->able, d->task_room * sizeof *able);
    d->tasks = tasks;
    d->able = able;
    d->task_room = room;
    return true;
}

static struct rt_det_task *new_task(void)
{
    struct rt_det *d = &rt_det;
    if (d->task_count == d->task_room && !grow())
        return NULL;
    struct rt_det_task *t = &d->tasks[d->task_count++];
    *t = (struct rt_det_task){0};
    return t;
}

/* Who starts goroutines without being one: timers. */
static uint32_t parent_of(const struct rt_g *parent)
{
    return parent && !parent->system ? parent->det : 0;
}

int rt_det_spawned(struct rt_g *g, struct rt_g *parent)
{
    struct rt_det_task *t = new_task();
    if (!t)
        return -ENOMEM;
    bool main = rt_det.task_count == 2;
    struct rt_det_task *by = &rt_det.tasks[parent_of(parent)];
    t->g = g;
    t->parent = parent_of(parent);
    t->nth = ++by->children;
    t->path = main ? RT_PATH_MAIN : rt_path_child(by->path, t->nth);
    g->det = (uint32_t)(t - rt_det.tasks);
    g->path = t->path;
    if (g->det < RT_RECORD_TASKS)
        rt_det.record->tasks[g->det] = (struct rt_record_task){t->parent, t->nth, rt_det.record->operation_count};
    rt_strategy_born(t);
    return 0;
}

void rt_det_ends(struct rt_g *g)
{
    rt_det_task_of(g)->g = NULL;
}

void rt_det_object_ends(const void *object)
{
    rt_check_object_ends(object);
}

/* ---- who can go on ---- */

static void add(struct rt_det_task *t)
{
    struct rt_det *d = &rt_det;
    t->since = ++d->arrivals;
    d->able[d->able_count] = (uint32_t)(t - d->tasks);
    t->place = ++d->able_count;
    rt_strategy_arrives(t);
}

static void take_off(struct rt_det_task *t)
{
    struct rt_det *d = &rt_det;
    uint32_t last = d->able[--d->able_count];
    d->able[t->place - 1] = last;
    d->tasks[last].place = t->place;
    t->place = 0;
}

void rt_det_ready(struct rt_g *g)
{
    __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
    add(rt_det_task_of(g));
}

/* Who is next, taken off. Requires: somebody can go on. */
static struct rt_g *decide(bool yields)
{
    struct rt_det *d = &rt_det;
    struct rt_det_task *from = &d->tasks[d->running];
    from->decisions++;
    if (d->streak > PATIENCE)
        yields = true;
    uint32_t next = d->able[0];
    if (d->able_count > 1 || d->schedule.strategy == RT_STRATEGY_PCT || d->let_go < RT_HOLD_LAST) {
        if (d->record->wants_points)
            rt_check_point(d->running);
        uint32_t base = d->record->wants_switches ? rt_strategy_base(yields) : 0;
        next = rt_strategy_choose(yields);
        if (base && base != next)
            rt_check_switch(d->running, next);
        d->streak = next == d->running && from->place ? d->streak + 1 : 0;
    }
    take_off(&d->tasks[next]);
    d->running = next;
    return d->tasks[next].g;
}

/* ---- what the runtime calls ---- */

void rt_det_point(uintptr_t pc, enum rt_op op, const volatile void *object)
{
    struct rt_g *g = rt_self();
    if (!g || g->system || rt_locks() != 0)
        return;
    struct rt_det_task *t = rt_det_task_of(g);
    bool hook = op == RT_OP_HOOK_LOAD || op == RT_OP_HOOK_ATOMIC;
    if (hook && t->object == object && (t->op == RT_OP_LOAD || t->op == RT_OP_ATOMIC)) {
        t->op = RT_OP_NONE; /* a macro of sync.h has told of the same one */
        return;
    }
    t->op = op;
    t->object = object;
    t->pc = pc;
    rt_check_arrives(t);
    rt_enter();
    if (rt_det.idle > IDLE * (rt_det.able_count + 1))
        rt_wait_busy();
    bool due = rt_wait_outside();
    add(t);
    struct rt_g *next = due ? NULL : decide(op == RT_OP_YIELD);
    if (next == g) {
        rt_leave();
    } else {
        rt_det.chosen = next;
        __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
        rt_leave_running(g, NULL, NULL);
        t = rt_det_task_of(g); /* the table may have grown */
    }
    rt_check_step(t);
}

void goro_point_slow(enum goro_point_kind kind, const volatile void *object)
{
    rt_det_point((uintptr_t)__builtin_return_address(0), (enum rt_op)kind, object);
}

void goro_point(enum goro_point_kind kind, const volatile void *object)
{
    if (RT_STEERED)
        rt_det_point((uintptr_t)__builtin_return_address(0), (enum rt_op)kind, object);
}

struct rt_g *rt_det_pick(struct rt_m *m)
{
    struct rt_det *d = &rt_det;
    struct rt_g *g = d->chosen;
    (void)m;
    d->chosen = NULL;
    if (g)
        return g;
    /* What comes from outside, and timers that are due, are g0's to look at: here the lock of what is waited for is still held. */
    if (d->able_count == 0 || d->over || rt_wait_wanted() || __atomic_load_n(&rt_sched.stopping, __ATOMIC_RELAXED))
        return NULL;
    return decide(false);
}

struct rt_g *rt_det_find(struct rt_m *m)
{
    struct rt_det *d = &rt_det;
    while (!__atomic_load_n(&rt_sched.stopping, __ATOMIC_SEQ_CST)) {
        (void)m;
        if (d->over) {
            rt_det_again();
            continue;
        }
        rt_wait_outside();
        rt_wait_timers();
        if (d->able_count > 0)
            return decide(false);
        rt_wait();
    }
    return NULL;
}

int64_t rt_det_now(void)
{
    return rt_det.now;
}

void rt_det_panics(const char *message)
{
    rt_check_outcome(RT_OUTCOME_PANIC, 0, message);
}

bool rt_det_tasks_start(void)
{
    if (!new_task())
        return false;
    rt_det_tasks_reset();
    return true;
}

void rt_det_tasks_reset(void)
{
    struct rt_det *d = &rt_det;
    d->task_count = 1;
    d->tasks[0] = (struct rt_det_task){.path = RT_PATH_CLOCK};
    d->able_count = 0;
    d->running = 0;
    for (int i = 0; i < RT_STREAM_COUNT; i++)
        d->draws[i] = 0;
    d->arrivals = d->streak = d->idle = 0;
    d->diverged = d->told_clock = false;
}

void rt_det_tasks_stop(void)
{
    struct rt_det *d = &rt_det;
    rt_free_addresses(d->tasks, d->task_room * sizeof *d->tasks);
    rt_free(d->able, d->task_room * sizeof *d->able);
}
