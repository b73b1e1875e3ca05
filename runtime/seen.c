/* See seen.h. Open addressing, at most half full. */
#include "seen.h"

#include <stdlib.h>

uint64_t rt_hash_text(const char *text)
{
    uint64_t hash = 1;
    for (; *text; text++)
        hash = rt_hash_mix(hash ^ (unsigned char)*text);
    return hash;
}

static void put(struct rt_seen *seen, uint64_t hash)
{
    size_t i = rt_hash_mix(hash) & (seen->room - 1);
    while (seen->slots[i])
        i = (i + 1) & (seen->room - 1);
    seen->slots[i] = hash;
}

static bool has(const struct rt_seen *seen, uint64_t hash)
{
    size_t i = rt_hash_mix(hash) & (seen->room - 1);
    while (seen->slots[i] && seen->slots[i] != hash)
        i = (i + 1) & (seen->room - 1);
    return seen->slots[i] != 0;
}

bool rt_seen_add(struct rt_seen *seen, uint64_t hash)
{
    hash = hash ? hash : 1;
    if (seen->room > 0 && has(seen, hash))
        return false;
    if (2 * seen->used >= seen->room) {
        struct rt_seen more = {.room = seen->room ? 2 * seen->room : 1024, .used = seen->used};
        more.slots = calloc(more.room, sizeof *more.slots);
        if (!more.slots)
            abort();
        for (size_t i = 0; i < seen->room; i++)
            if (seen->slots[i])
                put(&more, seen->slots[i]);
        free(seen->slots);
        *seen = more;
    }
    put(seen, hash);
    seen->used++;
    return true;
}

void rt_seen_free(struct rt_seen *seen)
{
    free(seen->slots);
    *seen = (struct rt_seen){0};
}
