/* Sockets: a connection within the process orders what was sent before what was received. */
#include "engage.h"

static char data[8] = "data", room[8];
static int listener, client, server;
static struct sockaddr_in address;
static socklen_t size = sizeof address;

static void listening(void)
{
    listener = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0 && listen(listener, 5) == 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
}

static void connected(void)
{
    listening();
    CHECK(connect(client, (struct sockaddr *)&address, size) == 0);
    server = accept(listener, NULL, NULL);
    CHECK(server >= 0);
    from_here();
}

static void passes(int from, int to)
{
    from_here();
    CHECK(write(from, data, 5) == 5 && read(to, room, 8) == 5);
    EDGE();
}

CASE(socket)
{
    CHECK(CALL(socket)(AF_INET, SOCK_STREAM, 0) >= 0);
    errno = 0;
    CHECK(CALL(socket)(AF_INET, 12345, 0) == -1 && errno == EINVAL);
}

CASE(bind)
{
    address = (struct sockaddr_in){.sin_family = AF_INET};
    CHECK(CALL(bind)(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) == 0);
    READS(&address, sizeof address);
}

/* What the server did before it listened is known to whoever got a connection. */
CASE(listen)
{
    listener = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    from_here();
    CHECK(CALL(listen)(listener, 5) == 0);
    CHECK(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, size) == 0);
    EDGE();
}

CASE(connect)
{
    listening();
    from_here();
    CHECK(CALL(connect)(client, (struct sockaddr *)&address, size) == 0);
    READS(&address, size);
    server = accept(listener, NULL, NULL);
    EDGE();
    passes(client, server);
    passes(server, client);
}

static void accepts(int fd, struct sockaddr_in *peer, socklen_t *peer_size)
{
    CHECK(fd >= 0 && *peer_size == sizeof *peer && peer->sin_family == AF_INET);
    READS(peer_size, sizeof *peer_size);
    WRITES(peer_size, sizeof *peer_size);
    WRITES(peer, sizeof *peer);
    EDGE();
    passes(client, fd);
}

CASE(accept)
{
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    listening();
    from_here();
    CHECK(connect(client, (struct sockaddr *)&address, size) == 0);
    accepts(CALL(accept)(listener, (struct sockaddr *)&peer, &peer_size), &peer, &peer_size);
}

CASE(accept4)
{
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    listening();
    from_here();
    CHECK(connect(client, (struct sockaddr *)&address, size) == 0);
    accepts(CALL(accept4)(listener, (struct sockaddr *)&peer, &peer_size, SOCK_CLOEXEC), &peer, &peer_size);
}

CASE(shutdown)
{
    connected();
    CHECK(CALL(shutdown)(client, SHUT_WR) == 0 && read(server, room, 1) == 0);
    EDGE();
}

CASE(getsockname)
{
    connected();
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    CHECK(CALL(getsockname)(server, (struct sockaddr *)&a, &n) == 0 && a.sin_port == address.sin_port);
    WRITES(&a, sizeof a);
    WRITES(&n, sizeof n);
}

CASE(getpeername)
{
    connected();
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    CHECK(CALL(getpeername)(client, (struct sockaddr *)&a, &n) == 0 && a.sin_port == address.sin_port);
    WRITES(&a, sizeof a);
}

CASE(getsockopt)
{
    int type = 0;
    socklen_t n = sizeof type;
    CHECK(CALL(getsockopt)(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_DGRAM);
    WRITES(&type, sizeof type);
    WRITES(&n, sizeof n);
}

CASE(setsockopt)
{
    int yes = 1;
    CHECK(CALL(setsockopt)(socket(AF_INET, SOCK_STREAM, 0), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
    READS(&yes, sizeof yes);
}

/* ---- receive ---------------------------------------------------------------------------------------------------------- */

static void sent(void)
{
    connected();
    CHECK(write(client, data, 5) == 5);
}

static void received(ssize_t n)
{
    CHECK(n == 5 && strcmp(room, "data") == 0);
    WRITES(room, 5);
    EDGE();
}

CASE(recv)
{
    sent();
    received(CALL(recv)(server, room, 8, 0));
}

CASE(__recv_chk)
{
    sent();
    received(CALL(__recv_chk)(server, room, 8, sizeof room, 0));
}

CASE(recvfrom)
{
    sent();
    received(CALL(recvfrom)(server, room, 8, 0, NULL, NULL));
}

CASE(__recvfrom_chk)
{
    sent();
    received(CALL(__recvfrom_chk)(server, room, 8, sizeof room, 0, NULL, NULL));
}

static struct iovec in = {room, 8}, out = {data, 5};

CASE(recvmsg)
{
    struct msghdr m = {.msg_iov = &in, .msg_iovlen = 1};
    sent();
    received(CALL(recvmsg)(server, &m, 0));
    READS(&m, sizeof m);
    WRITES(&m.msg_controllen, sizeof m.msg_controllen);
    WRITES(&m.msg_flags, sizeof m.msg_flags);
}

CASE(recvmmsg)
{
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &in, .msg_iovlen = 1}};
    sent();
    CHECK(CALL(recvmmsg)(server, &m, 1, 0, NULL) == 1);
    received((ssize_t)m.msg_len);
    WRITES(&m.msg_len, sizeof m.msg_len);
}

/* ---- send --------------------------------------------------------------------------------------------------------------- */

static void arrives(ssize_t n)
{
    CHECK(n == 5 && read(server, room, 8) == 5);
    READS(data, 5);
    EDGE();
}

CASE(send)
{
    connected();
    arrives(CALL(send)(client, data, 5, 0));
}

/* Datagrams find their receiver by its name. */
CASE(sendto)
{
    server = socket(AF_INET, SOCK_DGRAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(server, (struct sockaddr *)&address, size) == 0);
    CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
    from_here();
    arrives(CALL(sendto)(socket(AF_INET, SOCK_DGRAM, 0), data, 5, 0, (struct sockaddr *)&address, size));
    READS(&address, size);
}

CASE(sendmsg)
{
    struct msghdr m = {.msg_iov = &out, .msg_iovlen = 1};
    connected();
    arrives(CALL(sendmsg)(client, &m, 0));
    READS(&m, sizeof m);
}

CASE(sendmmsg)
{
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &out, .msg_iovlen = 1}};
    connected();
    CHECK(CALL(sendmmsg)(client, &m, 1, 0) == 1);
    arrives((ssize_t)m.msg_len);
    WRITES(&m.msg_len, sizeof m.msg_len);
}
