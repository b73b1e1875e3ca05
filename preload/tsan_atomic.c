/* The compiler's hooks for atomic operations: the operation itself (tsan_atomics.h), between the two halves of what the
 * memory model says about it (detector/atomic.h). */
#include "tsan_atomics.h"

#include "../detector/atomic.h"
#include "interpose.h"
#include "steer.h"

/* An address that faults does so here, not while the location's clock is held. */
#define TOUCH(p) ((void)*(const volatile char *)(p))

/* Each operation twice: what it takes when its object is there and free, or needs none, in the function that the program calls;
 * and by the rules of atomic_begin and atomic_end, apart, so that the first saves no register for it. */
#define SELDOM static __attribute__((noinline))

#define TSAN_ATOMIC(bits, type)                                                                                        \
    EXPORT type __tsan_atomic##bits##_load(const volatile type *p, int order);                                         \
    type __tsan_atomic##bits##_load(const volatile type *p, int order)                                                 \
    {                                                                                                                  \
        struct actor *me = current();                                                                                  \
        struct atomic_op op;                                                                                           \
        steer_atomic(p, 0, CALLER);                                                                                    \
        type v = do_load##bits(p);                                                                                     \
        if (!me || atomic_light_load(me, (uintptr_t)p, sizeof *p, order_of(order), CALLER) ||                          \
            !atomic_begin(&op, me, (uintptr_t)p, ATOMIC_LOAD, order_of(order)))                                        \
            return v;                                                                                                  \
        v = do_load##bits(p);                                                                                          \
        atomic_end(&op, sizeof *p, ATOMIC_LOAD, order_of(order), CALLER);                                              \
        return v;                                                                                                      \
    }                                                                                                                  \
    SELDOM void seldom_store##bits(volatile type *p, type v, int order, uintptr_t pc)                                  \
    {                                                                                                                  \
        struct actor *me = current();                                                                                  \
        struct atomic_op op;                                                                                           \
        steer_atomic(p, 1, pc);                                                                                        \
        TOUCH(p);                                                                                                      \
        bool seen = me && atomic_begin(&op, me, (uintptr_t)p, ATOMIC_STORE, order_of(order));                          \
        do_store##bits(p, v, order);                                                                                   \
        if (seen)                                                                                                      \
            atomic_end(&op, sizeof *p, ATOMIC_STORE, order_of(order), pc);                                             \
    }                                                                                                                  \
    EXPORT void __tsan_atomic##bits##_store(volatile type *p, type v, int order);                                      \
    void __tsan_atomic##bits##_store(volatile type *p, type v, int order)                                              \
    {                                                                                                                  \
        struct actor *me = current_actor;                                                                              \
        struct sync *s;                                                                                                \
        TOUCH(p);                                                                                                      \
        if (unlikely(!me || steering)) {                                                                               \
            seldom_store##bits(p, v, order, CALLER);                                                                   \
        } else if (atomic_light_begin(me, (uintptr_t)p, order_of(order))) {                                            \
            do_store##bits(p, v, order);                                                                               \
            atomic_light_end(me, (uintptr_t)p, sizeof *p, ATOMIC_STORE, CALLER);                                       \
        } else if ((s = atomic_hold(me, (uintptr_t)p))) {                                                              \
            do_store##bits(p, v, order);                                                                               \
            atomic_stored(me, (uintptr_t)p, sizeof *p, order_of(order), CALLER, s);                                    \
        } else {                                                                                                       \
            seldom_store##bits(p, v, order, CALLER);                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    SELDOM bool seldom_cas##bits(volatile type *p, type *expected, type v, int order, int fail_order, uintptr_t pc)    \
    {                                                                                                                  \
        struct actor *me = current();                                                                                  \
        struct atomic_op op;                                                                                           \
        steer_atomic(p, 1, pc);                                                                                        \
        TOUCH(p);                                                                                                      \
        bool seen = me && atomic_begin(&op, me, (uintptr_t)p, ATOMIC_RMW, order_of(order));                            \
        bool done = do_compare_exchange##bits(p, expected, v);                                                         \
        if (seen)                                                                                                      \
            atomic_end(&op, sizeof *p, done ? ATOMIC_RMW : ATOMIC_LOAD, order_of(done ? order : fail_order), pc);      \
        return done;                                                                                                   \
    }                                                                                                                  \
    static inline bool exchange##bits(volatile type *p, type *expected, type v, int order, int fail_order, uintptr_t pc)\
    {                                                                                                                  \
        struct actor *me = current_actor;                                                                              \
        struct sync *s;                                                                                                \
        bool done;                                                                                                     \
        TOUCH(p);                                                                                                      \
        if (unlikely(!me || steering))                                                                                 \
            return seldom_cas##bits(p, expected, v, order, fail_order, pc);                                            \
        if (order_of(fail_order) == __ATOMIC_RELAXED && atomic_light_begin(me, (uintptr_t)p, order_of(order))) {       \
            done = do_compare_exchange##bits(p, expected, v);                                                          \
            atomic_light_end(me, (uintptr_t)p, sizeof *p, done ? ATOMIC_RMW : ATOMIC_LOAD, pc);                        \
            return done;                                                                                               \
        }                                                                                                              \
        if (!(s = atomic_hold(me, (uintptr_t)p)))                                                                      \
            return seldom_cas##bits(p, expected, v, order, fail_order, pc);                                            \
        done = do_compare_exchange##bits(p, expected, v);                                                              \
        if (done)                                                                                                      \
            atomic_changed(me, (uintptr_t)p, sizeof *p, order_of(order), pc, s);                                       \
        else                                                                                                           \
            atomic_loaded(me, (uintptr_t)p, sizeof *p, order_of(fail_order), pc, s);                                   \
        return done;                                                                                                   \
    }                                                                                                                  \
    EXPORT int __tsan_atomic##bits##_compare_exchange_strong(volatile type *p, type *expected, type v, int order,      \
                                                             int fail_order);                                          \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile type *p, type *expected, type v, int order,             \
                                                      int fail_order)                                                  \
    {                                                                                                                  \
        return exchange##bits(p, expected, v, order, fail_order, CALLER);                                              \
    }                                                                                                                  \
    EXPORT int __tsan_atomic##bits##_compare_exchange_weak(volatile type *p, type *expected, type v, int order,        \
                                                           int fail_order);                                            \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile type *p, type *expected, type v, int order,               \
                                                    int fail_order)                                                    \
    {                                                                                                                  \
        return exchange##bits(p, expected, v, order, fail_order, CALLER);                                              \
    }                                                                                                                  \
    EXPORT type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v, int order,         \
                                                           int fail_order);                                            \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v, int order,                \
                                                    int fail_order)                                                    \
    {                                                                                                                  \
        exchange##bits(p, &expected, v, order, fail_order, CALLER);                                                    \
        return expected;                                                                                               \
    }

