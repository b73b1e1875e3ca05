/* Deadlines of calls and of descriptors. What is checked are results, not durations. */
#include <sys/poll.h>

#include "net.h"

GORO_TEST(a_deadline_that_has_passed)
{
    int fds[2];
    char buffer[4];
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_read(fds[0], buffer, 4, 0), -ETIMEDOUT);
    CHECK_EQ(goro_read(fds[0], buffer, 4, INT64_MIN), -ETIMEDOUT);
    CHECK_EQ(goro_wait_fd(fds[0], POLLIN, 0), -ETIMEDOUT);
    /* What need not wait succeeds all the same. */
    CHECK_EQ(goro_write(fds[1], "ab", 2, 0), 2);
    CHECK_EQ(goro_read(fds[0], buffer, 4, 0), 2);
    close_pair(fds);
    /* Also where a short read said that there is no more. */
    connect_pair(fds);
    CHECK_EQ(goro_write(fds[1], "ab", 2, 0), 2);
    CHECK_EQ(goro_read(fds[0], buffer, 4, GORO_FOREVER), 2);
    CHECK_EQ(goro_read(fds[0], buffer, 4, 0), -ETIMEDOUT);
    CHECK_EQ(goro_write(fds[1], "cd", 2, 0), 2);
    CHECK_EQ(goro_wait_fd(fds[0], POLLIN, GORO_FOREVER), 0);
    CHECK_EQ(goro_read(fds[0], buffer, 4, 0), 2);
    close_pair(fds);
}

GORO_TEST(a_deadline_ends_the_wait)
{
    int fds[2];
    char byte;
    CHECK_EQ(goro_pipe(fds), 0);
    int64_t deadline = goro_now() + 2 * GORO_MILLISECOND;
    CHECK_EQ(goro_read(fds[0], &byte, 1, deadline), -ETIMEDOUT);
    CHECK(goro_now() >= deadline);
    CHECK_EQ(rt_poll_waiters(), 0);
    /* The descriptor is as good as before. */
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    CHECK_EQ(goro_read(fds[0], &byte, 1, goro_now() + 3600 * GORO_SECOND), 1);
    close_pair(fds);
}

GORO_TEST(a_full_pipe_makes_the_writer_time_out)
{
    int fds[2];
    static char bytes[1 << 20];
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_write_full(fds[1], bytes, sizeof bytes, goro_now() + GORO_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(goro_wait_fd(fds[1], POLLOUT, 0), -ETIMEDOUT);
    CHECK_EQ(goro_wait_fd(fds[0], POLLIN, GORO_FOREVER), 0);
    close_pair(fds);
}

GORO_TEST(setting_a_deadline_reaches_those_who_wait)
{
    int fds[2];
    ssize_t result = 0;
    char byte;
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    CHECK_EQ(goro_set_deadline(fds[0], POLLIN, 1), 0);
    wait_finished(1);
    CHECK_EQ(result, -ETIMEDOUT);
    CHECK_EQ(goro_read(fds[0], &byte, 1, GORO_FOREVER), -ETIMEDOUT);
    /* Of the other direction nothing was said. */
    CHECK_EQ(goro_write(fds[0], "x", 1, GORO_FOREVER), 1);
    /* It can be moved on, and taken away. */
    CHECK_EQ(goro_set_deadline(fds[0], POLLIN | POLLOUT, goro_now() + 3600 * GORO_SECOND), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    CHECK_EQ(goro_set_deadline(fds[0], POLLIN, GORO_FOREVER), 0);
    CHECK_EQ(goro_write(fds[1], "y", 1, GORO_FOREVER), 1);
    wait_finished(1);
    CHECK_EQ(result, 'y');
    CHECK_EQ(goro_set_deadline(fds[0], 0, 1), -EINVAL);
    close_pair(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_that_has_passed),
        cmocka_unit_test(a_deadline_ends_the_wait),
        cmocka_unit_test(a_full_pipe_makes_the_writer_time_out),
        cmocka_unit_test(setting_a_deadline_reaches_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
