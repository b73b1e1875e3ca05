/* Select: of several channel operations the first that can be done, and only that one.
 *
 * Three passes, as everywhere since Newsqueak (Cox, "Bell Labs and CSP Threads"): all channels are locked, in order of address so that two selects
 * cannot wait for each other; if operations can be done, one of them is drawn with equal chances and carried out; otherwise a waiter
 * for each is queued, and the goroutine parks. The waiters have one claim word together: whoever makes it non-zero has
 * the goroutine, and the value says which case it was (its place in the order of locking, + 1) or that it is too late. Woken, the goroutine takes its
 * other waiters out of their queues, one lock after the other.
 *
 * Before that, the operations that look ready without any lock are asked: one of them is drawn, and its channel alone is locked. If it
 * can be done then, it is: a select is one operation at one moment, and the moment is that one. Only when none looks ready, or another
 * goroutine was faster, all are locked.
 *
 * All are locked at once, so a default or a deadline means that at one moment none could be done: locking one
 * after the other would miss a token that always is in one of two channels.
 *
 * The draw is one number below the count of operations that look ready; a queue with only waiters that another select has
 * lost looks ready, too. When that one fails it is empty afterwards, and the draw is made again among the rest: chances stay equal.
 *
 * Parking releases the locks in descending order. The goroutine may be woken as soon as the first of them is free; but before it returns
 * it locks the lowest one, unless its waker did, and that is released last: so the array of cases lives until then.
 * The channel of the chosen case is not touched any more (unless other cases have it, too): it may be freed by who woke us. */
#include "chan.h"

enum { FEW = 16 }; /* more cases take memory of the runtime */
#define NO_WAIT 0

struct select {
    struct goro_case **order;  /* by address of the channel, without nil ones */
    struct rt_waiter *waiters; /* in the same order */
    int count;
};

/* Shell's sort with gaps by thirds: nothing to do for two that are in order, and no worst case to speak of. */
static void sort(struct goro_case **order, int count)
{
    int gap = 1;
    while (gap < count / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3)
        for (int i = gap; i < count; i++) {
            struct goro_case *one = order[i];
            int j = i;
            for (; j >= gap && order[j - gap]->chan > one->chan; j -= gap)
                order[j] = order[j - gap];
            order[j] = one;
        }
}

/* In the deterministic mode addresses have no say: cases of one channel become neighbours, in the order of the cases. */
static void group(struct goro_case **order, int count)
{
    for (int done = 0; done < count;) {
        struct goro_chan *c = order[done++]->chan;
        for (int i = done; i < count; i++)
            if (order[i]->chan == c) {
                struct goro_case *one = order[i];
                for (int j = i; j > done; j--)
                    order[j] = order[j - 1];
                order[done++] = one;
            }
    }
}

static void lock_all(const struct select *s)
{
    struct goro_chan *last = NULL;
    for (int i = 0; i < s->count; i++)
        if (s->order[i]->chan != last) {
            last = s->order[i]->chan;
            rt_lock(&last->lock);
        }
}

/* After the last unlock *s may be gone: see above. */
static void unlock_all(void *arg)
{
    const struct select *s = arg;
    for (int i = s->count - 1; i >= 0; i--) {
        struct goro_chan *c = s->order[i]->chan;
        bool again = i > 0 && s->order[i - 1]->chan == c;
        if (!again)
            rt_unlock(&c->lock);
    }
}

static struct rt_waitq *queue_of(const struct goro_case *one)
{
    return one->kind == GORO_CASE_SEND ? &one->chan->senders : &one->chan->receivers;
}

/* Certain with the lock, but for waiters that others have claimed. */
static bool looks_ready(const struct goro_case *one)
{
    const struct goro_chan *c = one->chan;
    return !(one->kind == GORO_CASE_SEND ? rt_chan_full(c) : rt_chan_empty(c)) ||
           __atomic_load_n(&c->closed, __ATOMIC_RELAXED);
}

