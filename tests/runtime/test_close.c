/* The end of descriptors: close while others wait or read, numbers used again, closed by others. */
#include <fcntl.h>
#include <sys/poll.h>

#include "net.h"

GORO_TEST(close_ends_the_waits_of_others)
{
    int fds[2];
    ssize_t results[2] = {0, 0};
    char byte;
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &results[0]), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &results[1]), 0);
    wait_parked(2);
    CHECK_EQ(goro_close(fds[0]), 0);
    /* The descriptor is free when close returns, not when the readers have gone on. */
    CHECK_EQ(fcntl(fds[0], F_GETFD), -1);
    wait_finished(2);
    CHECK_EQ(results[0], -ECANCELED);
    CHECK_EQ(results[1], -ECANCELED);
    CHECK_EQ(goro_read(fds[0], &byte, 1, GORO_FOREVER), -EBADF);
    CHECK_EQ(goro_close(fds[0]), -EBADF);
    CHECK_EQ(goro_close(fds[1]), 0);
}

GORO_TEST(closed_behind_our_back)
{
    int fds[2], again[2];
    ssize_t result = 0;
    char byte;
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    close(fds[0]);
    /* The next call finds out, and ends the wait of the one that nobody would wake. */
    CHECK_EQ(goro_write(fds[0], "x", 1, GORO_FOREVER), -EBADF);
    wait_finished(1);
    CHECK_EQ(result, -EBADF);
    /* A number that comes back from goro is new, whatever was known of it. */
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, again), 0);
    CHECK(again[0] == fds[0]);
    CHECK_EQ(goro_go(read_one, again[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    close(again[0]);
    int third = goro_socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(third, again[0]);
    wait_finished(1);
    CHECK_EQ(result, -EBADF);
    CHECK_EQ(goro_close(third), 0);
    CHECK_EQ(goro_close(again[1]), 0);
    CHECK_EQ(goro_read(fds[1], &byte, 1, GORO_FOREVER), 0);
    CHECK_EQ(goro_close(fds[1]), 0);
}

GORO_TEST(numbers_are_used_again)
{
    for (int i = 0; i < 2000; i++) {
        int fds[2];
        ssize_t result = -1;
        if (i % 2)
            CHECK_EQ(goro_pipe(fds), 0);
        else
            CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
        if (i % 3)
            goro_yield();
        CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
        wait_finished(1);
        CHECK_EQ(result, 'x');
        close_pair(fds);
    }
}

/* A reader that goes on with whatever number it has, while that is closed: it ends, and never reads what is another's. */
static void read_until_error(int fd, ssize_t *result)
{
    char byte;
    while ((*result = goro_read(fd, &byte, 1, GORO_FOREVER)) == 1)
        CHECK_EQ(byte, 'x');
    finish();
}

GORO_TEST(close_against_a_busy_reader)
{
    for (int i = 0; i < 1000; i++) {
        int fds[2];
        ssize_t result = 1;
        CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        CHECK_EQ(goro_go(read_until_error, fds[0], &result), 0);
        for (int j = 0; j < i % 5; j++)
            CHECK_EQ(goro_write(fds[1], "xxx", 3, GORO_FOREVER), 3);
        if (i % 3)
            goro_yield();
        CHECK_EQ(goro_close(fds[0]), 0);
        wait_finished(1);
        CHECK(result == -ECANCELED || result == -EBADF);
        CHECK_EQ(goro_close(fds[1]), 0);
    }
}

GORO_TEST(descriptors_that_are_none)
{
    char byte;
    CHECK_EQ(goro_read(-1, &byte, 1, GORO_FOREVER), -EBADF);
    CHECK_EQ(goro_write(1000000, &byte, 1, GORO_FOREVER), -EBADF);
    CHECK_EQ(goro_close(-1), -EBADF);
    CHECK_EQ(goro_close(1000000), -EBADF);
    CHECK_EQ(goro_accept(-1, NULL, NULL, GORO_FOREVER), -EBADF);
    CHECK_EQ(goro_wait_fd(-1, POLLIN, GORO_FOREVER), -EBADF);
    CHECK_EQ(goro_set_deadline(-1, POLLIN, 0), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_ends_the_waits_of_others), cmocka_unit_test(closed_behind_our_back),
        cmocka_unit_test(numbers_are_used_again),         cmocka_unit_test(close_against_a_busy_reader),
        cmocka_unit_test(descriptors_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
