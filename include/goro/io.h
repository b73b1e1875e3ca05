/* Files and sockets that let other goroutines run while they wait. Included by goro.h.
 *
 * Sockets, pipes and what else epoll takes wait in the poller, other files and DNS through the blocking hand-off. The first
 * use of a descriptor makes it non-blocking; not the standard streams, which others share: they go through the hand-off.
 *
 * `deadline` ends any wait: -ETIMEDOUT; a call that need not wait succeeds whatever the time. goro_close ends the waits of
 * others on the descriptor: -ECANCELED; calls that begin afterwards: -EBADF. It returns when no call uses the descriptor any
 * more. Descriptors must be closed by goro_close once goro has used them.
 *
 * Any number of goroutines may use a descriptor at once. Writing to a connection that is gone is -EPIPE, never a signal (but on
 * the standard streams, as for any program). */
#ifndef GORO_IO_H
#define GORO_IO_H

#include <sys/socket.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo;
struct stat;

/* Bytes, 0 at the end, or a negative errno. Short counts as in read(2). */
ssize_t goro_read(int fd, void *buffer, size_t size, int64_t deadline);
ssize_t goro_write(int fd, const void *buffer, size_t size, int64_t deadline);
ssize_t goro_readv(int fd, const struct iovec *parts, int count, int64_t deadline);
ssize_t goro_writev(int fd, const struct iovec *parts, int count, int64_t deadline);
/* All of it, or a negative errno; goro_read_full: fewer bytes only at the end. */
ssize_t goro_read_full(int fd, void *buffer, size_t size, int64_t deadline);
ssize_t goro_write_full(int fd, const void *buffer, size_t size, int64_t deadline);
ssize_t goro_recv(int fd, void *buffer, size_t size, int flags, int64_t deadline);
ssize_t goro_send(int fd, const void *buffer, size_t size, int flags, int64_t deadline);
ssize_t goro_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length,
                      int64_t deadline);
ssize_t goro_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t length,
                    int64_t deadline);
ssize_t goro_recvmsg(int fd, struct msghdr *message, int flags, int64_t deadline);
ssize_t goro_sendmsg(int fd, const struct msghdr *message, int flags, int64_t deadline);

/* Through the hand-off, whatever fd is. */
ssize_t goro_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t goro_pwrite(int fd, const void *buffer, size_t size, off_t offset);
int goro_open(const char *path, int flags, mode_t mode);
int goro_fsync(int fd);
int goro_stat(const char *path, struct stat *status);
int goro_fstat(int fd, struct stat *status);

/* New descriptors are close-on-exec and non-blocking. */
int goro_accept(int fd, struct sockaddr *peer, socklen_t *length, int64_t deadline);
int goro_connect(int fd, const struct sockaddr *peer, socklen_t length, int64_t deadline);
int goro_socket(int domain, int type, int protocol);
int goro_socketpair(int domain, int type, int protocol, int fds[2]);
int goro_pipe(int fds[2]);
int goro_shutdown(int fd, int how);
int goro_close(int fd);

/* Waits until the descriptor is ready to be read (POLLIN) or written (POLLOUT): 0 or a negative errno. */
int goro_wait_fd(int fd, short events, int64_t deadline);
/* A deadline of the descriptor, for calls that read (POLLIN) or write (POLLOUT), also those that wait now; the earlier of it
 * and the call's own counts. GORO_FOREVER: none. From anywhere. */
int goro_set_deadline(int fd, short events, int64_t deadline);

/* A listening TCP socket, or a connection: host NULL is any address of the machine; `service` a name or a number. */
int goro_tcp_listen(const char *host, const char *service, int backlog);
int goro_tcp_dial(const char *host, const char *service, int64_t deadline);
/* The same with unix sockets; a path that begins with '@' is in the abstract name space. */
int goro_unix_listen(const char *path, int backlog);
int goro_unix_dial(const char *path, int64_t deadline);
/* getaddrinfo(3) through the hand-off; its EAI_ codes. */
int goro_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found);

#ifdef __cplusplus
}
#endif
#endif
