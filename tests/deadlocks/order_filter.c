/* Cycles in the order of locks that cannot, or can after all, deadlock: gates, trylock, order by other means, new objects
 * at old addresses. The twins are what a detector that looks at the order only reports falsely. */
#include "thread.h"
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER, gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t shared_gate = PTHREAD_RWLOCK_INITIALIZER;

struct gated {
    struct two order;
    pthread_mutex_t *gate;    /* NULL: none */
    pthread_rwlock_t *shared; /* NULL: none */
    bool exclusive;           /* how `shared` is taken */
};

static void take_gated(void *arg)
{
    struct gated *g = arg;

    if (g->gate)
        pthread_mutex_lock(g->gate);
    if (g->shared && g->exclusive)
        pthread_rwlock_wrlock(g->shared);
    else if (g->shared)
        pthread_rwlock_rdlock(g->shared);
    nest(&g->order);
    if (g->shared)
        pthread_rwlock_unlock(g->shared);
    if (g->gate)
        pthread_mutex_unlock(g->gate);
}

/* The twin takes a third lock around both orders. */
void order_gate(bool fixed)
{
    struct gated both[] = {{.order = {&a, &b}}, {.order = {&b, &a}}};

    if (fixed)
        both[0].gate = both[1].gate = &gate;
    in_turn(2, take_gated, both, sizeof *both);
}

/* A gate that only one of the two passes is none. */
void order_gate_one_side(bool fixed)
{
    struct gated both[] = {{.order = {&a, &b}, .gate = &gate}, {.order = {&b, &a}, .gate = fixed ? &gate : NULL}};

    in_turn(2, take_gated, both, sizeof *both);
}

/* A gate that both pass as readers lets both in. */
void order_gate_shared(bool fixed)
{
    struct gated both[] = {{{&a, &b}, NULL, &shared_gate, false}, {{&b, &a}, NULL, &shared_gate, fixed}};

    in_turn(2, take_gated, both, sizeof *both);
}

static void lock_then_try(void *arg)
{
    struct two *t = arg;

    pthread_mutex_lock(t->first);
    if (pthread_mutex_trylock(t->second) == 0)
        pthread_mutex_unlock(t->second);
    pthread_mutex_unlock(t->first);
}

static void try_then_lock(void *arg)
{
    struct two *t = arg;

    if (pthread_mutex_trylock(t->first))
        pattern_fail("trylock of a free mutex");
    pthread_mutex_lock(t->second);
    pthread_mutex_unlock(t->second);
    pthread_mutex_unlock(t->first);
}

static void lock_then_timed(void *arg)
{
    struct two *t = arg;
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 60;
    pthread_mutex_lock(t->first);
    if (pthread_mutex_timedlock(t->second, &end) == 0)
        pthread_mutex_unlock(t->second);
    pthread_mutex_unlock(t->first);
}

struct way {
    void (*fn)(void *arg);
    struct two order;
};

static void take_way(void *arg)
{
    struct way *w = arg;

    w->fn(&w->order);
}

/* A trylock waits for nobody, so that its edge closes no cycle. */
void order_trylock_inner(bool fixed)
{
    struct way both[] = {{nest, {&a, &b}}, {fixed ? lock_then_try : nest, {&b, &a}}};

    in_turn(2, take_way, both, sizeof *both);
}

/* What was obtained by trylock is held like anything else. */
void order_trylock_outer(bool fixed)
{
    struct way both[] = {{try_then_lock, {&a, &b}}, {fixed ? lock_then_try : nest, {&b, &a}}};

    in_turn(2, take_way, both, sizeof *both);
}

void order_timedlock(bool fixed)
{
    struct way both[] = {{lock_then_timed, {&a, &b}}, {lock_then_timed, {&b, &a}}};

    if (fixed)
        both[1].order = both[0].order;
    in_turn(2, take_way, both, sizeof *both);
}

static void *nest_thread(void *arg)
{
    nest(arg);
    return NULL;
}

/* The twin joins the first thread before it creates the second. */
void order_join_between(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};

    if (!fixed) {
        nest_in_turn(2, order);
        return;
    }
    finish(begin(nest_thread, &order[0]));
    finish(begin(nest_thread, &order[1]));
}

/* The twin's only thread takes both orders. */
void order_one_thread(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};

    if (!fixed) {
        nest_in_turn(2, order);
        return;
    }
    nest(&order[0]);
    nest(&order[1]);
}

static sem_t order_sem_first_done;
static bool ordered;

static void order_semaphore_take(void *arg)
{
    struct two *t = arg;

    if (ordered && t->first == &b)
        sem_wait(&order_sem_first_done);
    nest(arg);
    if (ordered && t->first == &a)
        sem_post(&order_sem_first_done);
}

/* The twin's second thread waits for the first one's post. */
void order_semaphore_between(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};

    ordered = fixed;
    sem_init(&order_sem_first_done, 0, 0);
    in_turn(2, order_semaphore_take, order, sizeof *order);
    sem_destroy(&order_sem_first_done);
}

