/* Channels, select, queues, pools. */
#include <errno.h>

#include "soak.h"

/* ---- producers and consumers, every way to send and receive ---- */

struct pipeline {
    goro_chan_of(int) values;
    goro_waitgroup senders, receivers;
    long sent, received, sum;
};

static int64_t soon(struct rng *r)
{
    return goro_now() + draw(r, 200) * GORO_MICROSECOND;
}

static void produce(struct pipeline *p, uint64_t seed, int count)
{
    struct rng r = {seed};
    for (int i = 1; i <= count;) {
        bool sent = true;
        switch (draw(&r, 8)) {
        case 0:
            sent = goro_chan_try_send(p->values, i);
            if (!sent)
                goro_yield();
            break;
        case 1:
            sent = goro_chan_send_until(p->values, soon(&r), i) == 0;
            break;
        case 2:
            sent = false;
            goro_select {
                goro_send_case(p->values, i) {
                    sent = true;
                }
                goro_timeout_case(draw(&r, 100) * GORO_MICROSECOND) {
                }
            }
            break;
        default:
            goro_chan_send(p->values, i);
        }
        if (sent)
            __atomic_add_fetch(&p->sent, i++, __ATOMIC_RELAXED);
    }
    goro_waitgroup_done(&p->senders);
}

static void consume(struct pipeline *p, uint64_t seed)
{
    struct rng r = {seed};
    for (int got = 1; got != 0;) {
        int value = 0;
        bool ok = false;
        switch (draw(&r, 8)) {
        case 0:
            got = goro_chan_try_recv(p->values, &value);
            if (got == -EAGAIN)
                goro_yield();
            break;
        case 1:
            got = goro_chan_recv_until(p->values, soon(&r), &value);
            break;
        case 2:
            got = -EAGAIN;
            goro_select {
                goro_recv_case_ok(p->values, &value, &ok) {
                    got = ok;
                }
                goro_timeout_case(draw(&r, 100) * GORO_MICROSECOND) {
                }
            }
            break;
        default:
            got = goro_chan_recv(p->values, &value);
        }
        if (got > 0)
            __atomic_add_fetch(&p->received, value, __ATOMIC_RELAXED);
        else
            EXPECT(value, 0);
    }
    goro_waitgroup_done(&p->receivers);
}

static void pipeline(struct rng *r)
{
    struct pipeline p = {.values = goro_chan_make(int, draw(r, 3) ? draw(r, 40) : 0)};
    int senders = 1 + (int)draw(r, 6), receivers = 1 + (int)draw(r, 6), count = 1 + (int)draw(r, 200);
    goro_waitgroup_add(&p.senders, senders);
    goro_waitgroup_add(&p.receivers, receivers);
    for (int i = 0; i < receivers; i++)
        goro_go(consume, &p, (uint64_t)draw(r, UINT32_MAX));
    for (int i = 0; i < senders; i++)
        goro_go(produce, &p, (uint64_t)draw(r, UINT32_MAX), count);
    goro_waitgroup_wait(&p.senders);
    goro_chan_close(p.values);
    goro_waitgroup_wait(&p.receivers);
    EXPECT(p.received, p.sent);
    EXPECT(p.sent, (long)senders * count * (count + 1) / 2);
    goro_chan_free(p.values);
}

/* ---- select over many channels, on both sides ---- */

enum { MESH = 5 };

struct mesh {
    struct goro_chan *chans[MESH];
    goro_waitgroup done;
    long sent, received;
};

static void select_side(struct mesh *m, uint64_t seed, bool sends, int count)
{
    struct rng r = {seed};
    for (int i = 0; i < count; i++) {
        struct goro_case cases[MESH];
        long values[MESH];
        int n = 1 + (int)draw(&r, MESH);
        int first = (int)draw(&r, MESH);
        /* All channels are among the cases of one side at some time, and the other side always takes all. */
        n = sends ? n : MESH;
        for (int j = 0; j < n; j++) {
            values[j] = i + j;
            cases[j] = (struct goro_case){.chan = m->chans[(first + j) % MESH],
                                          .element = &values[j],
                                          .kind = sends ? GORO_CASE_SEND : GORO_CASE_RECV};
        }
        int chosen = goro_select_cases(cases, n, 0);
        EXPECT_TRUE(chosen >= 0 && chosen < n);
        if (!sends)
            EXPECT(cases[chosen].ok, true);
        __atomic_add_fetch(sends ? &m->sent : &m->received, values[chosen], __ATOMIC_RELAXED);
    }
    goro_waitgroup_done(&m->done);
}

