/* Channels: a ring of elements, two queues of waiters, and one lock over all of it.
 *
 * Invariants, whenever the lock is free (waiters that have lost their claim do not count; they are dropped where they are met):
 *   - senders wait only if the buffer is full, receivers only if it is empty; with capacity 0 that is "always", and
 *     never both wait, but for the sides of one select
 *   - on a closed channel nobody waits
 *   - `in` is `count` slots after `out`
 *   - a waiter's element is its goroutine's own memory: the other side copies from or to it before it wakes the goroutine
 * So a value never waits for a wake-up: who comes second does the work for both, and the order is that of the queue.
 *
 * Who locks: every operation, but for the non-blocking ones that obviously fail, close and free included. Several channels at once
 * only in select, by address. A goroutine is made ready after the lock is released, and the release is the last time that
 * an operation touches the channel: so a channel may be freed right after the last value was received or
 * "closed" was seen, for goro_chan_free takes the lock once.
 *
 * Rejected: rings without locks (Vyukov's): select has to look at several channels at one moment, and close has to find all
 * waiters; the lock costs one locked instruction. */
#include "chan.h"

#include "det.h"

/* Of an element, as in Go; of all. */
enum { MOST_SIZE = 1 << 16 };
#define MOST_BYTES ((size_t)1 << 47)

struct goro_chan *rt_chan_new(size_t size, size_t capacity)
{
    size_t bytes;
    if (size >= MOST_SIZE)
        goro_panic("chan: element of %zu bytes", size);
    if (__builtin_mul_overflow(size, capacity, &bytes) || bytes > MOST_BYTES || capacity > PTRDIFF_MAX)
        goro_panic("chan: size out of range");
    struct goro_chan *c = rt_alloc(sizeof *c + bytes);
    if (!c)
        goro_panic("chan: no memory for %zu elements of %zu bytes", capacity, size);
    c->size = (uint32_t)size;
    c->capacity = capacity;
    c->in = c->out = c->buffer;
    c->end = c->buffer + bytes;
    rt_emit_object_begins(c, GORACE_OBJECT_CHANNEL, sizeof *c + bytes, capacity);
    return c;
}

struct goro_chan *goro_chan_new(size_t size, size_t capacity)
{
    RT_OP(CHAN_NEW, NULL);
    return rt_chan_new(size, capacity);
}

void rt_chan_free(struct goro_chan *c)
{
    if (!c)
        return;
    /* The lock: see above. */
    rt_lock(&c->lock);
    bool waits = c->senders.first || c->receivers.first;
    rt_unlock(&c->lock);
    if (waits) {
        rt_emit_misuse(GORACE_MISUSE_DESTROY_IN_USE, c, "free of a channel that goroutines wait on");
        goro_panic("free of a channel that goroutines wait on");
    }
    size_t size = sizeof *c + (size_t)(c->end - c->buffer);
    rt_emit_slots_end(c->slots);
    rt_emit_object_ends(c, GORACE_OBJECT_CHANNEL, size);
    if (RT_STEERED)
        rt_det_object_ends(c);
    rt_free(c, size);
}

void goro_chan_free_raw(struct goro_chan *c)
{
    RT_OP(CHAN_FREE, c);
    rt_chan_free(c);
}

size_t goro_chan_len_raw(const struct goro_chan *c)
{
    return c ? __atomic_load_n(&c->count, __ATOMIC_ACQUIRE) : 0;
}

size_t goro_chan_cap_raw(const struct goro_chan *c)
{
    return c ? c->capacity : 0;
}

/* ---- close ---- */

static void drop_all(struct goro_chan *c, struct rt_waitq *q, struct rt_glist *list)
{
    struct rt_waiter *w;
    while ((w = rt_waitq_pop(q))) {
        if (q == &c->receivers)
            rt_emit_acquire(w->g, c);
        if (q == &c->receivers && w->element)
            rt_zero(w->element, c->size);
        w->result = 0;
        rt_glist_push(list, w->g);
    }
}

