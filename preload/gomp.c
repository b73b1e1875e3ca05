/* gcc's OpenMP runtime, libgomp: the functions of gomp.def, which compiled code calls. It has no interface for tools.
 *
 * The program's function that a region or a task runs is called through one of ours. The data of a task is copied by the
 * runtime, by a function that it is given: ours, which puts in front of the copy what has to go with the task:
 *
 *   struct task_block | the program's data
 *
 * The runtime writes into the first two words of the block (bounds of a taskloop's part), and into the first of what it copies from
 * (an event), and looks at the third of that (reductions of a taskloop). */
#include <stdarg.h>
#include <string.h>

#include "library.h"
#include "omp_team.h"
#include "ompt.h"

#define OMP_BODY void (*body)(void *), void *data
#define OMP_LOOP unsigned threads, long start, long end, long step, unsigned flags
#define OMP_CHUNKS unsigned threads, long start, long end, long step, long chunk, unsigned flags
#define OMP_COPY void (*copy)(void *, void *), long size, long align

#define LIBRARY \
    (const char *const[]) \
    { \
        "libgomp", "libomp", "libiomp", NULL \
    }
#define GOMP(ret, name, params) LIBRARY_ROW(ret, name, params)
#include "gomp.def"
#undef GOMP

/* The actor, when it is for us to tell: LLVM's runtime, which has these functions as well, tells by itself. */
static struct actor *teller(void)
{
    return ompt_told() ? NULL : current();
}
/* Of a lock, from `pc`. */
static struct actor *lock_teller(uintptr_t pc)
{
    if (!ompt_told())
        return current();
    ompt_call_from(pc);
    return NULL;
}

/* ---- regions -------------------------------------------------------------------------------------------------------- */

static __thread struct omp_task *task_now TLS_IE; /* NULL: in no region */

struct region {
    void *reductions; /* looked at by GOMP_parallel_reductions: the first word of the program's data */
    void (*body)(void *);
    void *data;
    struct omp_team *team;
};

static void region_run(void *arg)
{
    const struct region *r = arg;
    struct actor *me = current();
    if (!me) {
        r->body(r->data);
        return;
    }
    struct omp_task *outer = task_now, *here = omp_member_begins(me, r->team);
    task_now = here;
    r->body(r->data);
    task_now = outer;
    omp_member_ends(me, here);
    omp_member_gone(me, here);
}

#define REGION(me) \
    { \
        NULL, body, data, me ? omp_team_begins(me) : NULL \
    }
#define REGION_RUN(me, r) me ? region_run : body, me ? (void *)&r : data

#define IN_REGION(name, params, ...) \
    EXPORT void name params \
    { \
        struct actor *me = teller(); \
        struct region r = REGION(me); \
        LIBRARY_REAL(name)(REGION_RUN(me, r), __VA_ARGS__); \
        if (me) \
            omp_team_ends(me, r.team); \
    }
IN_REGION(GOMP_parallel, (OMP_BODY, unsigned threads, unsigned flags), threads, flags)
IN_REGION(GOMP_parallel_sections, (OMP_BODY, unsigned threads, unsigned count, unsigned flags), threads, count, flags)
#define CHUNKS(name) IN_REGION(name, (OMP_BODY, OMP_CHUNKS), threads, start, end, step, chunk, flags)
CHUNKS(GOMP_parallel_loop_static)
CHUNKS(GOMP_parallel_loop_dynamic)
CHUNKS(GOMP_parallel_loop_guided)
CHUNKS(GOMP_parallel_loop_nonmonotonic_dynamic)
CHUNKS(GOMP_parallel_loop_nonmonotonic_guided)
#define LOOP(name) IN_REGION(name, (OMP_BODY, OMP_LOOP), threads, start, end, step, flags)
LOOP(GOMP_parallel_loop_runtime)
LOOP(GOMP_parallel_loop_nonmonotonic_runtime)
LOOP(GOMP_parallel_loop_maybe_nonmonotonic_runtime)

EXPORT unsigned GOMP_parallel_reductions(OMP_BODY, unsigned threads, unsigned flags)
{
    struct actor *me = teller();
    struct region r = REGION(me);
    r.reductions = *(void **)data;
    unsigned result = LIBRARY_REAL(GOMP_parallel_reductions)(REGION_RUN(me, r), threads, flags);
    if (me)
        omp_team_ends(me, r.team);
    return result;
}

/* ---- barriers ------------------------------------------------------------------------------------------------------- */

static struct actor *arrive(void)
{
    struct actor *me = teller();
    if (me)
        omp_barrier_arrives(me, task_now);
    return me;
}

static void leave(struct actor *me)
{
    if (me)
        omp_barrier_leaves(me, task_now);
}

#define WITH_BARRIER(name, params, ...) \
    EXPORT void name params \
    { \
        struct actor *me = arrive(); \
        LIBRARY_REAL(name)(__VA_ARGS__); \
        leave(me); \
    }
#define WITH_BARRIER_CANCEL(name) \
    EXPORT bool name(void) \
    { \
        struct actor *me = arrive(); \
        bool cancelled = LIBRARY_REAL(name)(); \
        leave(me); \
        return cancelled; \
    }
