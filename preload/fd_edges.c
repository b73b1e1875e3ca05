/* Happens-before edges through file descriptors; see fd_edges.h.
 *
 * What is an edge: data, or the end of it, that was sent before it was received; a connect before the accept that takes
 * it; a listen before a connect that succeeds; a wake-up by epoll after what made the descriptor ready; close before
 * the call that returns the same number again, since programs keep tables by number (another schedule may have returned another
 * one, so for the order of locks this is as much as what a lock says). Where one cannot tell which
 * bytes a reader got, every earlier sender counts: too many edges may hide a race, one too few would report a correct
 * program.
 *
 * A `struct link` is what two ends have in common: side s sends into key[s] and receives from key[!s]. A slot, one a
 * descriptor, points at a link and says which side it is. Descriptors that share an open file (dup) share a side.
 *  - pipe: side 0 reads, side 1 writes; key[0] is 0, no edge.
 *  - socketpair: both.
 *  - eventfd and the like: one side, `alone`, that receives what it sends. Of an io_uring at the address of a word, see uring.c.
 *  - named (named pipes, files, sockets with addresses): the keys come from the name, so that the two ends find
 *    each other without knowing of one another, and a link belongs to one descriptor. See fd_name.c.
 *  - a connection that was accepted is silent as long as nobody in this process was seen to connect to its port (`called`): its
 *    other end is another process's, which most servers' are, and each answer would be a release that nobody acquires.
 * A slot that is empty is looked at by fstat when it is first used: descriptors that were inherited, received, or opened
 * by a way that is not wrapped.
 *
 * Nothing here is locked: slots are exchanged atomically, links are recycled but never unmapped, so that a thread which
 * uses a descriptor that another one is closing meets a wrong key at worst. The tables have no upper limit but that of
 * the numbers themselves. */
#include "fd_edges.h"

#include <sys/mman.h>

#include "fd_name.h"
#include "process.h"
#include "raw.h"

struct link {
    uint64_t key[2];
    uint64_t epoll[2];  /* who watches side s, 0: nobody; and as what: */
    uint64_t watch[2];  /* released by whatever makes side s ready */
    uint32_t refs[2];   /* open descriptors of each side */
    bool alone, named;  /* see above */
    uint16_t port;      /* where it was accepted; 0: it was not, or is no internet connection */
    bool crowded[2];    /* side s is watched by more than one */
    uint32_t next_free; /* number + 1 */
    uint32_t number;
    bool ring;
    uint32_t event; /* of a ring: number + 1 */
    uint32_t told; /* how often key[0] was released, of one that is alone; atomic, counted after the release */
};

/* ---- storage ---------------------------------------------------------------------------------------------------- */

#define SLOTS ((size_t)1 << 15)
#define LINKS ((size_t)1 << 12)

static uintptr_t *slots[((size_t)1 << 31) / SLOTS];       /* link | side */
static struct link *links[((size_t)1 << 31) / LINKS / 8]; /* an eighth of all numbers: 2^28 links */
static uint32_t links_used;
static uint64_t links_free; /* pops << 32 | number + 1 */
static uint64_t unique;
static bool crowd; /* some link is crowded */

/* Stands for "no edges here": terminals, devices, connections with other machines. */
static struct link quiet = {.named = true};

