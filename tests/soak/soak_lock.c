/* Locks, and what else goroutines meet at. */
#include <errno.h>

#include "soak.h"

static int64_t soon(struct rng *r)
{
    return goro_now() + draw(r, 300) * GORO_MICROSECOND;
}

/* ---- mutex ---- */

struct counted {
    goro_mutex mutex;
    goro_waitgroup done;
    long inside, count;
};

static void lock_and_count(struct counted *c, uint64_t seed, int times)
{
    struct rng r = {seed};
    for (int i = 0; i < times;) {
        bool ours = true;
        switch (draw(&r, 6)) {
        case 0:
            ours = goro_mutex_trylock(&c->mutex);
            if (!ours)
                goro_yield();
            break;
        case 1:
            ours = goro_mutex_lock_until(&c->mutex, soon(&r)) == 0;
            break;
        default:
            goro_mutex_lock(&c->mutex);
        }
        if (!ours)
            continue;
        EXPECT(c->inside++, 0);
        if (draw(&r, 16) == 0)
            goro_yield();
        c->count++;
        EXPECT(--c->inside, 0);
        goro_mutex_unlock(&c->mutex);
        i++;
    }
    goro_waitgroup_done(&c->done);
}

static void mutex(struct rng *r)
{
    struct counted c = {.count = 0};
    int n = 1 + (int)draw(r, 12), times = 1 + (int)draw(r, 150);
    goro_waitgroup_add(&c.done, n);
    for (int i = 0; i < n; i++)
        goro_go(lock_and_count, &c, (uint64_t)draw(r, UINT32_MAX), times);
    goro_waitgroup_wait(&c.done);
    EXPECT(c.count, n * times);
}

/* ---- rwmutex ---- */

struct shared {
    goro_rwmutex lock;
    goro_waitgroup done;
    long a, b, writes; /* a == b outside of a write */
};

static void read_and_write(struct shared *s, uint64_t seed, int times)
{
    struct rng r = {seed};
    for (int i = 0; i < times; i++) {
        uint32_t how = draw(&r, 10);
        if (how == 0 || (how == 1 && goro_rwmutex_trylock(&s->lock))) {
            if (how == 0)
                goro_rwmutex_lock(&s->lock);
            s->a++;
            if (draw(&r, 4) == 0)
                goro_yield();
            s->b++;
            s->writes++;
            goro_rwmutex_unlock(&s->lock);
        } else if (how != 2 || goro_rwmutex_tryrlock(&s->lock)) {
            if (how != 2)
                goro_rwmutex_rlock(&s->lock);
            long a = s->a;
            if (draw(&r, 8) == 0)
                goro_yield();
            EXPECT(s->b, a);
            goro_rwmutex_runlock(&s->lock);
        }
    }
    goro_waitgroup_done(&s->done);
}

static void rwmutex(struct rng *r)
{
    struct shared s = {.a = 0};
    int n = 1 + (int)draw(r, 12);
    goro_waitgroup_add(&s.done, n);
    for (int i = 0; i < n; i++)
        goro_go(read_and_write, &s, (uint64_t)draw(r, UINT32_MAX), 1 + (int)draw(r, 200));
    goro_waitgroup_wait(&s.done);
    EXPECT(s.a, s.writes);
    EXPECT(s.b, s.writes);
}

/* ---- a bounded buffer with conditions ---- */

struct buffer {
    goro_mutex mutex;
    goro_cond not_full, not_empty;
    goro_waitgroup done;
    int used, room;
    long in, out;
    bool broadcast;
};

static void wake(struct buffer *b, goro_cond *c)
{
    if (b->broadcast)
        goro_cond_broadcast(c);
    else
        goro_cond_signal(c);
}

static void wait_on(struct buffer *b, goro_cond *c, struct rng *r)
{
    if (draw(r, 4) == 0)
        goro_cond_wait_until(c, &b->mutex, soon(r));
    else
        goro_cond_wait(c, &b->mutex);
}

static void put_and_get(struct buffer *b, uint64_t seed, bool puts, int times)
{
    struct rng r = {seed};
    for (int i = 0; i < times; i++) {
        goro_mutex_lock(&b->mutex);
        while (puts ? b->used == b->room : b->used == 0)
            wait_on(b, puts ? &b->not_full : &b->not_empty, &r);
        b->used += puts ? 1 : -1;
        EXPECT_TRUE(b->used >= 0 && b->used <= b->room);
        *(puts ? &b->in : &b->out) += 1;
        wake(b, puts ? &b->not_empty : &b->not_full);
        goro_mutex_unlock(&b->mutex);
    }
    goro_waitgroup_done(&b->done);
}

static void cond(struct rng *r)
{
    struct buffer b = {.room = 1 + (int)draw(r, 5), .broadcast = draw(r, 2)};
    int n = 1 + (int)draw(r, 5), times = 1 + (int)draw(r, 100);
    goro_waitgroup_add(&b.done, 2 * n);
    for (int i = 0; i < n; i++) {
        goro_go(put_and_get, &b, (uint64_t)draw(r, UINT32_MAX), true, times);
        goro_go(put_and_get, &b, (uint64_t)draw(r, UINT32_MAX), false, times);
    }
    goro_waitgroup_wait(&b.done);
    EXPECT(b.in, n * times);
    EXPECT(b.out, n * times);
}

