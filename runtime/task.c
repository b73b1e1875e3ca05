/* The life of a goroutine: spawn, first run, end, reuse.
 *
 * A goroutine that has not run is a struct rt_g with its arguments and no stack; it gets one when it is first switched to,
 * often the one that the last goroutine has just left. Structs are carved from blocks that are only freed with the
 * runtime, so that a dump may walk over all of them at any time. Free ones are on their P's two lists: one that is taken from and put
 * on, and a full one; so those that come and go at the border of a batch cost nothing. What is too much goes to a common stack of
 * batches, and what lacks comes from there, a batch at a time and without looking into it: its goroutines are in another processor's
 * cache (Bonwick and Adams, "Magazines and Vmem").
 *
 * Lock: common.lock for the blocks and the batches. */
#include "sched.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "det.h"
#include "fiber.h"
#include "panic.h"
#include "task.h"

/* BLOCK: with what is in front of them they fill twelve pages, and the first of another one is not begun. So the last batch has one
 * less than the others. */
enum { BLOCK = 255, BATCH = 64, IDS = 64 };

struct block {
    struct block *next;
    struct rt_g gs[BLOCK] __attribute__((aligned(64)));
};

static struct {
    struct rt_lock lock;
    struct block *blocks; /* newest first */
    struct rt_g *batches; /* linked by the first of each */
    int64_t goroutines; /* of threads without a P */
} common;

/* All: Requires common.lock. */
static void push(struct rt_g *batch)
{
    if (!batch)
        return;
    batch->batch = common.batches;
    common.batches = batch;
}

static struct rt_g *pop(void)
{
    struct rt_g *batch = common.batches;
    if (batch) {
        common.batches = batch->batch;
        batch->batch = NULL;
    }
    return batch;
}

static void new_block(void)
{
    struct block *block = rt_alloc(sizeof *block);
    if (!block)
        return;
    for (int i = BLOCK - 1; i >= 0; i--) {
        block->gs[i].next = i % BATCH == BATCH - 1 || i == BLOCK - 1 ? NULL : &block->gs[i + 1];
        if (i % BATCH == 0)
            push(&block->gs[i]);
    }
    block->next = common.blocks;
    __atomic_store_n(&common.blocks, block, __ATOMIC_RELEASE);
}

static struct rt_g *get_batch(void)
{
    rt_lock(&common.lock);
    if (!common.batches)
        new_block();
    struct rt_g *batch = pop();
    rt_unlock(&common.lock);
    return batch;
}

/* For a thread without P: one, and the others stay. */
static struct rt_g *take_one(void)
{
    rt_lock(&common.lock);
    if (!common.batches)
        new_block();
    struct rt_g *g = pop();
    if (g)
        push(g->next);
    rt_unlock(&common.lock);
    return g;
}

static struct rt_g *take(struct rt_p *p)
{
    if (!p)
        return take_one();
    if (!p->free) {
        p->free = p->spare ? p->spare : get_batch();
        p->spare = NULL;
        p->free_count = BATCH;
    }
    struct rt_g *g = p->free;
    if (g) {
        p->free = g->next;
        p->free_count--;
        __builtin_prefetch(p->free, 1);
    }
    return g;
}

static void put(struct rt_p *p, struct rt_g *g)
{
    if (p->free_count == BATCH) {
        if (p->spare) {
            rt_lock(&common.lock);
            push(p->spare);
            rt_unlock(&common.lock);
        }
        p->spare = p->free;
        p->free = NULL;
        p->free_count = 0;
    }
    g->next = p->free;
    p->free = g;
    p->free_count++;
}

/* For people: in order of creation, roughly, as each P takes some at a time. */
static uint64_t next_id(struct rt_p *p)
{
    if (!p)
        return __atomic_add_fetch(&rt_sched.last_id, 1, __ATOMIC_RELAXED);
    if (p->next_id == p->last_id) {
        p->last_id = __atomic_add_fetch(&rt_sched.last_id, IDS, __ATOMIC_RELAXED);
        p->next_id = p->last_id - IDS;
    }
    return ++p->next_id;
}

