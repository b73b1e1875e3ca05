/* Connections: half close, refusal, resets, many at once, several acceptors, no descriptors left, unix sockets, datagrams. */
#include <netinet/tcp.h>
#include <sys/poll.h>
#include <sys/resource.h>

#include "net.h"

static void echo(int fd)
{
    char buffer[256];
    ssize_t n;
    while ((n = goro_read(fd, buffer, sizeof buffer, GORO_FOREVER)) > 0)
        CHECK_EQ(goro_write_full(fd, buffer, (size_t)n, GORO_FOREVER), n);
    CHECK_EQ(n, 0);
    CHECK_EQ(goro_close(fd), 0);
    finish();
}

/* Accepts and echoes until the listener is closed. */
static void serve(int listener)
{
    int fd;
    while ((fd = goro_accept(listener, NULL, NULL, GORO_FOREVER)) >= 0)
        CHECK_EQ(goro_go(echo, fd), 0);
    CHECK(fd == -ECANCELED || fd == -EBADF);
    finish();
}

GORO_TEST(dial_by_name_and_number)
{
    struct sockaddr_in address, peer;
    socklen_t size = sizeof peer;
    char port[8], buffer[8];
    int one = 0;
    int listener = listen_local(&address);
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    int client = goro_tcp_dial("localhost", port, GORO_FOREVER);
    CHECK(client >= 0);
    int server = goro_accept(listener, (struct sockaddr *)&peer, &size, GORO_FOREVER);
    CHECK(server >= 0);
    CHECK_EQ(peer.sin_family, AF_INET);
    CHECK_EQ(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
    size = sizeof one;
    CHECK_EQ(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, &size), 0);
    CHECK_EQ(one, 1);
    CHECK_EQ(goro_write(client, "hello", 5, GORO_FOREVER), 5);
    CHECK_EQ(goro_read_full(server, buffer, 5, GORO_FOREVER), 5);
    close_pair((int[]){client, server});
    CHECK_EQ(goro_close(listener), 0);
}

GORO_TEST(any_address_takes_ipv4)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char port[8];
    int listener = goro_tcp_listen(NULL, "0", 16);
    CHECK(listener >= 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    /* The same place in both kinds of addresses. */
    snprintf(port, sizeof port, "%d", ntohs(((struct sockaddr_in *)&address)->sin_port));
    int client = goro_tcp_dial("127.0.0.1", port, GORO_FOREVER);
    CHECK(client >= 0);
    int server = goro_accept(listener, NULL, NULL, GORO_FOREVER);
    CHECK(server >= 0);
    close_pair((int[]){client, server});
    CHECK_EQ(goro_close(listener), 0);
}

GORO_TEST(nobody_listens)
{
    struct sockaddr_in address;
    char port[8];
    CHECK_EQ(goro_close(listen_local(&address)), 0);
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    CHECK_EQ(goro_tcp_dial("127.0.0.1", port, GORO_FOREVER), -ECONNREFUSED);
    int fd = goro_socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(goro_connect(fd, (struct sockaddr *)&address, sizeof address, GORO_FOREVER), -ECONNREFUSED);
    CHECK_EQ(goro_close(fd), 0);
    CHECK_EQ(goro_tcp_dial("127.0.0.1", "no such service", GORO_FOREVER), -ENOENT);
}

GORO_TEST(connecting_twice)
{
    struct sockaddr_in address;
    int listener = listen_local(&address), client = dial_local(&address);
    CHECK_EQ(goro_connect(client, (struct sockaddr *)&address, sizeof address, GORO_FOREVER), -EISCONN);
    CHECK_EQ(goro_close(client), 0);
    CHECK_EQ(goro_close(listener), 0);
}

static void read_rest(int fd, ssize_t *count)
{
    char buffer[64];
    ssize_t n;
    while ((n = goro_read(fd, buffer, sizeof buffer, GORO_FOREVER)) > 0)
        *count += n;
    CHECK_EQ(n, 0);
    finish();
}

