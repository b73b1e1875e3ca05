/* Calls of libc that goroutines make: -errno as result, errno kept, out of line. Essay: libc.c. */
#ifndef RT_LIBC_H
#define RT_LIBC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

enum rt_io_op {
    RT_IO_READ,
    RT_IO_WRITE,
    RT_IO_READV, /* data: struct iovec *, size: how many */
    RT_IO_WRITEV,
    RT_IO_RECV,    /* data, size, flags; address and length may be NULL */
    RT_IO_SEND,    /* data, size, flags, address, size of the address */
    RT_IO_RECVMSG, /* data: struct msghdr *, flags */
    RT_IO_SENDMSG,
    RT_IO_ACCEPT,  /* address and length may be NULL */
    RT_IO_CONNECT, /* address, size of the address */
    RT_IO_PREAD,   /* data, size, offset */
    RT_IO_PWRITE,
    RT_IO_FSYNC,
    RT_IO_FSTAT, /* data: struct stat * */
};

struct rt_io {
    enum rt_io_op op;
    int fd;
    void *data;
    size_t size;
    int flags;
    struct sockaddr *address;
    socklen_t *length;
    socklen_t address_size;
    off_t offset;
};

/* kind: enum rt_fd_kind. */
ssize_t rt_libc_io(const struct rt_io *io, int kind);
/* A read that does not wait for the disk: -EAGAIN if it would. offset -1: at the file's own. */
ssize_t rt_libc_read_cached(int fd, void *data, size_t size, off_t offset);
/* enum rt_fd_kind, or -errno. RT_FD_OTHER: to be asked epoll about. */
int rt_libc_kind(int fd);
int rt_libc_nonblocking(int fd);
int rt_libc_close(int fd);
/* poll(2) for one descriptor: its events, 0 at the deadline, or -errno. */
int rt_libc_poll(int fd, short events, int64_t deadline);
int rt_libc_open(const char *path, int flags, mode_t mode);
int rt_libc_stat(const char *path, struct stat *status);
int rt_libc_socket(int domain, int type, int protocol);
int rt_libc_socketpair(int domain, int type, int protocol, int fds[2]);
int rt_libc_pipe(int fds[2]);
int rt_libc_shutdown(int fd, int how);
int rt_libc_option(int fd, int level, int option, int value);
int rt_libc_bind_listen(int fd, const struct sockaddr *address, socklen_t size, int backlog);

#endif
