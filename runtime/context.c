/* Contexts: a tree whose nodes end from above.
 *
 * A node that can end by itself (cancel, deadline, after_func) is linked under the nearest one above it that can; nodes that
 * only carry a value are not, and answer for the one above (`ending`). A tree has one lock, that of its topmost
 * ending node (`root`): to end a subtree is one walk under it, and no order of locks is to be thought of. The background is no
 * node of any tree: trees of different requests do not meet.
 *
 * References: a child holds its parent, a parent does not hold its children; the last release of a node unlinks it under
 * the lock, so a walk meets live nodes only. A node that has ended is not linked any more, nor is anything below it.
 *
 * The deadline's timer takes the lock, so it is deleted without it. After the last release that waits for a running `fire`. */
#include <errno.h>

#include "cancel.h"
#include "chan.h"
#include "timer_api.h"

struct goro_context {
    uint32_t references;         /* atomic */
    int32_t err, cause;          /* 0: has not ended; atomic, under root's lock; cause before err */
    struct goro_context *parent; /* NULL: the background's child */
    struct goro_context *ending; /* this one, or the nearest above that can end; NULL: never ends */
    struct goro_context *root;   /* the topmost that can end */
    struct rt_lock lock;         /* the tree's, if this is the root */
    bool linked;
    struct goro_context *children, *next,
        *prev;              /* that can end; next is also the list of those that a walk has to end */
    struct goro_chan *done; /* NULL: nobody has asked yet */
    struct rt_waitq waiters; /* cancel.h */
    int64_t deadline;
    struct rt_timer timer;
    const void *key;
    void *value;
    void (*fn)(void *arg); /* after_func; its argument is `value` */
};

static struct goro_context background = {.deadline = GORO_FOREVER};

struct goro_context *goro_context_background(void)
{
    return &background;
}

struct goro_context *goro_context_retain(struct goro_context *c)
{
    if (c != &background)
        __atomic_fetch_add(&c->references, 1, __ATOMIC_RELAXED);
    return c;
}

/* ---- the end of a node: Requires: root's lock ---- */

static void detach(struct goro_context *c)
{
    if (!c->linked)
        return;
    *(c->prev ? &c->prev->next : &c->parent->ending->children) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->linked = false;
}

static void finish(struct goro_context *c, int err, int cause)
{
    struct rt_waiter *w;
    rt_emit_release(rt_self(), c);
    __atomic_store_n(&c->cause, cause, __ATOMIC_RELAXED);
    __atomic_store_n(&c->err, err, __ATOMIC_RELEASE);
    if (c->done)
        rt_chan_close(c->done);
    while ((w = rt_waitq_pop(&c->waiters)))
        rt_ready(w->g);
    if (!c->fn)
        return;
    rt_emit_acquire(rt_self(), &c->fn); /* by who has set it */
    if (rt_go_fn(c->fn, c->value))
        goro_panic("goro_context_after_func: no memory for a goroutine");
}

static bool end(struct goro_context *c, int err, int cause)
{
    struct goro_context *todo = c, *next;
    rt_lock(&c->root->lock);
    bool first = c->err == 0;
    if (first) {
        detach(c);
        c->next = NULL;
    } else {
        todo = NULL;
    }
    for (; todo; todo = next) {
        struct goro_context *child = todo->children, *after;
        next = todo->next;
        todo->children = NULL;
        finish(todo, err, cause);
        for (; child; child = after) {
            after = child->next;
            child->linked = false;
            child->next = next;
            next = child;
        }
    }
    rt_unlock(&c->root->lock);
    return first;
}

static void expire(struct rt_timer *timer)
{
    end(timer->arg, -ETIMEDOUT, -ETIMEDOUT);
}

void goro_context_cancel(struct goro_context *c, int cause)
{
    RT_OP(CONTEXT_CANCEL, c);
    struct goro_context *e = c->ending;
    if (!e)
        return;
    goro_context_retain(e); /* who sees the end may release it at once */
    if (end(e, -ECANCELED, cause ? cause : -ECANCELED) && e->timer.fire)
        rt_timer_del(&e->timer);
    goro_context_release(e);
}

/* ---- making and releasing ---- */

static struct goro_context *node(struct goro_context *parent)
{
    struct goro_context *c = rt_alloc(sizeof *c);
    if (!c)
        goro_panic("out of memory: no context");
    c->references = 1;
    c->parent = goro_context_retain(parent);
    c->ending = parent->ending;
    c->root = parent->root;
    c->deadline = parent->deadline;
    return c;
}

/* Makes a new node one that can end: at once if the one above has. */
static void link_ending(struct goro_context *c)
{
    struct goro_context *above = c->ending;
    c->ending = c;
    if (!above) {
        c->root = c;
        return;
    }
    rt_lock(&c->root->lock);
    if (above->err) {
        finish(c, above->err, above->cause);
    } else {
        c->next = above->children;
        if (c->next)
            c->next->prev = c;
        above->children = c;
        c->linked = true;
    }
    rt_unlock(&c->root->lock);
}

