/* Timers of the runtime (timer.h), timed parking and sleep. */
#include "run.h"

#include "rt.h"
#include "sched.h"

/* ---- sleep ---- */

static int done;

static void wait_done(int n)
{
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != n)
        goro_yield();
}

static void sleeper(int64_t ns)
{
    int64_t start = goro_now();
    goro_sleep(ns);
    CHECK(goro_now() - start >= ns);
    __atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
}

GORO_TEST(test_sleep_is_long_enough)
{
    done = 0;
    for (int64_t i = 0; i < 2000; i++)
        goro_go(sleeper, i * 7919 % 2000 * 1000);
    wait_done(2000);
}

GORO_TEST(test_sleep_of_nothing)
{
    goro_sleep(0);
    goro_sleep(-1);
    goro_sleep(INT64_MIN);
}

/* Timers of Ps that go away are moved: everybody wakes. */
GORO_TEST(test_processors_come_and_go)
{
    int before = goro_gomaxprocs(0);
    for (int round = 0; round < 10; round++) {
        done = 0;
        for (int64_t i = 0; i < 200; i++)
            goro_go(sleeper, i * 10000);
        goro_yield();
        goro_gomaxprocs(1);
        goro_yield();
        goro_gomaxprocs(4);
        wait_done(200);
    }
    goro_gomaxprocs(before);
}

static void sleep_for_ever(int64_t ns)
{
    goro_sleep(ns);
    CHECK(!"reached");
}

GORO_TEST(test_sleep_for_ever)
{
    goro_go(sleep_for_ever, GORO_FOREVER);
    goro_go(sleep_for_ever, GORO_FOREVER - goro_now());
    goro_go(sleep_for_ever, GORO_FOREVER - goro_now() - GORO_SECOND);
    goro_sleep(2 * GORO_MILLISECOND);
}

/* ---- add and del ---- */

struct shot {
    struct rt_timer timer;
    int fired;
    int64_t early;
};

static void shoot(struct rt_timer *t)
{
    struct shot *s = (struct shot *)t;
    if (goro_now() < t->when)
        s->early++;
    __atomic_add_fetch(&s->fired, 1, __ATOMIC_RELEASE);
}

enum { MANY = 5000 };
static struct shot shots[MANY];

static void arm_many(int64_t base)
{
    for (int i = 0; i < MANY; i++) {
        shots[i] = (struct shot){.timer.fire = shoot};
        rt_timer_add(&shots[i].timer, base + (int64_t)(i * UINT64_C(2654435761) % MANY) * 1000);
    }
}

GORO_TEST(test_del_in_any_order)
{
    arm_many(goro_now() + 3600 * GORO_SECOND);
    for (int i = 0; i < MANY; i++)
        CHECK(rt_timer_del(&shots[i * 7919 % MANY].timer));
    for (int i = 0; i < MANY; i++) {
        CHECK(!rt_timer_del(&shots[i].timer));
        CHECK_EQ(shots[i].fired, 0);
    }
}

/* Those that are left fire once each, the others never. */
GORO_TEST(test_del_while_they_fire)
{
    arm_many(goro_now());
    int dead = 0;
    for (int i = 0; i < MANY; i += 3) {
        int fired_before = __atomic_load_n(&shots[i].fired, __ATOMIC_ACQUIRE);
        bool armed = rt_timer_del(&shots[i].timer);
        CHECK(!(armed && fired_before));
        CHECK_EQ(__atomic_load_n(&shots[i].fired, __ATOMIC_ACQUIRE), !armed);
        dead += armed;
    }
    int fired;
    do {
        goro_yield();
        fired = 0;
        for (int i = 0; i < MANY; i++)
            fired += __atomic_load_n(&shots[i].fired, __ATOMIC_ACQUIRE);
    } while (fired < MANY - dead);
    CHECK_EQ(fired, MANY - dead);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(shots[i].early, 0);
}

