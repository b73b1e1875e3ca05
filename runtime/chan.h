/* A channel inside: shared by chan.c and select.c. Essay: chan.c. */
#ifndef RT_CHAN_H
#define RT_CHAN_H

#include "bytes.h"
#include "rt.h"

struct goro_chan {
    struct rt_lock lock;
    uint32_t closed; /* atomic */
    uint32_t size;   /* of an element */
    size_t count;    /* elements in the buffer; atomic */
    size_t capacity;
    char *in, *out, *end; /* next slots to write and to read; of the buffer */
    struct rt_waitq senders, receivers;
    struct gorace_slots *slots; /* of the buffer, for a listener */
    char buffer[];
};

/* Without the lock: if nobody holds it, whether a send or receive would have to wait. A waiter that has lost its claim
 * looks like a live one: who sees one goes and locks. */
static inline bool rt_chan_full(const struct goro_chan *c)
{
    if (c->capacity == 0)
        return __atomic_load_n(&c->receivers.first, __ATOMIC_RELAXED) == NULL;
    return __atomic_load_n(&c->count, __ATOMIC_RELAXED) == c->capacity;
}

static inline bool rt_chan_empty(const struct goro_chan *c)
{
    if (c->capacity == 0)
        return __atomic_load_n(&c->senders.first, __ATOMIC_RELAXED) == NULL;
    return __atomic_load_n(&c->count, __ATOMIC_RELAXED) == 0;
}

static inline void rt_chan_copy(void *to, const void *from, uint32_t size)
{
    rt_copy(to, from, size);
}

static inline char *rt_chan_after(struct goro_chan *c, char *slot)
{
    slot += c->size;
    return slot == c->end ? c->buffer : slot;
}

/* An element goes to a goroutine that waits for one. With a buffer, which is empty, it is as if it went through a slot: the
 * receiver is after the sender, but not the other way round. */
static inline void rt_chan_emit_direct(struct goro_chan *c, struct rt_g *receiver)
{
    if (c->capacity == 0) {
        rt_emit_meet(rt_self(), receiver);
        return;
    }
    rt_emit_handoff_slot(rt_self(), c, c->in);
    rt_emit_handoff_slot(receiver, c, c->in);
    c->in = c->out = rt_chan_after(c, c->in);
}

/* What follows is told to a listener, or not, as a constant: so that without one an operation looks for him once.
 *
 * Requires: lock, not closed. true: the element went; *wake, if not NULL, is to be made ready when the lock is released. */
static inline __attribute__((always_inline)) bool rt_chan_offer(struct goro_chan *c, const void *element,
                                                                struct rt_g **wake, bool told)
{
    if (c->receivers.first) {
        struct rt_waiter *w = rt_waitq_pop(&c->receivers);
        if (w) {
            if (told)
                rt_chan_emit_direct(c, w->g);
            if (w->element)
                rt_chan_copy(w->element, element, c->size);
            w->result = 1;
            *wake = w->g;
            return true;
        }
    }
    if (c->count == c->capacity)
        return false;
    if (told)
        rt_emit_handoff_slot(rt_self(), c, c->in);
    rt_chan_copy(c->in, element, c->size);
    c->in = rt_chan_after(c, c->in);
    __atomic_store_n(&c->count, c->count + 1, __ATOMIC_RELAXED);
    return true;
}

/* Requires: lock; a sender waits, hence the buffer is full or there is none. The first element goes out, the sender's to the end. */
static inline __attribute__((always_inline)) void rt_chan_take_over(struct goro_chan *c, struct rt_waiter *sender,
                                                                    void *element, bool told)
{
    if (told && sender->selects)
        rt_emit_sends(sender->g, c, sender->element);
    if (c->capacity == 0) {
        if (told)
            rt_emit_meet(rt_self(), sender->g);
        if (element)
            rt_chan_copy(element, sender->element, c->size);
        return;
    }
    if (told)
        rt_emit_handoff_slot(rt_self(), c, c->out);
    if (element)
        rt_chan_copy(element, c->out, c->size);
    if (told)
        rt_emit_handoff_slot(sender->g, c, c->out);
    rt_chan_copy(c->out, sender->element, c->size);
    c->out = rt_chan_after(c, c->out);
    c->in = c->out;
}

/* Requires: lock. 1: received. 0: closed and drained, *element is zero. -EAGAIN: nothing there. *wake: as above. */
static inline __attribute__((always_inline)) int rt_chan_take(struct goro_chan *c, void *element, struct rt_g **wake,
                                                              bool told)
{
    if (c->senders.first) {
        struct rt_waiter *w = rt_waitq_pop(&c->senders);
        if (w) {
            rt_chan_take_over(c, w, element, told);
            w->result = 1;
            *wake = w->g;
            return 1;
        }
    }
    if (c->count > 0) {
        if (told)
            rt_emit_handoff_slot(rt_self(), c, c->out);
        if (element)
            rt_chan_copy(element, c->out, c->size);
        c->out = rt_chan_after(c, c->out);
        __atomic_store_n(&c->count, c->count - 1, __ATOMIC_RELAXED);
        return 1;
    }
    if (!c->closed)
        return -EAGAIN;
    if (told)
        rt_emit_acquire(rt_self(), c);
    if (element)
        rt_zero(element, c->size);
    return 0;
}

struct goro_chan *rt_chan_new(size_t size, size_t capacity);
void rt_chan_free(struct goro_chan *c);
void rt_chan_close(struct goro_chan *c);
int rt_chan_recv(struct goro_chan *c, void *element, int64_t deadline);
/* Nobody is told that the element is read, or that the channel is still in use. */
int rt_chan_try_send(struct goro_chan *c, const void *element);
int rt_chan_try_recv(struct goro_chan *c, void *element);

/* The waiting of a single operation or a select on nil channels. -ETIMEDOUT, or never. */
int rt_chan_wait_nil(int64_t deadline, enum rt_reason reason);
void rt_chan_panic_closed(struct goro_chan *c) __attribute__((noreturn));

#endif
