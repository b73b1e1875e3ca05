/* Sockets. */
#include <stddef.h>
#include <sys/un.h>

#include "entry.h"
#include "fd_edges.h"
#include "raw.h"
#include "touch.h"

/* An address that the kernel filled in: cut to the room that there was, whose number then holds the whole size. */
static void named(struct actor *me, const struct sockaddr *a, socklen_t *size, socklen_t room, uintptr_t pc)
{
    if (!a || !size)
        return;
    write_if(me, a, *size < room ? *size : room, pc);
    mem_write(me, size, sizeof *size, pc);
}

static socklen_t room_of(struct actor *me, const struct sockaddr *a, const socklen_t *size, uintptr_t pc)
{
    if (!me || !a || !addressable(size))
        return 0;
    mem_read(me, size, sizeof *size, pc);
    return *size;
}

INTERPOSE(int, socket, (int family, int type, int protocol))
{
    struct actor *me = current();
    int fd = REAL(socket)(family, type, protocol);
    if (me && fd >= 0)
        fd_opened(me, fd);
    return fd;
}

/* An address that is a path, which need not have a terminator. */
static void making_socket(struct actor *me, const struct sockaddr *a, socklen_t size)
{
    struct sockaddr_un named = {0};
    if (!addressable(a) || size <= offsetof(struct sockaddr_un, sun_path) || a->sa_family != AF_UNIX)
        return;
    raw_copy(&named, a, size < sizeof named ? size : sizeof named - 1);
    if (named.sun_path[0])
        entry_making(me, AT_FDCWD, named.sun_path);
}

INTERPOSE(int, bind, (int fd, const struct sockaddr *a, socklen_t size))
{
    struct actor *me = current();
    if (me) {
        read_if(me, a, size, CALLER);
        making_socket(me, a, size);
    }
    return REAL(bind)(fd, a, size);
}

INTERPOSE(int, listen, (int fd, int backlog))
{
    struct actor *me = current();
    if (me)
        fd_listening(me, fd);
    return REAL(listen)(fd, backlog);
}

INTERPOSE(int, connect, (int fd, const struct sockaddr *a, socklen_t size))
{
    struct actor *me = current();
    if (me) {
        read_if(me, a, size, CALLER);
        fd_connecting(me, fd, a, size);
    }
    int result = PARKED(me, "connect", fd, REAL(connect)(fd, a, size));
    if (me && (result == 0 || errno == EINPROGRESS))
        fd_connected(me, fd, a, size);
    return result;
}

INTERPOSE(int, accept, (int listener, struct sockaddr *a, socklen_t *size))
{
    struct actor *me = current();
    socklen_t room = room_of(me, a, size, CALLER);
    int fd = PARKED(me, "accept", listener, REAL(accept)(listener, a, size));
    if (me && fd >= 0) {
        fd_accepted(me, listener, fd);
        named(me, a, size, room, CALLER);
    }
    return fd;
}

INTERPOSE(int, accept4, (int listener, struct sockaddr *a, socklen_t *size, int flags))
{
    struct actor *me = current();
    socklen_t room = room_of(me, a, size, CALLER);
    int fd = PARKED(me, "accept4", listener, REAL(accept4)(listener, a, size, flags));
    if (me && fd >= 0) {
        fd_accepted(me, listener, fd);
        named(me, a, size, room, CALLER);
    }
    return fd;
}

INTERPOSE(int, shutdown, (int fd, int how))
{
    struct actor *me = current();
    if (me && how != SHUT_RD)
        fd_release(me, fd);
    return REAL(shutdown)(fd, how);
}

INTERPOSE(int, getsockname, (int fd, struct sockaddr *a, socklen_t *size))
{
    struct actor *me = current();
    socklen_t room = room_of(me, a, size, CALLER);
    int result = REAL(getsockname)(fd, a, size);
    if (me && result == 0)
        named(me, a, size, room, CALLER);
    return result;
}

INTERPOSE(int, getpeername, (int fd, struct sockaddr *a, socklen_t *size))
{
    struct actor *me = current();
    socklen_t room = room_of(me, a, size, CALLER);
    int result = REAL(getpeername)(fd, a, size);
    if (me && result == 0)
        named(me, a, size, room, CALLER);
    return result;
}

INTERPOSE(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *size))
{
    struct actor *me = current();
    if (me && size)
        mem_read(me, size, sizeof *size, CALLER);
    int result = REAL(getsockopt)(fd, level, option, value, size);
    if (me && result == 0 && size) {
        mem_write(me, size, sizeof *size, CALLER);
        write_if(me, value, *size, CALLER);
    }
    return result;
}

INTERPOSE(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t size))
{
    struct actor *me = current();
    if (me)
        read_if(me, value, size, CALLER);
    return REAL(setsockopt)(fd, level, option, value, size);
}

/* ---- receive ---------------------------------------------------------------------------------------------------- */

/* With MSG_TRUNC the result is the size that there was, not what fitted. */
static ssize_t got(struct actor *me, int fd, void *to, size_t room, ssize_t n, uintptr_t pc)
{
    if (me && n >= 0) {
        fd_acquire(me, fd);
        write_if(me, to, (size_t)n < room ? (size_t)n : room, pc);
    }
    return n;
}

HOT INTERPOSE(ssize_t, recv, (int fd, void *to, size_t n, int flags))
{
    struct actor *me = current();
    return got(me, fd, to, n, PARKED(me, "recv", fd, REAL(recv)(fd, to, n, flags)), CALLER);
}

