/* See uring.h.
 *
 * The kernel writes completions into a ring and stores its tail; a program finds them by a load of the tail that acquires, and need not
 * call anybody. So a submission releases that word, as if it were the submitter that stores it later. Which operation a completion belongs to
 * is not looked at: all earlier submissions to the ring count. The same goes for a wait at the ring's descriptor, by io_uring_enter, poll or
 * an event that it was given.
 *
 * Where the tail lies says the mapping of the ring, or liburing's structure, which has been the same since its first version. What
 * operations do with buffers and other descriptors is not told; nor is a submission to a ring that the kernel polls by itself (SQPOLL)
 * without a call of liburing, or by a registered ring. */
#include "uring.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "fd_edges.h"
#include "library.h"
#include "touch.h"

/* struct io_uring. */
struct uring {
    char submissions[104], head[8];
    uint32_t *tail; /* of completions */
    char completions[72], flags[4];
    int fd;
};

#define LIBRARY \
    (const char *const[]) \
    { \
        "liburing", NULL \
    }
#define URING(ret, name, params) LIBRARY_ROW(ret, name, params)
#include "uring.def"
#undef URING

/* Of struct io_uring_params: the same for all rings of a kernel. Atomic. */
static uint32_t tail_offset;

static void registering(struct actor *me, int fd, long operation, const int *event)
{
    if ((operation == IORING_REGISTER_EVENTFD || operation == IORING_REGISTER_EVENTFD_ASYNC) && addressable(event))
        fd_ring_event(me, fd, *event);
}

void uring_before(struct actor *me, long number, const long *a)
{
    if (number == SYS_io_uring_enter && a[1])
        fd_release(me, (int)a[0]);
    else if (number == SYS_io_uring_register)
        registering(me, (int)a[0], a[1], (const int *)a[2]);
}

void uring_after(struct actor *me, long number, const long *a, long result)
{
    if (result < 0)
        return;
    if (number == SYS_io_uring_enter && a[3] & IORING_ENTER_GETEVENTS) {
        fd_acquire(me, (int)a[0]);
    } else if (number == SYS_io_uring_setup) {
        const struct io_uring_params *p = (const struct io_uring_params *)a[1];
        __atomic_store_n(&tail_offset, p->cq_off.tail, __ATOMIC_RELAXED);
        fd_opened_ring(me, (int)result);
    }
}

/* Both rings are one mapping in newer kernels, which programs map once or twice. */
void uring_mapped(struct actor *me, int fd, long offset, const void *at)
{
    const uint32_t tail = __atomic_load_n(&tail_offset, __ATOMIC_RELAXED);
    if (tail && (offset == IORING_OFF_CQ_RING || offset == IORING_OFF_SQ_RING) && fd_is_ring(fd))
        fd_ring_tail(me, fd, (uintptr_t)at + tail);
}

/* ---- liburing ------------------------------------------------------------------------------------------------------------- */

static void submitting(struct actor *me, const struct uring *ring)
{
    if (me) {
        fd_ring_tail(me, ring->fd, (uintptr_t)ring->tail);
        fd_release(me, ring->fd);
    }
}

static void taken(struct actor *me, const struct uring *ring)
{
    if (me) {
        fd_ring_tail(me, ring->fd, (uintptr_t)ring->tail);
        fd_acquire(me, ring->fd);
    }
}

#define TAKES(name, params, submits, ...) \
    EXPORT int name params \
    { \
        struct actor *me = current(); \
        if (submits) \
            submitting(me, ring); \
        const int result = PARKED(me, #name, ring->fd, LIBRARY_REAL(name)(__VA_ARGS__)); \
        taken(me, ring); \
        return result; \
    }

TAKES(io_uring_submit, (struct uring * ring), true, ring)
TAKES(io_uring_submit_and_wait, (struct uring * ring, unsigned n), true, ring, n)
TAKES(io_uring_submit_and_wait_timeout, (struct uring * ring, void *found, unsigned n, void *limit, void *mask), true, ring, found,
      n, limit, mask)
TAKES(io_uring_submit_and_get_events, (struct uring * ring), true, ring)
TAKES(io_uring_get_events, (struct uring * ring), false, ring)
TAKES(io_uring_wait_cqes, (struct uring * ring, void *found, unsigned n, void *limit, void *mask), true, ring, found, n, limit, mask)
TAKES(io_uring_wait_cqe_timeout, (struct uring * ring, void *found, void *limit), true, ring, found, limit)
TAKES(__io_uring_get_cqe, (struct uring * ring, void *found, unsigned submits, unsigned n, void *mask), submits, ring, found,
      submits, n, mask)

EXPORT unsigned io_uring_peek_batch_cqe(struct uring *ring, void *found, unsigned n)
{
    const unsigned result = LIBRARY_REAL(io_uring_peek_batch_cqe)(ring, found, n);
    taken(current(), ring);
    return result;
}

#define REGISTERS(name) \
    EXPORT int name(struct uring *ring, int event) \
    { \
        struct actor *me = current(); \
        if (me) \
            fd_ring_event(me, ring->fd, event); \
        return LIBRARY_REAL(name)(ring, event); \
    }
REGISTERS(io_uring_register_eventfd)
REGISTERS(io_uring_register_eventfd_async)

#define ENTERS(name, params, ...) \
    EXPORT int name params \
    { \
        struct actor *me = current(); \
        const long arguments[] = {fd, submits, n, flags}; \
        if (me) \
            uring_before(me, SYS_io_uring_enter, arguments); \
        const int result = PARKED(me, #name, (int)fd, LIBRARY_REAL(name)(__VA_ARGS__)); \
        if (me) \
            uring_after(me, SYS_io_uring_enter, arguments, result); \
        return result; \
    }
ENTERS(io_uring_enter, (unsigned fd, unsigned submits, unsigned n, unsigned flags, void *mask), fd, submits, n, flags, mask)
ENTERS(io_uring_enter2, (unsigned fd, unsigned submits, unsigned n, unsigned flags, void *mask, size_t size), fd, submits, n, flags,
       mask, size)
