/* The kernel's own asynchronous input and output (io_submit): who takes events of a queue knows what was done before operations were
 * submitted to it. POSIX's is in wrap_aio.c. */
#ifndef GORACE_KERNEL_AIO_H
#define GORACE_KERNEL_AIO_H

#include "current.h"

static inline void kernel_aio_submits(struct actor *me, uint64_t queue)
{
    sync_release_merge(me, queue);
}

static inline void kernel_aio_over(struct actor *me, uint64_t queue)
{
    sync_acquire(me, queue);
}

#endif
