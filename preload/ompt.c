/* See ompt.h. Each callback is told to the thread that it is about. parallel_data is the team, task_data the task; what we keep there
 * begins as zero. */
#include "ompt.h"

#include "../detector/atomic.h"
#include "../detector/os.h"
#include "library.h"
#include "omp_team.h"
#include "ompt_api.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* of callbacks, as the interface has them */

static bool told; /* atomic */
static ompt_get_task_memory_t task_memory;

bool ompt_told(void)
{
    return __atomic_load_n(&told, __ATOMIC_RELAXED);
}

/* ---- regions -------------------------------------------------------------------------------------------------------- */

static void parallel_begin(ompt_data_t *task, const void *frame, ompt_data_t *team, unsigned threads, int flags,
                           const void *pc)
{
    struct actor *me = current();
    team->ptr = me ? omp_team_begins(me) : NULL;
}

static void parallel_end(ompt_data_t *team, ompt_data_t *task, int flags, const void *pc)
{
    struct actor *me = current();
    if (me && team)
        omp_team_ends(me, team->ptr);
}

/* A thread of the region, or the one that the program begins with. Its end may be told long after the region's: what it has done
 * was released at the region's last barrier. */
static void implicit_task(int endpoint, ompt_data_t *team, ompt_data_t *task, unsigned threads, unsigned number,
                          int flags)
{
    struct actor *me = current();
    if (!me)
        return;
    if (endpoint == OMPT_BEGIN) {
        task->ptr = omp_member_begins(me, team ? team->ptr : NULL);
    } else {
        omp_member_gone(me, task->ptr);
        task->ptr = NULL;
    }
}

static void barrier(struct actor *me, int endpoint, const ompt_data_t *team, struct omp_task *here)
{
    if (endpoint == OMPT_BEGIN) {
        omp_barrier_arrives(me, here);
        omp_member_ends(me, here);
    } else if (team) { /* else the region may be gone: the next one orders the thread */
        omp_barrier_leaves(me, here);
    }
}

/* Between the end of a taskgroup's wait and that of the group the runtime calls the compiler's functions that put together what
 * threads have reduced by tasks; of a group of all threads, after a count of its own. */
static __thread bool combines TLS_IE;

static void sync_wait(int kind, int endpoint, ompt_data_t *team, ompt_data_t *data, const void *pc)
{
    struct actor *me = current();
    if (!me || kind != OMPT_TASKGROUP || endpoint != OMPT_END || combines)
        return;
    combines = true;
    actor_ignore_begin(me);
}

static void combined(struct actor *me)
{
    if (combines)
        actor_ignore_end(me);
    combines = false;
}

static void sync_region(int kind, int endpoint, ompt_data_t *team, ompt_data_t *data, const void *pc)
{
    struct actor *me = current();
    struct omp_task *task = data ? data->ptr : NULL;
    if (!me || !task)
        return;
    if (kind == OMPT_TASKWAIT) {
        if (endpoint == OMPT_END)
            omp_tasks_waited(me, task);
    } else if (kind == OMPT_TASKGROUP) {
        if (endpoint == OMPT_BEGIN) {
            omp_group_begins(task);
        } else {
            combined(me);
            omp_group_ends(me, task);
        }
    } else if (kind != OMPT_REDUCES) {
        barrier(me, endpoint, team, task);
    }
}

/* The runtime puts the threads' parts together by a function that the compiler made, while it makes them wait for one another. */
static void reduction(int kind, int endpoint, ompt_data_t *team, ompt_data_t *task, const void *pc)
{
    struct actor *me = current();
    if (!me)
        return;
    if (endpoint == OMPT_BEGIN)
        actor_ignore_begin(me);
    else
        actor_ignore_end(me);
}

/* ---- tasks ---------------------------------------------------------------------------------------------------------- */

static void task_create(ompt_data_t *parent, const void *frame, ompt_data_t *task, int flags, int depends,
                        const void *pc)
{
    struct actor *me = current();
    if (!me || !(flags & (OMPT_TASK_EXPLICIT | OMPT_TASK_WAITS)))
        return;
    task->ptr = omp_task_new(me, parent ? parent->ptr : NULL);
}

static struct omp_depends *depends_of(const ompt_dependence_t *depend, int n)
{
    struct omp_depends *depends = omp_depends_new((unsigned)n);
    for (int i = 0; depends && i < n; i++)
        depends->on[i] = (struct omp_depend){(uintptr_t)depend[i].variable.ptr, depend[i].type != OMPT_IN};
    return depends;
}

/* Of a task that was just made; or of an iteration of a loop with ordered(n). */
static void dependences(ompt_data_t *data, const ompt_dependence_t *depend, int n)
{
    struct actor *me = current();
    struct omp_task *task = data->ptr;
    if (!me || !task || n <= 0)
        return;
    if (depend->type == OMPT_SOURCE)
        omp_turn_ends(me, task);
    else if (depend->type == OMPT_SINK)
        omp_turn_begins(me, task);
    else if (!task->depends)
        task->depends = depends_of(depend, n);
}

static bool is_explicit(const struct omp_task *task)
{
    return task && task->parent;
}

/* The runtime uses the memory of tasks again, in any thread. That of the one that ends here; LLVM's returns 0 in any case. */
static void memory_gone(struct actor *me)
{
    void *addr = NULL;
    size_t size = 0;
    if (task_memory)
        task_memory(&addr, &size, 0);
    if (addr)
        mem_fresh(me, (uintptr_t)addr, size);
}

