/* Listening for and making TCP connections by name.
 *
 * TCP_NODELAY as in Go: who writes a request or an answer at once wants it sent at once. Accepted sockets inherit it from the
 * listener, so it costs no call per connection. A listener without a host takes both IPv6 and IPv4 where the machine has
 * both. Addresses of a name are tried one after the other, each with an equal
 * share of the time that is left; not two at a time. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "dns.h"
#include "fd.h"
#include "io.h"
#include "rt.h"

/* An EAI_ code as errno. */
static int lookup_error(int code, int error)
{
    switch (code) {
    case EAI_SYSTEM:
        return -error;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_NONAME:
    case EAI_SERVICE:
        return -ENOENT;
    default:
        return -EINVAL;
    }
}

static int addresses(const char *host, const char *service, int flags, int64_t deadline, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    int error = 0;
    int code = rt_resolve(host, service, &hints, deadline, found, &error);
    return code ? lookup_error(code, error) : 0;
}

static int tcp_socket(int family)
{
    int fd = rt_libc_socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return fd;
    rt_libc_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return rt_fd_adopt(fd, RT_FD_TCP);
}

static int listen_on(const struct addrinfo *address, bool both, int backlog)
{
    int fd = tcp_socket(address->ai_family);
    if (fd < 0)
        return fd;
    rt_libc_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->ai_family == AF_INET6)
        rt_libc_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !both);
    int error = rt_libc_bind_listen(fd, address->ai_addr, address->ai_addrlen, backlog);
    if (error == 0)
        return fd;
    rt_fd_close(fd);
    return error;
}

int goro_tcp_listen(const char *host, const char *service, int backlog)
{
    rt_goroutine("goro_tcp_listen");
    struct addrinfo *found, *a;
    int fd = addresses(host, service, AI_PASSIVE, GORO_FOREVER, &found);
    if (fd < 0)
        return fd;
    fd = -EADDRNOTAVAIL;
    /* IPv6 first where it stands for both. */
    for (a = host ? NULL : found; a && fd < 0; a = a->ai_next)
        if (a->ai_family == AF_INET6)
            fd = listen_on(a, true, backlog);
    for (a = found; a && fd < 0; a = a->ai_next)
        fd = listen_on(a, false, backlog);
    freeaddrinfo(found);
    return fd;
}

static int dial(const struct addrinfo *address, int64_t deadline)
{
    int fd = tcp_socket(address->ai_family);
    if (fd < 0)
        return fd;
    int error = goro_connect(fd, address->ai_addr, address->ai_addrlen, deadline);
    if (error == 0)
        return fd;
    rt_fd_close(fd);
    return error;
}

int goro_tcp_dial(const char *host, const char *service, int64_t deadline)
{
    rt_goroutine("goro_tcp_dial");
    struct addrinfo *found;
    int fd = addresses(host, service, 0, deadline, &found), left = 0;
    if (fd < 0)
        return fd;
    fd = -EADDRNOTAVAIL;
    for (struct addrinfo *a = found; a; a = a->ai_next)
        left++;
    for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next, left--) {
        int64_t now = deadline == GORO_FOREVER ? 0 : goro_now();
        fd = dial(a, deadline == GORO_FOREVER ? deadline : now + (deadline - now) / left);
    }
    freeaddrinfo(found);
    return fd;
}