/* With one processor. Of several, each may run the next one. */
static int64_t last_when;
static int in_order;

static void note_order(struct rt_timer *t)
{
    CHECK(t->when >= last_when);
    last_when = t->when;
    __atomic_add_fetch(&in_order, 1, __ATOMIC_RELEASE);
}

GORO_TEST(test_order_of_firing)
{
    if (goro_gomaxprocs(0) > 1)
        return;
    last_when = in_order = 0;
    rt_enter(); /* none fires between these, and all are in one heap */
    int64_t base = goro_now();
    for (int i = 0; i < MANY; i++) {
        shots[i].timer = (struct rt_timer){.fire = note_order};
        rt_timer_add(&shots[i].timer, base + GORO_MILLISECOND + (int64_t)(i * UINT64_C(2654435761) % MANY));
    }
    /* Out and in again, so many that the heap closes its gaps on the way. */
    for (int i = 0; i < MANY; i++)
        if (i % 5)
            CHECK(rt_timer_del(&shots[i].timer));
    for (int i = 0; i < MANY; i++)
        if (i % 5 > 2)
            rt_timer_add(&shots[i].timer, base + GORO_MILLISECOND + (int64_t)(i * UINT64_C(40503) % MANY));
    rt_leave();
    int left = 0;
    for (int i = 0; i < MANY; i++)
        left += i % 5 == 0 || i % 5 > 2;
    while (__atomic_load_n(&in_order, __ATOMIC_ACQUIRE) < left)
        goro_yield();
    for (int i = 0; i < MANY; i++)
        rt_timer_del(&shots[i].timer);
}

/* Of a few timers at random, armed and stopped again and again: at each moment the earliest one is known. */
GORO_TEST(test_earliest)
{
    enum { FEW = 200, STEPS = 20000 };
    int64_t base = goro_now() + 3600 * GORO_SECOND, when[FEW];
    uint64_t random = 1;
    for (int i = 0; i < FEW; i++) {
        shots[i] = (struct shot){.timer.fire = shoot};
        when[i] = INT64_MAX;
    }
    for (int step = 0; step < STEPS; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        int i = (int)(random >> 33) % FEW;
        bool arm = step / 1000 % 2 ? random >> 62 == 0 : random >> 62 != 0; /* by turns more and fewer of them */
        int64_t earliest = INT64_MAX;
        if (when[i] != INT64_MAX)
            CHECK(rt_timer_del(&shots[i].timer));
        when[i] = arm ? base + (int64_t)(random >> 20 & 0xffff) : INT64_MAX;
        if (arm)
            rt_timer_add(&shots[i].timer, when[i]);
        for (int j = 0; j < FEW; j++)
            earliest = when[j] < earliest ? when[j] : earliest;
        CHECK_EQ(rt_timers_earliest(), earliest);
    }
    for (int i = 0; i < FEW; i++)
        CHECK_EQ(rt_timer_del(&shots[i].timer), when[i] != INT64_MAX);
    CHECK_EQ(rt_timers_earliest(), INT64_MAX);
}

/* ---- fire that arms itself ---- */

struct periodic {
    struct rt_timer timer;
    int count, inside;
};

static void again(struct rt_timer *t)
{
    struct periodic *p = (struct periodic *)t;
    CHECK_EQ(__atomic_exchange_n(&p->inside, 1, __ATOMIC_ACQ_REL), 0);
    __atomic_add_fetch(&p->count, 1, __ATOMIC_RELEASE);
    rt_timer_add(t, t->when + 1000);
    CHECK_EQ(__atomic_exchange_n(&p->inside, 0, __ATOMIC_ACQ_REL), 1);
}

