/* Data through sockets that have addresses: the two ends find each other by them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pass.h"
#include "unordered.h"

static union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
} address;
static socklen_t size;
static int listener, connecting;

static int bound(int family, int type)
{
    int fd = socket(family, type, 0), off = 0;
    memset(&address, 0, sizeof address);
    address.any.sa_family = (sa_family_t)family;
    size = family == AF_INET    ? sizeof address.in
           : family == AF_INET6 ? sizeof address.in6
                                : sizeof address.un.sun_family;
    if (family == AF_INET)
        address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET6) /* takes IPv4, too */
        OK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
    OK(bind(fd, &address.any, size)); /* unix: the kernel finds an abstract name */
    size = sizeof address;
    OK(getsockname(fd, &address.any, &size));
    return fd;
}

static void connect_pair(int family)
{
    listener = bound(family, SOCK_STREAM);
    OK(listen(listener, 5));
    ends[1] = socket(family, SOCK_STREAM, 0);
    OK(connect(ends[1], &address.any, size));
    ends[0] = accept(listener, NULL, NULL);
    CHECK(ends[0] >= 0);
}

static void norace_tcp(void)
{
    connect_pair(AF_INET);
    pass(write_1, read_0);
}

static void swap_ends(void)
{
    int fd = ends[0];
    ends[0] = ends[1];
    ends[1] = fd;
}

static void norace_tcp_to_the_client(void)
{
    connect_pair(AF_INET);
    swap_ends();
    pass(write_1, read_0);
}

/* Another connection of the same server orders nothing. */
static void race_tcp_of_another_client(void)
{
    connect_pair(AF_INET);
    other[1] = socket(AF_INET, SOCK_STREAM, 0);
    OK(connect(other[1], &address.any, size));
    other[0] = accept(listener, NULL, NULL);
    pass(write_1, read_other);
}

/* The server sees IPv6 what the client calls IPv4. */
static void norace_tcp_of_both_families(void)
{
    listener = bound(AF_INET6, SOCK_STREAM);
    OK(listen(listener, 5));
    in_port_t port = address.in6.sin6_port;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    OK(connect(ends[1], (struct sockaddr *)&to, sizeof to));
    ends[0] = accept(listener, NULL, NULL);
    pass(write_1, read_0);
}

static void norace_unix_stream(void)
{
    connect_pair(AF_UNIX);
    pass(write_1, read_0);
}

static void norace_unix_stream_to_the_client(void)
{
    connect_pair(AF_UNIX);
    swap_ends();
    pass(write_1, read_0);
}

static void send_datagram(void)
{
    CHECK(sendto(ends[1], "x", 1, 0, &address.any, size) == 1);
}

static void receive_datagram(void)
{
    CHECK(recvfrom(ends[0], &byte, 1, 0, NULL, NULL) == 1);
}

static void norace_udp(void)
{
    ends[1] = socket(AF_INET, SOCK_DGRAM, 0);
    ends[0] = bound(AF_INET, SOCK_DGRAM);
    pass(send_datagram, receive_datagram);
}

static void norace_udp_connected(void)
{
    ends[0] = bound(AF_INET, SOCK_DGRAM);
    ends[1] = socket(AF_INET, SOCK_DGRAM, 0);
    OK(connect(ends[1], &address.any, size));
    pass(write_1, receive_datagram);
}

static void norace_unix_datagram(void)
{
    ends[0] = bound(AF_UNIX, SOCK_DGRAM);
    ends[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
    pass(send_datagram, receive_datagram);
}

static void connect_client(void)
{
    connecting = socket(AF_INET, SOCK_STREAM, 0);
    OK(connect(connecting, &address.any, size));
}

static void accept_client(void)
{
    CHECK(accept(listener, NULL, NULL) >= 0);
}

static void norace_connect_and_accept(void)
{
    listener = bound(AF_INET, SOCK_STREAM);
    OK(listen(listener, 5));
    pass(connect_client, accept_client);
}

static void start_listening(void)
{
    OK(listen(listener, 5));
}

static void norace_listen_and_connect(void)
{
    listener = bound(AF_INET, SOCK_STREAM);
    pass(start_listening, connect_client);
}

static void shut_down(void)
{
    OK(shutdown(ends[1], SHUT_WR));
}

static void norace_shutdown(void)
{
    connect_pair(AF_INET);
    pass(shut_down, read_end);
}

/* A pipe's end that came through a socket is still that pipe's end. */
static void norace_descriptor_that_was_sent(void)
{
    char room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    int way[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, way));
    connect_pair(AF_INET);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &ends[0], sizeof(int));
    CHECK(sendmsg(way[0], &m, 0) == 1 && recvmsg(way[1], &m, 0) == 1);
    OK(close(ends[0]));
    memcpy(&ends[0], CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
    pass(write_1, read_0);
}

/* recvmsg writes the lengths of a header; where the message is to go it only reads. */
static struct iovec to = {&byte, 1};
static struct msghdr header = {.msg_iov = &to, .msg_iovlen = 1};

static void receive_message(void)
{
    CHECK(write(ends[1], "x", 1) == 1 && recvmsg(ends[0], &header, 0) == 1);
}

static void look_at_vector(void)
{
    CHECK(header.msg_iov->iov_len == 1 && !header.msg_name);
}

static void look_at_flags(void)
{
    CHECK(header.msg_flags == 0);
}

static void norace_vector_of_recvmsg(void)
{
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    unordered(receive_message, look_at_vector);
}

static void race_flags_of_recvmsg(void)
{
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    unordered(receive_message, look_at_flags);
}

#define CASES(X) \
    X(norace_tcp) X(norace_tcp_to_the_client) X(race_tcp_of_another_client) X(norace_tcp_of_both_families) \
    X(norace_unix_stream) X(norace_unix_stream_to_the_client) X(norace_udp) X(norace_udp_connected) \
    X(norace_unix_datagram) X(norace_connect_and_accept) X(norace_listen_and_connect) X(norace_shutdown) \
    X(norace_descriptor_that_was_sent) X(norace_vector_of_recvmsg) X(race_flags_of_recvmsg)
CASES_MAIN