GORO_TEST(half_close)
{
    int fds[2];
    ssize_t count = 0;
    char buffer[8];
    connect_pair(fds);
    CHECK_EQ(goro_go(read_rest, fds[1], &count), 0);
    wait_parked(1);
    CHECK_EQ(goro_write(fds[0], "abc", 3, GORO_FOREVER), 3);
    CHECK_EQ(goro_shutdown(fds[0], SHUT_WR), 0);
    wait_finished(1);
    CHECK_EQ(count, 3);
    CHECK_EQ(goro_write(fds[0], "x", 1, GORO_FOREVER), -EPIPE);
    /* The other way is open. */
    CHECK_EQ(goro_write(fds[1], "defg", 4, GORO_FOREVER), 4);
    CHECK_EQ(goro_read(fds[0], buffer, 8, GORO_FOREVER), 4);
    CHECK_EQ(goro_close(fds[1]), 0);
    CHECK_EQ(goro_read(fds[0], buffer, 8, GORO_FOREVER), 0);
    CHECK_EQ(goro_read(fds[0], buffer, 8, GORO_FOREVER), 0);
    CHECK_EQ(goro_close(fds[0]), 0);
}

/* Data and end in one event: the short read must not make the reader wait for an edge that does not come. */
GORO_TEST(the_end_after_a_short_read)
{
    for (int i = 0; i < 200; i++) {
        int fds[2];
        char buffer[64];
        connect_pair(fds);
        if (i % 2) /* registered before, so that there is an event to carry both */
            CHECK_EQ(goro_read(fds[1], buffer, 64, 1), -ETIMEDOUT);
        CHECK_EQ(goro_write(fds[0], "abc", 3, GORO_FOREVER), 3);
        CHECK_EQ(goro_close(fds[0]), 0);
        if (i % 8 == 1)
            let_poller_look();
        CHECK_EQ(goro_read(fds[1], buffer, 64, GORO_FOREVER), 3);
        CHECK_EQ(goro_read(fds[1], buffer, 64, GORO_FOREVER), 0);
        CHECK_EQ(goro_close(fds[1]), 0);
    }
}

/* read(2) stops short at urgent data although more is there. */
GORO_TEST(a_short_read_before_urgent_data)
{
    for (int registered = 0; registered < 2; registered++) {
        int fds[2];
        char buffer[64];
        connect_pair(fds);
        if (registered)
            CHECK_EQ(goro_read(fds[1], buffer, 64, 1), -ETIMEDOUT);
        CHECK_EQ(goro_write(fds[0], "abc", 3, GORO_FOREVER), 3);
        CHECK_EQ(goro_send(fds[0], "!", 1, MSG_OOB, GORO_FOREVER), 1);
        CHECK_EQ(goro_write(fds[0], "de", 2, GORO_FOREVER), 2);
        let_poller_look();
        CHECK_EQ(goro_read(fds[1], buffer, 64, GORO_FOREVER), 3);
        CHECK_EQ(goro_read(fds[1], buffer, 64, GORO_FOREVER), 2);
        close_pair(fds);
    }
}

GORO_TEST(a_reset_reaches_reader_and_writer)
{
    int fds[2];
    char buffer[8];
    struct linger now = {.l_onoff = 1};
    connect_pair(fds);
    CHECK_EQ(goro_read(fds[1], buffer, 8, 1), -ETIMEDOUT);
    CHECK_EQ(setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    CHECK_EQ(goro_close(fds[0]), 0);
    CHECK_EQ(goro_read(fds[1], buffer, 8, GORO_FOREVER), -ECONNRESET);
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), -EPIPE);
    CHECK_EQ(goro_close(fds[1]), 0);
}

static void accept_one(int listener, int *result)
{
    *result = goro_accept(listener, NULL, NULL, GORO_FOREVER);
    finish();
}

