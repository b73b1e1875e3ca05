/* Names of descriptors; see fd_name.h.
 *
 * A connection has a key for each direction, made of both names, so that the two ends, opened by different threads,
 * come to the same numbers. Of an internet address only the port counts: the client may have connected through
 * IPv4 what the server accepts as IPv6, and a pair of ports is one connection within a machine. A connection
 * to another machine has no key, as nobody in this process can be at its other end.
 *
 * Regular files share 2^20 keys by device and inode number: a program may write any number of files, and a key that was
 * released is remembered for ever. */
#include "fd_name.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "raw.h"
#include "touch.h"

#define NAME_BITS 29
#define PATH_NAME ((uint32_t)1 << (NAME_BITS - 1)) /* set in hashes of paths: never equal to a port */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

uint64_t fd_mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ b * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
    h *= 0xc4ceb9fe1a85ec53;
    return h ^ h >> 29;
}

uint32_t fd_name(const struct sockaddr *a, socklen_t size)
{
    if (!addressable(a) || size < sizeof a->sa_family)
        return 0;
    const union address *u = (const union address *)a;
    if (a->sa_family == AF_INET && size >= sizeof u->in)
        return ntohs(u->in.sin_port);
    if (a->sa_family == AF_INET6 && size >= offsetof(struct sockaddr_in6, sin6_scope_id))
        return ntohs(u->in6.sin6_port);
    if (a->sa_family != AF_UNIX || size <= offsetof(struct sockaddr_un, sun_path))
        return 0;
    /* A path ends at its terminator; an abstract name begins with one and has its length. */
    uint64_t h = 0;
    size_t n = size - offsetof(struct sockaddr_un, sun_path);
    for (size_t i = 0; i < n && (u->un.sun_path[i] || !u->un.sun_path[0]); i++)
        h = fd_mix(h, (unsigned char)u->un.sun_path[i]);
    return PATH_NAME | (uint32_t)(h & (PATH_NAME - 1));
}

static socklen_t ask(long call, int fd, union address *a)
{
    socklen_t size = sizeof *a;
    return raw_syscall(call, fd, (long)a, (long)&size, 0, 0, 0) < 0 ? 0 : size;
}

uint32_t fd_local_name(int fd)
{
    union address a;
    socklen_t size = ask(SYS_getsockname, fd, &a);
    return fd_name(&a.any, size);
}

static int type_of(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    raw_syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type, (long)&size, 0);
    return type;
}

bool fd_is_datagram(int fd)
{
    return type_of(fd) == SOCK_DGRAM;
}

static bool same_machine(const union address *local, const union address *peer)
{
    if (peer->any.sa_family == AF_INET)
        return local->in.sin_addr.s_addr == peer->in.sin_addr.s_addr || ntohl(peer->in.sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *p = &peer->in6.sin6_addr;
    if (IN6_IS_ADDR_LOOPBACK(p) || (IN6_IS_ADDR_V4MAPPED(p) && p->s6_addr[12] == 127))
        return true;
    return IN6_ARE_ADDR_EQUAL(&local->in6.sin6_addr, p);
}

static struct fd_names socket_names(int fd)
{
    union address local, peer;
    socklen_t local_size = ask(SYS_getsockname, fd, &local), peer_size = ask(SYS_getpeername, fd, &peer);
    if (!local_size)
        return (struct fd_names){.kind = FD_NOTHING_YET};
    int family = local.any.sa_family;
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
        return (struct fd_names){.kind = FD_QUIET};
    uint64_t from = fd_name(&local.any, local_size), to = fd_name(&peer.any, peer_size);
    if (type_of(fd) == SOCK_DGRAM) {
        if (!from)
            return (struct fd_names){.kind = FD_NOTHING_YET};
        return (struct fd_names){FD_NAMED, FD_KEY(FD_DATAGRAM, from), to ? FD_KEY(FD_DATAGRAM, to) : 0, 0, 0};
    }
    if (!peer_size)
        return (struct fd_names){.kind = FD_NOTHING_YET};
    if (family != AF_UNIX && !same_machine(&local, &peer))
        return (struct fd_names){.kind = FD_QUIET};
    struct fd_names names = {FD_NAMED, FD_KEY(FD_STREAM, to << NAME_BITS | from), FD_KEY(FD_STREAM, from << NAME_BITS | to), 0, 0};
    if (family != AF_UNIX) {
        names.here = (uint16_t)from;
        names.there = (uint16_t)to;
    }
    return names;
}

/* A pseudo terminal has a direction to its master and one to its slave. Other devices have nobody at the other end. */
static struct fd_names device_names(int fd, dev_t device)
{
    unsigned number = 0;
    bool slave = major(device) >= 136 && major(device) <= 143;
    if (slave)
        number = (major(device) - 136) << 20 | minor(device);
    else if (raw_syscall(SYS_ioctl, fd, TIOCGPTN, (long)&number, 0, 0, 0) < 0)
        return (struct fd_names){.kind = FD_QUIET};
    uint64_t to_master = FD_KEY(FD_TERMINAL, (uint64_t)number << 1);
    uint64_t to_slave = FD_KEY(FD_TERMINAL, (uint64_t)number << 1 | 1);
    return (struct fd_names){FD_NAMED, slave ? to_slave : to_master, slave ? to_master : to_slave, 0, 0};
}

uint64_t fd_file_key(uint64_t device, uint64_t inode)
{
    return FD_KEY(FD_FILE, fd_mix(device, inode) & (((uint64_t)1 << 20) - 1));
}

struct fd_names fd_names(int fd)
{
    struct stat s;
    if (raw_syscall(SYS_fstat, fd, (long)&s, 0, 0, 0, 0) < 0)
        return (struct fd_names){.kind = FD_NOTHING_YET};
    uint64_t file = fd_mix(s.st_dev, s.st_ino);
    switch (s.st_mode & S_IFMT) {
    case S_IFSOCK:
        return socket_names(fd);
    case S_IFIFO:
        return (struct fd_names){FD_NAMED, FD_KEY(FD_FIFO, file), FD_KEY(FD_FIFO, file), 0, 0};
    case S_IFREG:
        file = fd_file_key(s.st_dev, s.st_ino);
        return (struct fd_names){FD_NAMED, file, file, 0, 0};
    case S_IFCHR:
        return device_names(fd, s.st_rdev);
    case 0:
        return (struct fd_names){.kind = FD_ANONYMOUS};
    default:
        return (struct fd_names){.kind = FD_QUIET};
    }
}
