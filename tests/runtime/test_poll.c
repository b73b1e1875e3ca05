/* The poller and the table of descriptors from inside: what must hold between a system call and the wait after it. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "fd.h"
#include "net.h"
#include "rt.h"

GORO_TEST(an_edge_between_call_and_wait_is_not_lost)
{
    int fds[2], error;
    CHECK_EQ(goro_pipe(fds), 0);
    struct rt_fd *d = rt_fd_get(fds[0], &error);
    uint32_t edges = rt_fd_edges(d, RT_FD_READ);
    /* As if the poller had reported it after EAGAIN. */
    struct rt_glist ready = {0};
    CHECK_EQ(rt_fd_event(fds[0], d->generation, EPOLLIN, &ready), 0);
    CHECK_EQ(rt_fd_wait(fds[0], d, RT_FD_READ, edges, GORO_FOREVER), 0);
    edges = rt_fd_edges(d, RT_FD_READ);
    CHECK_EQ(rt_fd_wait(fds[0], d, RT_FD_READ, edges, 1), -ETIMEDOUT);
    rt_fd_put(fds[0], d);
    close_pair(fds);
}

GORO_TEST(events_of_a_former_owner_are_dropped)
{
    int fds[2], error;
    ssize_t result = -1;
    CHECK_EQ(goro_pipe(fds), 0);
    struct rt_fd *d = rt_fd_get(fds[0], &error);
    rt_fd_put(fds[0], d);
    uint32_t before = d->generation;
    close_pair(fds);
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK(d->generation != before);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    struct rt_glist ready = {0};
    CHECK_EQ(rt_fd_event(fds[0], before, EPOLLIN | EPOLLHUP, &ready), 0);
    CHECK_EQ(d->suspicious, 0);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    wait_finished(1);
    CHECK_EQ(result, 'x');
    close_pair(fds);
}

GORO_TEST(a_short_read_saves_the_next_call)
{
    int fds[2], error;
    char buffer[8];
    connect_pair(fds);
    CHECK_EQ(goro_write(fds[0], "abc", 3, GORO_FOREVER), 3);
    CHECK_EQ(goro_read(fds[1], buffer, 8, GORO_FOREVER), 3);
    struct rt_fd *d = rt_fd_get(fds[1], &error);
    CHECK(rt_fd_is_drained(d, RT_FD_READ, rt_fd_edges(d, RT_FD_READ)));
    CHECK_EQ(goro_write(fds[0], "abcdefgh", 8, GORO_FOREVER), 8);
    CHECK_EQ(goro_read(fds[1], buffer, 4, GORO_FOREVER), 4);
    CHECK(!rt_fd_is_drained(d, RT_FD_READ, rt_fd_edges(d, RT_FD_READ)));
    rt_fd_put(fds[1], d);
    close_pair(fds);
}

GORO_TEST(a_passed_deadline_on_top_of_an_event)
{
    int fds[2], error;
    CHECK_EQ(goro_pipe(fds), 0);
    struct rt_fd *d = rt_fd_get(fds[0], &error);
    struct rt_glist ready = {0};
    uint32_t edges = rt_fd_edges(d, RT_FD_READ);
    CHECK_EQ(rt_fd_event(fds[0], d->generation, EPOLLIN, &ready), 0);
    /* The event wins: the call tries again, and then says what is so. */
    CHECK_EQ(rt_fd_wait(fds[0], d, RT_FD_READ, edges, 1), 0);
    rt_fd_put(fds[0], d);
    close_pair(fds);
}

static void close_it(int fd, int *result)
{
    *result = goro_close(fd);
    finish();
}

GORO_TEST(a_number_is_not_given_back_while_a_call_uses_it)
{
    int fds[2], error, result = 1;
    CHECK_EQ(goro_pipe(fds), 0);
    /* As a call between its wake-up and its system call. */
    struct rt_fd *d = rt_fd_get(fds[0], &error);
    CHECK_EQ(goro_go(close_it, fds[0], &result), 0);
    while (!__atomic_load_n(&d->closer, __ATOMIC_ACQUIRE))
        goro_yield();
    CHECK(fcntl(fds[0], F_GETFD) >= 0);
    CHECK_EQ(rt_fd_wait(fds[0], d, RT_FD_READ, rt_fd_edges(d, RT_FD_READ), GORO_FOREVER), -ECANCELED);
    CHECK_EQ(goro_write(fds[0], "x", 1, GORO_FOREVER), -EBADF);
    CHECK_EQ(goro_close(fds[0]), -EBADF);
    CHECK_EQ(result, 1);
    rt_fd_put(fds[0], d);
    wait_finished(1);
    CHECK_EQ(result, 0);
    CHECK_EQ(fcntl(fds[0], F_GETFD), -1);
    CHECK_EQ(goro_close(fds[1]), 0);
}

static long wait_child(void *pid)
{
    int status = -1;
    return waitpid(*(pid_t *)pid, &status, 0) == *(pid_t *)pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A byte for the reader in the parent, one for its copy in the child: each process polls for its own. */
static int fork_body(void *arg)
{
    int *fds = arg;
    ssize_t result = -1;
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    pid_t pid = fork();
    if (pid == 0) {
        wait_finished(1);
        return result == 'x' && check_failures == 0 ? 11 : 12;
    }
    CHECK_EQ(goro_write(fds[1], "xx", 2, GORO_FOREVER), 2);
    wait_finished(1);
    CHECK_EQ(result, 'x');
    CHECK_EQ(goro_blocking(wait_child, &pid), 11);
    return 7;
}

static void after_fork_each_polls_for_itself(void **state)
{
    (void)state;
    int fds[2], before = check_failures;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(goro_run(fork_body, fds), 7);
    assert_int_equal(check_failures, before);
    close(fds[0]);
    close(fds[1]);
}

/* What is still waiting when the runtime ends must not be known to the next one. */
static int leave_waiting(void *arg)
{
    static ssize_t result;
    CHECK_EQ(goro_go(read_one, *(int *)arg, GORO_FOREVER, &result), 0);
    wait_parked(1);
    return 0;
}

static int use_again(void *arg)
{
    ssize_t result = -1;
    int *fds = arg;
    CHECK_EQ(rt_poll_waiters(), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    wait_finished(1);
    CHECK_EQ(result, 'x');
    return 0;
}

static void the_runtime_ends_and_begins_again(void **state)
{
    (void)state;
    int fds[2], before = check_failures;
    assert_int_equal(pipe(fds), 0);
    int descriptors = open_descriptors();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(goro_run(leave_waiting, fds), 0);
        assert_int_equal(open_descriptors(), descriptors);
        assert_int_equal(goro_run(use_again, fds), 0);
        assert_int_equal(open_descriptors(), descriptors);
    }
    assert_int_equal(check_failures, before);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edge_between_call_and_wait_is_not_lost),
        cmocka_unit_test(events_of_a_former_owner_are_dropped),
        cmocka_unit_test(a_number_is_not_given_back_while_a_call_uses_it),
        cmocka_unit_test(a_short_read_saves_the_next_call),
        cmocka_unit_test(a_passed_deadline_on_top_of_an_event),
        cmocka_unit_test(after_fork_each_polls_for_itself),
        cmocka_unit_test(the_runtime_ends_and_begins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