static void task_schedule(ompt_data_t *from, int status, ompt_data_t *to)
{
    struct actor *me = current();
    struct omp_task *before = from ? from->ptr : NULL, *next = to ? to->ptr : NULL;
    if (!me)
        return;
    if (is_explicit(before)) {
        if (status == OMPT_WAITED)
            omp_depends_met(me, before->parent, before->depends);
        if (status == OMPT_COMPLETE || status == OMPT_CANCELLED || status == OMPT_WAITED) {
            memory_gone(me);
            omp_task_ends(me, before);
            from->ptr = NULL;
        } else {
            omp_task_stops(me, before);
        }
    }
    if (is_explicit(next))
        omp_task_starts(me, next);
}

/* The fence itself is in the runtime. */
static void flush(ompt_data_t *thread, const void *pc)
{
    struct actor *me = current();
    if (me)
        atomic_fence(me, __ATOMIC_SEQ_CST);
}

/* ---- locks ------------------------------------------------------------------------------------------------------------ */

static __thread bool waits TLS_IE;
static __thread uintptr_t call_from TLS_IE;

void ompt_call_from(uintptr_t pc)
{
    call_from = pc;
}

/* The runtime takes gomp.c, which stands between, for the caller of its locks. */
static uintptr_t place(int kind, const void *pc)
{
    return kind <= OMPT_TEST_NEST_LOCK && call_from ? call_from : (uintptr_t)pc;
}

static bool nests(int kind)
{
    return kind == OMPT_NEST_LOCK || kind == OMPT_TEST_NEST_LOCK;
}

static void mutex_acquire(int kind, unsigned hint, unsigned impl, uint64_t lock, const void *pc)
{
    struct actor *me = current();
    if (me && (kind == OMPT_LOCK || kind == OMPT_NEST_LOCK || kind == OMPT_CRITICAL))
        waits = library_lock_waits(me, lock, nests(kind), place(kind, pc));
}

/* That a lock was given up is told after it was: whoever has got it meanwhile waits for that. */
static void mutex_acquired(int kind, uint64_t lock, const void *pc)
{
    struct actor *me = current();
    if (!me)
        return;
    if (waits)
        wait_end(me);
    waits = false;
    if (kind == OMPT_ORDERED) {
        sync_acquire(me, lock);
        return;
    }
    while (lock_holder(me, lock) == HOLDER_OTHER)
        os_yield();
    library_lock_got(me, lock, kind == OMPT_TEST_LOCK || kind == OMPT_TEST_NEST_LOCK ? HOW_TRY : 0, place(kind, pc));
}

static void mutex_released(int kind, uint64_t lock, const void *pc)
{
    struct actor *me = current();
    if (!me)
        return;
    if (kind == OMPT_ORDERED)
        sync_release_merge(me, lock);
    else
        library_lock_given(me, lock);
}

static void lock_begins(int kind, unsigned hint, unsigned impl, uint64_t lock, const void *pc)
{
    struct actor *me = current();
    if (me)
        library_lock_made(me, lock, place(kind, pc));
}

static void lock_ends(int kind, uint64_t lock, const void *pc)
{
    struct actor *me = current();
    if (me)
        library_lock_destroyed(me, lock, place(kind, pc));
}

/* ---- the tool --------------------------------------------------------------------------------------------------------- */

static int initialize(ompt_function_lookup_t lookup, int device, ompt_data_t *tool)
{
    static const struct {
        enum ompt_event event;
        ompt_any_t callback;
    } callbacks[] = {
        {OMPT_PARALLEL_BEGIN, (ompt_any_t)parallel_begin},
        {OMPT_PARALLEL_END, (ompt_any_t)parallel_end},
        {OMPT_IMPLICIT_TASK, (ompt_any_t)implicit_task},
        {OMPT_SYNC_REGION, (ompt_any_t)sync_region},
        {OMPT_SYNC_WAIT, (ompt_any_t)sync_wait},
        {OMPT_REDUCTION, (ompt_any_t)reduction},
        {OMPT_FLUSH, (ompt_any_t)flush},
        {OMPT_TASK_CREATE, (ompt_any_t)task_create},
        {OMPT_DEPENDENCES, (ompt_any_t)dependences},
        {OMPT_TASK_SCHEDULE, (ompt_any_t)task_schedule},
        {OMPT_MUTEX_ACQUIRE, (ompt_any_t)mutex_acquire},
        {OMPT_MUTEX_ACQUIRED, (ompt_any_t)mutex_acquired},
        {OMPT_MUTEX_RELEASED, (ompt_any_t)mutex_released},
        {OMPT_LOCK_INIT, (ompt_any_t)lock_begins},
        {OMPT_LOCK_DESTROY, (ompt_any_t)lock_ends},
    };
    const ompt_set_callback_t set = (ompt_set_callback_t)lookup("ompt_set_callback");
    task_memory = (ompt_get_task_memory_t)lookup("ompt_get_task_memory");
    if (!set)
        return 0;
    for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++)
        set(callbacks[i].event, callbacks[i].callback);
    __atomic_store_n(&told, true, __ATOMIC_RELAXED);
    return 1;
}

static void finalize(ompt_data_t *tool)
{
    __atomic_store_n(&told, false, __ATOMIC_RELAXED);
}

/* Asked by the runtime when it starts: NULL: no tool here, look for another one. */
EXPORT ompt_start_tool_result_t *ompt_start_tool(unsigned openmp, const char *runtime);
EXPORT ompt_start_tool_result_t *ompt_start_tool(unsigned openmp, const char *runtime)
{
    static ompt_start_tool_result_t tool = {.initialize = initialize, .finalize = finalize};
    return current() ? &tool : NULL;
}
