/* The number of Ps changes, and fork is called, while goroutines run. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static int stop, ended, turns;

static void worker(void)
{
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
        goro_yield();
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

static void begin(int workers)
{
    stop = ended = turns = 0;
    for (int i = 0; i < workers; i++)
        goro_go(worker);
}

static void see_turns(int n)
{
    for (int from = __atomic_load_n(&turns, __ATOMIC_RELAXED); __atomic_load_n(&turns, __ATOMIC_RELAXED) < from + n;)
        goro_yield();
}

static void finish(int workers)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) < workers)
        goro_yield();
}

GORO_TEST(test_gomaxprocs)
{
    int first = goro_gomaxprocs(0), last = first;
    CHECK(first > 0);
    begin(20);
    for (int i = 0; i < 100; i++) {
        int n = 1 + i * 7 % 9;
        CHECK_EQ(goro_gomaxprocs(n), last);
        CHECK_EQ(goro_gomaxprocs(-1), n);
        last = n;
        see_turns(50);
    }
    finish(20);
}

static void changer(int id)
{
    for (int i = 0; i < 20; i++) {
        goro_gomaxprocs(1 + (id + i) % 4);
        goro_yield();
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

/* Several stop the world at once. */
GORO_TEST(test_gomaxprocs_contended)
{
    begin(4);
    for (int i = 0; i < 4; i++)
        goro_go(changer, i);
    while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) < 4)
        goro_yield();
    finish(8);
}

static int exit_status(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

GORO_TEST(test_fork_and_exit)
{
    begin(10);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(40 + i);
        CHECK_EQ(exit_status(child), 40 + i);
        see_turns(20);
    }
    finish(10);
}

GORO_TEST(test_fork_and_exec)
{
    begin(4);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
        _exit(1);
    }
    CHECK_EQ(exit_status(child), 9);
    CHECK_EQ(WEXITSTATUS(system("exit 5")), 5);
    finish(4);
}

static int new_ended;

static void new_worker(void)
{
    see_turns(20);
    __atomic_add_fetch(&new_ended, 1, __ATOMIC_RELAXED);
}

/* Old goroutines go on (but for any that the preemption had frozen just then, so they are not counted), new ones start and end. */
static void child_of_fork(void)
{
    goro_go(worker);
    see_turns(100);
    for (int i = 0; i < 5; i++)
        goro_go(new_worker);
    while (__atomic_load_n(&new_ended, __ATOMIC_ACQUIRE) < 5)
        goro_yield();
    _exit(check_failures ? 1 : 23);
}

GORO_TEST(test_fork_and_run)
{
    begin(10);
    see_turns(50);
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0)
            child_of_fork();
        CHECK_EQ(exit_status(child), 23);
    }
    finish(10);
}

static void hog(volatile int *end)
{
    while (!*end)
        ;
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

/* Goroutines that compute are stopped for the fork, and go on in the parent. */
GORO_TEST(test_fork_with_hogs)
{
    static volatile int end;
    end = 0;
    begin(2);
    for (int i = 0; i < 3; i++)
        goro_go(hog, &end);
    for (int i = 0; i < 3; i++) {
        goro_yield();
        pid_t child = fork();
        if (child == 0) {
            goro_go(worker);
            see_turns(10);
            _exit(17);
        }
        CHECK_EQ(exit_status(child), 17);
    }
    end = 1;
    finish(5);
}

static int main_of_child(void *arg)
{
    pid_t *child = arg;
    *child = fork();
    return 31;
}

/* Where main_fn ends in the child, the child ends with its result. */
static void test_fork_and_return(void **state)
{
    pid_t child = -1;
    (void)state;
    assert_int_equal(goro_run(main_of_child, &child), 31);
    assert_true(child > 0);
    assert_int_equal(exit_status(child), 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gomaxprocs),      cmocka_unit_test(test_gomaxprocs_contended),
        cmocka_unit_test(test_fork_and_exit),   cmocka_unit_test(test_fork_and_exec),
        cmocka_unit_test(test_fork_and_run),    cmocka_unit_test(test_fork_with_hogs),
        cmocka_unit_test(test_fork_and_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
