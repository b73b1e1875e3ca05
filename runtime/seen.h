/* A set of hashes, and the hashes. */
#ifndef RT_SEEN_H
#define RT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t rt_hash_mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}
uint64_t rt_hash_text(const char *text);

/* Zero is empty. Without memory the process is aborted. */
struct rt_seen {
    uint64_t *slots;
    size_t room, used;
};
bool rt_seen_add(struct rt_seen *seen, uint64_t hash); /* true: it is new */
void rt_seen_free(struct rt_seen *seen);

#endif
