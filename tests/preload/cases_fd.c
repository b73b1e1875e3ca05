/* Data through descriptors: who receives knows what the sender had done. And nobody else does. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "cases.h"

static struct schedule s;
static int x;
static int ends[2], other[2];
static char byte;

static void (*give)(void);

static void *giver(void *arg)
{
    x++;
    give();
    step(&s, 1);
    return arg;
}

/* A thread writes x and gives; then main takes and writes x. */
static void pass(void (*giving)(void), void (*taking)(void))
{
    pthread_t t;
    give = giving;
    OK(pthread_create(&t, NULL, giver, NULL));
    await(&s, 1);
    taking();
    x++;
    OK(pthread_join(t, NULL));
}

static void write_1(void)
{
    CHECK(write(ends[1], "x", 1) == 1);
}

static void write_8(void)
{
    uint64_t one = 1;
    CHECK(write(ends[1], &one, 8) == 8);
}

static void read_0(void)
{
    CHECK(read(ends[0], &byte, 1) == 1);
}

static void read_8(void)
{
    uint64_t n;
    CHECK(read(ends[0], &n, 8) == 8);
}

static void norace_pipe(void)
{
    OK(pipe(ends));
    pass(write_1, read_0);
}

/* The reader's past is not known to the writer. */
static void race_pipe_backwards(void)
{
    OK(pipe(ends));
    CHECK(write(ends[1], "x", 1) == 1);
    pass(read_0, write_1);
}

static void read_other(void)
{
    CHECK(write(other[1], "x", 1) == 1 && read(other[0], &byte, 1) == 1);
}

static void race_two_pipes(void)
{
    OK(pipe(ends));
    OK(pipe(other));
    pass(write_1, read_other);
}

/* The numbers of a pipe are used again: the new one does not know what went through the old one. */
static void close_both(void)
{
    CHECK(write(ends[1], "x", 1) == 1);
    OK(close(ends[0]));
    OK(close(ends[1]));
}

static void new_pipe(void)
{
    OK(pipe(other));
    CHECK(other[0] == ends[0] && other[1] == ends[1]);
    read_other();
}

static void race_pipe_of_the_same_numbers(void)
{
    OK(pipe(ends));
    pass(close_both, new_pipe);
}

static void read_end(void)
{
    CHECK(read(ends[0], &byte, 1) == 0);
}

static void close_1(void)
{
    OK(close(ends[1]));
}

static void norace_end_of_file(void)
{
    OK(pipe(ends));
    pass(close_1, read_end);
}

static void norace_pipe_copies(void)
{
    int made[2];
    OK(pipe(made));
    ends[0] = dup(made[0]);
    ends[1] = fcntl(made[1], F_DUPFD_CLOEXEC, 100);
    OK(close(made[0]));
    OK(close(made[1]));
    pass(write_1, read_0);
}

static void norace_named_pipe(void)
{
    char name[] = "/tmp/gorace.XXXXXX", path[64];
    CHECK(mkdtemp(name) != NULL);
    snprintf(path, sizeof path, "%s/pipe", name);
    OK(mkfifo(path, 0600));
    ends[0] = open(path, O_RDONLY | O_NONBLOCK);
    ends[1] = open(path, O_WRONLY);
    OK(unlink(path));
    OK(rmdir(name));
    pass(write_1, read_0);
}

static void norace_socketpair(void)
{
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    pass(write_1, read_0);
}

static void norace_eventfd(void)
{
    ends[0] = ends[1] = eventfd(0, 0);
    pass(write_8, read_8);
}

/* ---- woken, but nothing is read ------------------------------------------------------------------------------------- */

static void poll_0(void)
{
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    CHECK(poll(&p, 1, -1) == 1);
}

static void select_0(void)
{
    fd_set r;
    FD_ZERO(&r);
    FD_SET(ends[0], &r);
    CHECK(select(ends[0] + 1, &r, NULL, NULL, NULL) == 1);
}

static int epoll;

static void epoll_0(void)
{
    struct epoll_event e[4];
    CHECK(epoll_wait(epoll, e, 4, -1) == 1);
}

static void watch(int fd, unsigned events, uint64_t data)
{
    struct epoll_event e = {.events = events, .data.u64 = data};
    OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e));
}

static void norace_poll(void)
{
    OK(pipe(ends));
    pass(write_1, poll_0);
}

static void norace_select(void)
{
    OK(pipe(ends));
    pass(write_1, select_0);
}

static void norace_epoll_of_eventfd(void)
{
    ends[0] = ends[1] = eventfd(0, EFD_NONBLOCK);
    epoll = epoll_create1(0);
    watch(ends[0], EPOLLIN | EPOLLET, 77);
    pass(write_8, epoll_0);
}

static void watch_late(void)
{
    watch(ends[0], EPOLLIN, 77);
    epoll_0();
}

static void norace_epoll_of_what_was_ready(void)
{
    ends[0] = ends[1] = eventfd(0, 0);
    epoll = epoll_create1(0);
    pass(write_8, watch_late);
}

/* A second epoll that watches the same descriptor is woken as well. */
static void norace_epoll_twice(void)
{
    ends[0] = ends[1] = eventfd(0, 0);
    for (int i = 0; i < 3; i++) {
        epoll = epoll_create1(0);
        watch(ends[0], EPOLLIN, (uint64_t)i);
    }
    pass(write_8, epoll_0);
}

