/* Wait groups: all waiters are released, reuse, and memory that is gone as soon as a wait returns. */
#include <string.h>

#include "run.h"

#include "parked.h"

static void finish(goro_waitgroup *wg, int *finished)
{
    __atomic_add_fetch(finished, 1, __ATOMIC_RELAXED);
    goro_waitgroup_done(wg);
}

GORO_TEST(test_waits_for_all)
{
    goro_waitgroup wg = {0};
    int finished = 0;
    goro_waitgroup_wait(&wg);
    for (int round = 1; round <= 100; round++) {
        goro_waitgroup_add(&wg, 100);
        for (int i = 0; i < 100; i++)
            goro_go(finish, &wg, &finished);
        goro_waitgroup_wait(&wg);
        CHECK_EQ(finished, 100 * round);
        CHECK_EQ(wg.state, 0);
    }
}

static void wait_here(goro_waitgroup *wg, struct rt_g **place, goro_waitgroup *woken)
{
    HERE(*place);
    goro_waitgroup_wait(wg);
    goro_waitgroup_done(woken);
}

GORO_TEST(test_releases_all_waiters)
{
    enum { N = 50 };
    goro_waitgroup wg = {0}, woken = {0};
    static struct rt_g *places[N];
    memset(places, 0, sizeof places);
    goro_waitgroup_add(&wg, 2);
    goro_waitgroup_add(&woken, N);
    for (int i = 0; i < N; i++)
        goro_go(wait_here, &wg, &places[i], &woken);
    for (int i = 0; i < N; i++)
        until_parked(&places[i], RT_REASON_WAITGROUP);
    goro_waitgroup_add(&wg, -1);
    CHECK_EQ((uint32_t)wg.state, N);
    goro_waitgroup_add(&wg, -1);
    goro_waitgroup_wait(&woken);
    CHECK_EQ(wg.state, 0);
    CHECK(wg.waiters.first == NULL);
}

static void done_only(goro_waitgroup *wg)
{
    goro_waitgroup_done(wg);
}

static __attribute__((noinline)) void wait_on_stack(int workers)
{
    goro_waitgroup wg = {0};
    goro_waitgroup_add(&wg, workers);
    for (int i = 0; i < workers; i++)
        goro_go(done_only, &wg);
    goro_waitgroup_wait(&wg);
    memset(&wg, 0xaa, sizeof wg);
    __asm__ volatile("" : : "r"(&wg) : "memory");
}

static void repeat(int times, goro_waitgroup *done)
{
    for (int i = 0; i < times; i++)
        wait_on_stack(1 + i % 3);
    goro_waitgroup_done(done);
}

/* A done that touched it after the wait has returned would see a counter of -0x55555556, or a lock that is never free. */
GORO_TEST(test_gone_after_wait)
{
    goro_waitgroup done = {0};
    goro_waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++)
        goro_go(repeat, 20000, &done);
    goro_waitgroup_wait(&done);
}

GORO_TEST(test_passed_deadline)
{
    goro_waitgroup wg = {0};
    CHECK_EQ(goro_waitgroup_wait_until(&wg, 0), 0);
    goro_waitgroup_add(&wg, 1);
    CHECK_EQ(goro_waitgroup_wait_until(&wg, 0), -ETIMEDOUT);
    CHECK_EQ(wg.state, UINT64_C(1) << 32);
    goro_waitgroup_done(&wg);
}

static void add_and_finish(int yields, goro_waitgroup *wg)
{
    while (yields-- > 0)
        goro_yield();
    goro_waitgroup_done(wg);
}

/* The deadline comes at about the time of the release; the memory goes with the wait that saw zero. */
static __attribute__((noinline)) int wait_a_little(int64_t ns)
{
    goro_waitgroup wg = {0};
    goro_waitgroup_add(&wg, 1);
    goro_go(add_and_finish, (int)(ns / 500), &wg);
    int result = goro_waitgroup_wait_until(&wg, goro_now() + ns);
    CHECK(result == 0 || result == -ETIMEDOUT);
    if (result) {
        CHECK_EQ((uint32_t)wg.state, 0);
        CHECK(!wg.waiters.first);
        goro_waitgroup_wait(&wg);
    }
    memset(&wg, 0xaa, sizeof wg);
    __asm__ volatile("" : : "r"(&wg) : "memory");
    return result != 0;
}

static void wait_often(int *late, goro_waitgroup *done)
{
    for (int i = 0; i < 2000; i++)
        *late += wait_a_little(i % 8 * 1000);
    goro_waitgroup_done(done);
}

GORO_TEST(test_deadline_meets_release)
{
    goro_waitgroup done = {0};
    int late[4] = {0};
    goro_waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++)
        goro_go(wait_often, &late[i], &done);
    goro_waitgroup_wait(&done);
    for (int i = 0; i < 4; i++)
        CHECK(late[i] >= 0 && late[i] <= 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_all),          cmocka_unit_test(test_releases_all_waiters),
        cmocka_unit_test(test_gone_after_wait),        cmocka_unit_test(test_passed_deadline),
        cmocka_unit_test(test_deadline_meets_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
