/* See vclock_epochs.h. Each loop is there by vectors of 16 bytes, which every processor has, and by vectors of 32: two goroutines
 * that meet while 400 are alive compare as many epochs, and nearly all differ. */
#include "vclock_epochs.h"

typedef int32_t four_small __attribute__((vector_size(16), aligned(4), may_alias));
#define LARGER_OF_FOUR(x, y) ((x) ^ (((x) ^ (y)) & (four_small)((x) < (y))))
#define ANY_OF_FOUR(x) (((x)[0] | (x)[1] | (x)[2] | (x)[3]) != 0)

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))
typedef int32_t eight_small __attribute__((vector_size(32), aligned(4), may_alias));
#ifdef __clang__
#define LARGER_OF_EIGHT(x, y) __builtin_elementwise_max(x, y)
#else
typedef int32_t v8si __attribute__((vector_size(32)));
#define LARGER_OF_EIGHT(x, y) ((eight_small)__builtin_ia32_pmaxsd256((v8si)(x), (v8si)(y)))
#endif
#define ANY_OF_EIGHT(x) (((x)[0] | (x)[1] | (x)[2] | (x)[3] | (x)[4] | (x)[5] | (x)[6] | (x)[7]) != 0)

/* Asked before a loop of some hundred instructions: the compiler's table of the processor is there from the start. */
static inline bool wide(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

#define LOOPS(name, vector, LARGER, ANY, attributes) \
    attributes static void even_##name(uint32_t *a, uint32_t *b, uint32_t n, bool *a_grew, bool *b_grew) \
    { \
        vector in_a = {0}, in_b = {0}; \
        _Pragma("GCC unroll 2") for (uint32_t i = 0; i < n; i += sizeof(vector) / sizeof *a) \
        { \
            const vector x = *(const vector *)(a + i), y = *(const vector *)(b + i), most = LARGER(x, y); \
            in_a |= most ^ x; \
            in_b |= most ^ y; \
            *(vector *)(a + i) = *(vector *)(b + i) = most; \
        } \
        *a_grew = ANY(in_a); \
        *b_grew = ANY(in_b); \
    } \
    attributes static void compare_##name(const uint32_t *a, const uint32_t *b, uint32_t n, bool *a_more, \
                                          bool *b_more) \
    { \
        vector in_a = {0}, in_b = {0}; \
        for (uint32_t i = 0; i < n; i += sizeof(vector) / sizeof *a) { \
            const vector x = *(const vector *)(a + i), y = *(const vector *)(b + i), most = LARGER(x, y); \
            in_a |= most ^ y; \
            in_b |= most ^ x; \
        } \
        *a_more = ANY(in_a); \
        *b_more = ANY(in_b); \
    } \
    attributes static void larger_##name(uint32_t *to, const uint32_t *a, const uint32_t *b, uint32_t n) \
    { \
        for (uint32_t i = 0; i < n; i += sizeof(vector) / sizeof *a) { \
            const vector x = *(const vector *)(a + i), y = *(const vector *)(b + i); \
            *(vector *)(to + i) = LARGER(x, y); \
        } \
    }

LOOPS(by_four, four_small, LARGER_OF_FOUR, ANY_OF_FOUR, )
#ifdef WIDE
LOOPS(by_eight, eight_small, LARGER_OF_EIGHT, ANY_OF_EIGHT, WIDE)
#define LOOP(name, ...) (wide() ? name##_by_eight(__VA_ARGS__) : name##_by_four(__VA_ARGS__))
#else
#define LOOP(name, ...) name##_by_four(__VA_ARGS__)
#endif

void small_even(uint32_t *a, uint32_t *b, uint32_t n, bool *a_grew, bool *b_grew)
{
    LOOP(even, a, b, n, a_grew, b_grew);
}

void small_compare(const uint32_t *a, const uint32_t *b, uint32_t n, bool *a_more, bool *b_more)
{
    LOOP(compare, a, b, n, a_more, b_more);
}

void small_larger(uint32_t *to, const uint32_t *a, const uint32_t *b, uint32_t n)
{
    LOOP(larger, to, a, b, n);
}
