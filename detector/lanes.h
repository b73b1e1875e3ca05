/* Four 32-bit words at once: a granule's cells (shadow.h). A condition on lanes is a vector of all ones where it holds. */
#ifndef GORACE_LANES_H
#define GORACE_LANES_H

#include <stdint.h>

typedef uint32_t four_cells __attribute__((vector_size(16)));
typedef int32_t four_signed __attribute__((vector_size(16)));
typedef four_cells lanes;

static inline four_cells in_all(uint32_t x)
{
    return (four_cells){x, x, x, x};
}

/* To and from the two halves that are read, compared and exchanged. Through registers: what was stored by halves is not to be
 * loaded as a whole, nor the other way round, before it has got to the cache. */
typedef uint64_t two_halves __attribute__((vector_size(16)));
static inline four_cells from_halves(uint64_t low, uint64_t high)
{
    return (four_cells)(two_halves){low, high};
}
static inline uint64_t low_half(four_cells v)
{
    return ((two_halves)v)[0];
}
static inline uint64_t high_half(four_cells v)
{
    return ((two_halves)v)[1];
}

/* Bit i: it holds in lane i. */
static inline unsigned lane_bits(lanes l)
{
#ifdef __SSE2__
    typedef float four_floats __attribute__((vector_size(16)));
    return (unsigned)__builtin_ia32_movmskps((four_floats)l);
#else
    return (l[0] & 1) | (l[1] & 2) | (l[2] & 4) | (l[3] & 8);
#endif
}

/* The lowest of the lanes whose bits are set, which are not none. Bits 4 to 7 are the lanes once more, in case that none of the
 * first four is set. */
static inline lanes lowest_lane(unsigned bits)
{
    static const lanes lane[] = {{~0u, 0, 0, 0}, {0, ~0u, 0, 0}, {0, 0, ~0u, 0}, {0, 0, 0, ~0u},
                                 {~0u, 0, 0, 0}, {0, ~0u, 0, 0}, {0, 0, ~0u, 0}, {0, 0, 0, ~0u}};
    return lane[__builtin_ctz(bits)];
}

/* The four, or'ed. */
static inline uint32_t any_of(four_cells v)
{
    const four_cells two = v | __builtin_shufflevector(v, v, 2, 3, 0, 1);
    return two[0] | two[1];
}

static inline lanes lanes_with(four_cells v, uint32_t bits)
{
    return (lanes)((v & in_all(bits)) != 0);
}
static inline lanes lanes_without(four_cells v, uint32_t bits)
{
    return (lanes)((v & in_all(bits)) == 0);
}
/* All of the bits. */
static inline lanes lanes_full(four_cells v, uint32_t bits)
{
    return (lanes)((v & in_all(bits)) == in_all(bits));
}

#endif