static struct rt_stack_cache *cache_for(struct rt_p *p, int class)
{
    return p && class == rt_sched.default_class ? &p->stacks : NULL;
}

void rt_task_bind(struct rt_g *g)
{
    g->stack = rt_stack_get(g->stack_class, cache_for(rt_this_p(), g->stack_class));
    if (!g->stack)
        rt_fatal("out of memory: no stack of %zu bytes for goroutine %lu", rt_stack_size(g->stack_class),
                 (unsigned long)g->id);
    rt_fiber_bound(g);
    g->sp = rt_ctx_make(rt_stack_top(g->stack_class, g->stack), g);
}

static inline __attribute__((always_inline)) int spawn_by(void (*f)(void), const struct goro_options *options,
                                                          const struct goro_site *site, unsigned count, unsigned floats,
                                                          const uint64_t *words, uintptr_t pc)
{
    struct rt_g *parent = rt_self();
    int class = rt_sched.default_class;
    if (RT_STEERED)
        rt_det_point(pc, RT_OP_SPAWN, NULL);
    if (options && options->stack) {
        class = rt_stack_class(options->stack);
        if (class < 0)
            return -ENOMEM;
    }
    rt_enter();
    struct rt_p *p = rt_this_p();
    struct rt_g *g = take(p);
    if (!g) {
        rt_leave();
        return -ENOMEM;
    }
    g->stack_class = (uint8_t)class;
    g->entry = f;
    g->count = (uint8_t)count;
    g->floats = (uint8_t)floats;
    rt_copy(g->words, words, count * sizeof *words);
    g->site = site;
    g->name = options ? options->name : NULL;
    g->id = next_id(p);
    g->parent = parent ? parent->id : 0;
    /* Which child of which: the same in each run that spawns in the same order. */
    g->path = parent ? rt_path_child(parent->path, ++parent->children) : RT_PATH_MAIN;
    if (RT_STEERED && rt_det_spawned(g, parent)) {
        put(p, g);
        rt_leave();
        return -ENOMEM;
    }
    g->since = rt_sched.coarse;
    rt_emit_spawn(parent, g, pc);
    if (p)
        p->goroutines++;
    else
        __atomic_fetch_add(&common.goroutines, 1, __ATOMIC_RELAXED);
    rt_make_runnable(g, true);
    rt_leave();
    return 0;
}

static int spawn(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
                 unsigned floats, const uint64_t *words, uintptr_t pc)
{
    return spawn_by(f, options, site, count, floats, words, pc);
}

int goro_spawn(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
               unsigned floats, const uint64_t *words)
{
    return spawn_by(f, options, site, count, floats, words, (uintptr_t)__builtin_return_address(0));
}

int goro_spawn_words(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
                     unsigned floats, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t g)
{
    const uint64_t words[] = {a, b, c, d, e, g};
    return spawn_by(f, options, site, count, floats, words, (uintptr_t)__builtin_return_address(0));
}

int rt_spawn(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
             unsigned floats, const uint64_t *words)
{
    struct rt_g *parent = rt_self();
    return spawn(f, options, site, count, floats, words, parent ? parent->pc : 0);
}

const struct goro_site rt_unknown_site = {"goro_go_fn", "?", 0};

int goro_go_fn(void (*fn)(void *arg), void *arg, const struct goro_options *options)
{
    uint64_t word = (uint64_t)arg;
    return spawn((void (*)(void))fn, options, &rt_unknown_site, 1, 0, &word, (uintptr_t)__builtin_return_address(0));
}

int rt_spawn_main(void (*f)(void), const struct goro_options *options, const struct goro_site *site, uint64_t word,
                  uintptr_t pc)
{
    return spawn(f, options, site, 1, 0, &word, pc);
}

int rt_go_fn(void (*fn)(void *arg), void *arg)
{
    uint64_t word = (uint64_t)arg;
    return rt_spawn((void (*)(void))fn, NULL, &rt_unknown_site, 1, 0, &word);
}