static void *map_zeroes(void **place, size_t size)
{
    void *p = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    if (p)
        return p;
    long at = raw_syscall(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0)
        return NULL;
    if (__atomic_compare_exchange_n(place, &p, (void *)at, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return (void *)at;
    raw_syscall(SYS_munmap, at, (long)size, 0, 0, 0, 0);
    return p;
}

static uintptr_t *slot_of(int fd)
{
    if (fd < 0)
        return NULL;
    uintptr_t *page = map_zeroes((void **)&slots[(size_t)fd / SLOTS], SLOTS * sizeof *page);
    return page ? &page[(size_t)fd % SLOTS] : NULL;
}

/* What is there already, 0: nothing. */
static inline uintptr_t slot_value(int fd)
{
    const uintptr_t *page = fd < 0 ? NULL : __atomic_load_n(&slots[(size_t)fd / SLOTS], __ATOMIC_ACQUIRE);
    return page ? __atomic_load_n(&page[(size_t)fd % SLOTS], __ATOMIC_ACQUIRE) : 0;
}

static struct link *link_at(uint32_t number)
{
    if (number / LINKS >= sizeof links / sizeof *links)
        return NULL;
    struct link *page = map_zeroes((void **)&links[number / LINKS], LINKS * sizeof *page);
    return page ? &page[number % LINKS] : NULL;
}

static struct link *link_new(struct link init)
{
    struct link *l = NULL;
    uint64_t top = __atomic_load_n(&links_free, __ATOMIC_ACQUIRE);
    do {
        if (!(uint32_t)top)
            break;
        l = link_at((uint32_t)top - 1);
    } while (!__atomic_compare_exchange_n(&links_free, &top, ((top >> 32) + 1) << 32 | l->next_free, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    uint32_t number = (uint32_t)top ? (uint32_t)top - 1 : __atomic_fetch_add(&links_used, 1, __ATOMIC_RELAXED);
    l = link_at(number);
    if (!l)
        return NULL;
    init.number = number;
    *l = init;
    return l;
}

static void link_recycle(struct actor *me, struct link *l)
{
    for (int s = 0; me && s < 2; s++) {
        if (l->key[s] && !l->named)
            sync_forget(me, l->key[s]);
        if (l->watch[s])
            sync_forget(me, l->watch[s]);
    }
    uint64_t top = __atomic_load_n(&links_free, __ATOMIC_RELAXED);
    do {
        l->next_free = (uint32_t)top;
    } while (!__atomic_compare_exchange_n(&links_free, &top, top >> 32 << 32 | (l->number + 1), false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
}

/* ---- slots ------------------------------------------------------------------------------------------------------ */

struct end {
    struct link *link; /* NULL: nothing is known, and no edge made */
    int side;
};

static struct end end_of(uintptr_t slot)
{
    return (struct end){(struct link *)(slot & ~(uintptr_t)1), (int)(slot & 1)};
}

static uint64_t number_key(int fd)
{
    return FD_KEY(FD_NUMBER, fd);
}

/* The kernel has given out the number, so an earlier close of it is over. */
static void number_taken(struct actor *me, int fd)
{
    if (fd >= 0)
        sync_acquire(me, number_key(fd));
}

/* Gives up what the slot held; the caller has raised refs of the new link. A child of vfork has descriptors of its own, and our
 * slots: what it opens is given up at once, and what it closes stays. */
static void put(struct actor *me, int fd, struct link *l, int side)
{
    uintptr_t *slot = slot_of(fd);
    if (!slot)
        return;
    struct end old = {l, side};
    if (process_is_ours())
        old = end_of(__atomic_exchange_n(slot, (uintptr_t)l | (unsigned)side, __ATOMIC_ACQ_REL));
    if (!old.link || old.link == &quiet)
        return;
    if (__atomic_sub_fetch(&old.link->refs[old.side], 1, __ATOMIC_ACQ_REL) == 0 &&
        __atomic_load_n(&old.link->refs[!old.side], __ATOMIC_ACQUIRE) == 0)
        link_recycle(me, old.link);
}

static uint64_t unique_key(void)
{
    return FD_KEY(FD_UNIQUE, __atomic_add_fetch(&unique, 1, __ATOMIC_RELAXED));
}

/* Internet ports that this process has called, or holds a connection to that it did not accept: set before the call, for
 * the other end may be accepted before that returns. Atomic. */
static bool called[1 << 16];

static void call(uint32_t name)
{
    const uint16_t port = (uint16_t)name;
    if (name == port && !__atomic_load_n(&called[port], __ATOMIC_RELAXED))
        __atomic_store_n(&called[port], true, __ATOMIC_RELAXED);
}

/* Looks at a descriptor that nothing is known of. A socket without a peer is looked at again next time. */
static __attribute__((noinline)) struct end find_out(struct actor *me, int fd, bool accepted)
{
    struct end e = {NULL, 0};
    if (!slot_of(fd))
        return e;
    struct fd_names n = fd_names(fd);
    switch (n.kind) {
    case FD_NOTHING_YET:
        return e;
    case FD_QUIET:
        e.link = &quiet;
        break;
    case FD_ANONYMOUS:
        e.link = link_new((struct link){.key = {unique_key(), 0}, .refs = {1, 0}, .alone = true});
        break;
    case FD_NAMED:
        e.link =
            link_new((struct link){.key = {n.out, n.in}, .refs = {1, 0}, .named = true, .port = accepted ? n.here : 0});
        if (n.there && !accepted)
            call(n.there);
        break;
    }
    if (e.link)
        put(me, fd, e.link, 0);
    return e;
}

static inline struct end lookup(struct actor *me, int fd)
{
    const uintptr_t value = slot_value(fd);
    return __builtin_expect(value != 0, 1) ? end_of(value) : find_out(me, fd, false);
}

/* ---- verbs ------------------------------------------------------------------------------------------------------ */

static bool silent(const struct link *l)
{
    return l == &quiet || (l->port && !__atomic_load_n(&called[l->port], __ATOMIC_RELAXED));
}

static const uint64_t crowd_key = FD_KEY(FD_CROWD, 0);

static void count_told(struct link *l)
{
    __atomic_fetch_add(&l->told, 1, __ATOMIC_RELEASE);
}

static __attribute__((noinline)) void release_end(struct actor *me, struct end e)
{
    if (!e.link || silent(e.link))
        return;
    int receiver = e.link->alone ? e.side : !e.side;
    if (e.link->key[e.side])
        sync_release_merge(me, e.link->key[e.side]);
    if (e.link->alone)
        count_told(e.link);
    if (e.link->watch[receiver])
        sync_release_merge(me, e.link->watch[receiver]);
    if (e.link->crowded[receiver])
        sync_release_merge(me, crowd_key);
    const uint32_t event = __atomic_load_n(&e.link->event, __ATOMIC_RELAXED);
    if (event)
        fd_release(me, (int)event - 1);
}

/* As most descriptors of a server are. */
static inline bool known_silent(int fd)
{
    const struct link *l = end_of(slot_value(fd)).link;
    return __builtin_expect(l && silent(l), 1);
}

HOT void fd_release(struct actor *me, int fd)
{
    if (!known_silent(fd))
        release_end(me, lookup(me, fd));
}

static __attribute__((noinline)) void acquire(struct actor *me, int fd)
{
    struct end e = lookup(me, fd);
    if (!e.link || silent(e.link))
        return;
    uint64_t key = e.link->key[e.link->alone ? e.side : !e.side];
    if (key)
        sync_acquire(me, key);
}

HOT void fd_acquire(struct actor *me, int fd)
{
    if (!known_silent(fd))
        acquire(me, fd);
}

void fd_opened(struct actor *me, int fd)
{
    number_taken(me, fd);
    put(me, fd, NULL, 0);
}

void fd_opened_alone(struct actor *me, int fd)
{
    number_taken(me, fd);
    put(me, fd, link_new((struct link){.key = {unique_key(), 0}, .refs = {1, 0}, .alone = true}), 0);
}

/* All of them share a key, as nobody knows what each will tell of. */
static const uint64_t inotify_key = FD_KEY(FD_INOTIFY, 0);
static bool inotify_used; /* atomic */

void fd_opened_inotify(struct actor *me, int fd)
{
    __atomic_store_n(&inotify_used, true, __ATOMIC_RELEASE);
    number_taken(me, fd);
    put(me, fd, link_new((struct link){.key = {inotify_key, 0}, .refs = {1, 0}, .alone = true, .named = true}), 0);
}

void fd_tell_inotify(struct actor *me)
{
    if (__atomic_load_n(&inotify_used, __ATOMIC_ACQUIRE))
        sync_release_chance(me, inotify_key);
}

void fd_opened_ring(struct actor *me, int fd)
{
    number_taken(me, fd);
    put(me, fd, link_new((struct link){.key = {unique_key(), 0}, .refs = {1, 0}, .alone = true, .ring = true}), 0);
}

bool fd_is_ring(int fd)
{
    const struct link *l = end_of(slot_value(fd)).link;
    return l && l->ring;
}

void fd_ring_tail(struct actor *me, int fd, uintptr_t tail)
{
    struct link *l = lookup(me, fd).link;
    if (!l || !l->alone || l->key[0] == tail)
        return;
    l->named = true;
    l->key[0] = tail;
}

void fd_ring_event(struct actor *me, int fd, int event)
{
    struct link *l = lookup(me, fd).link;
    if (l && l->alone && event >= 0)
        __atomic_store_n(&l->event, (uint32_t)event + 1, __ATOMIC_RELAXED);
}

static void opened_both(struct actor *me, int a, int b, struct link init)
{
    struct link *l = link_new(init);
    number_taken(me, a);
    number_taken(me, b);
    put(me, a, l, 0);
    put(me, b, l, l ? 1 : 0);
}

void fd_opened_pipe(struct actor *me, int reader, int writer)
{
    opened_both(me, reader, writer, (struct link){.key = {0, unique_key()}, .refs = {1, 1}});
}

void fd_opened_pair(struct actor *me, int a, int b)
{
    opened_both(me, a, b, (struct link){.key = {unique_key(), unique_key()}, .refs = {1, 1}});
}

void fd_copied(struct actor *me, int from, int to)
{
    struct end e = lookup(me, from);
    if (from == to)
        return;
    number_taken(me, to);
    if (e.link && e.link != &quiet)
        __atomic_add_fetch(&e.link->refs[e.side], 1, __ATOMIC_RELAXED);
    put(me, to, e.link, e.side);
}

void fd_closing(struct actor *me, int fd)
{
    const uintptr_t value = slot_value(fd);
    if (value)
        release_end(me, end_of(value));
    if (fd >= 0)
        sync_release_chance(me, number_key(fd));
    put(me, fd, NULL, 0);
}

void fd_closing_range(struct actor *me, unsigned first, unsigned last)
{
    for (size_t fd = first; fd <= last && fd < (size_t)1 << 31; fd++) {
        uintptr_t *page = __atomic_load_n(&slots[fd / SLOTS], __ATOMIC_ACQUIRE);
        if (!page)
            fd |= SLOTS - 1;
        else if (__atomic_load_n(&page[fd % SLOTS], __ATOMIC_ACQUIRE))
            fd_closing(me, (int)fd);
    }
}

void fd_connecting(struct actor *me, int fd, const struct sockaddr *to, socklen_t size)
{
    put(me, fd, NULL, 0);
    const uint32_t name = fd_name(to, size);
    call(name);
    sync_release_merge(me, FD_KEY(FD_CONNECT, name));
}

void fd_connected(struct actor *me, int fd, const struct sockaddr *to, socklen_t size)
{
    put(me, fd, NULL, 0);
    sync_acquire(me, FD_KEY(FD_LISTEN, fd_name(to, size)));
}

void fd_listening(struct actor *me, int fd)
{
    sync_release_merge(me, FD_KEY(FD_LISTEN, fd_local_name(fd)));
    put(me, fd, &quiet, 0); /* no data ever passes; accept asks for the name */
}

void fd_accepted(struct actor *me, int listener, int fd)
{
    number_taken(me, fd);
    put(me, fd, NULL, 0);
    find_out(me, fd, true);
    sync_acquire(me, FD_KEY(FD_CONNECT, fd_local_name(listener)));
}

void fd_release_to(struct actor *me, int fd, const struct sockaddr *to, socklen_t size)
{
    const uint32_t name = to ? fd_name(to, size) : 0;
    if (to && fd_is_datagram(fd)) {
        sync_release_merge(me, FD_KEY(FD_DATAGRAM, name));
    } else {
        call(name); /* TCP fast open */
        fd_release(me, fd);
    }
}

/* ---- epoll ------------------------------------------------------------------------------------------------------ */

static uint64_t watch_key(struct end epoll, uint64_t data)
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
    struct end set = lookup(me, epoll), e = lookup(me, fd);
    if (!set.link || set.link == &quiet)
        return;
    uint64_t watcher = set.link->key[0], by = 0;
    if (op == EPOLL_CTL_DEL) { /* wakes nobody */
        if (e.link && __atomic_load_n(&e.link->epoll[e.side], __ATOMIC_ACQUIRE) == watcher)
            __atomic_store_n(&e.link->epoll[e.side], 0, __ATOMIC_RELEASE);
        return;
    }
    sync_release_chance(me, watcher); /* who is woken by another descriptor need not come after this one */
    count_told(set.link);
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

static void hear(struct actor *me, struct link *set)
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
    const struct end set = lookup(me, epoll);
    if (!set.link || set.link == &quiet)
        return;
    hear(me, set.link);
    for (int i = 0; i < n; i++) {
        const uint64_t key = watch_key(set, events[i].data.u64);
        uint8_t bit;
        if (__atomic_load_n(watched_byte(key, &bit), __ATOMIC_ACQUIRE) & bit)
            sync_acquire(me, key);
    }
    if (__atomic_load_n(&crowd, __ATOMIC_ACQUIRE))
        sync_acquire(me, crowd_key);
}
