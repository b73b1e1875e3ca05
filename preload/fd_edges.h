/* Happens-before edges through file descriptors: what was sent before it was received.
 *
 * Every verb takes any number; one that is no open descriptor does nothing. See fd_edges.c for what is an edge. */
#ifndef GORACE_FD_EDGES_H
#define GORACE_FD_EDGES_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "current.h"

/* Before data goes into `fd`; after data, or its end, came out of it. */
void fd_release(struct actor *me, int fd);
void fd_acquire(struct actor *me, int fd);

/* The number stands for a new open file: ... */
void fd_opened(struct actor *me, int fd);       /* ... which is looked at when it is used */
void fd_opened_alone(struct actor *me, int fd); /* ... that has no other end: eventfd, timerfd, epoll */
void fd_opened_pipe(struct actor *me, int reader, int writer);
void fd_opened_pair(struct actor *me, int a, int b); /* socketpair */
void fd_copied(struct actor *me, int from, int to);  /* dup: an open file that has another number already */
void fd_opened_inotify(struct actor *me, int fd);
void fd_tell_inotify(struct actor *me);              /* before what one of those may tell of */
void fd_opened_ring(struct actor *me, int fd);       /* io_uring (uring.h): ... */
bool fd_is_ring(int fd);
void fd_ring_tail(struct actor *me, int fd, uintptr_t tail); /* ... where it has its edges from now on; */
void fd_ring_event(struct actor *me, int fd, int event);     /* ... what is written to at each completion */
/* Before close. The other end sees the end of file: an edge as from data. */
void fd_closing(struct actor *me, int fd);
void fd_closing_range(struct actor *me, unsigned first, unsigned last);

/* Sockets with names: told before the real call for what gives, after it for what takes. */
void fd_connecting(struct actor *me, int fd, const struct sockaddr *to, socklen_t size);
void fd_connected(struct actor *me, int fd, const struct sockaddr *to, socklen_t size);
void fd_listening(struct actor *me, int fd);
void fd_accepted(struct actor *me, int listener, int fd);
/* A datagram to a named receiver. */
void fd_release_to(struct actor *me, int fd, const struct sockaddr *to, socklen_t size);

/* epoll_ctl, before; and the events that epoll_wait returned. */
void fd_watch(struct actor *me, int epoll, int op, int fd, uint64_t data);
void fd_woken(struct actor *me, int epoll, const struct epoll_event *events, int n);

#endif
