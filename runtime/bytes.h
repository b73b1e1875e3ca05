/* Copies and fills that no detector sees. The runtime moves values between stacks of goroutines on behalf of either; by
 * memcpy, which a detector intercepts, that would be an access of whoever happens to do it. */
#ifndef RT_BYTES_H
#define RT_BYTES_H

#include <stddef.h>
#include <stdint.h>

enum { RT_BYTES_LONG = 256 }; /* from here on the processor's own loop is faster */

/* Upwards: `to` may overlap `from` from below. The barriers keep compilers from making a call of memcpy out of a loop. */
static inline void rt_copy(void *to, const void *from, size_t n)
{
    char *t = to;
    const char *f = from;
    if (n == 8) { /* nearly always */
        __builtin_memcpy(t, f, 8);
        return;
    }
    if (n >= RT_BYTES_LONG) {
        __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(n) : : "memory");
        return;
    }
    for (; n >= 8; n -= 8, t += 8, f += 8) {
        __builtin_memcpy(t, f, 8);
        __asm__ volatile("" : : : "memory");
    }
    if (n & 4) {
        __builtin_memcpy(t, f, 4);
        t += 4, f += 4;
    }
    if (n & 2) {
        __builtin_memcpy(t, f, 2);
        t += 2, f += 2;
    }
    if (n & 1)
        *t = *f;
}

static inline void rt_zero(void *to, size_t n)
{
    char *t = to;
    if (n >= RT_BYTES_LONG) {
        __asm__ volatile("rep stosb" : "+D"(t), "+c"(n) : "a"(0) : "memory");
        return;
    }
    for (; n >= 8; n -= 8, t += 8) {
        __builtin_memset(t, 0, 8);
        __asm__ volatile("" : : : "memory");
    }
    for (; n > 0; n--, t++) {
        *t = 0;
        __asm__ volatile("" : : : "memory");
    }
}

#endif