#define TSAN_RMW(bits, type, name)                                                                                     \
    SELDOM type seldom_##name##bits(volatile type *p, type v, int order, uintptr_t pc)                                 \
    {                                                                                                                  \
        struct actor *me = current();                                                                                  \
        struct atomic_op op;                                                                                           \
        steer_atomic(p, 1, pc);                                                                                        \
        TOUCH(p);                                                                                                      \
        bool seen = me && atomic_begin(&op, me, (uintptr_t)p, ATOMIC_RMW, order_of(order));                            \
        type old = do_##name##bits(p, v);                                                                              \
        if (seen)                                                                                                      \
            atomic_end(&op, sizeof *p, ATOMIC_RMW, order_of(order), pc);                                               \
        return old;                                                                                                    \
    }                                                                                                                  \
    EXPORT type __tsan_atomic##bits##_##name(volatile type *p, type v, int order);                                     \
    type __tsan_atomic##bits##_##name(volatile type *p, type v, int order)                                             \
    {                                                                                                                  \
        struct actor *me = current_actor;                                                                              \
        struct sync *s;                                                                                                \
        type old;                                                                                                      \
        TOUCH(p);                                                                                                      \
        if (unlikely(!me || steering))                                                                                 \
            return seldom_##name##bits(p, v, order, CALLER);                                                           \
        if (atomic_light_begin(me, (uintptr_t)p, order_of(order))) {                                                   \
            old = do_##name##bits(p, v);                                                                               \
            atomic_light_end(me, (uintptr_t)p, sizeof *p, ATOMIC_RMW, CALLER);                                         \
            return old;                                                                                                \
        }                                                                                                              \
        if (!(s = atomic_hold(me, (uintptr_t)p)))                                                                      \
            return seldom_##name##bits(p, v, order, CALLER);                                                           \
        old = do_##name##bits(p, v);                                                                                   \
        atomic_changed(me, (uintptr_t)p, sizeof *p, order_of(order), CALLER, s);                                       \
        return old;                                                                                                    \
    }

#include "tsan_hooks.def"

EXPORT void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    struct actor *me = current();
    do_thread_fence(order);
    if (me)
        atomic_fence(me, order_of(order));
}

EXPORT void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
    do_signal_fence();
}
