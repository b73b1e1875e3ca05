/* Pipes and socket pairs: what read and write do, alone and with several goroutines on one descriptor. */
#include <fcntl.h>
#include <sys/poll.h>
#include <sys/un.h>

#include "net.h"

GORO_TEST(a_pipe_carries_bytes_and_ends)
{
    int fds[2];
    char buffer[16];
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_write(fds[1], "hello", 5, GORO_FOREVER), 5);
    CHECK_EQ(goro_read(fds[0], buffer, sizeof buffer, GORO_FOREVER), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_EQ(goro_close(fds[1]), 0);
    CHECK_EQ(goro_read(fds[0], buffer, sizeof buffer, GORO_FOREVER), 0);
    CHECK_EQ(goro_close(fds[0]), 0);
}

GORO_TEST(a_reader_waits_for_the_writer)
{
    int fds[2];
    ssize_t result = -1;
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    wait_finished(1);
    CHECK_EQ(result, 'x');
    CHECK_EQ(rt_poll_waiters(), 0);
    close_pair(fds);
}

enum { MUCH = 3 << 20 };

static void write_much(int fd)
{
    unsigned char *bytes = malloc(MUCH);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = byte_at(i);
    CHECK_EQ(goro_write_full(fd, bytes, MUCH, GORO_FOREVER), MUCH);
    free(bytes);
    finish();
}

static void read_much(int fd)
{
    unsigned char *bytes = malloc(MUCH);
    CHECK_EQ(goro_read_full(fd, bytes, MUCH, GORO_FOREVER), MUCH);
    size_t wrong = 0;
    for (size_t i = 0; i < MUCH; i++)
        wrong += bytes[i] != byte_at(i);
    CHECK_EQ(wrong, 0);
    free(bytes);
    finish();
}

GORO_TEST(much_goes_through_a_pipe)
{
    int fds[2];
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_go(write_much, fds[1]), 0);
    CHECK_EQ(goro_go(read_much, fds[0]), 0);
    wait_finished(2);
    close_pair(fds);
}

/* Each descriptor has a reader and a writer at the same time. */
static void both_ways(int fds[2])
{
    CHECK_EQ(goro_go(write_much, fds[0]), 0);
    CHECK_EQ(goro_go(read_much, fds[0]), 0);
    CHECK_EQ(goro_go(write_much, fds[1]), 0);
    CHECK_EQ(goro_go(read_much, fds[1]), 0);
    wait_finished(4);
    close_pair(fds);
}

GORO_TEST(a_socket_pair_carries_much_both_ways)
{
    int fds[2];
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    both_ways(fds);
}

GORO_TEST(a_connection_carries_much_both_ways)
{
    int fds[2];
    connect_pair(fds);
    both_ways(fds);
}

GORO_TEST(two_readers_share_a_descriptor)
{
    int fds[2];
    ssize_t results[2] = {-1, -1};
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &results[0]), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &results[1]), 0);
    wait_parked(2);
    /* One edge for both. */
    CHECK_EQ(goro_write(fds[1], "ab", 2, GORO_FOREVER), 2);
    wait_finished(2);
    CHECK_EQ(results[0] + results[1], 'a' + 'b');
    close_pair(fds);
}

GORO_TEST(the_end_reaches_all_readers)
{
    int fds[2];
    ssize_t results[3] = {-1, -1, -1};
    CHECK_EQ(goro_pipe(fds), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &results[i]), 0);
    wait_parked(3);
    CHECK_EQ(goro_close(fds[1]), 0);
    wait_finished(3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(results[i], 0);
    CHECK_EQ(goro_close(fds[0]), 0);
}

enum { SHARERS = 8, SHARED = 20000 };

