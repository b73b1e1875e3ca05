/* The thread's words, read anew each time.
 *
 * Compilers assume that a function stays on its thread and keep &variable, or in position-independent code the whole address,
 * over a call; a goroutine comes back from a switch on another thread. So thread-local words are only reached through
 * volatile asm with the segment register, which no optimisation level, -flto or -fPIC may merge or move over another. Only the
 * offset may be cached: it is the same in all threads (initial-exec). */
#ifndef RT_ARCH_TLS_H
#define RT_ARCH_TLS_H

#include <stdint.h>

#include "frame.h"

struct rt_g;
struct rt_m;

struct rt_thread {
    struct rt_g *g; /* what runs on this thread: a goroutine or the m's g0; NULL: the thread is not ours */
    struct rt_m *m;
    int32_t locks; /* > 0: no preemption: inside of the runtime. See rt.h */
};

_Static_assert(sizeof(struct rt_thread) == RT_THREAD_SIZE, "switch.S");

#define RT_TLS_OFFSET(off) __asm__("movq rt_thread@gottpoff(%%rip), %0" : "=r"(off))
#define RT_TLS_READ(type, displacement) \
    __extension__({ \
        uintptr_t rt_off; \
        type rt_value; \
        RT_TLS_OFFSET(rt_off); \
        __asm__ volatile("movq %%fs:" #displacement "(%1), %0" : "=r"(rt_value) : "r"(rt_off) : "memory"); \
        rt_value; \
    })

/* The goroutine (or g0) that runs here; NULL on a thread that is not ours. */
static inline struct rt_g *rt_self(void)
{
    return RT_TLS_READ(struct rt_g *, 0);
}

static inline struct rt_m *rt_this_m(void)
{
    return RT_TLS_READ(struct rt_m *, 8);
}

static inline void rt_set_self(struct rt_g *g)
{
    uintptr_t off;
    RT_TLS_OFFSET(off);
    __asm__ volatile("movq %0, %%fs:0(%1)" : : "r"(g), "r"(off) : "memory");
}

static inline void rt_set_m(struct rt_m *m)
{
    uintptr_t off;
    RT_TLS_OFFSET(off);
    __asm__ volatile("movq %0, %%fs:8(%1)" : : "r"(m), "r"(off) : "memory");
}

/* One instruction each: a signal sees the old or the new count. They are compiler barriers, too. */
static inline void rt_locks_add(int n)
{
    uintptr_t off;
    RT_TLS_OFFSET(off);
    __asm__ volatile("addl %0, %%fs:16(%1)" : : "er"(n), "r"(off) : "memory", "cc");
}

static inline int rt_locks(void)
{
    uintptr_t off;
    int n;
    RT_TLS_OFFSET(off);
    __asm__ volatile("movl %%fs:16(%1), %0" : "=r"(n) : "r"(off) : "memory");
    return n;
}

#endif