static void mesh(struct rng *r)
{
    struct mesh m = {.sent = 0};
    int sides = 1 + (int)draw(r, 4), count = 1 + (int)draw(r, 150);
    for (int i = 0; i < MESH; i++)
        m.chans[i] = goro_chan_new(sizeof(long), draw(r, 2) ? draw(r, 4) : 0);
    goro_waitgroup_add(&m.done, 2 * sides);
    for (int i = 0; i < sides; i++) {
        goro_go(select_side, &m, (uint64_t)draw(r, UINT32_MAX), true, count);
        goro_go(select_side, &m, (uint64_t)draw(r, UINT32_MAX), false, count);
    }
    goro_waitgroup_wait(&m.done);
    EXPECT(m.sent, m.received);
    for (int i = 0; i < MESH; i++) {
        EXPECT(goro_chan_len_raw(m.chans[i]), 0);
        goro_chan_free_raw(m.chans[i]);
    }
}

/* ---- close wakes all ---- */

struct closing {
    goro_chan_of(char) gate;
    goro_waitgroup done;
};

static void wait_gate(struct closing *c, int how)
{
    char value = 1;
    bool ok = true;
    if (how == 0)
        ok = goro_chan_recv(c->gate, &value);
    else
        goro_select {
            goro_recv_case_ok(c->gate, &value, &ok) {
            }
            goro_recv_case((goro_chan_of(int))NULL, NULL) {
            }
        }
    EXPECT(ok, false);
    EXPECT(value, 0);
    goro_waitgroup_done(&c->done);
}

static void closing(struct rng *r)
{
    struct closing c = {.gate = goro_chan_make(char, 0)};
    int n = 1 + (int)draw(r, 60);
    goro_waitgroup_add(&c.done, n);
    for (int i = 0; i < n; i++)
        goro_go(wait_gate, &c, (int)draw(r, 2));
    for (uint32_t i = draw(r, 3); i > 0; i--)
        goro_yield();
    goro_chan_close(c.gate);
    goro_waitgroup_wait(&c.done);
    goro_chan_free(c.gate);
}

/* ---- a ring of goroutines, and the sieve's chain ---- */

static void pass(goro_recv_chan_of(int) from, goro_send_chan_of(int) to)
{
    goro_chan_range(from, v)
        goro_chan_send(to, v + 1);
    goro_chan_close_raw((struct goro_chan *)(void *)to);
}

static void chain(struct rng *r)
{
    int length = 1 + (int)draw(r, 50), count = 1 + (int)draw(r, 50);
    goro_chan_of(int) chans[52];
    for (int i = 0; i <= length; i++)
        chans[i] = goro_chan_make(int, draw(r, 3));
    for (int i = 0; i < length; i++)
        goro_go(pass, goro_to_recv(chans[i]), goro_to_send(chans[i + 1]));
    for (int i = 0, j = 0; j < count;) {
        bool sent = false;
        int got = 0;
        goro_select {
            goro_send_case(i < count ? chans[0] : NULL, i) {
                sent = true;
            }
            goro_recv_case(chans[length], &got) {
                EXPECT(got, j + length);
                j++;
            }
        }
        i += sent;
        if (sent && i == count)
            goro_chan_close(chans[0]);
    }
    EXPECT(goro_chan_recv(chans[length], NULL), false);
    for (int i = 0; i <= length; i++)
        goro_chan_free(chans[i]);
}

/* ---- a crowd: any operation on any of a few channels, in any order ---- */

enum { CROWD_CHANNELS = 4 };

struct crowd {
    goro_chan_of(long) channels[CROWD_CHANNELS];
    goro_waitgroup done;
    long sent, received;
};

static bool do_anything(struct crowd *crowd, struct rng *r, long v, long *got)
{
    goro_chan_of(long) c = crowd->channels[draw(r, CROWD_CHANNELS)], d = crowd->channels[draw(r, CROWD_CHANNELS)];
    bool ok = false;
    switch (draw(r, 7)) {
    case 0:
        return goro_chan_try_send(c, v);
    case 1:
        return goro_chan_send_until(c, soon(r), v) == 0;
    case 2:
        goro_chan_try_recv(c, got);
        return false;
    case 3:
        goro_chan_recv_until(c, soon(r), got);
        return false;
    case 4:
        goro_select {
            goro_send_case(c, v) {
                ok = true;
            }
            goro_recv_case(d, got) {
            }
            goro_timeout_case(draw(r, 200) * GORO_MICROSECOND) {
            }
        }
        return ok;
    case 5:
        goro_select {
            goro_recv_case(c, got) {
            }
            goro_recv_case(d, got) {
            }
            goro_send_case(draw(r, 2) ? d : NULL, v) {
                ok = true;
            }
            goro_default_case {
            }
        }
        return ok;
    default:
        goro_select {
            goro_send_case(c, v) {
                ok = true;
            }
            goro_send_case(d, v) {
                ok = true;
            }
            goro_timeout_case(draw(r, 200) * GORO_MICROSECOND) {
            }
        }
        return ok;
    }
}

