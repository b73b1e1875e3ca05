/* Mutexes: exclusion under preemption and yields, flags that go away again, barging and hand-over, deadlines. */
#include "run.h"

#include "parked.h"

static void count(goro_mutex *m, int64_t n, int64_t *counter, goro_waitgroup *done)
{
    for (int64_t i = 0; i < n; i++) {
        goro_mutex_lock(m);
        ++*counter;
        goro_mutex_unlock(m);
    }
    goro_waitgroup_done(done);
}

static void check_unused(const goro_mutex *m)
{
    CHECK_EQ(m->state, 0);
    CHECK(m->waiters.first == NULL && m->waiters.last == NULL && m->waiters.lock == 0);
}

GORO_TEST(test_counts_under_contention)
{
    enum { N = 200000, WORKERS = 8 };
    goro_mutex m = {0};
    goro_waitgroup done = {0};
    int64_t counter = 0;
    goro_waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(count, &m, (int64_t)N, &counter, &done);
    goro_waitgroup_wait(&done);
    CHECK_EQ(counter, N * WORKERS);
    check_unused(&m);
}

static void count_yielding(goro_mutex *m, int n, int64_t *counter, goro_waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        goro_mutex_lock(m);
        int64_t read = *counter;
        goro_yield();
        *counter = read + 1;
        goro_mutex_unlock(m);
    }
    goro_waitgroup_done(done);
}

GORO_TEST(test_held_over_yields)
{
    enum { N = 2000, WORKERS = 8 };
    goro_mutex m = {0};
    goro_waitgroup done = {0};
    int64_t counter = 0;
    goro_waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(count_yielding, &m, N, &counter, &done);
    goro_waitgroup_wait(&done);
    CHECK_EQ(counter, N * WORKERS);
    check_unused(&m);
}

static struct rt_g *places[3];
static int order[3], ordered;

static void lock_in_turn(goro_mutex *m, int i, goro_waitgroup *done)
{
    HERE(places[i]);
    goro_mutex_lock(m);
    order[ordered++] = i;
    goro_mutex_unlock(m);
    goro_waitgroup_done(done);
}

/* Waiters are served in order of arrival, both when they are woken and when they are handed the mutex. */
static void in_turn(int64_t wait)
{
    goro_mutex m = {0};
    goro_waitgroup done = {0};
    ordered = 0;
    goro_waitgroup_add(&done, 3);
    goro_mutex_lock(&m);
    for (int i = 0; i < 3; i++) {
        places[i] = NULL;
        goro_go(lock_in_turn, &m, i, &done);
        until_parked(&places[i], RT_REASON_MUTEX);
    }
    int64_t until = goro_now() + wait;
    while (goro_now() < until)
        ;
    goro_mutex_unlock(&m);
    goro_waitgroup_wait(&done);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(order[i], i);
    check_unused(&m);
}

GORO_TEST(test_order)
{
    in_turn(0);
    in_turn(2 * GORO_MILLISECOND);
}

static void lock_and_tell(goro_mutex *m, bool *got, goro_waitgroup *done)
{
    HERE(places[0]);
    goro_mutex_lock(m);
    __atomic_store_n(got, true, __ATOMIC_SEQ_CST);
    goro_mutex_unlock(m);
    goro_waitgroup_done(done);
}

/* One processor: the waiter runs only while the mutex is held, so without a hand-over this would not end. */
GORO_TEST(test_handed_over_after_a_millisecond)
{
    goro_mutex m = {0};
    goro_waitgroup done = {0};
    bool got = false;
    places[0] = NULL;
    goro_waitgroup_add(&done, 1);
    goro_mutex_lock(&m);
    goro_go(lock_and_tell, &m, &got, &done);
    until_parked(&places[0], RT_REASON_MUTEX);
    int64_t begin = goro_now();
    while (goro_now() < begin + 2 * GORO_MILLISECOND)
        ;
    while (!__atomic_load_n(&got, __ATOMIC_SEQ_CST)) { /* lets it look, but never at a free mutex */
        goro_mutex_unlock(&m);
        goro_mutex_lock(&m);
        goro_yield();
    }
    goro_mutex_unlock(&m);
    goro_waitgroup_wait(&done);
    check_unused(&m);
}

GORO_TEST(test_trylock)
{
    goro_mutex m = {0};
    CHECK(goro_mutex_trylock(&m));
    CHECK(!goro_mutex_trylock(&m));
    CHECK_EQ(goro_mutex_lock_until(&m, 0), -ETIMEDOUT);
    goro_mutex_unlock(&m);
    CHECK_EQ(goro_mutex_lock_until(&m, 0), 0);
    goro_mutex_unlock(&m);
    check_unused(&m);
}

static void lock_with_deadline(goro_mutex *m, int i, int64_t *counter, int *late, goro_waitgroup *done)
{
    for (int k = 0; k < 1000; k++) {
        int result = k % 3 == 0 ? (goro_mutex_lock(m), 0) : goro_mutex_lock_until(m, goro_now() + (i + k) % 5 * 1000);
        if (result) {
            CHECK_EQ(result, -ETIMEDOUT);
            __atomic_add_fetch(late, 1, __ATOMIC_RELAXED);
            continue;
        }
        int64_t read = *counter;
        if (k % 4 == 0)
            goro_yield();
        *counter = read + 1;
        goro_mutex_unlock(m);
    }
    goro_waitgroup_done(done);
}

/* Deadlines that come at the time of a wake or a hand-over: each lock is either ours or not, and the mutex free in the end. */
GORO_TEST(test_deadlines)
{
    enum { WORKERS = 8 };
    goro_mutex m = {0};
    goro_waitgroup done = {0};
    int64_t counter = 0;
    int late = 0;
    goro_waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(lock_with_deadline, &m, i, &counter, &late, &done);
    goro_waitgroup_wait(&done);
    CHECK_EQ(counter + late, 1000 * WORKERS);
    check_unused(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_under_contention),
        cmocka_unit_test(test_held_over_yields),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_handed_over_after_a_millisecond),
        cmocka_unit_test(test_trylock),
        cmocka_unit_test(test_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