GORO_TEST(several_acceptors)
{
    enum { ACCEPTORS = 5 };
    struct sockaddr_in address;
    int listener = listen_local(&address), clients[ACCEPTORS], servers[ACCEPTORS];
    for (int i = 0; i < ACCEPTORS; i++)
        CHECK_EQ(goro_go(accept_one, listener, &servers[i]), 0);
    wait_parked(ACCEPTORS);
    for (int i = 0; i < ACCEPTORS; i++)
        clients[i] = dial_local(&address);
    wait_finished(ACCEPTORS);
    for (int i = 0; i < ACCEPTORS; i++) {
        CHECK(servers[i] >= 0);
        CHECK_EQ(goro_close(servers[i]), 0);
        CHECK_EQ(goro_close(clients[i]), 0);
    }
    CHECK_EQ(goro_accept(listener, NULL, NULL, 1), -ETIMEDOUT);
    int result = 0;
    CHECK_EQ(goro_go(accept_one, listener, &result), 0);
    wait_parked(1);
    CHECK_EQ(goro_close(listener), 0);
    wait_finished(1);
    CHECK_EQ(result, -ECANCELED);
}

enum { MANY = 1000, ROUNDS = 5 };

static void converse(const struct sockaddr_in *address, int number, int64_t *answered)
{
    int fd = dial_local(address);
    for (int i = 0; i < ROUNDS; i++) {
        char out[32], in[32] = "";
        int size = snprintf(out, sizeof out, "%d/%d", number, i);
        CHECK_EQ(goro_write_full(fd, out, (size_t)size, GORO_FOREVER), size);
        CHECK_EQ(goro_read_full(fd, in, (size_t)size, GORO_FOREVER), size);
        if (memcmp(in, out, (size_t)size) == 0)
            __atomic_add_fetch(answered, 1, __ATOMIC_RELAXED);
    }
    /* All connections at once: no one ends before all have been answered. */
    while (__atomic_load_n(answered, __ATOMIC_RELAXED) < MANY * ROUNDS && check_failures == 0)
        goro_yield();
    CHECK_EQ(goro_close(fd), 0);
    finish();
}

