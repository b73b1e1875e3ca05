/* Timers, sleep, contexts; spawning, preemption, pinning. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "soak.h"

/* ---- sleep ---- */

static void sleep_some(goro_waitgroup *done, uint64_t seed)
{
    struct rng r = {seed};
    for (int i = 0; i < 5; i++) {
        int64_t ns = draw(&r, 2000) * GORO_MICROSECOND, from = goro_now();
        goro_sleep(ns);
        EXPECT_TRUE(goro_now() - from >= ns);
    }
    goro_waitgroup_done(done);
}

static void sleepers(struct rng *r)
{
    goro_waitgroup done = {0};
    int n = 1 + (int)draw(r, 50);
    goro_waitgroup_add(&done, n);
    for (int i = 0; i < n; i++)
        goro_go(sleep_some, &done, (uint64_t)draw(r, UINT32_MAX));
    goro_waitgroup_wait(&done);
}

/* ---- timers that fire, are stopped, or reset ---- */

static void count_up(void *count)
{
    __atomic_add_fetch((long *)count, 1, __ATOMIC_RELAXED);
}

static void timers(struct rng *r)
{
    struct goro_timer *t[40];
    long fired = 0, expected = 0;
    int n = 1 + (int)draw(r, 40);
    for (int i = 0; i < n; i++)
        t[i] = goro_after_func(draw(r, 3000) * GORO_MICROSECOND, count_up, &fired);
    expected = n;
    for (int i = 0; i < n; i++) {
        uint32_t how = draw(r, 3);
        if (how == 0 && goro_timer_stop(t[i]))
            expected--;
        else if (how == 1 && !goro_timer_reset(t[i], draw(r, 1000) * GORO_MICROSECOND))
            expected++;
        if (draw(r, 4) == 0)
            goro_yield();
    }
    while (__atomic_load_n(&fired, __ATOMIC_RELAXED) < expected)
        goro_sleep(GORO_MILLISECOND);
    for (int i = 0; i < n; i++)
        goro_timer_free(t[i]);
    EXPECT(fired, expected);
    struct goro_timer *channel = goro_timer_new(draw(r, 500) * GORO_MICROSECOND);
    EXPECT(goro_chan_recv(goro_timer_chan(channel), NULL), true);
    goro_timer_free(channel);
    struct goro_ticker *ticker = goro_ticker_new(200 * GORO_MICROSECOND);
    for (int i = 0; i < 3; i++)
        EXPECT(goro_chan_recv(goro_ticker_chan(ticker), NULL), true);
    goro_ticker_free(ticker);
}

/* ---- a tree of contexts, cancelled somewhere ---- */

static void wait_done(struct goro_context *c, goro_waitgroup *done)
{
    goro_chan_recv(goro_context_done(c), NULL);
    EXPECT_TRUE(goro_context_err(c) != 0);
    goro_context_release(c);
    goro_waitgroup_done(done);
}

static void sleep_until_done(struct goro_context *c, goro_waitgroup *done)
{
    EXPECT_TRUE(goro_context_sleep(c, GORO_FOREVER) < 0);
    goro_context_release(c);
    goro_waitgroup_done(done);
}

static void contexts(struct rng *r)
{
    goro_waitgroup done = {0};
    struct goro_context *root = goro_context_with_cancel(goro_context_background()), *tree[30] = {root};
    int n = 2 + (int)draw(r, 28);
    for (int i = 1; i < n; i++) {
        struct goro_context *parent = tree[draw(r, (uint32_t)i)];
        tree[i] = draw(r, 2) ? goro_context_with_cancel(parent)
                             : goro_context_with_timeout(parent, draw(r, 3000) * GORO_MICROSECOND);
        goro_waitgroup_add(&done, 1);
        if (draw(r, 2))
            goro_go(wait_done, goro_context_retain(tree[i]), &done);
        else
            goro_go(sleep_until_done, goro_context_retain(tree[i]), &done);
    }
    for (uint32_t i = draw(r, 4); i > 0; i--)
        goro_context_cancel(tree[draw(r, (uint32_t)n)], 0);
    if (draw(r, 2))
        goro_yield();
    goro_context_cancel(root, -EIO);
    goro_waitgroup_wait(&done);
    for (int i = n - 1; i >= 0; i--)
        goro_context_release(tree[i]);
}

/* ---- spawning ---- */

static void tree(goro_waitgroup *done, int depth)
{
    for (int i = 0; i < 2 && depth > 0; i++)
        goro_go(tree, done, depth - 1);
    goro_waitgroup_done(done);
}

static void spawn(struct rng *r)
{
    goro_waitgroup done = {0};
    int depth = (int)draw(r, 9);
    goro_waitgroup_add(&done, (2 << depth) - 1);
    goro_go(tree, &done, depth);
    goro_waitgroup_wait(&done);
}

/* ---- goroutines that do not call the runtime, some of them in malloc ---- */

static void compute(goro_waitgroup *done, int64_t ns)
{
    for (int64_t until = goro_now() + ns; goro_now() < until;) {
        void *volatile memory = malloc(100);
        free(memory);
    }
    goro_waitgroup_done(done);
}

static void hogs(struct rng *r)
{
    goro_waitgroup done = {0};
    int n = 1 + (int)draw(r, 3);
    goro_waitgroup_add(&done, n);
    for (int i = 0; i < n; i++)
        goro_go(compute, &done, draw(r, 30) * GORO_MILLISECOND);
    goro_waitgroup_wait(&done);
}

static void stay(goro_waitgroup *done, int yields)
{
    goro_pin();
    pthread_t self = pthread_self();
    for (int i = 0; i < yields; i++) {
        goro_yield();
        EXPECT_TRUE(pthread_equal(self, pthread_self()));
    }
    goro_unpin();
    goro_waitgroup_done(done);
}

static void pins(struct rng *r)
{
    goro_waitgroup done = {0};
    int n = 1 + (int)draw(r, 3);
    goro_waitgroup_add(&done, n);
    for (int i = 0; i < n; i++)
        goro_go(stay, &done, (int)draw(r, 30));
    goro_waitgroup_wait(&done);
}

/* More and fewer processors, under whatever the other lanes do. */
static void procs(struct rng *r)
{
    int before = goro_gomaxprocs(1 + (int)draw(r, 6));
    EXPECT_TRUE(before >= 1);
    goro_sleep(draw(r, 3000) * GORO_MICROSECOND);
    goro_gomaxprocs(before);
}

const struct part time_parts[] = {
    {"sleepers", sleepers}, {"timers", timers}, {"contexts", contexts}, {"spawn", spawn},
    {"hogs", hogs},         {"pins", pins},     {"procs", procs},       {NULL, NULL},
};