GORO_TEST(test_del_of_one_that_arms_itself)
{
    for (int round = 0; round < 200; round++) {
        struct periodic p = {.timer.fire = again};
        rt_timer_add(&p.timer, goro_now());
        while (__atomic_load_n(&p.count, __ATOMIC_ACQUIRE) < round % 4)
            goro_yield();
        CHECK(rt_timer_del(&p.timer));
        int count = p.count;
        CHECK_EQ(p.inside, 0);
        goro_yield();
        CHECK_EQ(p.count, count);
    }
}

/* ---- timed parking ---- */

static struct rt_lock lock;
static struct rt_waitq q;
static int woken, timed_out;

static void wait_until(int64_t deadline)
{
    struct rt_g *g = rt_self();
    struct rt_waiter w = {.g = g, .claim = &g->claim, .value = 1};
    rt_lock(&lock);
    __atomic_store_n(&g->claim, 0, __ATOMIC_RELAXED);
    rt_waitq_push(&q, &w);
    if (rt_park_until(&g->claim, deadline, rt_unlock_arg, &lock, RT_REASON_COND, &q)) {
        CHECK_EQ(w.result, 17);
        __atomic_add_fetch(&woken, 1, __ATOMIC_RELEASE);
        return;
    }
    CHECK(goro_now() >= deadline);
    rt_lock(&lock);
    rt_waitq_remove(&q, &w);
    rt_unlock(&lock);
    CHECK_EQ(w.result, 0);
    __atomic_add_fetch(&timed_out, 1, __ATOMIC_RELEASE);
}

static int wake_one(void)
{
    rt_lock(&lock);
    struct rt_waiter *w = rt_waitq_pop(&q);
    if (w) {
        w->result = 17;
        rt_ready(w->g);
    }
    rt_unlock(&lock);
    return w != NULL;
}

static int settled(void)
{
    return __atomic_load_n(&woken, __ATOMIC_ACQUIRE) + __atomic_load_n(&timed_out, __ATOMIC_ACQUIRE);
}

/* Each waiter is either woken or late, and never both: what the wakers took is what was woken. */
GORO_TEST(test_wake_against_deadline)
{
    woken = timed_out = 0;
    int waiters = 0, taken = 0;
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 20; i++, waiters++)
            goro_go(wait_until, goro_now() + (i - 3) * 2000);
        goro_yield();
        for (int i = 0; i < 10; i++)
            taken += wake_one();
    }
    while (settled() < waiters)
        goro_yield();
    CHECK_EQ(woken, taken);
    CHECK_EQ(wake_one(), 0);
}

GORO_TEST(test_all_woken_without_deadline)
{
    woken = timed_out = 0;
    for (int i = 0; i < 100; i++)
        goro_go(wait_until, i % 2 ? GORO_FOREVER : goro_now() + 3600 * GORO_SECOND);
    while (settled() < 100)
        if (!wake_one())
            goro_yield();
    CHECK_EQ(timed_out, 0);
}

static struct shot left_over = {.timer.fire = shoot};

/* An armed timer that outlives the runtime is simply not armed any more. */
GORO_TEST(test_left_armed)
{
    rt_timer_add(&left_over.timer, goro_now() + 3600 * GORO_SECOND);
}

static void test_after_the_end(void **state)
{
    (void)state;
    assert_false(rt_timer_del(&left_over.timer));
    assert_int_equal(left_over.fired, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleep_is_long_enough),
        cmocka_unit_test(test_sleep_of_nothing),
        cmocka_unit_test(test_processors_come_and_go),
        cmocka_unit_test(test_sleep_for_ever),
        cmocka_unit_test(test_del_in_any_order),
        cmocka_unit_test(test_del_while_they_fire),
        cmocka_unit_test(test_order_of_firing),
        cmocka_unit_test(test_earliest),
        cmocka_unit_test(test_del_of_one_that_arms_itself),
        cmocka_unit_test(test_wake_against_deadline),
        cmocka_unit_test(test_all_woken_without_deadline),
        cmocka_unit_test(test_left_armed),
        cmocka_unit_test(test_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
