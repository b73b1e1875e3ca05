/* Unbounded queue: a list of segments with room for several elements each, and goroutines that wait for one.
 *
 * Invariant: a goroutine waits only while the queue is empty and open; a push then goes straight into its memory. One empty
 * segment is kept, so that a queue that is now long, now empty does not allocate each time.
 *
 * Lock: q->lock for everything. The queue is not touched after a wake: whoever is woken may free it. */
#include <errno.h>

#include "bytes.h"
#include "waiters.h"

enum { SEGMENT_BYTES = 4096, FEWEST = 4 /* elements of a segment */ };

struct segment {
    struct segment *next;
    char elements[];
};

struct goro_queue {
    struct rt_lock lock;
    bool closed;
    size_t size;                 /* of an element */
    size_t each;                 /* elements of a segment */
    size_t count;                /* atomic, for goro_queue_len */
    struct segment *head, *tail; /* to pop from, to push to; NULL: none yet */
    size_t head_at, tail_at;     /* indices of the next element to pop, to push */
    struct segment *spare;
    struct rt_waitq poppers;
};

static size_t segment_bytes(const struct goro_queue *q)
{
    return sizeof(struct segment) + q->each * q->size;
}

struct goro_queue *goro_queue_new(size_t size)
{
    RT_OP(QUEUE_PUSH, NULL);
    if (size > PTRDIFF_MAX / (2 * FEWEST))
        return NULL;
    struct goro_queue *q = rt_alloc(sizeof *q);
    if (!q)
        return NULL;
    size_t fit = (SEGMENT_BYTES - sizeof(struct segment)) / (size ? size : 1);
    q->size = size;
    q->each = fit > FEWEST ? fit : FEWEST;
    q->tail_at = q->each;
    rt_emit_object_begins(q, GORACE_OBJECT_QUEUE, sizeof *q, 0);
    return q;
}

void goro_queue_free(struct goro_queue *q)
{
    struct segment *next;
    RT_OP(QUEUE_CLOSE, q);
    if (!q)
        return;
    rt_lock(&q->lock);
    bool waited_on = q->poppers.first != NULL;
    rt_unlock(&q->lock);
    if (waited_on)
        goro_panic("free of a queue that goroutines wait on");
    for (struct segment *s = q->head; s; s = next) {
        next = s->next;
        rt_free(s, segment_bytes(q));
    }
    rt_free(q->spare, segment_bytes(q));
    rt_emit_object_ends(q, GORACE_OBJECT_QUEUE, sizeof *q);
    rt_free(q, sizeof *q);
}

/* Requires: q->lock. */
static bool add_segment(struct goro_queue *q)
{
    struct segment *s = q->spare ? q->spare : rt_alloc(segment_bytes(q));
    if (!s)
        return false;
    q->spare = NULL;
    s->next = NULL;
    if (q->tail)
        q->tail->next = s;
    else
        q->head = s;
    q->tail = s;
    q->tail_at = 0;
    return true;
}

/* Requires: q->lock; the head has been emptied. */
static void drop_segment(struct goro_queue *q)
{
    struct segment *s = q->head;
    q->head = s->next;
    q->head_at = 0;
    if (!q->head) {
        q->tail = NULL;
        q->tail_at = q->each;
    }
    if (q->spare)
        rt_free(s, segment_bytes(q));
    else
        q->spare = s;
}

int goro_queue_push(struct goro_queue *q, const void *element)
{
    RT_OP(QUEUE_PUSH, q);
    int result = 0;
    rt_emit_value_read(rt_self(), element, q->size);
    rt_lock(&q->lock);
    struct rt_waiter *w = q->closed ? NULL : rt_waitq_pop(&q->poppers);
    if (q->closed) {
        result = -EPIPE;
    } else if (w) {
        struct rt_g *g = w->g;
        if (w->element)
            rt_copy(w->element, element, q->size);
        w->result = 1;
        rt_emit_release_merge(rt_self(), q);
        rt_emit_acquire(g, q);
        rt_unlock(&q->lock);
        rt_ready(g);
        return 0;
    } else if (q->tail_at == q->each && !add_segment(q)) {
        result = -ENOMEM;
    } else {
        rt_emit_release_merge(rt_self(), q);
        rt_copy(q->tail->elements + q->tail_at++ * q->size, element, q->size);
        __atomic_store_n(&q->count, q->count + 1, __ATOMIC_RELAXED);
    }
    rt_unlock(&q->lock);
    return result;
}

/* Requires: q->lock. 1; 0: closed and empty; -EAGAIN. */
static int pop(struct goro_queue *q, void *element)
{
    if (q->count == 0) {
        if (q->closed)
            rt_emit_acquire(rt_self(), q);
        return q->closed ? 0 : -EAGAIN;
    }
    if (element)
        rt_copy(element, q->head->elements + q->head_at * q->size, q->size);
    rt_emit_acquire(rt_self(), q);
    rt_emit_value_written(element, q->size);
    __atomic_store_n(&q->count, q->count - 1, __ATOMIC_RELAXED);
    if (++q->head_at == q->each)
        drop_segment(q);
    return 1;
}

int goro_queue_try_pop(struct goro_queue *q, void *element)
{
    RT_OP(QUEUE_POP, q);
    rt_lock(&q->lock);
    int result = pop(q, element);
    rt_unlock(&q->lock);
    return result;
}

int goro_queue_pop(struct goro_queue *q, void *element, int64_t deadline)
{
    RT_OP(QUEUE_POP, q);
    struct rt_g *g = rt_goroutine("goro_queue_pop");
    struct rt_waiter w = {.g = g, .element = element, .claim = &g->claim, .value = 1};
    rt_lock(&q->lock);
    int result = pop(q, element);
    if (result == -EAGAIN && rt_passed(deadline))
        result = -ETIMEDOUT;
    if (result != -EAGAIN) {
        rt_unlock(&q->lock);
        return result;
    }
    g->claim = 0;
    rt_waitq_push(&q->poppers, &w);
    size_t size = q->size;
    if (rt_park_until(&g->claim, deadline, rt_unlock_arg, &q->lock, RT_REASON_QUEUE, q)) {
        if (w.result > 0)
            rt_emit_value_written(element, size);
        return w.result;
    }
    rt_lock(&q->lock);
    rt_waitq_remove(&q->poppers, &w);
    rt_unlock(&q->lock);
    return -ETIMEDOUT;
}

void goro_queue_close(struct goro_queue *q)
{
    RT_OP(QUEUE_CLOSE, q);
    struct rt_glist list = {0};
    struct rt_waiter *w;
    rt_lock(&q->lock);
    rt_emit_release_merge(rt_self(), q);
    q->closed = true;
    while ((w = rt_waitq_pop(&q->poppers))) {
        w->result = 0;
        rt_emit_acquire(w->g, q);
        rt_glist_push(&list, w->g);
    }
    rt_unlock(&q->lock);
    rt_ready_all(&list);
}

size_t goro_queue_len(const struct goro_queue *q)
{
    return __atomic_load_n(&q->count, __ATOMIC_RELAXED);
}
