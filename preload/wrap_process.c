/* The end of the process, raw system calls, and new processes. fork itself needs no wrapper: threads.c has fork handlers.
 * vfork needs none either: the child borrows our memory while the thread that made it sleeps, and acts as that thread; a
 * wrapper would return twice through one frame. exec needs none: findings are written when they are found.
 * posix_spawn is only passed on: a program that gcc linked against libtsan names it without a version and would get
 * glibc's first one, which hands a file that is no executable to the shell. */
#include "process.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "asleep.h"
#include "fd_edges.h"
#include "interpose.h"
#include "kernel_aio.h"
#include "mutex.h"

#include "../detector/locks.h"
#include "../sample/sample.h"
#include "raw.h"
#include "signals.h"
#include "stuck.h"
#include "sync_keys.h"
#include "threads.h"
#include "uring.h"

static long owner; /* pid; a child of vfork has another one, and must not end our report */

void process_forked(void)
{
    owner = raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

bool process_is_ours(void)
{
    return raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0) == owner;
}

static int exit_code(int status)
{
    return process_is_ours() ? process_exit_code(status) : status;
}

static int last_status(int status, uintptr_t sp, const uintptr_t *registers)
{
    if (process_is_ours())
        stuck_at_exit(current(), sp, registers);
    return exit_code(status);
}

INTERPOSE(void, _exit, (int status))
{
    PARKED_REGISTERS();
    REAL(_exit)(last_status(status, PARKED_ABOVE(), parked_registers));
    __builtin_unreachable();
}

INTERPOSE(void, _Exit, (int status))
{
    PARKED_REGISTERS();
    REAL(_Exit)(last_status(status, PARKED_ABOVE(), parked_registers));
    __builtin_unreachable();
}

INTERPOSE(void, quick_exit, (int status))
{
    PARKED_REGISTERS();
    REAL(quick_exit)(last_status(status, PARKED_ABOVE(), parked_registers));
    __builtin_unreachable();
}

/* What pthread_atfork's handlers do for fork, after a call that runs none. */
static long forked(long pid)
{
    int saved = errno;
    if (pid == 0) {
        mutex_forked();
        threads_after_fork_in_child();
    } else {
        threads_after_fork_in_parent();
    }
    errno = saved;
    return pid;
}

INTERPOSE(pid_t, _Fork, (void))
{
    if (!REAL(_Fork)) {
        errno = ENOSYS;
        return -1;
    }
    threads_before_fork();
    return (pid_t)forked(REAL(_Fork)());
}

/* A process made by clone has our memory as fork would leave it: other threads may hold locks of ours in it. With
 * CLONE_VM it is a thread that nobody told of, or a kind of vfork, and is left alone. */
struct start {
    int (*run)(void *);
    void *arg;
};

static int child_main(void *arg)
{
    struct start start = *(struct start *)arg;
    threads_after_fork_in_child();
    return start.run(start.arg);
}

INTERPOSE(int, clone, (int (*run)(void *), void *stack, int flags, void *arg, ...))
{
    va_list list;
    va_start(list, arg);
    pid_t *parent_tid = va_arg(list, pid_t *);
    void *tls = va_arg(list, void *);
    pid_t *child_tid = va_arg(list, pid_t *);
    va_end(list);
    if ((flags & CLONE_VM) || !run || !stack || !current())
        return REAL(clone)(run, stack, flags, arg, parent_tid, tls, child_tid);
    struct start start = {run, arg};
    threads_before_fork();
    int result = REAL(clone)(child_main, stack, flags, &start, parent_tid, tls, child_tid);
    int saved = errno;
    threads_after_fork_in_parent();
    errno = saved;
    return result;
}

static void making_child(void)
{
    struct actor *me = current();
    if (me)
        sync_release_chance(me, children_key());
}

INTERPOSE(int, posix_spawn,
          (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
           char *const argv[], char *const envp[]))
{
    making_child();
    return REAL(posix_spawn)(pid, path, actions, attr, argv, envp);
}

