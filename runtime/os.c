/* Raw system calls: no errno, no cancellation points, nothing that a detector intercepts. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch/x86_64/syscall.h"
#include "det.h"
#include "rt.h"

int (*rt_clock_gettime)(clockid_t clock, struct timespec *to) = clock_gettime;

int64_t rt_clock(void)
{
    struct timespec t;
    rt_clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * GORO_SECOND + t.tv_nsec;
}

int64_t goro_now(void)
{
    return RT_STEERED ? rt_det_now() : rt_clock();
}

void rt_futex_wait(uint32_t *word, uint32_t value, int64_t until)
{
    struct timespec t = {until / GORO_SECOND, until % GORO_SECOND};
    /* WAIT_BITSET: its time is a point of the monotonic clock. */
    rt_syscall(SYS_futex, (long)word, FUTEX_WAIT_BITSET_PRIVATE, value, until == GORO_FOREVER ? 0 : (long)&t, 0,
               (long)FUTEX_BITSET_MATCH_ANY);
}

void rt_futex_wake(uint32_t *word, int count)
{
    rt_syscall(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

int rt_tid(void)
{
    return (int)rt_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

void rt_write(int fd, const char *text, size_t size)
{
    while (size > 0) {
        long written = rt_syscall(SYS_write, fd, (long)text, (long)size, 0, 0, 0);
        if (written == -EINTR || written == -EAGAIN)
            continue;
        if (written <= 0)
            return;
        text += written;
        size -= (size_t)written;
    }
}

bool rt_read_file(const char *path, char *text, size_t room)
{
    long fd = rt_syscall(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return false;
    long size = rt_syscall(SYS_read, fd, (long)text, (long)room - 1, 0, 0, 0);
    rt_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

int rt_threads(void)
{
    char text[2048];
    const char *line = rt_read_file("/proc/self/status", text, sizeof text) ? strstr(text, "\nThreads:") : NULL;
    return line ? atoi(line + strlen("\nThreads:")) : 0;
}
