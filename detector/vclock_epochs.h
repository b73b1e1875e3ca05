/* Arrays of epochs, many at a time: for vclock*.c only. Epochs have 40 bits, so the sign of a difference says which is larger.
 * Lengths are multiples of 8. */
#ifndef GORACE_VCLOCK_EPOCHS_H
#define GORACE_VCLOCK_EPOCHS_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t two_epochs __attribute__((vector_size(16), aligned(8), may_alias));

static inline bool epochs_any(two_epochs x)
{
    return (x[0] | x[1]) != 0;
}

/* All ones where x is less than y. By halves, which shift with their sign on every processor. */
static inline two_epochs epochs_less(two_epochs x, two_epochs y)
{
    typedef int32_t four_halves __attribute__((vector_size(16)));
    const four_halves sign = (four_halves)(x - y) >> 31;
    return (two_epochs)__builtin_shufflevector(sign, sign, 1, 1, 3, 3);
}

/* Both become the larger of the two, each; whether that changed a, and b. For short ones. */
static inline void epochs_even(uint64_t *a, uint64_t *b, uint32_t n, bool *a_grew, bool *b_grew)
{
    two_epochs in_a = {0, 0}, in_b = {0, 0};
#pragma GCC unroll 4
    for (uint32_t i = 0; i < n; i += 2) {
        const two_epochs x = *(const two_epochs *)(a + i), y = *(const two_epochs *)(b + i);
        const two_epochs change = (x ^ y) & epochs_less(x, y);
        in_a |= change;
        in_b |= change ^ x ^ y;
        *(two_epochs *)(a + i) = *(two_epochs *)(b + i) = x ^ change;
    }
    *a_grew = epochs_any(in_a);
    *b_grew = epochs_any(in_b);
}

/* Whether a has more somewhere, and b. For short ones. */
static inline void epochs_compare(const uint64_t *a, const uint64_t *b, uint32_t n, bool *a_more, bool *b_more)
{
    two_epochs in_a = {0, 0}, in_b = {0, 0};
    for (uint32_t i = 0; i < n; i += 2) {
        const two_epochs x = *(const two_epochs *)(a + i), y = *(const two_epochs *)(b + i);
        in_a |= epochs_less(y, x);
        in_b |= epochs_less(x, y);
    }
    *a_more = epochs_any(in_a);
    *b_more = epochs_any(in_b);
}

/* The larger of a and b, each; to may be one of them. For short ones. */
static inline void epochs_larger(uint64_t *to, const uint64_t *a, const uint64_t *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 2) {
        const two_epochs x = *(const two_epochs *)(a + i), y = *(const two_epochs *)(b + i);
        *(two_epochs *)(to + i) = x ^ ((x ^ y) & epochs_less(x, y));
    }
}

/* The same three for long ones, of less than 2^31 each. */
void small_even(uint32_t *a, uint32_t *b, uint32_t n, bool *a_grew, bool *b_grew);
void small_compare(const uint32_t *a, const uint32_t *b, uint32_t n, bool *a_more, bool *b_more);
void small_larger(uint32_t *to, const uint32_t *a, const uint32_t *b, uint32_t n);

#endif
