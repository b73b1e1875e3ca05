/* The hooks do what the compiler would have done: run with libgorace_hooks.so alone, and again under libgorace.so.
 *
 * Every operation of every width is compared with the same arithmetic in C on values that tell neighbouring bytes,
 * carries and signs apart; the bytes beside the object must stay as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TSAN_VOID(name, params) extern void name params;
#define TSAN_VALUE(type, name, params, value) extern type name params;
#define TSAN_REAL(type, name, params) extern type name params;
#define TSAN_ATOMIC(bits, type) \
    extern type __tsan_atomic##bits##_load(const volatile type *p, int order); \
    extern void __tsan_atomic##bits##_store(volatile type *p, type v, int order); \
    extern int __tsan_atomic##bits##_compare_exchange_strong(volatile type *, type *, type, int, int); \
    extern int __tsan_atomic##bits##_compare_exchange_weak(volatile type *, type *, type, int, int); \
    extern type __tsan_atomic##bits##_compare_exchange_val(volatile type *, type, type, int, int);
#define TSAN_RMW(bits, type, op) extern type __tsan_atomic##bits##_##op(volatile type *p, type v, int order);
#include "tsan_hooks.def"

#define ORDERS 6 /* relaxed, consume, acquire, release, acq_rel, seq_cst */

/* The object under test between two guards. */
#define CELL(type) \
    struct { \
        _Alignas(sizeof(type)) unsigned char before[sizeof(type)]; \
        type value; \
        unsigned char after[sizeof(type)]; \
    }
#define CELL_INIT(cell, v) \
    do { \
        memset(&(cell), 0xa5, sizeof(cell)); \
        (cell).value = (v); \
    } while (0)
#define CELL_IS(cell, v) \
    do { \
        assert_true((cell).value == (v)); \
        for (size_t i = 0; i < sizeof((cell).before); i++) { \
            assert_int_equal((cell).before[i], 0xa5); \
            assert_int_equal((cell).after[i], 0xa5); \
        } \
    } while (0)

#define RMW(bits, type, op, expression) \
    do { \
        CELL_INIT(cell, old); \
        assert_true(__tsan_atomic##bits##_##op(&cell.value, v, order) == old); \
        CELL_IS(cell, (type)(expression)); \
    } while (0)

#define COMPARE(bits, type, op) \
    do { \
        type expected = old; \
        CELL_INIT(cell, old); \
        assert_true(__tsan_atomic##bits##_compare_exchange_##op(&cell.value, &expected, v, order, 0)); \
        CELL_IS(cell, v); \
        assert_true(expected == old); \
        expected = (type)~v; \
        assert_false(__tsan_atomic##bits##_compare_exchange_##op(&cell.value, &expected, old, order, 0)); \
        CELL_IS(cell, v); \
        assert_true(expected == v); \
    } while (0)

static const uint64_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x1234, 0x8000, 0xffffffff, 0x0123456789abcdef, UINT64_MAX};
#define NVALUES (sizeof(values) / sizeof(values[0]))

#define TSAN_ATOMIC(bits, type) \
    static void atomic##bits(void **state) \
    { \
        (void)state; \
        CELL(type) cell; \
        for (size_t n = 0; n < NVALUES * NVALUES * ORDERS; n++) { \
            int order = n % ORDERS; \
            type old = (type)values[n / ORDERS % NVALUES]; \
            type v = (type)values[n / ORDERS / NVALUES]; \
            if (sizeof(type) > 8) { /* the upper half counts too */ \
                old |= (type)v << (bits / 2); \
                v |= (type)~old << (bits / 2); \
            } \
            CELL_INIT(cell, old); \
            assert_true(__tsan_atomic##bits##_load(&cell.value, order) == old); \
            __tsan_atomic##bits##_store(&cell.value, v, order); \
            CELL_IS(cell, v); \
            RMW(bits, type, exchange, v); \
            RMW(bits, type, fetch_add, old + v); \
            RMW(bits, type, fetch_sub, old - v); \
            RMW(bits, type, fetch_and, old &v); \
            RMW(bits, type, fetch_or, old | v); \
            RMW(bits, type, fetch_xor, old ^ v); \
            RMW(bits, type, fetch_nand, ~(old & v)); \
            COMPARE(bits, type, strong); \
            COMPARE(bits, type, weak); \
            CELL_INIT(cell, old); \
            assert_true(__tsan_atomic##bits##_compare_exchange_val(&cell.value, old, v, order, 0) == old); \
            CELL_IS(cell, v); \
            assert_true(__tsan_atomic##bits##_compare_exchange_val(&cell.value, (type)~v, old, order, 0) == v); \
            CELL_IS(cell, v); \
        } \
    }
#include "tsan_hooks.def"

static void memory(void **state)
{
    (void)state;
    char a[64], b[64], expected[64];
    for (int i = 0; i < 64; i++)
        a[i] = (char)i;
    memset(b, 7, sizeof(b));
    memset(expected, 7, sizeof(expected));
    memcpy(expected + 5, a + 3, 40);
    assert_ptr_equal(__tsan_memcpy(b + 5, a + 3, 40), b + 5);
    assert_memory_equal(b, expected, 64);
    memmove(expected + 9, expected + 5, 40);
    assert_ptr_equal(__tsan_memmove(b + 9, b + 5, 40), b + 9);
    assert_memory_equal(b, expected, 64);
    memset(expected + 1, 0x9c, 33);
    assert_ptr_equal(__tsan_memset(b + 1, 0x9c, 33), b + 1);
    assert_memory_equal(b, expected, 64);
}

static void fences(void **state)
{
    (void)state;
    for (int order = 0; order < ORDERS; order++) {
        __tsan_atomic_thread_fence(order);
        __tsan_atomic_signal_fence(order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atomic8),  cmocka_unit_test(atomic16),  cmocka_unit_test(atomic32), cmocka_unit_test(atomic64),
        cmocka_unit_test(atomic128), cmocka_unit_test(memory),   cmocka_unit_test(fences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
