/* Edges through epoll: the registration of a descriptor, and what makes it ready, before the wake-up. See fd_edges.h. */
#include "fd_edges.h"
#include "fd_link.h"

static bool crowd; /* some link is crowded. Atomic */

static uint64_t watch_key(struct fd_end epoll, uint64_t data)
{
    return FD_KEY(FD_WATCH, fd_mix(epoll.link->key[0], data));
}

/* A bit for each key that was made, by hash: most of what a server is woken by are sockets, which have none. Atomic. */
#define WATCHED_BITS 15
static uint8_t watched[1 << (WATCHED_BITS - 3)];

static uint8_t *watched_byte(uint64_t key, uint8_t *bit)
{
    const uint64_t hash = key * 0x9e3779b97f4a7c15u >> (64 - WATCHED_BITS);
    *bit = (uint8_t)(1 << hash % 8);
    return &watched[hash / 8];
}

void fd_watch(struct actor *me, int epoll, int op, int fd, uint64_t data)
{
    struct fd_end set = fd_end(me, epoll), e = fd_end(me, fd);
    if (!set.link || set.link == &fd_quiet)
        return;
    uint64_t watcher = set.link->key[0], by = 0;
    if (op == EPOLL_CTL_DEL) { /* wakes nobody */
        if (e.link && __atomic_load_n(&e.link->epoll[e.side], __ATOMIC_ACQUIRE) == watcher)
            __atomic_store_n(&e.link->epoll[e.side], 0, __ATOMIC_RELEASE);
        return;
    }
    sync_release_chance(me, watcher); /* who is woken by another descriptor need not come after this one */
    fd_count_told(set.link);
    if (!e.link || e.link->named)
        return; /* whoever is woken by these has to read, or accept, and gets the edge there */
    if (!__atomic_compare_exchange_n(&e.link->epoll[e.side], &by, watcher, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
        by != watcher) {
        e.link->crowded[e.side] = true;
        __atomic_store_n(&crowd, true, __ATOMIC_RELEASE);
        return;
    }
    uint64_t key = watch_key(set, data), sent = e.link->key[e.link->alone ? e.side : !e.side];
    uint8_t bit, *byte = watched_byte(key, &bit);
    __atomic_fetch_or(byte, bit, __ATOMIC_RELEASE);
    e.link->watch[e.side] = key;
    if (sent)
        sync_acquire(me, sent); /* it may be ready already */
    sync_release_merge(me, key);
}

/* What the thread has heard of the last set that it waited at: nothing is new as long as that was told no more often. Not of a
 * thread that runs goroutines, which may be others at the same address. */
struct heard {
    struct actor *by;
    uint64_t key;
    uint32_t told;
};
static __thread struct heard heard TLS_IE;

static void hear(struct actor *me, struct fd_link *set)
{
    const uint64_t key = set->key[0];
    const uint32_t told = __atomic_load_n(&set->told, __ATOMIC_ACQUIRE);
    if (heard.key == key && heard.told == told && heard.by == me)
        return;
    sync_acquire(me, key);
    if (current_host())
        return;
    heard.by = me;
    heard.key = key;
    heard.told = told;
}

HOT void fd_woken(struct actor *me, int epoll, const struct epoll_event *events, int n)
{
    const struct fd_end set = fd_end(me, epoll);
    if (!set.link || set.link == &fd_quiet)
        return;
    hear(me, set.link);
    for (int i = 0; i < n; i++) {
        const uint64_t key = watch_key(set, events[i].data.u64);
        uint8_t bit;
        if (__atomic_load_n(watched_byte(key, &bit), __ATOMIC_ACQUIRE) & bit)
            sync_acquire(me, key);
    }
    if (__atomic_load_n(&crowd, __ATOMIC_ACQUIRE))
        sync_acquire(me, FD_CROWD_KEY);
}
