/* The loop that all calls on descriptors go through, and what is behind it for files. */
#ifndef RT_IO_H
#define RT_IO_H

#include "fd.h"
#include "libc.h"

/* The whole call: io's result or a negative errno. */
ssize_t rt_io(const struct rt_io *io, enum rt_fd_side side, int64_t deadline);

/* file.c: the same for what the poller does not take. */
ssize_t rt_file_io(const struct rt_io *io, struct rt_fd *d, enum rt_fd_side side, int64_t deadline);
/* poll(2) in the hand-off: its events, 0 at the deadline, or -errno. */
int rt_file_wait(int fd, short events, int64_t deadline);

#endif
