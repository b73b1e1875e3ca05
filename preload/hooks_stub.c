/* libgorace_hooks.so: the compiler's hooks without a detector behind them.
 *
 * clang links its ThreadSanitizer runtime into executables, where it beats any preload. Programs are therefore linked
 * with -fno-sanitize-link-runtime and with this library: hooks that return at once, atomics that do the operation.
 * libgorace.so, preloaded, stands before this library in the search order and takes every one of these names; without
 * it the same binary runs as well, at the price of empty calls.
 *
 * The rows of tsan_hooks.def say what there is. This library keeps no state, calls nothing but libc's memory
 * functions, and must never be linked into libgorace.so. */
#include <string.h>

#include "tsan_atomics.h"

/* Parameters of a hook that does nothing are unused by design. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define EXPORT __attribute__((visibility("default")))

#define TSAN_ACCESS(name, bytes, kind) \
    EXPORT void __tsan_##name(void *addr); \
    EXPORT void __tsan_##name(void *addr) \
    { \
    }
#define TSAN_UNALIGNED(name, bytes, kind) \
    EXPORT void __tsan_##name(void *addr); \
    EXPORT void __tsan_##name(void *addr) \
    { \
    }
#define TSAN_ACCESS_PC(name, bytes, kind) \
    EXPORT void __tsan_##name(void *addr, void *pc); \
    EXPORT void __tsan_##name(void *addr, void *pc) \
    { \
    }
#define TSAN_RANGE(name, kind) \
    EXPORT void __tsan_##name(void *addr, unsigned long size); \
    EXPORT void __tsan_##name(void *addr, unsigned long size) \
    { \
    }
#define TSAN_RANGE_PC(name, kind) \
    EXPORT void __tsan_##name(void *addr, unsigned long size, void *pc); \
    EXPORT void __tsan_##name(void *addr, unsigned long size, void *pc) \
    { \
    }
#define TSAN_VOID(name, params) \
    EXPORT void name params; \
    EXPORT void name params \
    { \
    }
#define TSAN_VALUE(type, name, params, value) \
    EXPORT type name params; \
    EXPORT type name params \
    { \
        return value; \
    }
#define TSAN_REAL(type, name, params) EXPORT type name params;

#define TSAN_ATOMIC(bits, type) \
    EXPORT type __tsan_atomic##bits##_load(const volatile type *p, int order); \
    EXPORT type __tsan_atomic##bits##_load(const volatile type *p, int order) \
    { \
        return do_load##bits(p); \
    } \
    EXPORT void __tsan_atomic##bits##_store(volatile type *p, type v, int order); \
    EXPORT void __tsan_atomic##bits##_store(volatile type *p, type v, int order) \
    { \
        do_store##bits(p, v, order); \
    } \
    EXPORT int __tsan_atomic##bits##_compare_exchange_strong(volatile type *p, type *expected, type v, int order, \
                                                             int fail_order); \
    EXPORT int __tsan_atomic##bits##_compare_exchange_strong(volatile type *p, type *expected, type v, int order, \
                                                             int fail_order) \
    { \
        return do_compare_exchange##bits(p, expected, v); \
    } \
    EXPORT int __tsan_atomic##bits##_compare_exchange_weak(volatile type *p, type *expected, type v, int order, \
                                                           int fail_order); \
    EXPORT int __tsan_atomic##bits##_compare_exchange_weak(volatile type *p, type *expected, type v, int order, \
                                                           int fail_order) \
    { \
        return do_compare_exchange##bits(p, expected, v); \
    } \
    EXPORT type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v, int order, \
                                                           int fail_order); \
    EXPORT type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v, int order, \
                                                           int fail_order) \
    { \
        do_compare_exchange##bits(p, &expected, v); \
        return expected; \
    }
#define TSAN_RMW(bits, type, op) \
    EXPORT type __tsan_atomic##bits##_##op(volatile type *p, type v, int order); \
    EXPORT type __tsan_atomic##bits##_##op(volatile type *p, type v, int order) \
    { \
        return do_##op##bits(p, v); \
    }

#include "tsan_hooks.def"

void *__tsan_memcpy(void *to, const void *from, unsigned long size)
{
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, unsigned long size)
{
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, unsigned long size)
{
    return memset(to, byte, size);
}

void __tsan_atomic_thread_fence(int order)
{
    do_thread_fence(order);
}

void __tsan_atomic_signal_fence(int order)
{
    do_signal_fence();
}