WITH_BARRIER(GOMP_barrier, (void))
WITH_BARRIER(GOMP_loop_end, (void))
WITH_BARRIER(GOMP_sections_end, (void))
WITH_BARRIER(GOMP_workshare_task_reduction_unregister, (bool cancelled), cancelled)
WITH_BARRIER_CANCEL(GOMP_barrier_cancel)
WITH_BARRIER_CANCEL(GOMP_loop_end_cancel)
WITH_BARRIER_CANCEL(GOMP_sections_end_cancel)

/* Who gets NULL runs the block, and comes to the barrier in GOMP_single_copy_end; the others have passed it. */
EXPORT void *GOMP_single_copy_start(void)
{
    struct actor *me = arrive();
    void *data = LIBRARY_REAL(GOMP_single_copy_start)();
    if (data)
        leave(me);
    return data;
}
WITH_BARRIER(GOMP_single_copy_end, (void *copied), copied)

/* ---- tasks ---------------------------------------------------------------------------------------------------------- */

enum { TASK_DEPEND = 1 << 3, TASK_NOGROUP = 1 << 11, TASK_REDUCES = 1 << 12, TASK_DETACH = 1 << 13 };

/* What the runtime copies from. */
struct task_source {
    void *event; /* written by the runtime when the task has one */
    void *unused, *reductions;
    void (*body)(void *);
    void (*copy)(void *, void *);
    void *data;
    size_t size, before; /* of the program's data; of what comes before it */
    void **depend;
    bool loop, detach;
};

struct task_block {
    long bounds[2]; /* written by the runtime for a taskloop */
    const void *body;
    struct omp_task *task;
    size_t before;
    bool loop;
};

/* depend: a count, how many of them are out, the addresses; or 0, the count, and how many are out, mutexinoutset and in, the
 * addresses, and last those of omp_depend_t: an address and a kind. NULL: none, or no memory. */
static struct omp_depends *depends_of(void **depend)
{
    enum { DEPEND_IN = 1 };
    if (!depend)
        return NULL;
    const bool new_form = !depend[0];
    const size_t n = (size_t)depend[new_form ? 1 : 0], first = new_form ? 5 : 2;
    const size_t out = new_form ? (size_t)depend[2] + (size_t)depend[3] : (size_t)depend[1];
    const size_t plain = new_form ? out + (size_t)depend[4] : n;
    struct omp_depends *depends = omp_depends_new((unsigned)n);
    for (size_t i = 0; depends && i < n; i++) {
        void **object = depend[first + i];
        depends->on[i] = i < plain ? (struct omp_depend){(uintptr_t)object, i < out}
                                   : (struct omp_depend){(uintptr_t)object[0], (uintptr_t)object[1] != DEPEND_IN};
    }
    return depends;
}

static void task_copy(void *to, void *from)
{
    const struct task_source *source = from;
    struct task_block *block = to;
    char *data = (char *)to + source->before;
    struct actor *me = current();
    *block = (struct task_block){.body = source->body, .before = source->before, .loop = source->loop};
    if (source->detach)
        *(void **)source->data = source->event;
    if (source->copy)
        source->copy(data, source->data);
    else
        memcpy(data, source->data, source->size);
    block->task = me ? omp_task_new(me, task_now) : NULL;
    if (block->task)
        block->task->depends = depends_of(source->depend);
}

static void task_run(void *arg)
{
    struct task_block *block = arg;
    void *data = (char *)arg + block->before;
    void (*body)(void *) = (void (*)(void *))block->body;
    struct omp_task *task = block->task, *outer = task_now;
    struct actor *me = current();
    if (block->loop)
        memcpy(data, block->bounds, sizeof block->bounds);
    if (!me || !task) {
        body(data);
        return;
    }
    omp_task_starts(me, task);
    task_now = task;
    body(data);
    task_now = outer;
    omp_task_ends(me, task);
}

static struct task_source source_of(OMP_BODY, OMP_COPY, unsigned flags)
{
    const size_t unit = (size_t)align > sizeof(max_align_t) ? (size_t)align : sizeof(max_align_t);
    return (struct task_source){.body = body,
                                .copy = copy,
                                .data = data,
                                .size = (size_t)size,
                                .before = (sizeof(struct task_block) + unit - 1) / unit * unit,
                                .detach = flags & TASK_DETACH};
}
#define BLOCK(source) task_copy, size + (long)source.before, align > 16 ? align : 16

EXPORT void GOMP_task(OMP_BODY, OMP_COPY, bool deferred, unsigned flags, void **depend, int priority, void *detach)
{
    if (!teller()) {
        LIBRARY_REAL(GOMP_task)(body, data, copy, size, align, deferred, flags, depend, priority, detach);
        return;
    }
    struct task_source source = source_of(body, data, copy, size, align, flags);
    source.depend = flags & TASK_DEPEND ? depend : NULL;
    LIBRARY_REAL(GOMP_task)(task_run, &source, BLOCK(source), deferred, flags, depend, priority, detach);
}