static void count_bytes(int fd, int64_t *sum)
{
    unsigned char buffer[7];
    ssize_t n;
    int64_t own = 0;
    while ((n = goro_read(fd, buffer, sizeof buffer, GORO_FOREVER)) > 0)
        for (ssize_t i = 0; i < n; i++)
            own += 1 + buffer[i];
    CHECK_EQ(n, 0);
    __atomic_add_fetch(sum, own, __ATOMIC_RELAXED);
    finish();
}

static void many_readers(int fds[2])
{
    int64_t sum = 0, want = 0;
    for (int i = 0; i < SHARERS; i++)
        CHECK_EQ(goro_go(count_bytes, fds[0], &sum), 0);
    for (size_t i = 0; i < SHARED; i++) {
        unsigned char byte = byte_at(i);
        want += 1 + byte;
        CHECK_EQ(goro_write(fds[1], &byte, 1, GORO_FOREVER), 1);
        if (i % 16 == 0)
            goro_yield();
    }
    CHECK_EQ(goro_close(fds[1]), 0);
    wait_finished(SHARERS);
    CHECK_EQ(sum, want);
    CHECK_EQ(goro_close(fds[0]), 0);
}

GORO_TEST(many_readers_lose_nothing_of_a_pipe)
{
    int fds[2];
    CHECK_EQ(goro_pipe(fds), 0);
    many_readers(fds);
}

GORO_TEST(many_readers_lose_nothing_of_a_connection)
{
    int fds[2];
    connect_pair(fds);
    many_readers(fds);
}

static void wait_ready(int fd, short events, int *result)
{
    *result = goro_wait_fd(fd, events, GORO_FOREVER);
    finish();
}

GORO_TEST(waiting_for_readiness_takes_nothing)
{
    int fds[2], results[3] = {1, 1, 1};
    char byte;
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_wait_fd(fds[1], POLLOUT, GORO_FOREVER), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(goro_go(wait_ready, fds[0], POLLIN, &results[i]), 0);
    wait_parked(3);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    wait_finished(3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(results[i], 0);
    CHECK_EQ(goro_read(fds[0], &byte, 1, 0), 1);
    CHECK_EQ(goro_wait_fd(fds[0], POLLIN | POLLOUT, 0), -EINVAL);
    close_pair(fds);
}

GORO_TEST(writing_to_nobody_is_an_error_not_a_signal)
{
    int fds[2];
    struct iovec parts[2] = {{"a", 1}, {"b", 1}};
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_close(fds[0]), 0);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), -EPIPE);
    CHECK_EQ(goro_writev(fds[1], parts, 2, GORO_FOREVER), -EPIPE);
    CHECK_EQ(goro_close(fds[1]), 0);
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(goro_close(fds[0]), 0);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), -EPIPE);
    CHECK_EQ(goro_writev(fds[1], parts, 2, GORO_FOREVER), -EPIPE);
    CHECK_EQ(goro_send(fds[1], "x", 1, 0, GORO_FOREVER), -EPIPE);
    CHECK_EQ(goro_close(fds[1]), 0);
}

GORO_TEST(parts_are_gathered_and_scattered)
{
    int fds[2];
    char a[3] = "", b[4] = "";
    struct iovec out[3] = {{"he", 2}, {"", 0}, {"llo", 3}}, in[2] = {{a, 2}, {b, 3}};
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(goro_writev(fds[0], out, 3, GORO_FOREVER), 5);
    CHECK_EQ(goro_readv(fds[1], in, 2, GORO_FOREVER), 5);
    CHECK(strcmp(a, "he") == 0 && strcmp(b, "llo") == 0);
    close_pair(fds);
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_writev(fds[1], out, 3, GORO_FOREVER), 5);
    CHECK_EQ(goro_readv(fds[0], in, 2, GORO_FOREVER), 5);
    close_pair(fds);
}

