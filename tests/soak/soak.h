/* Parts of the soak: each is run to its end many times, several at once, and counts what it did against what it had to do. A lost
 * wake-up is a part that does not come to its end. */
#ifndef SOAK_H
#define SOAK_H

#include <goro/goro.h>

struct rng {
    uint64_t state;
};

/* Below n; splitmix64's finaliser. */
static inline uint32_t draw(struct rng *r, uint32_t n)
{
    uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x >> 32) * n >> 32);
}

struct part {
    const char *name;
    void (*run)(struct rng *r); /* returns when all it has started has ended */
};

extern const struct part chan_parts[], lock_parts[], time_parts[], io_parts[]; /* end with a NULL name */

/* Ends the program with a message and all goroutines. */
void soak_fail(const char *file, int line, const char *what, long long got, long long want);

#define EXPECT(got, want) \
    do { \
        long long soak_got = (long long)(got), soak_want = (long long)(want); \
        if (soak_got != soak_want) \
            soak_fail(__FILE__, __LINE__, #got, soak_got, soak_want); \
    } while (0)
#define EXPECT_TRUE(condition) EXPECT(!!(condition), 1)

#endif
