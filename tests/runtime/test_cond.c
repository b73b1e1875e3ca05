/* Conditions: a bounded buffer, deadlines that meet signals, and a signal that is never lost to one that timed out. */
#include "run.h"

#include "parked.h"

enum { ROOM = 4 };

struct buffer {
    goro_mutex mutex;
    goro_cond filled, emptied;
    int items[ROOM], first, count;
    int64_t sum;
    goro_waitgroup done;
};

static void put(struct buffer *b, int n)
{
    for (int i = 1; i <= n; i++) {
        goro_mutex_lock(&b->mutex);
        while (b->count == ROOM)
            goro_cond_wait(&b->emptied, &b->mutex);
        b->items[(b->first + b->count++) % ROOM] = i;
        goro_cond_signal(&b->filled);
        goro_mutex_unlock(&b->mutex);
    }
    goro_waitgroup_done(&b->done);
}

static void get(struct buffer *b, int n)
{
    for (int i = 1; i <= n; i++) {
        goro_mutex_lock(&b->mutex);
        while (b->count == 0)
            goro_cond_wait(&b->filled, &b->mutex);
        b->sum += b->items[b->first];
        b->first = (b->first + 1) % ROOM;
        b->count--;
        goro_mutex_unlock(&b->mutex);
        goro_cond_signal(&b->emptied);
    }
    goro_waitgroup_done(&b->done);
}

GORO_TEST(test_bounded_buffer)
{
    enum { N = 20000, PAIRS = 4 };
    struct buffer b = {.first = 0};
    goro_waitgroup_add(&b.done, 2 * PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        goro_go(put, &b, N);
        goro_go(get, &b, N);
    }
    goro_waitgroup_wait(&b.done);
    CHECK_EQ(b.sum, (int64_t)PAIRS * N * (N + 1) / 2);
    CHECK(!b.filled.waiters.first && !b.emptied.waiters.first);
}

static struct {
    goro_mutex mutex;
    goro_cond cond;
    int waiting, woken, late;
} turn;

static void wait_a_little(int64_t ns, int n, goro_waitgroup *done)
{
    goro_mutex_lock(&turn.mutex);
    for (int i = 0; i < n; i++) {
        turn.waiting++;
        int result = goro_cond_wait_until(&turn.cond, &turn.mutex, goro_now() + ns);
        turn.waiting--;
        CHECK(result == 0 || result == -ETIMEDOUT);
        ++*(result ? &turn.late : &turn.woken);
    }
    goro_mutex_unlock(&turn.mutex);
    goro_waitgroup_done(done);
}

static bool finished;

static void signal_until_finished(goro_waitgroup *done)
{
    while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
        goro_cond_signal(&turn.cond);
        goro_yield();
    }
    goro_waitgroup_done(done);
}

/* Every wait ends exactly once, by a signal or by its deadline. */
GORO_TEST(test_deadlines_meet_signals)
{
    enum { N = 300, WORKERS = 4 };
    goro_waitgroup done = {0}, signaller = {0};
    turn.woken = turn.late = 0;
    finished = false;
    goro_waitgroup_add(&signaller, 1);
    goro_go(signal_until_finished, &signaller);
    goro_waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(wait_a_little, (int64_t)i * 2000, N, &done);
    goro_waitgroup_wait(&done);
    __atomic_store_n(&finished, true, __ATOMIC_RELEASE);
    goro_waitgroup_wait(&signaller);
    CHECK_EQ(turn.woken + turn.late, N * WORKERS);
    CHECK_EQ(turn.waiting, 0);
    CHECK(!turn.cond.waiters.first);
}

static struct rt_g *place;

static void wait_for_ever(goro_waitgroup *done)
{
    goro_mutex_lock(&turn.mutex);
    HERE(place);
    goro_cond_wait(&turn.cond, &turn.mutex);
    goro_mutex_unlock(&turn.mutex);
    goro_waitgroup_done(done);
}

/* One that has timed out does not swallow the signal of the next. */
GORO_TEST(test_signal_after_a_timeout)
{
    goro_waitgroup done = {0};
    goro_mutex_lock(&turn.mutex);
    CHECK_EQ(goro_cond_wait_until(&turn.cond, &turn.mutex, goro_now() + 10000), -ETIMEDOUT);
    CHECK_EQ(goro_cond_wait_until(&turn.cond, &turn.mutex, 0), -ETIMEDOUT);
    goro_mutex_unlock(&turn.mutex);
    place = NULL;
    goro_waitgroup_add(&done, 1);
    goro_go(wait_for_ever, &done);
    until_parked(&place, RT_REASON_COND);
    goro_cond_signal(&turn.cond);
    goro_waitgroup_wait(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounded_buffer),
        cmocka_unit_test(test_deadlines_meet_signals),
        cmocka_unit_test(test_signal_after_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
