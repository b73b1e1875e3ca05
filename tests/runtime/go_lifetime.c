/* Memory of objects that is given up at the first moment at which that is right. Go has a collector for this; in C the last call on
 * an object must not touch it after somebody else could know that it was the last. Objects live on pages of their own that are
 * made inaccessible, so a late access is a crash, not luck. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "parked.h"

enum { ROUNDS = 3000 };

/* A page for one object. Gone for good: the address is not used again, so a late access cannot hit a new object. */
static void *object(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        goro_panic("no memory");
    return page;
}

static void gone(void *page)
{
    if (mprotect(page, 4096, PROT_NONE) != 0)
        goro_panic("mprotect");
    static void *old[256];
    static unsigned next;
    void **place = &old[next++ % 256]; /* late means microseconds, not hundreds of rounds */
    if (*place)
        munmap(*place, 4096);
    *place = page;
}

static void finish(waitgroup *wg, int yields)
{
    for (int i = 0; i < yields; i++)
        yield();
    waitgroup_done(wg);
}

GORO_TEST(waitgroup_ends_with_wait)
{
    for (int i = 0; i < ROUNDS; i++) {
        waitgroup *wg = object();
        waitgroup_add(wg, 3);
        for (int k = 0; k < 3; k++)
            go(finish, wg, (i + k) % 4);
        if (i % 2)
            CHECK_EQ(goro_waitgroup_wait_until(wg, goro_now() + 3600 * GORO_SECOND), 0);
        else
            waitgroup_wait(wg);
        gone(wg);
    }
}

/* An object that holds its own lock and count; who takes the count to zero destroys it. */
struct counted {
    mutex lock;
    int references;
};

static void drop(struct counted *c, int yields, int *left)
{
    for (int i = 0; i < yields; i++)
        yield();
    mutex_lock(&c->lock);
    bool last = --c->references == 0;
    mutex_unlock(&c->lock);
    if (last)
        gone(c);
    goro_atomic_add(left, -1);
}

GORO_TEST(mutex_ends_with_the_last_unlock)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct counted *c = object();
        int left = 4;
        c->references = 4;
        for (int k = 0; k < 4; k++)
            go(drop, c, (i + k) % 3, &left);
        while (goro_atomic_load(&left) > 0)
            yield();
    }
}

static void release(goro_sem *s, int yields)
{
    for (int i = 0; i < yields; i++)
        yield();
    goro_sem_release(s, 1);
}

GORO_TEST(semaphore_ends_with_the_last_acquire)
{
    for (int i = 0; i < ROUNDS; i++) {
        goro_sem *s = object();
        go(release, s, i % 4);
        go(release, s, i % 3);
        goro_sem_acquire(s, 2);
        gone(s);
    }
}

struct event {
    mutex lock;
    goro_cond changed;
    bool happened;
};

static void happen(struct event *e, bool broadcast)
{
    mutex_lock(&e->lock);
    e->happened = true;
    if (broadcast)
        goro_cond_broadcast(&e->changed);
    else
        goro_cond_signal(&e->changed);
    mutex_unlock(&e->lock);
}

GORO_TEST(condition_ends_with_the_last_wait)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct event *e = object();
        go(happen, e, i % 2);
        mutex_lock(&e->lock);
        while (!e->happened)
            goro_cond_wait(&e->changed, &e->lock);
        mutex_unlock(&e->lock);
        gone(e);
    }
}

struct lazy {
    goro_once once;
    int users;
};

static void nothing(void *arg)
{
    (void)arg;
    yield();
}

static void use_once(struct lazy *l, int *left)
{
    once_do(&l->once, nothing, NULL);
    if (goro_atomic_add(&l->users, -1) == 0)
        gone(l);
    goro_atomic_add(left, -1);
}

GORO_TEST(once_ends_with_the_last_call)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct lazy *l = object();
        int left = 3;
        l->users = 3;
        for (int k = 0; k < 3; k++)
            go(use_once, l, &left);
        while (goro_atomic_load(&left) > 0)
            yield();
    }
}

/* Channels are the runtime's memory: free at once after the last value or the close was seen. Its allocator
 * reuses them at once, so that a late access damages the next round's channel. */
static void send_one(chan_of(int) c, int v)
{
    chan_send(c, v);
}