GORO_TEST(a_thousand_connections)
{
    struct sockaddr_in address;
    int64_t answered = 0;
    int listener = listen_local(&address);
    CHECK_EQ(goro_go(serve, listener), 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(goro_go(converse, (const struct sockaddr_in *)&address, i, &answered), 0);
    wait_finished(2 * MANY);
    CHECK_EQ(answered, MANY * ROUNDS);
    CHECK_EQ(goro_close(listener), 0);
    wait_finished(1);
}

/* Descriptors as far as the process may have them: errors, and all goes on when there are some again. */
GORO_TEST(no_descriptors_left)
{
    struct rlimit limit, low;
    struct sockaddr_in address;
    int fds[64], count = 0, pair[2];
    int listener = listen_local(&address), client = dial_local(&address);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    /* A number far enough from what libc or the poller may still need: their own are opened by now. */
    low = limit;
    low.rlim_cur = 40;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (count < 64 && (fds[count] = goro_socket(AF_INET, SOCK_STREAM, 0)) >= 0)
        count++;
    CHECK_EQ(fds[count], -EMFILE);
    CHECK_EQ(goro_accept(listener, NULL, NULL, GORO_FOREVER), -EMFILE);
    CHECK_EQ(goro_pipe(pair), -EMFILE);
    CHECK_EQ(goro_open("/dev/null", 0, 0), -EMFILE);
    CHECK_EQ(goro_tcp_dial("127.0.0.1", "1", GORO_FOREVER), -EMFILE);
    CHECK_EQ(goro_close(fds[--count]), 0);
    int server = goro_accept(listener, NULL, NULL, GORO_FOREVER);
    CHECK(server >= 0);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(goro_write(client, "x", 1, GORO_FOREVER), 1);
    CHECK_EQ(goro_read(server, (char[1]){0}, 1, GORO_FOREVER), 1);
    while (count > 0)
        CHECK_EQ(goro_close(fds[--count]), 0);
    close_pair((int[]){client, server});
    CHECK_EQ(goro_close(listener), 0);
}

GORO_TEST(unix_sockets)
{
    char path[64], buffer[8];
    snprintf(path, sizeof path, "@goro-test-%d", (int)getpid());
    CHECK_EQ(goro_unix_dial(path, GORO_FOREVER), -ECONNREFUSED);
    int listener = goro_unix_listen(path, 4);
    CHECK(listener >= 0);
    CHECK_EQ(goro_unix_listen(path, 4), -EADDRINUSE);
    int client = goro_unix_dial(path, GORO_FOREVER), server = goro_accept(listener, NULL, NULL, GORO_FOREVER);
    CHECK(client >= 0 && server >= 0);
    CHECK_EQ(goro_write(server, "abc", 3, GORO_FOREVER), 3);
    CHECK_EQ(goro_read(client, buffer, 8, GORO_FOREVER), 3);
    close_pair((int[]){client, server});
    CHECK_EQ(goro_close(listener), 0);
    CHECK_EQ(goro_unix_dial("", GORO_FOREVER), -EINVAL);
}

GORO_TEST(a_full_queue_of_a_unix_listener)
{
    char path[64];
    int clients[8], count = 0;
    snprintf(path, sizeof path, "@goro-queue-%d", (int)getpid());
    int listener = goro_unix_listen(path, 1);
    while (count < 8 && (clients[count] = goro_unix_dial(path, goro_now() + GORO_MILLISECOND)) >= 0)
        count++;
    CHECK(count < 8);
    CHECK_EQ(clients[count], -ETIMEDOUT);
    while (count > 0)
        CHECK_EQ(goro_close(clients[--count]), 0);
    CHECK_EQ(goro_close(listener), 0);
}

GORO_TEST(datagrams)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t size = sizeof address, from_size = sizeof from;
    char buffer[8];
    int a = goro_socket(AF_INET, SOCK_DGRAM, 0), b = goro_socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(bind(a, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(getsockname(a, (struct sockaddr *)&address, &size), 0);
    CHECK_EQ(goro_sendto(b, "ab", 2, 0, (struct sockaddr *)&address, size, GORO_FOREVER), 2);
    CHECK_EQ(goro_sendto(b, "cde", 3, 0, (struct sockaddr *)&address, size, GORO_FOREVER), 3);
    CHECK_EQ(goro_recvfrom(a, buffer, 8, 0, (struct sockaddr *)&from, &from_size, GORO_FOREVER), 2);
    /* A short read of packets says nothing about what is left. */
    CHECK_EQ(goro_read(a, buffer, 8, GORO_FOREVER), 3);
    CHECK_EQ(goro_sendto(a, "f", 1, 0, (struct sockaddr *)&from, from_size, GORO_FOREVER), 1);
    CHECK_EQ(goro_recv(b, buffer, 8, 0, GORO_FOREVER), 1);
    CHECK_EQ(goro_recv(b, buffer, 8, 0, 1), -ETIMEDOUT);
    close_pair((int[]){a, b});
}

/* An address that drops what it gets: the deadline must end it. (A network without a route says so at once.) */
GORO_TEST(a_deadline_ends_a_connect)
{
    struct sockaddr_in address;
    int listener = goro_socket(AF_INET, SOCK_STREAM, 0), clients[8], error = 0, count = 0;
    socklen_t size = sizeof address;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, size), 0);
    CHECK_EQ(listen(listener, 0), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    /* With a full queue the kernel drops the requests of further clients. */
    while (count < 8 && error == 0) {
        clients[count] = goro_socket(AF_INET, SOCK_STREAM, 0);
        error = goro_connect(clients[count++], (struct sockaddr *)&address, size, goro_now() + 5 * GORO_MILLISECOND);
    }
    CHECK_EQ(error, -ETIMEDOUT);
    while (count > 0)
        CHECK_EQ(goro_close(clients[--count]), 0);
    CHECK_EQ(goro_close(listener), 0);
}

static void no_descriptor_is_left(void **state)
{
    (void)state;
    int before = open_descriptors();
    a_thousand_connections(NULL);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dial_by_name_and_number),
        cmocka_unit_test(any_address_takes_ipv4),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(connecting_twice),
        cmocka_unit_test(half_close),
        cmocka_unit_test(the_end_after_a_short_read),
        cmocka_unit_test(a_short_read_before_urgent_data),
        cmocka_unit_test(a_reset_reaches_reader_and_writer),
        cmocka_unit_test(several_acceptors),
        cmocka_unit_test(a_thousand_connections),
        cmocka_unit_test(no_descriptors_left),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(a_full_queue_of_a_unix_listener),
        cmocka_unit_test(datagrams),
        cmocka_unit_test(a_deadline_ends_a_connect),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
