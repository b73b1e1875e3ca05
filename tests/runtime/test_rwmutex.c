/* Readers-writer locks: exclusion, who goes first, state that is zero again, memory that goes with the last unlock. */
#include <string.h>

#include "run.h"

#include "parked.h"

static void check_unused(const goro_rwmutex *rw)
{
    static const goro_rwmutex unused;
    CHECK(memcmp(rw, &unused, sizeof unused) == 0);
}

struct shared {
    goro_rwmutex rw;
    int64_t a, b; /* equal, but for a writer */
    goro_waitgroup done;
};

static void use(struct shared *s, int i, int n)
{
    for (int k = 0; k < n; k++) {
        if ((k + i) % 5 == 0) {
            goro_rwmutex_lock(&s->rw);
            s->a++;
            if (k % 7 == 0)
                goro_yield();
            s->b++;
            goro_rwmutex_unlock(&s->rw);
        } else {
            goro_rwmutex_rlock(&s->rw);
            int64_t a = __atomic_load_n(&s->a, __ATOMIC_RELAXED);
            if (k % 11 == 0)
                goro_yield();
            CHECK_EQ(a, __atomic_load_n(&s->b, __ATOMIC_RELAXED));
            goro_rwmutex_runlock(&s->rw);
        }
    }
    goro_waitgroup_done(&s->done);
}

GORO_TEST(test_excludes)
{
    enum { N = 20000, WORKERS = 10 };
    struct shared s = {.a = 0};
    goro_waitgroup_add(&s.done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(use, &s, i, N);
    goro_waitgroup_wait(&s.done);
    CHECK_EQ(s.a, N / 5 * WORKERS);
    CHECK_EQ(s.b, N / 5 * WORKERS);
    check_unused(&s.rw);
}

static void try_often(struct shared *s, int n)
{
    for (int k = 0; k < n; k++) {
        if (goro_rwmutex_trylock(&s->rw)) {
            s->a++;
            goro_rwmutex_unlock(&s->rw);
        }
        if (goro_rwmutex_tryrlock(&s->rw))
            goro_rwmutex_runlock(&s->rw);
        goro_rwmutex_lock(&s->rw);
        s->b++;
        goro_rwmutex_unlock(&s->rw);
    }
    goro_waitgroup_done(&s->done);
}

GORO_TEST(test_try)
{
    struct shared s = {.a = 0};
    CHECK(goro_rwmutex_tryrlock(&s.rw));
    CHECK(goro_rwmutex_tryrlock(&s.rw));
    CHECK(!goro_rwmutex_trylock(&s.rw));
    goro_rwmutex_runlock(&s.rw);
    goro_rwmutex_runlock(&s.rw);
    CHECK(goro_rwmutex_trylock(&s.rw));
    CHECK(!goro_rwmutex_tryrlock(&s.rw));
    goro_rwmutex_unlock(&s.rw);
    goro_waitgroup_add(&s.done, 4);
    for (int i = 0; i < 4; i++)
        goro_go(try_often, &s, 10000);
    goro_waitgroup_wait(&s.done);
    CHECK_EQ(s.b, 40000);
    CHECK(s.a <= 40000);
    check_unused(&s.rw);
}

static struct rt_g *places[5];
static char order[6];
static int ordered;

static void in_turn(goro_rwmutex *rw, int i, bool writes, goro_waitgroup *done)
{
    HERE(places[i]);
    (writes ? goro_rwmutex_lock : goro_rwmutex_rlock)(rw);
    order[__atomic_fetch_add(&ordered, 1, __ATOMIC_RELAXED)] = writes ? 'w' : 'r';
    (writes ? goro_rwmutex_unlock : goro_rwmutex_runlock)(rw);
    goro_waitgroup_done(done);
}

static void queue(goro_rwmutex *rw, const char *who, goro_waitgroup *done)
{
    for (int i = 0; who[i]; i++) {
        bool writes = who[i] == 'w';
        places[i] = NULL;
        goro_waitgroup_add(done, 1);
        goro_go(in_turn, rw, i, writes, done);
        until_parked(&places[i], writes ? RT_REASON_RWMUTEX_WRITE : RT_REASON_RWMUTEX_READ);
    }
}

/* After a writer the readers that wait, though a second writer waited before them; then that one. */
GORO_TEST(test_readers_follow_a_writer)
{
    goro_rwmutex rw = {0};
    goro_waitgroup done = {0};
    memset(order, 0, sizeof order);
    ordered = 0;
    goro_rwmutex_lock(&rw);
    queue(&rw, "wrrw", &done);
    goro_rwmutex_unlock(&rw);
    goro_waitgroup_wait(&done);
    CHECK(strcmp(order, "rrww") == 0);
    check_unused(&rw);
}

/* A writer that waits for a reader goes before readers that come after it. */
GORO_TEST(test_writer_before_later_readers)
{
    goro_rwmutex rw = {0};
    goro_waitgroup done = {0};
    memset(order, 0, sizeof order);
    ordered = 0;
    goro_rwmutex_rlock(&rw);
    queue(&rw, "wrr", &done);
    CHECK(!goro_rwmutex_tryrlock(&rw));
    goro_rwmutex_runlock(&rw);
    goro_waitgroup_wait(&done);
    CHECK(strcmp(order, "wrr") == 0);
    check_unused(&rw);
}

struct counted {
    goro_rwmutex rw;
    int users;
};

static void use_and_leave(struct counted *c, int i, goro_waitgroup *done)
{
    int left;
    if (i % 2) {
        goro_rwmutex_lock(&c->rw);
        left = __atomic_sub_fetch(&c->users, 1, __ATOMIC_RELAXED);
        goro_rwmutex_unlock(&c->rw);
    } else {
        goro_rwmutex_rlock(&c->rw);
        left = __atomic_sub_fetch(&c->users, 1, __ATOMIC_RELAXED);
        goro_rwmutex_runlock(&c->rw);
    }
    if (left == 0) { /* of several readers the last to leave is another one: a lock more waits for it */
        goro_rwmutex_lock(&c->rw);
        goro_rwmutex_unlock(&c->rw);
        memset(c, 0xaa, sizeof *c);
        goro_waitgroup_done(done);
    }
}

GORO_TEST(test_gone_after_the_last_unlock)
{
    enum { OBJECTS = 3000, USERS = 6 };
    static struct counted objects[OBJECTS];
    goro_waitgroup done = {0};
    memset(objects, 0, sizeof objects);
    goro_waitgroup_add(&done, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) {
        objects[i].users = USERS;
        for (int k = 0; k < USERS; k++)
            goro_go(use_and_leave, &objects[i], k, &done);
    }
    goro_waitgroup_wait(&done);
    for (int i = 0; i < OBJECTS; i++) {
        const unsigned char *bytes = (const unsigned char *)&objects[i];
        for (size_t k = 0; k < sizeof objects[i]; k++)
            CHECK_EQ(bytes[k], 0xaa);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excludes),
        cmocka_unit_test(test_try),
        cmocka_unit_test(test_readers_follow_a_writer),
        cmocka_unit_test(test_writer_before_later_readers),
        cmocka_unit_test(test_gone_after_the_last_unlock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