static void send_and_close(chan_of(int) c, int v)
{
    chan_send(c, v);
    chan_close(c);
}

static void receive_one(chan_of(int) c, int want)
{
    CHECK_EQ(chan_take(c), want);
}

GORO_TEST(channel_ends_with_the_last_operation)
{
    for (int i = 0; i < 2 * ROUNDS; i++) {
        int cap = i % 3, v = 0;
        chan_of(int) c = chan_make(int, cap);
        go(send_one, c, i);
        CHECK_EQ(chan_take(c), i);
        chan_free(c);

        c = chan_make(int, cap);
        go(send_and_close, c, i);
        CHECK_EQ(chan_take(c), i);
        CHECK(!chan_recv(c, &v));
        chan_free(c);

        c = chan_make(int, 0); /* unbuffered: a send that returned was received */
        go(receive_one, c, i);
        chan_send(c, i);
        chan_free(c);

        c = chan_make(int, cap);
        chan_of(int) d = chan_make(int, 0);
        go(send_one, c, i);
        chan_select {
            recv_case(d, &v) {
                CHECK(false);
            }
            recv_case(c, &v) {
                CHECK_EQ(v, i);
            }
        }
        chan_free(d);
        chan_free(c);
    }
}

static void fired(void *arg)
{
    goro_atomic_add((int *)arg, 1);
}

GORO_TEST(timers_end_with_free)
{
    int count = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct goro_timer *t = goro_timer_new(i % 5 * 1000);
        struct goro_ticker *k = goro_ticker_new(1000);
        struct goro_timer *f = goro_after_func(i % 5 * 1000, fired, &count);
        if (i % 3 == 0)
            yield();
        if (i % 7 == 0)
            chan_take(goro_timer_chan(t));
        goro_timer_free(t);
        goro_ticker_free(k);
        goro_timer_free(f);
    }
    while (goro_num_goroutines() > 1)
        yield();
    CHECK(count <= ROUNDS);
}

static void wait_done(struct goro_context *c, int *left)
{
    chan_recv(goro_context_done(c), NULL);
    goro_context_release(c);
    goro_atomic_add(left, -1);
}

GORO_TEST(contexts_end_with_the_last_release)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct goro_context *parent = goro_context_with_cancel(goro_context_background());
        struct goro_context *child = goro_context_with_timeout(parent, i % 4 * 2000);
        int left = 2;
        go(wait_done, goro_context_retain(child), &left);
        go(wait_done, goro_context_retain(parent), &left);
        goro_context_release(child);
        goro_context_cancel(parent, 0);
        goro_context_release(parent);
        while (goro_atomic_load(&left) > 0)
            yield();
    }
}

static int quick(void *arg)
{
    goro_atomic_add((int *)arg, 1);
    return 0;
}

static void quick_task(void *arg)
{
    goro_atomic_add((int *)arg, 1);
}

GORO_TEST(groups_and_pools_end_with_wait_and_close)
{
    for (int i = 0; i < ROUNDS / 3; i++) {
        goro_group *g = object();
        int ran = 0;
        if (i % 2)
            goro_group_init(g, NULL);
        if (i % 3)
            goro_group_limit(g, 2);
        for (int k = 0; k < 4; k++)
            goro_group_go(g, quick, &ran);
        CHECK_EQ(goro_group_wait(g), 0);
        gone(g);
        CHECK_EQ(ran, 4);

        struct goro_pool *p = goro_pool_new(2, 2);
        for (int k = 0; k < 5; k++)
            goro_pool_submit(p, quick_task, &ran);
        goro_pool_close(p);
        CHECK_EQ(ran, 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waitgroup_ends_with_wait),
        cmocka_unit_test(mutex_ends_with_the_last_unlock),
        cmocka_unit_test(semaphore_ends_with_the_last_acquire),
        cmocka_unit_test(condition_ends_with_the_last_wait),
        cmocka_unit_test(once_ends_with_the_last_call),
        cmocka_unit_test(channel_ends_with_the_last_operation),
        cmocka_unit_test(timers_end_with_free),
        cmocka_unit_test(contexts_end_with_the_last_release),
        cmocka_unit_test(groups_and_pools_end_with_wait_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
