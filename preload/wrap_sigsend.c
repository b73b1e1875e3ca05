/* Signals sent to this process, and signals accepted by waiting for them; the handlers are in signals.c.
 *
 * A signal can also be read from a signalfd. What is read there is known to the wrapper of read as data of that
 * descriptor, so whoever sends a signal that a signalfd takes gives to the descriptor as well. */
#include "fd_edges.h"
#include "interpose.h"
#include "raw.h"
#include "signals.h"
#include "stuck.h"
#include "sync_keys.h"
#include "threads.h"

#define TAKERS 64
static struct {
    int fd;
    uint64_t mask;
} takers[TAKERS]; /* written under tables_lock, read without: atomic. What comes beyond has no edges. */
static unsigned ntakers;

/* The program may have closed it, and the number may be something else by now. */
static bool is_signalfd(int fd)
{
    static const char is[] = "anon_inode:[signalfd]";
    char path[32] = "/proc/self/fd/", target[sizeof is] = "";
    size_t n = sizeof "/proc/self/fd/" - 1;
    for (int scale = 1000000000; scale; scale /= 10)
        if (fd >= scale || scale == 1)
            path[n++] = (char)('0' + fd / scale % 10);
    path[n] = 0;
    raw_syscall(SYS_readlink, (long)path, (long)target, sizeof target - 1, 0, 0, 0);
    for (n = 0; n < sizeof is; n++)
        if (target[n] != is[n])
            return false;
    return true;
}

void signal_sent(struct actor *me, int sig)
{
    sync_release_merge(me, signal_key(sig));
    unsigned n = __atomic_load_n(&ntakers, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < n; i++) {
        int fd = __atomic_load_n(&takers[i].fd, __ATOMIC_RELAXED);
        if ((__atomic_load_n(&takers[i].mask, __ATOMIC_RELAXED) >> (sig - 1) & 1) && is_signalfd(fd))
            fd_release(me, fd);
    }
}

void signal_event(struct actor *me, const struct sigevent *event)
{
    if (event->sigev_notify == SIGEV_SIGNAL && event->sigev_signo > 0)
        signal_sent(me, event->sigev_signo);
    else if (event->sigev_notify == SIGEV_THREAD)
        sync_release_merge(me, libc_threads_key());
}

INTERPOSE(int, signalfd, (int fd, const sigset_t *set, int flags))
{
    struct actor *me = current();
    int result = REAL(signalfd)(fd, set, flags);
    if (!me || result < 0)
        return result;
    if (fd < 0)
        fd_opened_alone(me, result);
    struct thread *self = tables_lock();
    unsigned i = 0;
    while (i < ntakers && takers[i].fd != result)
        i++;
    if (i < TAKERS) {
        __atomic_store_n(&takers[i].fd, result, __ATOMIC_RELAXED);
        __atomic_store_n(&takers[i].mask, *(const uint64_t *)set, __ATOMIC_RELAXED);
        if (i == ntakers)
            __atomic_store_n(&ntakers, i + 1, __ATOMIC_RELEASE);
    }
    tables_unlock(self);
    return result;
}

static void sends(struct actor *me, int sig)
{
    if (me && sig > 0)
        signal_sent(me, sig);
}

/* A signal may come back to this process: to itself, its group, or everybody. To another one it may end or stop a child. */
static void sends_to(struct actor *me, pid_t pid, int sig)
{
    if (pid <= 0 || pid == getpid())
        sends(me, sig);
    if (me && sig > 0 && pid != getpid())
        sync_release_chance(me, children_key());
}

INTERPOSE(int, kill, (pid_t pid, int sig))
{
    struct actor *me = current();
    sends_to(me, pid, sig);
    return REAL(kill)(pid, sig);
}

INTERPOSE(int, killpg, (pid_t group, int sig))
{
    sends_to(current(), -1, sig);
    return REAL(killpg)(group, sig);
}

INTERPOSE(int, tgkill, (pid_t pid, pid_t tid, int sig))
{
    struct actor *me = current();
    if (!REAL(tgkill)) {
        errno = ENOSYS;
        return -1;
    }
    sends_to(me, pid, sig);
    return REAL(tgkill)(pid, tid, sig);
}

INTERPOSE(int, sigqueue, (pid_t pid, int sig, const union sigval value))
{
    struct actor *me = current();
    sends_to(me, pid, sig);
    stuck_kernel_keeps((uintptr_t)value.sival_ptr);
    return REAL(sigqueue)(pid, sig, value);
}

INTERPOSE(int, pthread_kill, (pthread_t id, int sig))
{
    sends(current(), sig);
    return REAL(pthread_kill)(id, sig);
}

INTERPOSE(int, pthread_sigqueue, (pthread_t id, int sig, const union sigval value))
{
    sends(current(), sig);
    stuck_kernel_keeps((uintptr_t)value.sival_ptr);
    return REAL(pthread_sigqueue)(id, sig, value);
}

INTERPOSE(int, sigwait, (const sigset_t *set, int *sig))
{
    struct actor *me = current();
    int result = PARKED(me, "sigwait", -1, REAL(sigwait)(set, sig));
    if (me && result == 0) {
        sync_acquire(me, signal_key(*sig));
        mem_write(me, sig, sizeof *sig, CALLER);
    }
    return result;
}

/* What the handler knows of who sent it is the handler's to acquire. */
INTERPOSE(int, pause, (void))
{
    struct actor *me = current();
    return PARKED(me, "pause", -1, REAL(pause)());
}

INTERPOSE(int, sigsuspend, (const sigset_t *mask))
{
    struct actor *me = current();
    return PARKED(me, "sigsuspend", -1, REAL(sigsuspend)(mask));
}

static int waited(struct actor *me, int result, siginfo_t *wanted, const siginfo_t *info, uintptr_t pc)
{
    if (result < 0)
        return result;
    if (me)
        sync_acquire(me, signal_key(result));
    if (wanted) {
        *wanted = *info;
        if (me)
            mem_write(me, wanted, sizeof *wanted, pc);
    }
    return result;
}

INTERPOSE(int, sigwaitinfo, (const sigset_t *set, siginfo_t *wanted))
{
    struct actor *me = current();
    siginfo_t info;
    return waited(me, PARKED(me, "sigwaitinfo", -1, REAL(sigwaitinfo)(set, &info)), wanted, &info, CALLER);
}

INTERPOSE(int, sigtimedwait, (const sigset_t *set, siginfo_t *wanted, const struct timespec *limit))
{
    struct actor *me = current();
    siginfo_t info;
    return waited(me, PARKED(me, "sigtimedwait", -1, REAL(sigtimedwait)(set, &info, limit)), wanted, &info, CALLER);
}
