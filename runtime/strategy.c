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
 *   hold    the same, but those listed are held before an operation until all of them have come to theirs: what a deadlock takes that
 *           was foreseen in another schedule (predict.h). Then those that have to wait in their operation go on, to fill a
 *           buffer or to be a writer whom readers let go first, and when nobody else can the others. So do they when they never meet, and when
 *           those who can go on only look again and again. (Directed like that: Joshi, Park, Sen, Naik, "A Randomized Dynamic Program Analysis
 *           Technique for Detecting Real Deadlocks", PLDI 2009.)
 *
 * Fairness. Who yields is passed over once, and loses its priority. */
#include "det.h"

#define TOP (UINT64_C(1) << 63)
enum { HELD_LOOKS = 100, HELD_STEPS = 100000 /* of the others, before those that are held go on */ };

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
    d->stopped = 0;
    d->let_go = d->schedule.strategy == RT_STRATEGY_HOLD ? 0 : RT_HOLD_LAST;
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

/* Where the list has its entry for this goroutine's `at`; NULL: none. */
static const struct rt_switch *listed(const struct rt_det_task *t, uint32_t at)
{
    const struct rt_det *d = &rt_det;
    uint32_t low = 0, high = d->schedule.switch_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct rt_switch *one = &d->schedule.switches[middle];
        if (one->from < t->path || (one->from == t->path && one->at < at))
            low = middle + 1;
        else
            high = middle;
    }
    const struct rt_switch *one = &d->schedule.switches[low];
    bool found = low < d->schedule.switch_count && one->from == t->path && one->at == at;
    return found ? one : NULL;
}

static bool all_are_last(void)
{
    for (uint32_t i = 0; i < rt_det.schedule.switch_count; i++)
        if (rt_det.schedule.switches[i].to != RT_HOLD_LAST)
            return false;
    return true;
}

void rt_strategy_arrives(struct rt_det_task *t)
{
    struct rt_det *d = &rt_det;
    if (d->schedule.strategy == RT_STRATEGY_POS)
        t->priority = draw_priority();
    if (d->let_go == RT_HOLD_LAST)
        return;
    const struct rt_switch *hold = listed(t, t->operations);
    if (!hold)
        return;
    t->stopped = (uint32_t)hold->to;
    if (++d->stopped == d->schedule.switch_count && d->let_go == 0)
        d->let_go = all_are_last() ? RT_HOLD_LAST : RT_HOLD_FIRST;
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

static uint32_t by_list(bool yields)
{
    const struct rt_det *d = &rt_det;
    const struct rt_det_task *t = &d->tasks[d->running];
    const struct rt_switch *one = d->schedule.switch_count ? listed(t, t->decisions) : NULL;
    for (uint32_t i = 0; one && i < d->able_count; i++)
        if (d->tasks[d->able[i]].path == one->to)
            return d->able[i];
    return rt_strategy_base(yields);
}

static bool is_held(const struct rt_det_task *t)
{
    return t->stopped > rt_det.let_go;
}

/* Who goes on while some are held; 0: only they can. */
static uint32_t beside_the_held(bool yields)
{
    const struct rt_det *d = &rt_det;
    const struct rt_det_task *running = &d->tasks[d->running];
    bool able = d->running && running->place && !is_held(running);
    uint32_t best = 0;
    if (able && !yields)
        return d->running;
    for (uint32_t i = 0; i < d->able_count; i++) {
        const struct rt_det_task *t = &d->tasks[d->able[i]];
        if (!is_held(t) && d->able[i] != d->running && (!best || waits_longer(t, &d->tasks[best])))
            best = d->able[i];
    }
    return best ? best : able ? d->running : 0;
}

static uint32_t by_holds(bool yields)
{
    struct rt_det *d = &rt_det;
    while (d->let_go < RT_HOLD_LAST) {
        uint32_t chosen = d->idle > HELD_LOOKS || d->streak > HELD_STEPS ? 0 : beside_the_held(yields);
        if (chosen)
            return chosen;
        d->let_go++;
    }
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
    case RT_STRATEGY_HOLD:
        return by_holds(yields);
    case RT_STRATEGY_SWITCHES:
        break;
    }
    return by_list(yields);
}
