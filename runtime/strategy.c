/* Whose turn it is, in the deterministic mode. One decision before every operation and at every wait, from streams of random
 * numbers that depend on the seed only (choose.c).
 *
 *   random  anybody.
 *   pct     priorities, given at birth; the highest goes on. At D - 1 steps, drawn below the expected number of all, who runs gets the
 *           lowest. A bug that D ordering constraints bring about is met with probability >= 1 / (n k^(D-1)) (Burckhardt et al., "A
 *           Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
 *   pos     a priority for each operation that is about to happen; after one was done, those on the same object draw again (Yuan, Yang,
 *           Gu, "Partial Order Aware Concurrency Sampling", CAV 2018).
 *   slice   anybody, for a number of operations with a mean that is drawn once in 1 .. 128: a queue is only ever full if its producer
 *           is let alone for long, which a walk that may switch at each step almost never does.
 *   rr      in turn.
 *   switches  who runs goes on, then whoever has waited longest, but for the switches listed.
 *
 * Fairness. Who yields is passed over once, and loses its priority. */
#include "det.h"

#define TOP (UINT64_C(1) << 63)

static uint64_t draw(uint64_t below)
{
    return rt_choose(RT_STREAM_SCHEDULE, below > UINT32_MAX ? UINT32_MAX : (uint32_t)below);
}

static uint64_t draw_priority(void)
{
    return TOP | draw(UINT32_MAX) << 31 | draw(UINT32_MAX);
}

void rt_strategy_start(void)
{
    struct rt_det *d = &rt_det;
    d->slice = 0;
    d->lowest = TOP / 2;
    if (d->schedule.strategy == RT_STRATEGY_SLICE)
        d->mean = UINT64_C(1) << draw(8);
    if (d->schedule.strategy == RT_STRATEGY_PCT)
        for (uint32_t i = 0; i + 1 < d->schedule.depth; i++)
            d->changes[i] = 1 + draw(d->schedule.steps > 0 ? d->schedule.steps : 1);
}

void rt_strategy_born(struct rt_det_task *t)
{
    if (rt_det.schedule.strategy == RT_STRATEGY_PCT)
        t->priority = draw_priority();
}

void rt_strategy_arrives(struct rt_det_task *t)
{
    if (rt_det.schedule.strategy == RT_STRATEGY_POS)
        t->priority = draw_priority();
}

static bool higher(const struct rt_det_task *t, const struct rt_det_task *than)
{
    return t->priority > than->priority;
}

static bool waits_longer(const struct rt_det_task *t, const struct rt_det_task *than)
{
    return t->since < than->since;
}

/* Of those that are able, without the running one if it yields, the first that none is before; the running one if there is none. */
static uint32_t foremost(bool yields, bool (*before)(const struct rt_det_task *, const struct rt_det_task *))
{
    const struct rt_det *d = &rt_det;
    uint32_t best = 0;
    for (uint32_t i = 0; i < d->able_count; i++) {
        uint32_t task = d->able[i];
        if (yields && task == d->running)
            continue;
        if (!best || before(&d->tasks[task], &d->tasks[best]))
            best = task;
    }
    return best ? best : d->running;
}

static uint32_t anybody(bool yields)
{
    const struct rt_det *d = &rt_det;
    bool without = yields && d->tasks[d->running].place;
    uint32_t choices = d->able_count - without;
    if (choices == 0)
        return d->running;
    uint32_t i = choices == 1 ? 0 : (uint32_t)draw(choices);
    /* The last one stands for the one that is left out. */
    return without && d->able[i] == d->running ? d->able[d->able_count - 1] : d->able[i];
}

static bool goes_on(bool yields)
{
    return rt_det.running && rt_det.tasks[rt_det.running].place && !yields;
}

static uint32_t pct(bool yields)
{
    struct rt_det *d = &rt_det;
    struct rt_det_task *t = &d->tasks[d->running];
    for (uint32_t i = 0; i + 1 < d->schedule.depth; i++)
        if (d->changes[i] == d->record->steps + 1)
            t->priority = RT_MOST_CHANGES - i;
    if (yields)
        t->priority = --d->lowest;
    return foremost(yields, higher);
}

static uint32_t pos(bool yields)
{
    struct rt_det *d = &rt_det;
    uint32_t chosen = foremost(yields, higher);
    const volatile void *object = d->tasks[chosen].object;
    for (uint32_t i = 0; object && i < d->able_count; i++)
        if (d->able[i] != chosen && d->tasks[d->able[i]].object == object)
            d->tasks[d->able[i]].priority = draw_priority();
    return chosen;
}

static uint32_t slice(bool yields)
{
    struct rt_det *d = &rt_det;
    if (goes_on(yields) && d->slice > 0) {
        d->slice--;
        return d->running;
    }
    uint32_t chosen = anybody(yields);
    for (d->slice = 0; draw(d->mean) != 0; d->slice++)
        ;
    return chosen;
}

static uint32_t in_turn(bool yields)
{
    const struct rt_det *d = &rt_det;
    uint32_t next = 0, first = 0;
    for (uint32_t i = 0; i < d->able_count; i++) {
        uint32_t task = d->able[i];
        if (yields && task == d->running)
            continue;
        if (task > d->running && (!next || task < next))
            next = task;
        if (!first || task < first)
            first = task;
    }
    return next ? next : first ? first : d->running;
}

uint32_t rt_strategy_base(bool yields)
{
    return goes_on(yields) ? rt_det.running : foremost(yields, waits_longer);
}

/* Where the list has a switch for this decision of the running one; NULL: none. */
static const struct rt_switch *listed(void)
{
    const struct rt_det *d = &rt_det;
    const struct rt_det_task *t = &d->tasks[d->running];
    uint32_t low = 0, high = d->schedule.switch_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct rt_switch *one = &d->schedule.switches[middle];
        if (one->from < t->path || (one->from == t->path && one->at < t->decisions))
            low = middle + 1;
        else
            high = middle;
    }
    const struct rt_switch *one = &d->schedule.switches[low];
    bool found = low < d->schedule.switch_count && one->from == t->path && one->at == t->decisions;
    return found ? one : NULL;
}

static uint32_t by_list(bool yields)
{
    const struct rt_det *d = &rt_det;
    const struct rt_switch *one = d->schedule.switch_count ? listed() : NULL;
    for (uint32_t i = 0; one && i < d->able_count; i++)
        if (d->tasks[d->able[i]].path == one->to)
            return d->able[i];
    return rt_strategy_base(yields);
}

uint32_t rt_strategy_choose(bool yields)
{
    switch (rt_det.schedule.strategy) {
    case RT_STRATEGY_RANDOM:
        return anybody(yields);
    case RT_STRATEGY_PCT:
        return pct(yields);
    case RT_STRATEGY_POS:
        return pos(yields);
    case RT_STRATEGY_SLICE:
        return slice(yields);
    case RT_STRATEGY_ROUND:
        return in_turn(yields);
    case RT_STRATEGY_SWITCHES:
        break;
    }
    return by_list(yields);
}
