/* A system call itself: -errno, nothing set, nothing that is intercepted, safe in signal handlers. */
#ifndef RT_ARCH_SYSCALL_H
#define RT_ARCH_SYSCALL_H

/* Inline: syscall(3) would set errno, of the thread that a goroutine has left. */
static inline long rt_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