static void be_one_of(struct crowd *crowd, uint64_t seed, int times)
{
    struct rng r = {seed};
    for (int i = 0; i < times; i++) {
        long v = 1 + draw(&r, 1000), got = 0;
        if (do_anything(crowd, &r, v, &got))
            __atomic_add_fetch(&crowd->sent, v, __ATOMIC_RELAXED);
        __atomic_add_fetch(&crowd->received, got, __ATOMIC_RELAXED);
    }
    goro_waitgroup_done(&crowd->done);
}

static void crowd(struct rng *r)
{
    static const int capacities[CROWD_CHANNELS] = {0, 0, 1, 3};
    struct crowd c = {.sent = 0};
    int n = 2 + (int)draw(r, 30);
    long v;
    for (int i = 0; i < CROWD_CHANNELS; i++)
        c.channels[i] = goro_chan_make(long, capacities[i]);
    goro_waitgroup_add(&c.done, n);
    for (int i = 0; i < n; i++)
        goro_go(be_one_of, &c, (uint64_t)draw(r, UINT32_MAX), 20);
    goro_waitgroup_wait(&c.done);
    for (int i = 0; i < CROWD_CHANNELS; i++) {
        while (goro_chan_try_recv(c.channels[i], &v) == 1)
            c.received += v;
        goro_chan_free(c.channels[i]);
    }
    EXPECT(c.received, c.sent);
}

/* ---- queue and pool ---- */

struct work {
    struct goro_queue *queue;
    struct goro_pool *pool;
    goro_waitgroup done;
    long pushed, popped;
};

static void pop_all(struct work *w)
{
    long value;
    while (goro_queue_try_pop(w->queue, &value) == 1 || goro_queue_pop(w->queue, &value, GORO_FOREVER) == 1)
        __atomic_add_fetch(&w->popped, value, __ATOMIC_RELAXED);
    goro_waitgroup_done(&w->done);
}

static void push_some(struct work *w, long count)
{
    for (long i = 1; i <= count; i++) {
        EXPECT(goro_queue_push(w->queue, &i), 0);
        if (i % 16 == 0)
            goro_yield();
    }
    goro_waitgroup_done(&w->done);
}

static void queue(struct rng *r)
{
    struct work w = {.queue = goro_queue_new(sizeof(long))};
    int pushers = 1 + (int)draw(r, 4), poppers = 1 + (int)draw(r, 4);
    long count = 1 + draw(r, 300);
    goro_waitgroup_add(&w.done, pushers);
    for (int i = 0; i < pushers; i++)
        goro_go(push_some, &w, count);
    goro_waitgroup_add(&w.done, poppers);
    for (int i = 0; i < poppers; i++)
        goro_go(pop_all, &w);
    while (__atomic_load_n(&w.popped, __ATOMIC_RELAXED) < pushers * count * (count + 1) / 2)
        goro_yield();
    goro_queue_close(w.queue);
    goro_waitgroup_wait(&w.done);
    EXPECT(w.popped, pushers * count * (count + 1) / 2);
    goro_queue_free(w.queue);
}

static void task(void *arg)
{
    struct work *w = arg;
    __atomic_add_fetch(&w->popped, 1, __ATOMIC_RELAXED);
    if (w->popped % 8 == 0)
        goro_yield();
}

static void submit_some(struct work *w, int count)
{
    for (int i = 0; i < count; i++)
        if (i % 3 != 0 || goro_pool_try_submit(w->pool, task, w) == -EAGAIN)
            EXPECT(goro_pool_submit(w->pool, task, w), 0);
    goro_waitgroup_done(&w->done);
}

static void pool(struct rng *r)
{
    struct work w = {.pool = goro_pool_new(1 + (int)draw(r, 5), draw(r, 20))};
    int submitters = 1 + (int)draw(r, 4), count = 1 + (int)draw(r, 200);
    goro_waitgroup_add(&w.done, submitters);
    for (int i = 0; i < submitters; i++)
        goro_go(submit_some, &w, count);
    goro_waitgroup_wait(&w.done);
    goro_pool_wait(w.pool);
    EXPECT(w.popped, submitters * count);
    goro_pool_close(w.pool);
}

const struct part chan_parts[] = {
    {"pipeline", pipeline}, {"mesh", mesh},   {"closing", closing}, {"chain", chain},
    {"crowd", crowd},       {"queue", queue}, {"pool", pool},       {NULL, NULL},
};