INTERPOSE(ssize_t, __recv_chk, (int fd, void *to, size_t n, size_t room, int flags))
{
    struct actor *me = current();
    return got(me, fd, to, n, PARKED(me, "recv", fd, REAL(__recv_chk)(fd, to, n, room, flags)), CALLER);
}

INTERPOSE(ssize_t, recvfrom, (int fd, void *to, size_t n, int flags, struct sockaddr *a, socklen_t *size))
{
    struct actor *me = current();
    socklen_t room = room_of(me, a, size, CALLER);
    ssize_t done = got(me, fd, to, n, PARKED(me, "recvfrom", fd, REAL(recvfrom)(fd, to, n, flags, a, size)), CALLER);
    if (me && done >= 0)
        named(me, a, size, room, CALLER);
    return done;
}

INTERPOSE(ssize_t, __recvfrom_chk,
          (int fd, void *to, size_t n, size_t limit, int flags, struct sockaddr *a, socklen_t *size))
{
    struct actor *me = current();
    socklen_t room = room_of(me, a, size, CALLER);
    ssize_t done =
        got(me, fd, to, n, PARKED(me, "recvfrom", fd, REAL(__recvfrom_chk)(fd, to, n, limit, flags, a, size)), CALLER);
    if (me && done >= 0)
        named(me, a, size, room, CALLER);
    return done;
}

/* What a message was filled with: where it is to go is read of the header, and three lengths are written. Descriptors that came along are
 * new here. */
static void message_got(struct actor *me, const struct msghdr *m, size_t n, uintptr_t pc)
{
    mem_read(me, m, sizeof *m, pc);
    mem_write(me, &m->msg_controllen, sizeof m->msg_controllen, pc);
    mem_write(me, &m->msg_flags, sizeof m->msg_flags, pc);
    write_vector(me, m->msg_iov, (int)m->msg_iovlen, n, pc);
    if (m->msg_name) {
        mem_write(me, &m->msg_namelen, sizeof m->msg_namelen, pc);
        write_if(me, m->msg_name, m->msg_namelen, pc);
    }
    write_if(me, m->msg_control, m->msg_controllen, pc);
    struct msghdr *headers = (struct msghdr *)m;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(headers); c; c = CMSG_NXTHDR(headers, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++)
            fd_opened(me, ((int *)CMSG_DATA(c))[i]);
    }
}

INTERPOSE(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags))
{
    struct actor *me = current();
    ssize_t n = PARKED(me, "recvmsg", fd, REAL(recvmsg)(fd, m, flags));
    if (me && n >= 0) {
        fd_acquire(me, fd);
        message_got(me, m, (size_t)n, CALLER);
    }
    return n;
}

INTERPOSE(int, recvmmsg, (int fd, struct mmsghdr *m, unsigned count, int flags, struct timespec *timeout))
{
    struct actor *me = current();
    if (me)
        read_if(me, timeout, sizeof *timeout, CALLER);
    int n = PARKED(me, "recvmmsg", fd, REAL(recvmmsg)(fd, m, count, flags, timeout));
    if (me && n > 0)
        fd_acquire(me, fd);
    for (int i = 0; me && i < n; i++) {
        message_got(me, &m[i].msg_hdr, m[i].msg_len, CALLER);
        mem_write(me, &m[i].msg_len, sizeof m[i].msg_len, CALLER);
    }
    return n;
}

/* ---- send ------------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void message_read(struct actor *me, const struct msghdr *m, uintptr_t pc)
{
    mem_read(me, m, sizeof *m, pc);
    read_vector(me, m->msg_iov, (int)m->msg_iovlen, SIZE_MAX, pc);
    read_if(me, m->msg_name, m->msg_namelen, pc);
    read_if(me, m->msg_control, m->msg_controllen, pc);
}

static void message_giving(struct actor *me, int fd, const struct msghdr *m, uintptr_t pc)
{
    if (!addressable(m))
        return;
    if (detector_memory)
        message_read(me, m, pc);
    if (m->msg_name)
        fd_release_to(me, fd, m->msg_name, m->msg_namelen);
    else
        fd_release(me, fd);
}

HOT INTERPOSE(ssize_t, send, (int fd, const void *from, size_t n, int flags))
{
    struct actor *me = current();
    if (me) {
        read_if(me, from, n, CALLER);
        fd_release(me, fd);
    }
    return PARKED(me, "send", fd, REAL(send)(fd, from, n, flags));
}

INTERPOSE(ssize_t, sendto, (int fd, const void *from, size_t n, int flags, const struct sockaddr *a, socklen_t size))
{
    struct actor *me = current();
    if (me) {
        read_if(me, from, n, CALLER);
        read_if(me, a, size, CALLER);
        fd_release_to(me, fd, a, size);
    }
    return PARKED(me, "sendto", fd, REAL(sendto)(fd, from, n, flags, a, size));
}

HOT INTERPOSE(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags))
{
    struct actor *me = current();
    if (me)
        message_giving(me, fd, m, CALLER);
    return PARKED(me, "sendmsg", fd, REAL(sendmsg)(fd, m, flags));
}

INTERPOSE(int, sendmmsg, (int fd, struct mmsghdr *m, unsigned count, int flags))
{
    struct actor *me = current();
    for (unsigned i = 0; me && i < count; i++)
        message_giving(me, fd, &m[i].msg_hdr, CALLER);
    int n = PARKED(me, "sendmmsg", fd, REAL(sendmmsg)(fd, m, count, flags));
    for (int i = 0; me && i < n; i++)
        mem_write(me, &m[i].msg_len, sizeof m[i].msg_len, CALLER);
    return n;
}