/* The place of one that looks ready, each with equal chances; -1: none, or without the locks: not any more. */
static int draw(const struct select *s)
{
    int ready = 0, last = -1;
    for (int i = 0; i < s->count; i++)
        if (looks_ready(s->order[i])) {
            ready++;
            last = i;
        }
    if (ready <= 1)
        return last;
    int left = (int)rt_choose(RT_STREAM_SELECT, (uint32_t)ready);
    for (int i = 0; i < s->count; i++)
        if (looks_ready(s->order[i]) && left-- == 0)
            return i;
    return -1;
}

static inline __attribute__((always_inline)) int carry_out_as(struct goro_case *one, struct rt_g **wake, bool told)
{
    struct goro_chan *c = one->chan;
    if (one->kind == GORO_CASE_SEND) {
        if (told)
            rt_emit_sends(rt_self(), c, one->element);
        if (c->closed)
            return 0;
        return rt_chan_offer(c, one->element, wake, told) ? 1 : -EAGAIN;
    }
    int result = rt_chan_take(c, one->element, wake, told);
    if (told && result != -EAGAIN)
        rt_emit_value_written(one->element, c->size);
    return result;
}

static __attribute__((noinline)) int carry_out_told(struct goro_case *one, struct rt_g **wake)
{
    return carry_out_as(one, wake, true);
}

/* 1: done. 0: closed; for a send that is a panic, later. -EAGAIN: not possible. Requires: the channel's lock. */
static int carry_out(struct goro_case *one, struct rt_g **wake)
{
    return RT_LISTENED ? carry_out_told(one, wake) : carry_out_as(one, wake, false);
}

/* It was carried out, and the locks are released. */
static struct goro_case *done(struct goro_case *one, int result, struct rt_g *wake)
{
    if (wake)
        rt_ready(wake);
    if (one->kind == GORO_CASE_SEND && result == 0)
        rt_chan_panic_closed(one->chan);
    one->ok = result;
    return one;
}

/* With the lock of one channel only: the case, or NULL. */
static struct goro_case *try_one(struct select *s)
{
    int place = draw(s);
    if (place < 0)
        return NULL;
    struct goro_case *one = s->order[place];
    struct rt_lock *lock = &one->chan->lock;
    struct rt_g *wake = NULL;
    rt_lock(lock);
    int result = looks_ready(one) ? carry_out(one, &wake) : -EAGAIN;
    rt_unlock(lock);
    return result == -EAGAIN ? NULL : done(one, result, wake);
}

/* The case, with the locks released, or NULL. Requires: all locks. */
static struct goro_case *try_all(struct select *s)
{
    int place;
    while ((place = draw(s)) >= 0) {
        struct rt_g *wake = NULL;
        int result = carry_out(s->order[place], &wake);
        if (result == -EAGAIN)
            continue;
        unlock_all(s);
        return done(s->order[place], result, wake);
    }
    return NULL;
}

/* `chosen` (or -1) has been taken off by who woke us. */
static void leave_queues(struct select *s, int chosen)
{
    for (int i = 0; i < s->count;) {
        struct goro_chan *c = s->order[i]->chan;
        int end = i + 1;
        while (end < s->count && s->order[end]->chan == c)
            end++;
        if (end - i > 1 || i != chosen) {
            rt_lock(&c->lock);
            for (int j = i; j < end; j++)
                rt_waitq_remove(queue_of(s->order[j]), &s->waiters[j]);
            rt_unlock(&c->lock);
        }
        i = end;
    }
}

/* Cases of one channel, which are neighbours: whoever comes finds the first of them in the queue, so which one that is must be drawn. */
static void shuffle_same(struct goro_case **order, int count)
{
    int first = 0;
    for (int i = 1; i < count; i++) {
        if (order[i]->chan != order[i - 1]->chan) {
            first = i;
            continue;
        }
        int other = first + (int)rt_choose(RT_STREAM_SELECT, (uint32_t)(i - first + 1));
        struct goro_case *one = order[i];
        order[i] = order[other];
        order[other] = one;
    }
}

