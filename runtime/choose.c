/* The chooser: every random decision of the scheduler, so that a schedule can be had again from its seed.
 *
 * Streams are counter-based: the n-th number of a stream is a hash of (seed, stream, P, n) and does not depend on what
 * other purposes have drawn. The hash is splitmix64's finaliser (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014). */
#include "det.h"
#include "sched.h"

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint32_t rt_choose(enum rt_stream stream, uint32_t n)
{
    static uint64_t foreign[RT_STREAM_COUNT]; /* of threads without a P */
    rt_enter();
    struct rt_p *p = rt_this_p();
    uint64_t number, place = (uint64_t)(p ? p->id + 1 : 0) << 8 | stream;
    if (RT_STEERED) { /* the same with a P and before there is one */
        number = rt_det.draws[stream]++;
        place = stream;
    } else {
        number = p ? p->draws[stream]++ : __atomic_fetch_add(&foreign[stream], 1, __ATOMIC_RELAXED);
    }
    rt_leave();
    /* The top bits scaled to n: unbiased enough for n << 2^32, and no division. */
    return (uint32_t)((mix(rt_sched.seed ^ mix(place) ^ number) >> 32) * n >> 32);
}