GORO_TEST(packets_stay_packets)
{
    int fds[2];
    char buffer[8];
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    CHECK_EQ(goro_write(fds[0], "ab", 2, GORO_FOREVER), 2);
    CHECK_EQ(goro_write(fds[0], "cde", 3, GORO_FOREVER), 3);
    CHECK_EQ(goro_read(fds[1], buffer, 8, GORO_FOREVER), 2);
    CHECK_EQ(goro_read(fds[1], buffer, 8, GORO_FOREVER), 3);
    CHECK_EQ(goro_read(fds[1], buffer, 8, 1), -ETIMEDOUT);
    CHECK_EQ(goro_write(fds[0], "ab", 2, GORO_FOREVER), 2);
    CHECK_EQ(goro_write(fds[0], "cde", 3, GORO_FOREVER), 3);
    let_poller_look();
    /* A short read here does not mean that there is no more. */
    CHECK_EQ(goro_read(fds[1], buffer, 8, GORO_FOREVER), 2);
    CHECK_EQ(goro_recv(fds[1], buffer, 8, MSG_PEEK, GORO_FOREVER), 3);
    CHECK_EQ(goro_read(fds[1], buffer, 8, GORO_FOREVER), 3);
    close_pair(fds);
}

GORO_TEST(a_descriptor_passed_along_is_read_after_a_short_read)
{
    int fds[2];
    char byte = 'x', control[CMSG_SPACE(sizeof(int))] = "";
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    CHECK_EQ(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    memcpy(CMSG_DATA(header), &fds[0], sizeof(int));
    CHECK_EQ(goro_sendmsg(fds[0], &message, 0, GORO_FOREVER), 1);
    CHECK_EQ(goro_recvmsg(fds[1], &message, 0, GORO_FOREVER), 1);
    int copy = -1;
    memcpy(&copy, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    CHECK_EQ(goro_write(copy, "y", 1, GORO_FOREVER), 1);
    CHECK_EQ(goro_read(fds[1], &byte, 1, GORO_FOREVER), 1);
    CHECK_EQ(byte, 'y');
    CHECK_EQ(goro_close(copy), 0);
    close_pair(fds);
}

GORO_TEST(foreign_descriptors_become_non_blocking)
{
    int fds[2];
    ssize_t result = -1;
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(goro_go(read_one, fds[0], GORO_FOREVER, &result), 0);
    wait_parked(1);
    CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    wait_finished(1);
    CHECK_EQ(result, 'x');
    close_pair(fds);
}

GORO_TEST(errno_is_left_alone)
{
    int fds[2];
    char byte;
    *goro_errno() = E2BIG;
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_read(fds[0], &byte, 1, 0), -ETIMEDOUT);
    CHECK_EQ(goro_read(-1, &byte, 1, 0), -EBADF);
    close_pair(fds);
    CHECK_EQ(*goro_errno(), E2BIG);
}

static void no_descriptor_is_left(void **state)
{
    (void)state;
    int before = open_descriptors();
    a_pipe_carries_bytes_and_ends(NULL);
    a_connection_carries_much_both_ways(NULL);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_carries_bytes_and_ends),
        cmocka_unit_test(a_reader_waits_for_the_writer),
        cmocka_unit_test(much_goes_through_a_pipe),
        cmocka_unit_test(a_socket_pair_carries_much_both_ways),
        cmocka_unit_test(a_connection_carries_much_both_ways),
        cmocka_unit_test(two_readers_share_a_descriptor),
        cmocka_unit_test(the_end_reaches_all_readers),
        cmocka_unit_test(many_readers_lose_nothing_of_a_pipe),
        cmocka_unit_test(many_readers_lose_nothing_of_a_connection),
        cmocka_unit_test(waiting_for_readiness_takes_nothing),
        cmocka_unit_test(writing_to_nobody_is_an_error_not_a_signal),
        cmocka_unit_test(parts_are_gathered_and_scattered),
        cmocka_unit_test(packets_stay_packets),
        cmocka_unit_test(a_descriptor_passed_along_is_read_after_a_short_read),
        cmocka_unit_test(foreign_descriptors_become_non_blocking),
        cmocka_unit_test(errno_is_left_alone),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