void rt_chan_close(struct goro_chan *c)
{
    struct rt_glist list = {0};
    if (!c) {
        rt_emit_misuse(GORACE_MISUSE_CLOSE_NIL, c, "close of nil channel");
        goro_panic("close of nil channel");
    }
    rt_emit_value_written(c, 1); /* to send at the same time as somebody closes is a race */
    rt_lock(&c->lock);
    bool closed = c->closed;
    if (!closed) {
        rt_emit_release(rt_self(), c);
        rt_emit_object_closed(c, GORACE_OBJECT_CHANNEL);
        __atomic_store_n(&c->closed, 1, __ATOMIC_RELEASE);
        drop_all(c, &c->receivers, &list);
        drop_all(c, &c->senders, &list);
    }
    rt_unlock(&c->lock);
    if (closed) {
        rt_emit_misuse(GORACE_MISUSE_CLOSE_CLOSED, c, "close of closed channel");
        goro_panic("close of closed channel");
    }
    rt_ready_list(&list);
}

void goro_chan_close_raw(struct goro_chan *c)
{
    RT_OP(CHAN_CLOSE, c);
    rt_chan_close(c);
}

void rt_chan_panic_closed(struct goro_chan *c)
{
    rt_emit_misuse(GORACE_MISUSE_SEND_CLOSED, c, "send on closed channel");
    goro_panic("send on closed channel");
}

/* ---- waiting ---- */

int rt_chan_wait_nil(int64_t deadline, enum rt_reason reason)
{
    struct rt_g *g = rt_goroutine("waiting for a nil channel");
    if (deadline != GORO_FOREVER && deadline <= goro_now())
        return -ETIMEDOUT;
    __atomic_store_n(&g->claim, 0, __ATOMIC_RELAXED);
    rt_park_until(&g->claim, deadline, NULL, NULL, reason, NULL);
    return -ETIMEDOUT;
}

/* Requires: lock, which is released. The waker's result, or -ETIMEDOUT. */
static __attribute__((noinline)) int wait(struct goro_chan *c, struct rt_waitq *q, void *element, int64_t deadline)
{
    struct rt_g *g = rt_self();
    enum rt_reason reason = q == &c->senders ? RT_REASON_CHAN_SEND : RT_REASON_CHAN_RECV;
    if (!g || g->system) {
        rt_unlock(&c->lock);
        g = rt_goroutine("waiting for a channel");
    }
    struct rt_waiter w = {.g = g, .element = element};
    if (deadline == GORO_FOREVER) {
        rt_waitq_push(q, &w);
        rt_park_locked(&c->lock, reason, c);
        return w.result;
    }
    if (deadline <= 0 || deadline <= goro_now()) {
        rt_unlock(&c->lock);
        return -ETIMEDOUT;
    }
    w.claim = &g->claim;
    w.value = 1;
    __atomic_store_n(&g->claim, 0, __ATOMIC_RELAXED);
    rt_waitq_push(q, &w);
    if (rt_park_until(&g->claim, deadline, rt_unlock_arg, &c->lock, reason, c))
        return w.result;
    rt_lock(&c->lock);
    rt_waitq_remove(q, &w);
    rt_unlock(&c->lock);
    return -ETIMEDOUT;
}

/* ---- send and receive. shown: the element is in memory that a listener may hear of ---- */

static inline __attribute__((always_inline)) int give(struct goro_chan *c, const void *element, int64_t deadline,
                                                      bool told, bool shown)
{
    struct rt_g *wake = NULL;
    if (!c)
        return rt_chan_wait_nil(deadline, RT_REASON_CHAN_NIL);
    if (told)
        rt_emit_sends(rt_self(), c, shown ? element : NULL);
    rt_lock(&c->lock);
    bool closed = c->closed;
    if (!closed && !rt_chan_offer(c, element, &wake, told)) {
        int result = wait(c, &c->senders, (void *)element, deadline);
        if (result == 0)
            rt_chan_panic_closed(c);
        return result < 0 ? result : 0;
    }
    rt_unlock(&c->lock);
    if (wake)
        rt_ready(wake);
    if (closed)
        rt_chan_panic_closed(c);
    return 0;
}

static __attribute__((noinline)) int send_told(struct goro_chan *c, const void *element, int64_t deadline, bool shown)
{
    return give(c, element, deadline, true, shown);
}