/* Requires: all locks, which are released. The case, or NULL: too late. */
static struct goro_case *wait(struct select *s, struct rt_g *g, int64_t deadline)
{
    __atomic_store_n(&g->claim, 0, __ATOMIC_RELAXED);
    shuffle_same(s->order, s->count);
    for (int i = 0; i < s->count; i++) {
        struct goro_case *one = s->order[i];
        s->waiters[i] =
            (struct rt_waiter){.g = g, .element = one->element, .claim = &g->claim, .value = (uint32_t)i + 1,
                               .selects = true, .size = one->chan->size};
        rt_waitq_push(queue_of(one), &s->waiters[i]);
    }
    rt_emit_block_select(g, s->order, s->count, deadline != GORO_FOREVER);
    bool woken = rt_park_until(&g->claim, deadline, unlock_all, s, RT_REASON_SELECT, NULL);
    int chosen = woken ? (int)__atomic_load_n(&g->claim, __ATOMIC_RELAXED) - 1 : -1;
    leave_queues(s, chosen);
    if (!woken)
        return NULL;
    struct goro_case *one = s->order[chosen];
    one->ok = s->waiters[chosen].result;
    if (one->kind == GORO_CASE_RECV)
        rt_emit_value_written(one->element, s->waiters[chosen].size);
    if (one->kind == GORO_CASE_SEND && !one->ok)
        rt_chan_panic_closed(one->chan);
    return one;
}

static struct goro_case *run(struct select *s, int64_t deadline)
{
    struct goro_case *one = try_one(s);
    if (one)
        return one;
    if (RT_STEERED)
        group(s->order, s->count);
    else
        sort(s->order, s->count);
    lock_all(s);
    one = try_all(s);
    if (one)
        return one;
    struct rt_g *g = rt_self();
    if (deadline <= NO_WAIT || !g || g->system || (deadline != GORO_FOREVER && deadline <= goro_now())) {
        unlock_all(s);
        if (deadline > NO_WAIT)
            rt_goroutine("waiting in select");
        return NULL;
    }
    return wait(s, g, deadline);
}

static int choose(struct goro_case *cases, int count, int64_t deadline)
{
    struct goro_case *few[FEW], *one;
    struct rt_waiter few_waiters[FEW];
    struct select s = {few, few_waiters, 0};
    size_t order_size = (size_t)count * sizeof *few, size = order_size + (size_t)count * sizeof *few_waiters;
    if (count > FEW) {
        char *memory = rt_alloc(size);
        if (!memory)
            goro_panic("select: no memory for %d cases", count);
        s.order = (struct goro_case **)memory;
        s.waiters = (struct rt_waiter *)(memory + order_size);
    }
    for (int i = 0; i < count; i++) {
        cases[i].ok = false;
        if (cases[i].chan)
            s.order[s.count++] = &cases[i];
    }
    if (s.count > 0) {
        one = run(&s, deadline);
    } else {
        one = NULL;
        if (deadline > NO_WAIT)
            rt_chan_wait_nil(deadline, count > 0 ? RT_REASON_SELECT : RT_REASON_SELECT_EMPTY);
    }
    if (count > FEW)
        rt_free(s.order, size);
    return one ? (int)(one - cases) : -EAGAIN;
}

int goro_select_cases(struct goro_case *cases, int count, unsigned flags)
{
    RT_OP(SELECT, NULL);
    return choose(cases, count, flags & GORO_SELECT_DEFAULT ? NO_WAIT : GORO_FOREVER);
}

int goro_select_until(struct goro_case *cases, int count, int64_t deadline)
{
    RT_OP(SELECT, NULL);
    int chosen = choose(cases, count, deadline);
    return chosen < 0 ? -ETIMEDOUT : chosen;
}
