/* The operations behind the __tsan_atomic* hooks: what the compiler would have emitted, done here instead.
 *
 * The order is a run-time argument of the hooks, so it is not passed on: all read-modify-writes are seq_cst, loads too.
 * That is never weaker than what was asked for, and on x86-64 it is the same instruction. Only a store asks, because
 * seq_cst stores cost a locked exchange and the others a move.
 *
 * 16 bytes go through cmpxchg16b (this header wants -mcx16), inline and without libatomic. A 16-byte load therefore
 * needs writable memory, as it does with libatomic on CPUs without AVX.
 *
 * What it gives: do_load8, do_store128, do_fetch_add32, do_compare_exchange64 ... all static inline. */
#ifndef GORACE_TSAN_ATOMICS_H
#define GORACE_TSAN_ATOMICS_H

#include <stdbool.h>

typedef unsigned __int128 tsan_u128;

/* gcc puts hints for transactional memory above the order itself. */
static inline int order_of(int order)
{
    return order & 0x7fff;
}

#define ATOMIC_WIDTH(bits, type) \
    static inline type do_load##bits(const volatile type *p) \
    { \
        return __atomic_load_n(p, __ATOMIC_SEQ_CST); \
    } \
    static inline void do_store##bits(volatile type *p, type v, int order) \
    { \
        if (order_of(order) == __ATOMIC_SEQ_CST) \
            __atomic_store_n(p, v, __ATOMIC_SEQ_CST); \
        else \
            __atomic_store_n(p, v, __ATOMIC_RELEASE); \
    } \
    static inline type do_exchange##bits(volatile type *p, type v) \
    { \
        return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); \
    } \
    static inline type do_fetch_add##bits(volatile type *p, type v) \
    { \
        return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); \
    } \
    static inline type do_fetch_sub##bits(volatile type *p, type v) \
    { \
        return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST); \
    } \
    static inline type do_fetch_and##bits(volatile type *p, type v) \
    { \
        return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); \
    } \
    static inline type do_fetch_or##bits(volatile type *p, type v) \
    { \
        return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); \
    } \
    static inline type do_fetch_xor##bits(volatile type *p, type v) \
    { \
        return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST); \
    } \
    static inline type do_fetch_nand##bits(volatile type *p, type v) \
    { \
        return __atomic_fetch_nand(p, v, __ATOMIC_SEQ_CST); \
    } \
    /* Returns whether it was exchanged; *expected becomes what was found. Strong: a weak one may always be strong. */ \
    static inline bool do_compare_exchange##bits(volatile type *p, type *expected, type v) \
    { \
        return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    }

ATOMIC_WIDTH(8, unsigned char)
ATOMIC_WIDTH(16, unsigned short)
ATOMIC_WIDTH(32, unsigned int)
ATOMIC_WIDTH(64, unsigned long)
#undef ATOMIC_WIDTH

/* __sync, not __atomic: gcc makes library calls of the latter at this width even under -mcx16. */
static inline bool do_compare_exchange128(volatile tsan_u128 *p, tsan_u128 *expected, tsan_u128 v)
{
    tsan_u128 wanted = *expected;
    *expected = __sync_val_compare_and_swap(p, wanted, v);
    return *expected == wanted;
}

static inline tsan_u128 do_load128(const volatile tsan_u128 *p)
{
    return __sync_val_compare_and_swap((volatile tsan_u128 *)p, 0, 0);
}

/* The first, plain read may be torn; the exchange then fails and tells the true value. */
#define ATOMIC_RMW128(op, result) \
    static inline tsan_u128 do_##op##128(volatile tsan_u128 *p, tsan_u128 v) \
    { \
        tsan_u128 old = *p; \
        while (!do_compare_exchange128(p, &old, (result))) \
            ; \
        return old; \
    }
ATOMIC_RMW128(exchange, v)
ATOMIC_RMW128(fetch_add, old + v)
ATOMIC_RMW128(fetch_sub, old - v)
ATOMIC_RMW128(fetch_and, (old) & v)
ATOMIC_RMW128(fetch_or, old | v)
ATOMIC_RMW128(fetch_xor, old ^ v)
ATOMIC_RMW128(fetch_nand, ~(old & v))
#undef ATOMIC_RMW128

static inline void do_store128(volatile tsan_u128 *p, tsan_u128 v, int order)
{
    (void)order;
    do_exchange128(p, v);
}

static inline void do_thread_fence(int order)
{
    if (order_of(order) == __ATOMIC_SEQ_CST)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
}

static inline void do_signal_fence(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
