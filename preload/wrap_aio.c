/* POSIX asynchronous input and output. Edges: submission -> whoever is told that the operation is over; submission -> the signal or the
 * notification by a thread.
 *
 * The buffer is told of as accessed by who submits, at that moment: between the submission and its end it is the operation's. What the
 * submitting thread itself does there meanwhile is not seen as a race. libc's helper threads call nothing of ours. */
#include "fd_edges.h"
#include "signals.h"
#include "touch.h"

_Static_assert(sizeof(struct aiocb) == sizeof(struct aiocb64) &&
                   offsetof(struct aiocb, aio_offset) == offsetof(struct aiocb64, aio_offset),
               "one layout for both names");

static void submits(struct actor *me, const struct aiocb *a, int what, uintptr_t pc)
{
    if (!me)
        return;
    mem_read(me, a, offsetof(struct aiocb, aio_sigevent) + sizeof a->aio_sigevent, pc);
    if (what == LIO_READ)
        write_if(me, a->aio_buf, a->aio_nbytes, pc);
    else if (what == LIO_WRITE)
        read_if(me, (const void *)a->aio_buf, a->aio_nbytes, pc);
    if (what == LIO_WRITE)
        fd_release(me, a->aio_fildes);
    sync_release(me, (uintptr_t)a);
    signal_event(me, &a->aio_sigevent);
}

/* What is behind the descriptor counts for operations of any kind: a, the program's, need not say which it was. */
static void over(struct actor *me, const struct aiocb *a)
{
    sync_acquire(me, (uintptr_t)a);
    fd_acquire(me, a->aio_fildes);
}

static void over_if_done(struct actor *me, const struct aiocb *const list[], int n)
{
    for (int i = 0; me && i < n; i++) {
        if (list[i] && REAL(aio_error)(list[i]) != EINPROGRESS)
            over(me, list[i]);
    }
}

static void submits_list(struct actor *me, struct aiocb *const list[], int n, const struct sigevent *event, uintptr_t pc)
{
    for (int i = 0; me && i < n; i++) {
        if (list[i] && list[i]->aio_lio_opcode != LIO_NOP)
            submits(me, list[i], list[i]->aio_lio_opcode, pc);
    }
    if (me && event)
        signal_event(me, event);
}

#define AIO(suffix, type) \
    INTERPOSE_NAMED(int, aio_read##suffix, (type * a)) \
    { \
        submits(current(), (struct aiocb *)a, LIO_READ, CALLER); \
        return REAL(aio_read##suffix)(a); \
    } \
    INTERPOSE_NAMED(int, aio_write##suffix, (type * a)) \
    { \
        submits(current(), (struct aiocb *)a, LIO_WRITE, CALLER); \
        return REAL(aio_write##suffix)(a); \
    } \
    INTERPOSE_NAMED(int, aio_fsync##suffix, (int how, type *a)) \
    { \
        submits(current(), (struct aiocb *)a, LIO_NOP, CALLER); \
        return REAL(aio_fsync##suffix)(how, a); \
    } \
    INTERPOSE_NAMED(int, aio_error##suffix, (const type *a)) \
    { \
        struct actor *me = current(); \
        int error = REAL(aio_error##suffix)(a); \
        if (me && error != EINPROGRESS) \
            over(me, (const struct aiocb *)a); \
        return error; \
    } \
    INTERPOSE_NAMED(ssize_t, aio_return##suffix, (type * a)) \
    { \
        struct actor *me = current(); \
        if (me) \
            over(me, (struct aiocb *)a); \
        return REAL(aio_return##suffix)(a); \
    } \
    INTERPOSE_NAMED(int, aio_suspend##suffix, (const type *const list[], int n, const struct timespec *timeout)) \
    { \
        struct actor *me = current(); \
        int result = REAL(aio_suspend##suffix)(list, n, timeout); \
        if (result == 0) \
            over_if_done(me, (const struct aiocb *const *)list, n); \
        return result; \
    } \
    INTERPOSE_NAMED(int, aio_cancel##suffix, (int fd, type *a)) \
    { \
        struct actor *me = current(); \
        int result = REAL(aio_cancel##suffix)(fd, a); \
        if (me && a && (result == AIO_CANCELED || result == AIO_ALLDONE)) \
            over(me, (struct aiocb *)a); \
        return result; \
    } \
    INTERPOSE_NAMED(int, lio_listio##suffix, (int mode, type *const list[restrict], int n, struct sigevent *restrict event)) \
    { \
        struct actor *me = current(); \
        submits_list(me, (struct aiocb *const *)list, n, mode == LIO_NOWAIT ? event : NULL, CALLER); \
        int result = REAL(lio_listio##suffix)(mode, list, n, event); \
        int error = errno; \
        if (mode == LIO_WAIT) \
            over_if_done(me, (const struct aiocb *const *)list, n); \
        errno = error; \
        return result; \
    }

AIO(, struct aiocb)
AIO(64, struct aiocb64)