/* Called by rt_ctx_entry on the goroutine's own stack. */
struct rt_start rt_task_begin(struct rt_g *g, struct rt_regs *regs)
{
    struct rt_start start = {g->entry, g->floats};
    rt_landed();
    if (!g->floats) {
        for (unsigned i = 0; i < g->count; i++)
            regs->general[i] = g->words[i];
    } else {
        for (unsigned i = 0, general = 0, vector = 0; i < g->count; i++)
            if (g->floats >> i & 1)
                regs->vector[vector++] = g->words[i];
            else
                regs->general[general++] = g->words[i];
    }
    g->pc = 0; /* the arguments are gone from here on */
    g->children = 0;
    rt_emit_begin(g);
    return start;
}

void rt_task_free(struct rt_g *g)
{
    struct rt_p *p = rt_this_p();
    if (g->stack)
        rt_stack_put(g->stack_class, g->stack, cache_for(p, g->stack_class));
    g->stack = NULL;
    g->sp = NULL;
    g->m = NULL;
    g->pins = 0;
    g->saved_errno = 0;
    __atomic_store_n(&g->status, RT_IDLE, __ATOMIC_RELAXED);
    put(p, g);
}

static void reap(void *g)
{
    rt_task_free(g);
}

void rt_task_end(void)
{
    struct rt_g *g = rt_goroutine("the end of one");
    if (g->main)
        rt_finish(0);
    if (RT_STEERED)
        rt_det_point(0, RT_OP_EXIT, NULL);
    rt_locals_free(g);
    rt_emit_end(g);
    rt_enter();
    if (RT_STEERED)
        rt_det_ends(g);
    g = rt_goroutine("the end of one"); /* again: it may have been abandoned meanwhile */
    rt_this_p()->goroutines--;
    __atomic_store_n(&g->status, RT_DEAD, __ATOMIC_RELAXED);
    rt_switch_dead(g, reap, g);
}

void goro_exit(void)
{
    rt_goroutine("goro_exit");
    rt_task_end();
}

int64_t rt_tasks_count(void)
{
    int64_t sum = __atomic_load_n(&common.goroutines, __ATOMIC_RELAXED);
    for (int i = 0; i < rt_sched.made_ps; i++)
        sum += __atomic_load_n(&rt_sched.ps[i]->goroutines, __ATOMIC_RELAXED);
    return sum;
}

int goro_num_goroutines(void)
{
    return (int)rt_tasks_count();
}

void rt_tasks_each(void (*visit)(struct rt_g *g, void *arg), void *arg)
{
    for (struct block *block = __atomic_load_n(&common.blocks, __ATOMIC_ACQUIRE); block; block = block->next)
        for (int i = 0; i < BLOCK; i++)
            if (__atomic_load_n(&block->gs[i].status, __ATOMIC_ACQUIRE) != RT_IDLE)
                visit(&block->gs[i], arg);
}

void rt_tasks_memory(void (*visit)(const void *memory, size_t size))
{
    for (const struct block *block = common.blocks; block; block = block->next)
        visit(block, sizeof *block);
}

void rt_tasks_flush(struct rt_p *p)
{
    rt_lock(&common.lock);
    push(p->free);
    push(p->spare);
    rt_unlock(&common.lock);
    p->free = p->spare = NULL;
    p->free_count = 0;
}

void rt_tasks_lock(void)
{
    rt_lock(&common.lock);
}

void rt_tasks_unlock(void)
{
    rt_unlock(&common.lock);
}

void rt_tasks_forget(void)
{
    memset(&common, 0, sizeof common);
}

void rt_tasks_end(void)
{
    struct block *next;
    for (struct block *block = common.blocks; block; block = next) {
        next = block->next;
        for (int i = 0; i < BLOCK; i++)
            rt_emit_end(&block->gs[i]); /* those that never came to their end */
        rt_free(block, sizeof *block);
    }
    memset(&common, 0, sizeof common);
}
