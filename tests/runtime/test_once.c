/* Once: one run, all wait for it in order, also when it ends its goroutine, and the memory goes with the last call. */
#include <string.h>

#include "run.h"

#include "parked.h"

static int runs;

static void count_slowly(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        goro_yield();
    __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
}

static void call(goro_once *once, int yields, goro_waitgroup *done)
{
    goro_once_do(once, count_slowly, &yields);
    CHECK_EQ(__atomic_load_n(&runs, __ATOMIC_RELAXED), 1);
    goro_waitgroup_done(done);
}

GORO_TEST(test_all_wait_for_one_run)
{
    for (int round = 0; round < 500; round++) {
        goro_once once = {0};
        goro_waitgroup done = {0};
        runs = 0;
        goro_waitgroup_add(&done, 8);
        for (int i = 0; i < 8; i++)
            goro_go(call, &once, round % 4, &done);
        goro_waitgroup_wait(&done);
        CHECK_EQ(runs, 1);
        CHECK_EQ(once.state, 1);
    }
}

static void exit_in_it(void *arg)
{
    goro_waitgroup_wait(arg);
    goro_exit();
}

static void call_exit(goro_once *once, goro_waitgroup *until)
{
    goro_once_do(once, exit_in_it, until);
    CHECK(!"goro_once_do returned");
}

static struct rt_g *places[3];
static int next;

static void wait_in_turn(goro_once *once, int i, goro_waitgroup *done)
{
    HERE(places[i]);
    goro_once_do(once, exit_in_it, NULL);
    CHECK_EQ(__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED), i);
    goro_waitgroup_done(done);
}

/* Waiters go on in order of arrival. The order of running is known on one processor only. */
GORO_TEST(test_end_of_the_goroutine_counts)
{
    goro_once once = {0};
    goro_waitgroup until = {0}, done = {0};
    bool one = goro_gomaxprocs(0) == 1;
    next = 0;
    goro_waitgroup_add(&until, 1);
    goro_go(call_exit, &once, &until);
    while (__atomic_load_n(&once.state, __ATOMIC_RELAXED) == 0)
        goro_yield();
    goro_waitgroup_add(&done, 3);
    for (int i = 0; i < (one ? 3 : 1); i++) {
        places[i] = NULL;
        goro_go(wait_in_turn, &once, i, &done);
        until_parked(&places[i], RT_REASON_ONCE);
    }
    if (!one)
        goro_waitgroup_add(&done, -2);
    goro_waitgroup_done(&until);
    goro_waitgroup_wait(&done);
    CHECK_EQ(once.state, 1);
    goro_once_do(&once, exit_in_it, NULL);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void call_and_leave(goro_once *once, int *users, goro_waitgroup *done)
{
    goro_once_do(once, nothing, NULL);
    if (__atomic_sub_fetch(users, 1, __ATOMIC_ACQ_REL) == 0) {
        memset(once, 0xaa, sizeof *once);
        goro_waitgroup_done(done);
    }
}

GORO_TEST(test_gone_after_the_last_call)
{
    enum { OBJECTS = 5000, USERS = 3 };
    static goro_once onces[OBJECTS];
    static int users[OBJECTS];
    goro_waitgroup done = {0};
    memset(onces, 0, sizeof onces);
    goro_waitgroup_add(&done, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) {
        users[i] = USERS;
        for (int k = 0; k < USERS; k++)
            goro_go(call_and_leave, &onces[i], &users[i], &done);
    }
    goro_waitgroup_wait(&done);
    for (int i = 0; i < OBJECTS; i++)
        CHECK(onces[i].state == (uintptr_t)UINT64_C(0xaaaaaaaaaaaaaaaa));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_wait_for_one_run),
        cmocka_unit_test(test_end_of_the_goroutine_counts),
        cmocka_unit_test(test_gone_after_the_last_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
