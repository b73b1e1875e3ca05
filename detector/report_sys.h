/* System calls that only the reporter needs (files, signal mask, pid); os.h has those of the core. Raw for the same
 * reason: libc's write or open would be libgorace.so's own wrappers. Results are the kernel's: negative errno. */
#ifndef GORACE_REPORT_SYS_H
#define GORACE_REPORT_SYS_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long sys_call(long n, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return r;
}

static inline int sys_open(const char *path, int flags, int mode)
{
    return (int)sys_call(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC, mode);
}

static inline void sys_close(int fd)
{
    sys_call(SYS_close, fd, 0, 0, 0);
}

static inline long sys_read(int fd, void *to, unsigned long n)
{
    return sys_call(SYS_read, fd, (long)to, (long)n, 0);
}

static inline long sys_write(int fd, const void *from, unsigned long n)
{
    return sys_call(SYS_write, fd, (long)from, (long)n, 0);
}

static inline void sys_wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    sys_call(SYS_poll, (long)&p, 1, -1, 0);
}

/* Since 1970, UTC. */
static inline long sys_seconds(void)
{
    return sys_call(SYS_time, 0, 0, 0, 0);
}

static inline int sys_getpid(void)
{
    return (int)sys_call(SYS_getpid, 0, 0, 0, 0);
}

/* Length with the final zero, or negative errno. */
static inline long sys_getcwd(char *to, unsigned long n)
{
    return sys_call(SYS_getcwd, (long)to, (long)n, 0, 0);
}

/* Blocks every signal but those that a broken instruction raises in this thread; *old gets the mask of before. */
static inline void sys_block_signals(uint64_t *old)
{
    uint64_t all = ~(uint64_t)0;
    const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (unsigned i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
        all &= ~((uint64_t)1 << (synchronous[i] - 1));
    sys_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)old, sizeof all);
}

static inline void sys_restore_signals(const uint64_t *old)
{
    sys_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)old, 0, sizeof *old);
}

#endif