int goro_chan_send_raw(struct goro_chan *c, const void *element, int64_t deadline)
{
    if (!RT_WATCHED)
        return give(c, element, deadline, false, false);
    RT_OP(CHAN_SEND, c);
    return send_told(c, element, deadline, true);
}

int goro_chan_send_word(struct goro_chan *c, uint64_t element, int64_t deadline)
{
    RT_OP(CHAN_SEND, c);
    return send_told(c, &element, deadline, false);
}

int rt_chan_try_send(struct goro_chan *c, const void *element)
{
    struct rt_g *wake = NULL;
    /* It was not closed at the first look, and full at a later one; it cannot have been reopened. */
    if (!__atomic_load_n(&c->closed, __ATOMIC_ACQUIRE) && rt_chan_full(c))
        return -EAGAIN;
    rt_lock(&c->lock);
    bool closed = c->closed, sent = !closed && rt_chan_offer(c, element, &wake, RT_LISTENED);
    rt_unlock(&c->lock);
    if (wake)
        rt_ready(wake);
    if (closed)
        rt_chan_panic_closed(c);
    return sent ? 0 : -EAGAIN;
}

int goro_chan_try_send_raw(struct goro_chan *c, const void *element)
{
    RT_OP(CHAN_TRY_SEND, c);
    if (!c)
        return -EAGAIN;
    rt_emit_sends(rt_self(), c, element);
    return rt_chan_try_send(c, element);
}

static inline __attribute__((always_inline)) int receive(struct goro_chan *c, void *element, int64_t deadline,
                                                         bool told, bool shown)
{
    struct rt_g *wake = NULL;
    if (!c)
        return rt_chan_wait_nil(deadline, RT_REASON_CHAN_NIL);
    rt_lock(&c->lock);
    int result = rt_chan_take(c, element, &wake, told);
    if (result == -EAGAIN && !told)
        return wait(c, &c->receivers, element, deadline);
    if (result == -EAGAIN) {
        uint32_t size = c->size; /* the channel may be gone afterwards */
        result = wait(c, &c->receivers, element, deadline);
        if (result >= 0 && shown)
            rt_emit_value_written(element, size);
        return result;
    }
    if (told && shown)
        rt_emit_value_written(element, c->size);
    rt_unlock(&c->lock);
    if (wake)
        rt_ready(wake);
    return result;
}

static __attribute__((noinline)) int receive_told(struct goro_chan *c, void *element, int64_t deadline, bool shown)
{
    return receive(c, element, deadline, true, shown);
}

int rt_chan_recv(struct goro_chan *c, void *element, int64_t deadline)
{
    return RT_LISTENED ? receive_told(c, element, deadline, true) : receive(c, element, deadline, false, false);
}

int goro_chan_recv_raw(struct goro_chan *c, void *element, int64_t deadline)
{
    if (!RT_WATCHED)
        return receive(c, element, deadline, false, false);
    RT_OP(CHAN_RECV, c);
    return receive_told(c, element, deadline, true);
}

struct goro_word goro_chan_recv_word(struct goro_chan *c)
{
    struct goro_word word = {0, 0};
    RT_OP(CHAN_RECV, c);
    word.result = receive_told(c, &word.element, GORO_FOREVER, false);
    return word;
}

int rt_chan_try_recv(struct goro_chan *c, void *element)
{
    struct rt_g *wake = NULL;
    if (!c)
        return -EAGAIN;
    /* Empty at the first look, and not closed at a later one: so at the first it was both. */
    if (rt_chan_empty(c)) {
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!__atomic_load_n(&c->closed, __ATOMIC_ACQUIRE))
            return -EAGAIN;
    }
    rt_lock(&c->lock);
    int result = rt_chan_take(c, element, &wake, RT_LISTENED);
    if (result >= 0)
        rt_emit_value_written(element, c->size);
    rt_unlock(&c->lock);
    if (wake)
        rt_ready(wake);
    return result;
}

int goro_chan_try_recv_raw(struct goro_chan *c, void *element)
{
    RT_OP(CHAN_TRY_RECV, c);
    return rt_chan_try_recv(c, element);
}
