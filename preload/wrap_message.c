/* Message queues and semaphores of POSIX (mq_*) and System V: edges as through descriptors. */
#include <stdarg.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "fd_edges.h"
#include "fd_name.h"
#include "signals.h"
#include "touch.h"

static uint64_t queue_key(int id)
{
    return FD_KEY(FD_SYSTEM_V, (uint32_t)id);
}

static uint64_t semaphores_key(int id)
{
    return FD_KEY(FD_SYSTEM_V, (uint64_t)1 << 32 | (uint32_t)id);
}

INTERPOSE(int, msgsnd, (int id, const void *message, size_t n, int flags))
{
    struct actor *me = current();
    if (me) {
        mem_read(me, message, sizeof(long) + n, CALLER);
        sync_release_merge(me, queue_key(id));
    }
    return PARKED(me, "msgsnd", -1, REAL(msgsnd)(id, message, n, flags));
}

INTERPOSE(ssize_t, msgrcv, (int id, void *message, size_t n, long type, int flags))
{
    struct actor *me = current();
    ssize_t got = PARKED(me, "msgrcv", -1, REAL(msgrcv)(id, message, n, type, flags));
    if (me && got >= 0) {
        sync_acquire(me, queue_key(id));
        mem_write(me, message, sizeof(long) + (size_t)got, CALLER);
    }
    return got;
}

/* Adding gives something up; taking, and waiting for zero, obtain it. All semaphores of a set share a key. */
static void operating(struct actor *me, int id, const struct sembuf *ops, size_t n, uintptr_t pc)
{
    if (!me)
        return;
    read_if(me, ops, n * sizeof *ops, pc);
    sync_release_merge(me, semaphores_key(id));
}

static int operated(struct actor *me, int id, const struct sembuf *ops, size_t n, int result)
{
    for (size_t i = 0; me && result == 0 && i < n; i++) {
        if (ops[i].sem_op <= 0) {
            sync_acquire(me, semaphores_key(id));
            break;
        }
    }
    return result;
}

INTERPOSE(int, semop, (int id, struct sembuf *ops, size_t n))
{
    struct actor *me = current();
    operating(me, id, ops, n, CALLER);
    return operated(me, id, ops, n, PARKED(me, "semop", -1, REAL(semop)(id, ops, n)));
}

INTERPOSE(int, semtimedop, (int id, struct sembuf *ops, size_t n, const struct timespec *timeout))
{
    struct actor *me = current();
    if (me)
        read_if(me, timeout, sizeof *timeout, CALLER);
    operating(me, id, ops, n, CALLER);
    return operated(me, id, ops, n, PARKED(me, "semtimedop", -1, REAL(semtimedop)(id, ops, n, timeout)));
}

/* To set a value adds and takes; to look at one is to have waited for it. */
INTERPOSE(int, semctl, (int id, int number, int command, ...))
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *); /* an int or a pointer: passes through as either */
    va_end(rest);
    struct actor *me = current();
    if (me && (command == SETVAL || command == SETALL))
        sync_release_merge(me, semaphores_key(id));
    int result = REAL(semctl)(id, number, command, argument);
    if (me && result >= 0 && (command == GETVAL || command == GETALL))
        sync_acquire(me, semaphores_key(id));
    return result;
}

/* ---- POSIX: a queue is a descriptor, and a file of a file system of its own ----------------------------------------- */

/* What was ever asked for as a notification of a queue: who sends a message may be the cause of it. Atomic. */
static uint64_t notifying_signals;
static bool notifying_by_thread;

static void notified(struct actor *me)
{
    uint64_t left = __atomic_load_n(&notifying_signals, __ATOMIC_ACQUIRE);
    for (; left; left &= left - 1)
        signal_sent(me, __builtin_ctzll(left) + 1);
    if (__atomic_load_n(&notifying_by_thread, __ATOMIC_ACQUIRE))
        sync_release_merge(me, libc_threads_key());
}

static void giving(struct actor *me, mqd_t queue, const char *from, size_t n, uintptr_t pc)
{
    if (me) {
        read_if(me, from, n, pc);
        fd_release(me, queue);
        notified(me);
    }
}

static ssize_t got(struct actor *me, mqd_t queue, char *to, unsigned *priority, ssize_t n, uintptr_t pc)
{
    if (me && n >= 0) {
        fd_acquire(me, queue);
        write_if(me, to, (size_t)n, pc);
        write_if(me, priority, sizeof *priority, pc);
    }
    return n;
}

INTERPOSE(int, mq_send, (mqd_t queue, const char *from, size_t n, unsigned priority))
{
    struct actor *me = current();
    giving(me, queue, from, n, CALLER);
    return PARKED(me, "mq_send", queue, REAL(mq_send)(queue, from, n, priority));
}

INTERPOSE(int, mq_timedsend,
          (mqd_t queue, const char *from, size_t n, unsigned priority, const struct timespec *timeout))
{
    struct actor *me = current();
    giving(me, queue, from, n, CALLER);
    return PARKED(me, "mq_timedsend", queue, REAL(mq_timedsend)(queue, from, n, priority, timeout));
}

INTERPOSE(ssize_t, mq_receive, (mqd_t queue, char *to, size_t n, unsigned *priority))
{
    struct actor *me = current();
    return got(me, queue, to, priority, PARKED(me, "mq_receive", queue, REAL(mq_receive)(queue, to, n, priority)),
               CALLER);
}

INTERPOSE(ssize_t, mq_timedreceive,
          (mqd_t queue, char *restrict to, size_t n, unsigned *restrict priority,
           const struct timespec *restrict timeout))
{
    struct actor *me = current();
    return got(me, queue, to, priority,
               PARKED(me, "mq_timedreceive", queue, REAL(mq_timedreceive)(queue, to, n, priority, timeout)), CALLER);
}

INTERPOSE(int, mq_notify, (mqd_t queue, const struct sigevent *event))
{
    struct actor *me = current();
    if (me && event) {
        mem_read(me, event, sizeof *event, CALLER);
        if (event->sigev_notify == SIGEV_THREAD)
            __atomic_store_n(&notifying_by_thread, true, __ATOMIC_RELEASE);
        else if (event->sigev_notify == SIGEV_SIGNAL && event->sigev_signo > 0 && event->sigev_signo <= 64)
            __atomic_fetch_or(&notifying_signals, SIGNAL_BIT(event->sigev_signo), __ATOMIC_RELEASE);
        signal_event(me, event);
    }
    return REAL(mq_notify)(queue, event);
}

INTERPOSE(int, mq_close, (mqd_t queue))
{
    struct actor *me = current();
    if (me)
        fd_closing(me, queue);
    return REAL(mq_close)(queue);
}
