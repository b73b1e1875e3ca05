/* System calls and byte copies that pass through nothing of libc: what libgorace.so does for itself must not come back
 * through its own wrappers, must work before any relocation, and must leave errno alone. */
#ifndef GORACE_RAW_H
#define GORACE_RAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

/* The kernel's result: -errno on failure. */
static inline long raw_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Forwards. */
static inline void raw_copy(void *to, const void *from, size_t n)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline void raw_fill(void *to, int byte, size_t n)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
}

static inline void raw_move(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n) {
        raw_copy(to, from, n);
        return;
    }
    char *t = (char *)to + n - 1;
    const char *f = (const char *)from + n - 1;
    if (n) /* overlapping upwards: backwards, byte by byte */
        __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(t), "+S"(f), "+c"(n) : : "memory");
}

static inline int raw_compare(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i])
            return x[i] - y[i];
    }
    return 0;
}

static inline size_t raw_length(const char *s)
{
    size_t n = 0;
    while (((const volatile char *)s)[n])
        n++;
    return n;
}

#endif