struct goro_context *goro_context_with_cancel(struct goro_context *parent)
{
    struct goro_context *c = node(parent);
    link_ending(c);
    return c;
}

struct goro_context *goro_context_with_deadline(struct goro_context *parent, int64_t deadline)
{
    struct goro_context *c = node(parent);
    bool mine = deadline < c->deadline;
    if (mine)
        c->deadline = deadline;
    link_ending(c);
    if (!mine || rt_context_err(c))
        return c;
    if (deadline <= goro_now()) {
        end(c, -ETIMEDOUT, -ETIMEDOUT);
        return c;
    }
    c->timer.fire = expire;
    c->timer.arg = c;
    rt_emit_timer_starts(&c->timer);
    rt_timer_add(&c->timer, deadline);
    return c;
}

struct goro_context *goro_context_with_timeout(struct goro_context *parent, int64_t ns)
{
    return goro_context_with_deadline(parent, rt_after(ns));
}

struct goro_context *goro_context_with_value(struct goro_context *parent, const void *key, void *value)
{
    struct goro_context *c = node(parent);
    c->key = key;
    c->value = value;
    return c;
}

struct goro_context *goro_context_after_func(struct goro_context *parent, void (*fn)(void *arg), void *arg)
{
    struct goro_context *c = node(parent);
    c->fn = fn;
    c->value = arg;
    rt_emit_release(rt_self(), &c->fn);
    link_ending(c);
    return c;
}

bool goro_context_stop_func(struct goro_context *c)
{
    RT_OP(CONTEXT_CANCEL, c);
    rt_lock(&c->root->lock);
    bool stopped = c->err == 0 && c->fn;
    c->fn = NULL;
    rt_unlock(&c->root->lock);
    return stopped;
}

/* Nobody has a reference; so no child exists. */
static void destroy(struct goro_context *c)
{
    if (c->timer.fire) {
        rt_timer_del(&c->timer);
        rt_emit_timer_ends(&c->timer);
    }
    if (c->ending == c) {
        rt_lock(&c->root->lock); /* also waits for whoever has just ended it */
        detach(c);
        rt_unlock(&c->root->lock);
        rt_chan_free(c->done);
    }
    rt_free(c, sizeof *c);
}

void goro_context_release(struct goro_context *c)
{
    while (c != &background) {
        rt_emit_release_merge(rt_self(), &c->references);
        if (__atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL) != 0)
            break;
        rt_emit_acquire(rt_self(), &c->references); /* whoever had a reference is done with it */
        struct goro_context *parent = c->parent;
        destroy(c);
        c = parent;
    }
}

/* ---- questions ---- */

struct rt_lock *rt_context_lock(struct goro_context *c)
{
    return c->ending ? &c->ending->root->lock : NULL;
}

struct rt_waitq *rt_context_waitq(struct goro_context *c)
{
    return &c->ending->waiters;
}

int rt_context_err(struct goro_context *c)
{
    if (!c->ending)
        return 0;
    int err = __atomic_load_n(&c->ending->err, __ATOMIC_ACQUIRE);
    if (err)
        rt_emit_acquire(rt_self(), c->ending);
    return err;
}

int goro_context_err(struct goro_context *c)
{
    RT_OP(CONTEXT_ASK, c);
    return rt_context_err(c);
}

int goro_context_cause(struct goro_context *c)
{
    return rt_context_err(c) ? __atomic_load_n(&c->ending->cause, __ATOMIC_RELAXED) : 0;
}

int64_t goro_context_deadline(struct goro_context *c)
{
    return c->deadline;
}

void *goro_context_value(struct goro_context *c, const void *key)
{
    for (; c != &background; c = c->parent)
        if (c->key == key && c->key)
            return c->value;
    return NULL;
}

struct goro_chan *goro_context_done_raw(struct goro_context *c)
{
    struct goro_context *e = c->ending;
    if (!e)
        return NULL;
    struct goro_chan *done = __atomic_load_n(&e->done, __ATOMIC_ACQUIRE);
    if (done)
        return done;
    rt_lock(&e->root->lock);
    if (!e->done) {
        done = rt_chan_new(1, 0);
        if (e->err) {
            rt_emit_acquire(rt_self(), e);
            rt_chan_close(done);
        }
        __atomic_store_n(&e->done, done, __ATOMIC_RELEASE);
    }
    done = e->done;
    rt_unlock(&e->root->lock);
    return done;
}

int goro_context_sleep(struct goro_context *c, int64_t ns)
{
    RT_OP(SLEEP, c);
    struct goro_chan *done = goro_context_done_raw(c);
    if (rt_context_err(c) || ns <= 0)
        return rt_context_err(c);
    if (!done)
        goro_sleep(ns);
    else
        rt_chan_recv(done, NULL, rt_after(ns));
    return rt_context_err(c);
}
