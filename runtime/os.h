/* What the core asks of the kernel and the processor, apart from memory. Safe in signal handlers; errno is untouched. */
#ifndef RT_OS_H
#define RT_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "hidden.h"

static inline void rt_pause(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

/* libc's. */
extern RT_HIDDEN int (*rt_clock_gettime)(clockid_t clock, struct timespec *to);
/* The monotonic clock itself; goro_now() is another one in the deterministic mode. */
int64_t rt_clock(void);
/* Sleeps while *word == value, until woken, `until` (rt_clock() time) or a signal; the caller looks again. */
void rt_futex_wait(uint32_t *word, uint32_t value, int64_t until);
void rt_futex_wake(uint32_t *word, int count);
int rt_tid(void);
bool rt_running(void); /* whether somebody is in goro_run; init.c */
/* The processors that affinity mask and cgroup quota allow: at least 1. cpus.c */
int rt_cpus(void);
/* A small file of /sys or /proc as text, cut off where there is no more room; false: there is none. */
bool rt_read_file(const char *path, char *text, size_t room);
/* Of this process; 0: not known. */
int rt_threads(void);
/* Whole text, also after EINTR. */
void rt_write(int fd, const char *text, size_t size);

#endif