#define TASKLOOP(name, type) \
    EXPORT void name(OMP_BODY, OMP_COPY, unsigned flags, unsigned long tasks, int priority, type start, type end, \
                     type step) \
    { \
        struct actor *me = teller(); \
        if (!me) { \
            LIBRARY_REAL(name)(body, data, copy, size, align, flags, tasks, priority, start, end, step); \
            return; \
        } \
        struct task_source source = source_of(body, data, copy, size, align, flags); \
        const bool group = !(flags & TASK_NOGROUP); \
        source.loop = true; \
        source.reductions = flags & TASK_REDUCES ? ((void **)data)[2] : NULL; \
        if (group) \
            omp_group_begins(task_now); \
        LIBRARY_REAL(name)(task_run, &source, BLOCK(source), flags, tasks, priority, start, end, step); \
        if (group) \
            omp_group_ends(me, task_now); \
    }
TASKLOOP(GOMP_taskloop, long)
TASKLOOP(GOMP_taskloop_ull, unsigned long long)

EXPORT void GOMP_taskwait(void)
{
    struct actor *me = teller();
    LIBRARY_REAL(GOMP_taskwait)();
    if (me)
        omp_tasks_waited(me, task_now);
}

EXPORT void GOMP_taskwait_depend(void **depend)
{
    struct actor *me = teller();
    struct omp_depends *waited = me ? depends_of(depend) : NULL;
    LIBRARY_REAL(GOMP_taskwait_depend)(depend);
    if (me)
        omp_depends_met(me, task_now, waited);
    omp_depends_drop(waited);
}

EXPORT void GOMP_taskgroup_start(void)
{
    if (teller())
        omp_group_begins(task_now);
    LIBRARY_REAL(GOMP_taskgroup_start)();
}

EXPORT void GOMP_taskgroup_end(void)
{
    struct actor *me = teller();
    LIBRARY_REAL(GOMP_taskgroup_end)();
    if (me)
        omp_group_ends(me, task_now);
}

/* ---- order of iterations ---------------------------------------------------------------------------------------------- */

static void turn_begins(void)
{
    struct actor *me = teller();
    if (me)
        omp_turn_begins(me, task_now);
}

static void turn_ends(void)
{
    struct actor *me = teller();
    if (me)
        omp_turn_ends(me, task_now);
}

EXPORT void GOMP_ordered_start(void)
{
    LIBRARY_REAL(GOMP_ordered_start)();
    turn_begins();
}

EXPORT void GOMP_ordered_end(void)
{
    turn_ends();
    LIBRARY_REAL(GOMP_ordered_end)();
}

/* How many counts there are is known to the runtime only: as many are handed on as any program will have loops in one another. */
#define DOACROSS(post, wait, type) \
    EXPORT void post(type *counts) \
    { \
        turn_ends(); \
        LIBRARY_REAL(post)(counts); \
    } \
    EXPORT void wait(type first, ...) \
    { \
        type n[15]; \
        va_list more; \
        va_start(more, first); \
        for (unsigned i = 0; i < sizeof n / sizeof *n; i++) \
            n[i] = va_arg(more, type); \
        va_end(more); \
        LIBRARY_REAL(wait) \
        (first, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13], n[14]); \
        turn_begins(); \
    }
DOACROSS(GOMP_doacross_post, GOMP_doacross_wait, long)
DOACROSS(GOMP_doacross_ull_post, GOMP_doacross_ull_wait, unsigned long long)

/* ---- locks ------------------------------------------------------------------------------------------------------------ */

/* Calls that have no object stand for one each. */
static char critical, atomic;

LIBRARY_TAKES(GOMP_critical_start, (void), lock_teller, &critical, false)
LIBRARY_GIVES(GOMP_critical_end, (void), lock_teller, &critical)
LIBRARY_TAKES(GOMP_critical_name_start, (void **lock), lock_teller, lock, false, lock)
LIBRARY_GIVES(GOMP_critical_name_end, (void **lock), lock_teller, lock, lock)
LIBRARY_TAKES(GOMP_atomic_start, (void), lock_teller, &atomic, false)
LIBRARY_GIVES(GOMP_atomic_end, (void), lock_teller, &atomic)
LIBRARY_TAKES(omp_set_lock, (void *lock), lock_teller, lock, false, lock)
LIBRARY_GIVES(omp_unset_lock, (void *lock), lock_teller, lock, lock)
LIBRARY_TAKES(omp_set_nest_lock, (void *lock), lock_teller, lock, true, lock)
LIBRARY_GIVES(omp_unset_nest_lock, (void *lock), lock_teller, lock, lock)
LIBRARY_TRIES(omp_test_lock, lock_teller)
LIBRARY_TRIES(omp_test_nest_lock, lock_teller)
LIBRARY_CHANGES(omp_init_lock, lock_teller, library_lock_made)
LIBRARY_CHANGES(omp_destroy_lock, lock_teller, library_lock_destroyed)
LIBRARY_CHANGES(omp_init_nest_lock, lock_teller, library_lock_made)
LIBRARY_CHANGES(omp_destroy_nest_lock, lock_teller, library_lock_destroyed)
