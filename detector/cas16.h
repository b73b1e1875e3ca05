/* Compare-and-swap of 16 aligned bytes: `*at` becomes `to` if it is `from`. Acquire and release. */
#ifndef GORACE_CAS16_H
#define GORACE_CAS16_H

#include <stdbool.h>
#include <stdint.h>

static inline bool cas16(uint64_t at[2], const uint64_t from[2], const uint64_t to[2])
{
#ifdef __x86_64__
    uint64_t lo = from[0], hi = from[1];
    bool done;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*(unsigned __int128 *)at), "+a"(lo), "+d"(hi)
                     : "b"(to[0]), "c"(to[1])
                     : "memory");
    return done;
#else
    unsigned __int128 old = (unsigned __int128)from[1] << 64 | from[0];
    return __atomic_compare_exchange_n((unsigned __int128 *)at, &old, (unsigned __int128)to[1] << 64 | to[0], false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
#endif
}

#endif
