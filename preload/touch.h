/* What several wrappers say in the same way about the memory that a libc function touches. */
#ifndef GORACE_TOUCH_H
#define GORACE_TOUCH_H

#include "interpose.h"

/* For wrappers that have nothing to tell but what is touched: NULL as well where nobody looks at that. */
static inline struct actor *touching(void)
{
    return __builtin_expect(detector_memory, 0) ? current() : NULL; /* it is true before the detector has started */
}

/* For functions that libc's headers redirect to another symbol by an assembler label (sscanf, strtol in newer glibc):
 * the wrapper has a name of its own in C and the plain one in the symbol table. */
#define INTERPOSE_NAMED(ret, name, params) \
    ret wrap_##name params __asm__(#name); \
    EXPORT ret wrap_##name params

/* The string with its terminator; gives its length. */
static inline size_t read_string(struct actor *me, const char *s, uintptr_t pc)
{
    size_t n = REAL(strlen)(s);
    mem_read(me, s, n + 1, pc);
    return n;
}

/* Whether something can lie there: null, error numbers and the like are no addresses. System calls answer EFAULT to them,
 * and some programs ask by one whether a call exists (Rust's statx), so what they are given is not looked at before this. */
static inline bool addressable(const void *p)
{
    return (uintptr_t)p - 4096 < ((uintptr_t)1 << 47) - 4096;
}

static inline void read_optional_string(struct actor *me, const char *s, uintptr_t pc)
{
    if (addressable(s))
        read_string(me, s, pc);
}

static inline size_t write_string(struct actor *me, const char *s, uintptr_t pc)
{
    size_t n = REAL(strlen)(s);
    mem_write(me, s, n + 1, pc);
    return n;
}

static inline size_t read_wide(struct actor *me, const wchar_t *s, uintptr_t pc)
{
    size_t n = REAL(wcslen)(s);
    mem_read(me, s, (n + 1) * sizeof *s, pc);
    return n;
}

/* What a function looks at that stops at a terminator or after `n` characters. */
static inline size_t limited(size_t length, size_t n)
{
    return length < n ? length + 1 : n;
}

static inline void read_if(struct actor *me, const void *p, size_t n, uintptr_t pc)
{
    if (p && n)
        mem_read(me, p, n, pc);
}

static inline void write_if(struct actor *me, const volatile void *p, size_t n, uintptr_t pc)
{
    if (p && n)
        mem_write(me, p, n, pc);
}

/* The first `n` bytes of a vector, and the vector itself. */
void read_vector(struct actor *me, const struct iovec *v, int count, size_t n, uintptr_t pc);
void write_vector(struct actor *me, const struct iovec *v, int count, size_t n, uintptr_t pc);

#endif
