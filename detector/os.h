/* The few things the core takes from the kernel, by raw system calls: the core must not pass through libc functions
 * that libgorace.so itself interposes, and must not touch errno.
 *
 * A `struct oslock` is a word. It is taken only by actors that are inside of the core, so no signal handler of the program can
 * find it held by its own thread. Nobody is woken when it is given up, which is a plain store: most verbs take one, and meet
 * nobody. Who finds it held spins, then sleeps for longer and longer: its holder has lost its processor, or does something rare. */
#ifndef GORACE_OS_H
#define GORACE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oslock {
    uint32_t held;
};

/* Asks `try` until it says true: at once, then after longer and longer pauses and sleeps. */
void os_insist(bool (*try)(void *what), void *what);
void oslock_slow(struct oslock *l);

static inline bool os_trylock(struct oslock *l)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&l->held, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void os_lock(struct oslock *l)
{
    if (!os_trylock(l))
        oslock_slow(l);
}

static inline void os_unlock(struct oslock *l)
{
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

/* Address space that costs nothing until it is touched; NULL when there is none (ulimit -v). Zero-filled. */
void *os_reserve(size_t size);
void os_unmap(void *p, size_t size);
/* Gives the pages back; they read as zero afterwards. Both ends on page borders. */
void os_drop(void *p, size_t size);
/* All of it is going to be written: one call instead of an interrupt a page. Page borders; may do nothing. */
void os_populate(void *p, size_t size);
/* Copies `n` bytes at `from` where there is memory that can be read; false where not, or where the kernel does not let us. */
bool os_peek(void *to, uintptr_t from, size_t n);
/* Which pages have ever been written. map: from os_pagemap_open, negative when the kernel does not say (no /proc).
 * entry[i] is not 0 for the i-th page from p when it is present or swapped out (mincore(2) would not tell of the latter).
 * False when it cannot be known: then every page has to be taken as touched. */
long os_pagemap_open(void);
void os_pagemap_close(long map);
bool os_touched(long map, void *p, size_t pages, uint64_t *entry);

/* After it, every thread of the process has passed a full memory barrier (membarrier(2), private expedited). */
void os_barrier_all(void);
void os_barrier_setup(void);
void os_futex_wait(uint32_t *word, uint32_t value);
void os_futex_wake_all(uint32_t *word);
void os_yield(void);
void os_sleep_ms(unsigned ms);

#define OS_PAGE ((size_t)4096)

/* memcpy and memset would be the program's, seen through our own wrappers. */
static inline void copy_bytes(void *to, const void *from, size_t n)
{
#ifdef __x86_64__
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
#endif
}

static inline void zero_bytes(void *to, size_t n)
{
#ifdef __x86_64__
    if (n % sizeof(uint64_t) == 0) {
        n /= sizeof(uint64_t);
        __asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"((uint64_t)0) : "memory");
    } else {
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0) : "memory");
    }
#else
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = 0;
#endif
}

/* Data that the inlined fast path reads: reached without the global offset table. */
#define HIDDEN __attribute__((visibility("hidden")))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define compiler_barrier() __asm__ volatile("" ::: "memory")

#endif