/* The one that is ready is not the one that the thread wrote to. */
static void race_epoll_of_another(void)
{
    OK(pipe(ends));
    OK(pipe(other));
    CHECK(write(other[1], "x", 1) == 1);
    epoll = epoll_create1(0);
    watch(other[0], EPOLLIN, 1);
    pass(write_1, epoll_0);
}

static void watch_0(void)
{
    watch(ends[0], EPOLLIN, 1);
}

/* Nobody sends anything after the registration, which is what ends the wait. */
static void norace_epoll_registration(void)
{
    OK(pipe(ends));
    CHECK(write(ends[1], "x", 1) == 1);
    epoll = epoll_create1(0);
    pass(watch_0, epoll_0);
}

static void set_timer(void)
{
    struct itimerspec soon = {.it_value.tv_nsec = 1};
    OK(timerfd_settime(ends[0], 0, &soon, NULL));
}

static void read_timer(void)
{
    uint64_t times;
    CHECK(read(ends[0], &times, 8) == 8);
}

static void norace_timerfd(void)
{
    ends[0] = timerfd_create(CLOCK_MONOTONIC, 0);
    pass(set_timer, read_timer);
}

/* ---- sockets with addresses ------------------------------------------------------------------------------------------ */

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
    size = family == AF_INET ? sizeof address.in : family == AF_INET6 ? sizeof address.in6 : sizeof address.un.sun_family;
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

/* ---- streams --------------------------------------------------------------------------------------------------------------- */

static FILE *in, *out;

static void open_streams(void)
{
    OK(pipe(ends));
    in = fdopen(ends[0], "r");
    out = fdopen(ends[1], "w");
}

static void print(void)
{
    fprintf(out, "%d\n", 5);
    OK(fflush(out));
}

static void scan(void)
{
    int n;
    CHECK(fscanf(in, "%d", &n) == 1 && n == 5);
}

static void norace_stream(void)
{
    open_streams();
    pass(print, scan);
}

static void put_character(void)
{
    CHECK(putc_unlocked('x', out) == 'x');
    OK(fflush(out));
}

static void get_character(void)
{
    CHECK(getc_unlocked(in) == 'x');
}

static void norace_stream_of_characters(void)
{
    open_streams();
    pass(put_character, get_character);
}

static void close_stream(void)
{
    fputc('x', out);
    OK(fclose(out));
}

static void norace_stream_that_is_closed(void)
{
    open_streams();
    pass(close_stream, get_character);
}

static void say_something(void)
{
    fprintf(stderr, "something\n");
}

/* Two threads that print are not ordered by it. */
static void race_printing(void)
{
    pass(say_something, say_something);
}

static void lock_and_unlock(void)
{
    flockfile(stdout);
    funlockfile(stdout);
}

static void norace_flockfile(void)
{
    pass(lock_and_unlock, lock_and_unlock);
}

static void *use_stream(void *arg)
{
    fputs("text", out);
    step(&s, 1);
    return arg;
}

static void race_stream_closed_while_used(void)
{
    pthread_t t;
    out = tmpfile();
    OK(pthread_create(&t, NULL, use_stream, NULL));
    await(&s, 1);
    OK(fclose(out));
    OK(pthread_join(t, NULL));
}

/* ---- System V ---------------------------------------------------------------------------------------------------------------- */

static int id;

static void send_message(void)
{
    struct msgbuf m = {.mtype = 1};
    OK(msgsnd(id, &m, 1, 0));
}

static void receive_message(void)
{
    struct msgbuf m;
    CHECK(msgrcv(id, &m, 1, 0, 0) == 1);
    OK(msgctl(id, IPC_RMID, NULL));
}

static void norace_message_queue(void)
{
    id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    pass(send_message, receive_message);
}

static void post_semaphore(void)
{
    struct sembuf post = {.sem_op = 1};
    OK(semop(id, &post, 1));
}

static void take_semaphore(void)
{
    struct sembuf take = {.sem_op = -1};
    OK(semop(id, &take, 1));
    OK(semctl(id, 0, IPC_RMID));
}

static void norace_semaphore_set(void)
{
    id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    pass(post_semaphore, take_semaphore);
}

#define CASES(X) \
    X(norace_pipe) X(race_pipe_backwards) X(race_two_pipes) X(race_pipe_of_the_same_numbers) X(norace_end_of_file) \
    X(norace_pipe_copies) X(norace_named_pipe) X(norace_socketpair) X(norace_eventfd) X(norace_poll) X(norace_select) \
    X(norace_epoll_of_eventfd) X(norace_epoll_of_what_was_ready) X(norace_epoll_twice) X(race_epoll_of_another) \
    X(norace_epoll_registration) X(norace_timerfd) X(norace_tcp) X(norace_tcp_to_the_client) \
    X(race_tcp_of_another_client) X(norace_tcp_of_both_families) X(norace_unix_stream) \
    X(norace_unix_stream_to_the_client) X(norace_udp) X(norace_udp_connected) X(norace_unix_datagram) \
    X(norace_connect_and_accept) X(norace_listen_and_connect) X(norace_shutdown) X(norace_descriptor_that_was_sent) \
    X(norace_stream) X(norace_stream_of_characters) X(norace_stream_that_is_closed) X(race_printing) \
    X(norace_flockfile) X(race_stream_closed_while_used) X(norace_message_queue) X(norace_semaphore_set)
CASES_MAIN
