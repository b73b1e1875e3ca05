/* Run queues: a ring per P, and one global list.
 *
 * Ring: single producer (the owner, at tail), many consumers (owner and thieves, at head, by compare-and-swap). Slots are
 * read before the head is moved; a slot is reused only after the head has passed it, and a thief whose swap fails drops
 * what it read. Orderings: tail is stored with release and read by thieves with acquire (the slots before it are filled);
 * head is swapped with release, read by the owner with acquire (the slots behind it are free).
 *
 * runnext is one goroutine in front of the ring: who was made ready last runs next, on warm caches, and inherits the time
 * slice, so that a pair cannot starve the ring. */
#include "sched.h"

#include <string.h>

#include "os.h"

/* The ring is full: half of it and g go to the global queue. false: a thief made room meanwhile. */
static bool spill(struct rt_p *p, struct rt_g *g, uint32_t head, uint32_t tail)
{
    struct rt_glist list = {0};
    uint32_t first = head, n = (tail - head) / 2;
    if (!__atomic_compare_exchange_n(&p->head, &head, head + n, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return false;
    /* Only the owner fills slots, so they still hold what was there. */
    for (uint32_t i = 0; i < n; i++)
        rt_glist_push(&list, __atomic_load_n(&p->runq[(first + i) % RT_RUNQ], __ATOMIC_RELAXED));
    rt_glist_push(&list, g);
    rt_lock(&rt_sched.lock);
    rt_global_put_list(&list);
    rt_unlock(&rt_sched.lock);
    return true;
}

void rt_runq_put(struct rt_p *p, struct rt_g *g)
{
    for (;;) {
        uint32_t head = __atomic_load_n(&p->head, __ATOMIC_ACQUIRE);
        uint32_t tail = p->tail;
        if (tail - head < RT_RUNQ) {
            __atomic_store_n(&p->runq[tail % RT_RUNQ], g, __ATOMIC_RELAXED);
            __atomic_store_n(&p->tail, tail + 1, __ATOMIC_RELEASE);
            return;
        }
        if (spill(p, g, head, tail))
            return;
    }
}

/* The one behind is next, and may come from another processor. */
static void fetch(const struct rt_p *p, uint32_t at)
{
    const char *next = (const char *)__atomic_load_n(&p->runq[at % RT_RUNQ], __ATOMIC_RELAXED);
    __builtin_prefetch(next, 1);
    __builtin_prefetch(next + RT_CACHE_LINE, 0);
}

struct rt_g *rt_runq_get(struct rt_p *p)
{
    for (;;) {
        uint32_t head = __atomic_load_n(&p->head, __ATOMIC_ACQUIRE);
        if (head == p->tail)
            return NULL;
        struct rt_g *g = __atomic_load_n(&p->runq[head % RT_RUNQ], __ATOMIC_RELAXED);
        fetch(p, head + 1);
        if (p->alone) {
            __atomic_store_n(&p->head, head + 1, __ATOMIC_RELAXED);
            return g;
        }
        if (__atomic_compare_exchange_n(&p->head, &head, head + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return g;
    }
}

/* Copies half of victim's ring behind p's tail, without publishing: how many. */
static uint32_t grab(struct rt_p *p, struct rt_p *victim)
{
    for (;;) {
        uint32_t head = __atomic_load_n(&victim->head, __ATOMIC_ACQUIRE);
        uint32_t tail = __atomic_load_n(&victim->tail, __ATOMIC_ACQUIRE);
        uint32_t n = tail - head;
        n -= n / 2;
        if (n == 0)
            return 0;
        if (n > RT_RUNQ / 2) /* head and tail are of different moments */
            continue;
        for (uint32_t i = 0; i < n; i++)
            p->runq[(p->tail + i) % RT_RUNQ] = __atomic_load_n(&victim->runq[(head + i) % RT_RUNQ], __ATOMIC_RELAXED);
        if (__atomic_compare_exchange_n(&victim->head, &head, head + n, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return n;
    }
}

/* A goroutine that was made ready is about to be run by the one that did so, unless that goes on computing: looks again after
 * a moment. */
static struct rt_g *take_runnext(struct rt_p *victim)
{
    struct rt_g *g = __atomic_load_n(&victim->runnext, __ATOMIC_RELAXED);
    uint32_t tick = __atomic_load_n(&victim->tick, __ATOMIC_RELAXED);
    if (!g)
        return NULL;
    if (__atomic_load_n(&victim->status, __ATOMIC_RELAXED) == RT_P_RUNNING) {
        for (int i = 0; i < 200; i++) {
            rt_pause();
            if (__atomic_load_n(&victim->tick, __ATOMIC_RELAXED) != tick)
                return NULL;
        }
    }
    if (!__atomic_compare_exchange_n(&victim->runnext, &g, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return NULL;
    __atomic_store_n(&victim->handovers, 0, __ATOMIC_RELAXED);
    return g;
}

struct rt_g *rt_runq_steal(struct rt_p *p, struct rt_p *victim, bool take_next)
{
    uint32_t n = grab(p, victim);
    if (n == 0)
        return take_next ? take_runnext(victim) : NULL;
    struct rt_g *g = p->runq[(p->tail + n - 1) % RT_RUNQ];
    __atomic_store_n(&p->tail, p->tail + n - 1, __ATOMIC_RELEASE);
    return g;
}

/* Consistent: a goroutine that moves from runnext to the ring is not missed. */
bool rt_runq_empty(struct rt_p *p)
{
    for (;;) {
        uint32_t head = __atomic_load_n(&p->head, __ATOMIC_SEQ_CST);
        uint32_t tail = __atomic_load_n(&p->tail, __ATOMIC_SEQ_CST);
        struct rt_g *next = __atomic_load_n(&p->runnext, __ATOMIC_SEQ_CST);
        if (tail == __atomic_load_n(&p->tail, __ATOMIC_SEQ_CST))
            return head == tail && !next;
    }
}

static void publish_count(void)
{
    __atomic_store_n(&rt_sched.global_count, rt_sched.global.count + rt_sched.frozen.count, __ATOMIC_SEQ_CST);
}

void rt_global_put(struct rt_g *g)
{
    rt_glist_push(&rt_sched.global, g);
    publish_count();
}

void rt_global_put_list(struct rt_glist *list)
{
    struct rt_glist *global = &rt_sched.global;
    if (list->count == 0)
        return;
    *(global->last ? &global->last->next : &global->first) = list->first;
    global->last = list->last;
    global->count += list->count;
    publish_count();
    *list = (struct rt_glist){0};
}

static struct rt_g *pop(struct rt_glist *list)
{
    struct rt_g *g = list->first;
    list->first = g->next;
    if (!g->next)
        list->last = NULL;
    list->count--;
    return g;
}

static struct rt_g *global_pop(void)
{
    rt_sched.taken++;
    return pop(&rt_sched.global);
}

void rt_frozen_put(struct rt_g *g)
{
    g->m->turn = rt_sched.taken + rt_sched.global.count;
    rt_glist_push(&rt_sched.frozen, g);
    publish_count();
}

struct rt_g *rt_frozen_get(void)
{
    if (rt_sched.frozen.count == 0)
        return NULL;
    struct rt_g *g = pop(&rt_sched.frozen);
    publish_count();
    return g;
}

/* With nothing on the global queue, it is the first frozen one's turn, too. */
struct rt_g *rt_global_get(struct rt_p *p, uint32_t most)
{
    uint32_t count = rt_sched.global.count;
    if (rt_sched.frozen.first && rt_sched.frozen.first->m->turn <= rt_sched.taken)
        return rt_frozen_get();
    if (count == 0)
        return NULL;
    uint32_t n = count / (uint32_t)rt_sched.procs + 1;
    n = n < count ? n : count;
    n = n < most ? n : most;
    struct rt_g *g = global_pop();
    while (--n > 0)
        rt_runq_put(p, global_pop());
    publish_count();
    return g;
}
