/* The wide registers, over a call of code that may use them: copies of the program's code are interrupted where the program
 * keeps values in all of them, and only the narrow ones are kept by access_hook.c, because the core uses no others. libc does. */
#ifndef GORACE_INSTRUMENT_VECTORS_H
#define GORACE_INSTRUMENT_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

#define VECTORS_BYTES 2816 /* x87, SSE, AVX and AVX-512, in the standard form of XSAVE */
#define VECTORS_MASK 0xe7u

struct vectors {
    uint8_t area[VECTORS_BYTES];
} __attribute__((aligned(64)));

static inline bool vectors_known(void)
{
    static int known; /* under a hypervisor cpuid takes a microsecond or more */
    if (!known) {
        uint32_t a = 1, b, c = 0, d;
        __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        known = c >> 27 & 1 ? 1 : -1; /* OSXSAVE */
    }
    return known > 0;
}

static inline void vectors_keep(struct vectors *v)
{
    for (unsigned i = 512; i < 576; i++)
        v->area[i] = 0; /* the header */
    __asm__ volatile("xsave64 %0" : "+m"(*v) : "a"(VECTORS_MASK), "d"(0) : "memory");
}

static inline void vectors_put_back(const struct vectors *v)
{
    __asm__ volatile("xrstor64 %0" : : "m"(*v), "a"(VECTORS_MASK), "d"(0) : "memory");
}

#endif
