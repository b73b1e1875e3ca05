/* Which descriptor is which end of what: what fd_edges.c and fd_epoll.c tell of.
 *
 * A `struct fd_link` is what two ends have in common: side s sends into key[s] and receives from key[!s]. A slot, one a
 * descriptor, points at a link and says which side it is. Descriptors that share an open file (dup) share a side.
 *  - pipe: side 0 reads, side 1 writes; key[0] is 0, no edge.
 *  - socketpair: both.
 *  - eventfd and the like: one side, `alone`, that receives what it sends. Of an io_uring at the address of a word, see uring.c.
 *  - named (named pipes, files, sockets with addresses): the keys come from the name, so that the two ends find
 *    each other without knowing of one another, and a link belongs to one descriptor. See fd_name.c.
 *  - a connection that was accepted is silent as long as nobody in this process was seen to connect to its port (`fd_called`): its
 *    other end is another process's, which most servers' are, and each answer would be a release that nobody acquires.
 * A slot that is empty is looked at by fstat when it is first used: descriptors that were inherited, received, or opened
 * by a way that is not wrapped.
 *
 * Nothing here is locked: slots are exchanged atomically, links are recycled but never unmapped, so that a thread which
 * uses a descriptor that another one is closing meets a wrong key at worst. The tables have no upper limit but that of
 * the numbers themselves. */
#ifndef GORACE_FD_LINK_H
#define GORACE_FD_LINK_H

#include "current.h"
#include "fd_name.h"

struct fd_link {
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

#define FD_CROWD_KEY FD_KEY(FD_CROWD, 0) /* of all sides that are crowded */

/* Stands for "no edges here": terminals, devices, connections with other machines. */
extern struct fd_link fd_quiet;

/* NULL: no memory. The caller counts in `refs` the descriptors that it gives it to. */
struct fd_link *fd_link_new(struct fd_link init);
uint64_t fd_link_unique(void); /* a key that no other link has */

struct fd_end {
    struct fd_link *link; /* NULL: nothing is known, and no edge made */
    int side;
};

static inline struct fd_end fd_end_of(uintptr_t slot)
{
    return (struct fd_end){(struct fd_link *)(slot & ~(uintptr_t)1), (int)(slot & 1)};
}

#define FD_SLOTS ((size_t)1 << 15)
extern uintptr_t *fd_slots[((size_t)1 << 31) / FD_SLOTS]; /* link | side */

/* What is there already, 0: nothing. */
static inline uintptr_t fd_slot(int fd)
{
    const uintptr_t *page = fd < 0 ? NULL : __atomic_load_n(&fd_slots[(size_t)fd / FD_SLOTS], __ATOMIC_ACQUIRE);
    return page ? __atomic_load_n(&page[(size_t)fd % FD_SLOTS], __ATOMIC_ACQUIRE) : 0;
}

/* Looks at a descriptor that nothing is known of. A socket without a peer is looked at again next time. */
struct fd_end fd_find_out(struct actor *me, int fd, bool accepted);

static inline struct fd_end fd_end(struct actor *me, int fd)
{
    const uintptr_t value = fd_slot(fd);
    return __builtin_expect(value != 0, 1) ? fd_end_of(value) : fd_find_out(me, fd, false);
}

static inline uint64_t fd_number_key(int fd)
{
    return FD_KEY(FD_NUMBER, fd);
}

/* The kernel has given out the number, so an earlier close of it is over. */
static inline void fd_number_taken(struct actor *me, int fd)
{
    if (fd >= 0)
        sync_acquire(me, fd_number_key(fd));
}

/* Gives up what the slot held; the caller has raised refs of the new link. A child of vfork has descriptors of its own, and our
 * slots: what it opens is given up at once, and what it closes stays. */
void fd_put(struct actor *me, int fd, struct fd_link *l, int side);

/* Internet ports that this process has called, or holds a connection to that it did not accept: set before the call, for
 * the other end may be accepted before that returns. Atomic. */
extern bool fd_called[1 << 16];

static inline void fd_call(uint32_t name)
{
    const uint16_t port = (uint16_t)name;
    if (name == port && !__atomic_load_n(&fd_called[port], __ATOMIC_RELAXED))
        __atomic_store_n(&fd_called[port], true, __ATOMIC_RELAXED);
}

static inline bool fd_silent(const struct fd_link *l)
{
    return l == &fd_quiet || (l->port && !__atomic_load_n(&fd_called[l->port], __ATOMIC_RELAXED));
}

static inline void fd_count_told(struct fd_link *l)
{
    __atomic_fetch_add(&l->told, 1, __ATOMIC_RELEASE);
}

#endif
