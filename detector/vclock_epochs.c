/* See vclock_epochs.h. Each loop is there by vectors of two epochs, which every processor has, and by vectors of four: two goroutines
 * that meet while 400 are alive compare as many epochs, and nearly all differ. */
#include "vclock_epochs.h"

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))
typedef uint64_t four_epochs __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t four_signed __attribute__((vector_size(32), aligned(8), may_alias));
#define ANY_OF_FOUR(x) (((x)[0] | (x)[1] | (x)[2] | (x)[3]) != 0)
#define LESS_OF_FOUR(x, y) ((four_epochs)((four_signed)(x) < (four_signed)(y)))

/* Asked before a loop of some hundred instructions: the compiler's table of the processor is there from the start. */
static inline bool wide(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

#define LOOPS(name, vector, LESS, ANY, attributes) \
    attributes static void even_##name(uint64_t *a, uint64_t *b, uint32_t n, bool *a_grew, bool *b_grew) \
    { \
        vector in_a = {0}, in_b = {0}; \
        for (uint32_t i = 0; i < n; i += sizeof(vector) / sizeof *a) { \
            const vector x = *(const vector *)(a + i), y = *(const vector *)(b + i); \
            const vector change = (x ^ y) & LESS(x, y); \
            in_a |= change; \
            in_b |= change ^ x ^ y; \
            *(vector *)(a + i) = *(vector *)(b + i) = x ^ change; \
        } \
        *a_grew = ANY(in_a); \
        *b_grew = ANY(in_b); \
    } \
    attributes static void compare_##name(const uint64_t *a, const uint64_t *b, uint32_t n, bool *a_more, bool *b_more) \
    { \
        vector in_a = {0}, in_b = {0}; \
        for (uint32_t i = 0; i < n; i += sizeof(vector) / sizeof *a) { \
            const vector x = *(const vector *)(a + i), y = *(const vector *)(b + i); \
            in_a |= LESS(y, x); \
            in_b |= LESS(x, y); \
        } \
        *a_more = ANY(in_a); \
        *b_more = ANY(in_b); \
    } \
    attributes static void larger_##name(uint64_t *to, const uint64_t *a, const uint64_t *b, uint32_t n) \
    { \
        for (uint32_t i = 0; i < n; i += sizeof(vector) / sizeof *a) { \
            const vector x = *(const vector *)(a + i), y = *(const vector *)(b + i); \
            *(vector *)(to + i) = x ^ ((x ^ y) & LESS(x, y)); \
        } \
    }

LOOPS(by_two, two_epochs, epochs_less, epochs_any, )
#ifdef WIDE
LOOPS(by_four, four_epochs, LESS_OF_FOUR, ANY_OF_FOUR, WIDE)
#define LOOP(name, ...) (wide() ? name##_by_four(__VA_ARGS__) : name##_by_two(__VA_ARGS__))
#else
#define LOOP(name, ...) name##_by_two(__VA_ARGS__)
#endif

void epochs_even_long(uint64_t *a, uint64_t *b, uint32_t n, bool *a_grew, bool *b_grew)
{
    LOOP(even, a, b, n, a_grew, b_grew);
}

void epochs_compare(const uint64_t *a, const uint64_t *b, uint32_t n, bool *a_more, bool *b_more)
{
    LOOP(compare, a, b, n, a_more, b_more);
}

void epochs_larger(uint64_t *to, const uint64_t *a, const uint64_t *b, uint32_t n)
{
    LOOP(larger, to, a, b, n);
}