static pthread_barrier_t phase;

static void order_phases_take(void *arg)
{
    struct two *t = arg;

    if (t->first == &a)
        nest(arg);
    pthread_barrier_wait(&phase);
    if (t->first == &b)
        nest(arg);
}

/* In the twin a barrier separates the phases. */
void order_phases(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};

    if (!fixed) {
        nest_in_turn(2, order);
        return;
    }
    pthread_barrier_init(&phase, NULL, 2);
    at_once(2, order_phases_take, order, sizeof *order);
    pthread_barrier_destroy(&phase);
}

struct generation {
    struct two order;
    bool fresh;
};

static void order_reuse_take(void *arg)
{
    struct generation *g = arg;

    if (g->fresh) {
        pthread_mutex_init(g->order.first, NULL);
        pthread_mutex_init(g->order.second, NULL);
    }
    nest(&g->order);
    if (g->fresh) {
        pthread_mutex_destroy(g->order.first);
        pthread_mutex_destroy(g->order.second);
    }
}

/* In the twin other mutexes lie at the same addresses when the second thread comes. */
void order_reuse(bool fixed)
{
    static pthread_mutex_t x = PTHREAD_MUTEX_INITIALIZER, y = PTHREAD_MUTEX_INITIALIZER;
    struct generation both[] = {{{&x, &y}, fixed}, {{&y, &x}, fixed}};

    in_turn(2, order_reuse_take, both, sizeof *both);
}

static void hold_one_at_a_time(void *arg)
{
    struct two *t = arg;

    pthread_mutex_lock(t->first);
    pthread_mutex_unlock(t->first);
    pthread_mutex_lock(t->second);
    pthread_mutex_unlock(t->second);
}

/* The twin lets go of one before it takes the other. */
void order_not_nested(bool fixed)
{
    struct way both[] = {{nest, {&a, &b}}, {fixed ? hold_one_at_a_time : nest, {&b, &a}}};

    in_turn(2, take_way, both, sizeof *both);
}

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t state_changed = PTHREAD_COND_INITIALIZER;
static struct schedule steps;
static bool first_is_done;

static void *order_cond_first(void *arg)
{
    await(&steps, 1);
    nest(arg);
    pthread_mutex_lock(&state_lock); /* the other waits: it has given the mutex back */
    first_is_done = true;
    pthread_cond_signal(&state_changed);
    pthread_mutex_unlock(&state_lock);
    step(&steps, 2);
    return NULL;
}

/* The twin's second thread waits on a condition until the first has done. */
void order_cond_between(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};
    pthread_t first = begin(order_cond_first, &order[0]);

    if (fixed)
        pthread_mutex_lock(&state_lock);
    step(&steps, 1);
    if (fixed) {
        while (!first_is_done)
            pthread_cond_wait(&state_changed, &state_lock);
        pthread_mutex_unlock(&state_lock);
    } else {
        await(&steps, 2);
    }
    nest(&order[1]);
    finish(first);
}

static void order_flag_take(void *arg)
{
    struct two *t = arg;
    bool go = t->first == &a || !ordered;

    if (!go) {
        pthread_mutex_lock(&state_lock);
        go = first_is_done;
        pthread_mutex_unlock(&state_lock);
    }
    if (go)
        nest(arg);
    if (t->first == &a && ordered) {
        pthread_mutex_lock(&state_lock);
        first_is_done = true;
        pthread_mutex_unlock(&state_lock);
    }
}

/* The twin's second thread takes the locks only if it sees, under a mutex, that the first has done. */
void order_flag_between(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};

    ordered = fixed;
    in_turn(2, order_flag_take, order, sizeof *order);
}

struct heap_locks {
    struct schedule turns;
    pthread_mutex_t *kept; /* NULL: each has its own block */
};

static void order_heap_take(pthread_mutex_t *m, bool swap)
{
    struct two order = {&m[swap], &m[!swap]};

    nest(&order);
}

static void *order_heap_second(void *arg)
{
    struct heap_locks *h = arg;
    pthread_mutex_t *m;

    await(&h->turns, 1);
    m = h->kept;
    if (!m) {
        m = calloc(2, sizeof *m); /* as good as the initializer */
        if (!m)
            pattern_fail("calloc");
    }
    order_heap_take(m, true);
    if (!h->kept)
        free(m);
    return NULL;
}

/* Two locks in a block of the heap. The twin's block is freed and allocated again, and the locks in it are others, though
 * nobody destroys or initialises them. */
void order_heap_reuse(bool fixed)
{
    struct heap_locks h = {.kept = calloc(2, sizeof *h.kept)};
    pthread_mutex_t *m = h.kept;
    pthread_t second = begin(order_heap_second, &h);

    if (fixed)
        h.kept = NULL;
    order_heap_take(m, false);
    if (fixed)
        free(m);
    step(&h.turns, 1);
    finish(second);
    free(h.kept);
}