INTERPOSE(int, posix_spawnp,
          (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
           char *const argv[], char *const envp[]))
{
    making_child();
    return REAL(posix_spawnp)(pid, file, actions, attr, argv, envp);
}

/* ---- syscall(2) -------------------------------------------------------------------------------------------------- */

/* A wake is a release of the futex word, a wait that was woken an acquire: whoever calls futex by hand builds a lock. */
static void futex_before(struct actor *me, const long *a)
{
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAKE_OP:
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
        sync_release_merge(me, (uint64_t)a[4]);
        sync_release_merge(me, (uint64_t)a[0]);
        break;
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
    case FUTEX_UNLOCK_PI:
        sync_release_merge(me, (uint64_t)a[0]);
        break;
    }
}

static void futex_after(struct actor *me, const long *a)
{
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT_REQUEUE_PI:
        sync_acquire(me, (uint64_t)a[4]);
        sync_acquire(me, (uint64_t)a[0]);
        break;
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_TRYLOCK_PI:
        sync_acquire(me, (uint64_t)a[0]);
        break;
    }
}

/* What has a wrapper by name gets the same treatment by number. */
static void before(struct actor *me, long number, long *a)
{
    switch (number) {
    case SYS_futex:
        futex_before(me, a);
        break;
    case SYS_kill:
    case SYS_rt_sigqueueinfo:
    case SYS_tkill:
        if (a[1] > 0)
            signal_sent(me, (int)a[1]);
        break;
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
        if (a[2] > 0)
            signal_sent(me, (int)a[2]);
        break;
    case SYS_exit_group:
        a[0] = exit_code((int)a[0]);
        break;
    case SYS_exit:
        thread_ends();
        break;
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
        fd_release(me, (int)a[0]);
        break;
    case SYS_io_submit:
        kernel_aio_submits(me, (uint64_t)a[0]);
        break;
    case SYS_io_uring_enter:
    case SYS_io_uring_register:
        uring_before(me, number, a);
        break;
    }
}

static void after(struct actor *me, long number, const long *a, long result)
{
    switch (number) {
    case SYS_futex:
        if (result == 0)
            futex_after(me, a);
        break;
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
        if (result >= 0)
            fd_acquire(me, (int)a[0]);
        break;
    case SYS_io_cancel:
    case SYS_io_destroy:
    case SYS_io_getevents:
    case SYS_io_pgetevents:
        if (result >= 0)
            kernel_aio_over(me, (uint64_t)a[0]);
        break;
    case SYS_io_uring_enter:
    case SYS_io_uring_setup:
        uring_after(me, number, a, result);
        break;
    }
}

/* Like fork: its own memory, and it goes on here, on this stack. */
static bool forks(long number, const long *a)
{
    return number == SYS_fork || (number == SYS_clone && !(a[0] & CLONE_VM) && a[1] == 0);
}

/* Many do not say that a futex is private although it is. */
static bool word_changed(const struct wait_for *f)
{
    return __atomic_load_n((const uint32_t *)f->key, __ATOMIC_SEQ_CST) != f->value ||
           (memory_shared(f->key, true));
}

/* A wait without a time limit. */
static bool futex_waits(struct actor *me, const long *a, uintptr_t pc)
{
    int op = (int)a[1] & FUTEX_CMD_MASK;
    if ((op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET) || a[3])
        return false;
    const struct wait_for w = {.thing = THING_FUTEX,
                               .key = (uintptr_t)a[0],
                               .value = (uint32_t)a[2],
                               .available = word_changed};
    wait_begin(me, &w, pc);
    return true;
}

INTERPOSE(long, syscall, (long number, ...))
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    struct actor *me = current();
    if (number == SYS_seccomp)
        sample_stop();
    if (me)
        before(me, number, a);
    if (me && forks(number, a)) {
        threads_before_fork();
        return forked(REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]));
    }
    PARKED_REGISTERS();
    bool waits = me && number == SYS_futex && futex_waits(me, a, CALLER);
    long result = PARKED(waits ? NULL : me, "syscall", -1, REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]));
    if (waits)
        wait_end(me);
    if (me)
        after(me, number, a, result);
    return result;
}