/* ---- semaphore ---- */

struct limited {
    goro_sem sem;
    goro_waitgroup done;
    long in_use, most;
};

static void use(struct limited *l, uint64_t seed, int times)
{
    struct rng r = {seed};
    for (int i = 0; i < times; i++) {
        int64_t n = 1 + draw(&r, (uint32_t)l->most);
        bool ours = true;
        if (draw(&r, 4) == 0)
            ours = goro_sem_acquire_until(&l->sem, n, soon(&r)) == 0;
        else if (draw(&r, 4) == 0)
            ours = goro_sem_tryacquire(&l->sem, n);
        else
            goro_sem_acquire(&l->sem, n);
        if (!ours)
            continue;
        EXPECT_TRUE(__atomic_add_fetch(&l->in_use, n, __ATOMIC_SEQ_CST) <= l->most);
        if (draw(&r, 4) == 0)
            goro_yield();
        __atomic_sub_fetch(&l->in_use, n, __ATOMIC_SEQ_CST);
        goro_sem_release(&l->sem, n);
    }
    goro_waitgroup_done(&l->done);
}

static void semaphore(struct rng *r)
{
    long most = 1 + draw(r, 6);
    struct limited l = {.sem = GORO_SEM_INIT(most), .most = most};
    int n = 1 + (int)draw(r, 10);
    goro_waitgroup_add(&l.done, n);
    for (int i = 0; i < n; i++)
        goro_go(use, &l, (uint64_t)draw(r, UINT32_MAX), 1 + (int)draw(r, 80));
    goro_waitgroup_wait(&l.done);
    EXPECT(l.in_use, 0);
    EXPECT(goro_sem_tryacquire(&l.sem, most), true);
}

/* ---- once, waitgroup in rounds ---- */

struct rounds {
    goro_once once;
    goro_waitgroup ready, go_on, done;
    long initialised, seen;
};

static void initialise(void *arg)
{
    struct rounds *x = arg;
    goro_yield();
    x->initialised++;
}

static void round_member(struct rounds *x)
{
    goro_waitgroup_done(&x->ready);
    goro_waitgroup_wait(&x->go_on);
    goro_once_do(&x->once, initialise, x);
    long seen = __atomic_add_fetch(&x->seen, x->initialised, __ATOMIC_RELAXED);
    goro_waitgroup_done(&x->done);
    if (seen % 2)
        goro_exit();
}

static void once(struct rng *r)
{
    for (uint32_t rounds = 1 + draw(r, 5); rounds > 0; rounds--) {
        struct rounds x = {.seen = 0};
        int n = 1 + (int)draw(r, 30);
        goro_waitgroup_add(&x.ready, n);
        goro_waitgroup_add(&x.done, n);
        goro_waitgroup_add(&x.go_on, 1);
        for (int i = 0; i < n; i++)
            goro_go(round_member, &x);
        goro_waitgroup_wait(&x.ready);
        goro_waitgroup_done(&x.go_on);
        goro_waitgroup_wait(&x.done);
        EXPECT(x.initialised, 1);
        EXPECT(x.seen, n);
    }
}

/* ---- group and context ---- */

static int fail_or_wait(void *arg)
{
    struct goro_context *c = arg;
    if (!c)
        return -EINVAL;
    goro_chan_recv(goro_context_done(c), NULL);
    return goro_context_err(c);
}

static void group(struct rng *r)
{
    goro_group g;
    goro_group_init(&g, NULL);
    struct goro_context *c = goro_group_context(&g);
    for (uint32_t n = 1 + draw(r, 20); n > 0; n--)
        goro_group_go(&g, fail_or_wait, c);
    goro_group_go(&g, fail_or_wait, NULL);
    EXPECT(goro_group_wait(&g), -EINVAL);
}

struct few {
    goro_sem places;
    long ran;
};

static int be_few(void *arg)
{
    struct few *few = arg;
    EXPECT(goro_sem_tryacquire(&few->places, 1), true);
    __atomic_add_fetch(&few->ran, 1, __ATOMIC_RELAXED);
    goro_yield();
    goro_sem_release(&few->places, 1);
    return 0;
}

static void limit(struct rng *r)
{
    goro_group g;
    int most = 1 + (int)draw(r, 3), n = (int)draw(r, 30);
    struct few few = {.places = GORO_SEM_INIT(most)};
    goro_group_init(&g, NULL);
    goro_group_limit(&g, most);
    for (int i = 0; i < n; i++)
        goro_group_go(&g, be_few, &few);
    EXPECT(goro_group_wait(&g), 0);
    EXPECT(few.ran, n);
}

const struct part lock_parts[] = {
    {"mutex", mutex}, {"rwmutex", rwmutex}, {"cond", cond},   {"semaphore", semaphore},
    {"once", once},   {"group", group},     {"limit", limit}, {NULL, NULL},
};
