/* See fd_link.h. */
#include "fd_link.h"

#include <sys/mman.h>

#include "process.h"
#include "raw.h"

/* ---- storage ---------------------------------------------------------------------------------------------------- */

#define LINKS ((size_t)1 << 12)

uintptr_t *fd_slots[((size_t)1 << 31) / FD_SLOTS];
static struct fd_link *links[((size_t)1 << 31) / LINKS / 8]; /* an eighth of all numbers: 2^28 links */
static uint32_t links_used;
static uint64_t links_free; /* pops << 32 | number + 1 */
static uint64_t unique;

struct fd_link fd_quiet = {.named = true};

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
    uintptr_t *page = map_zeroes((void **)&fd_slots[(size_t)fd / FD_SLOTS], FD_SLOTS * sizeof *page);
    return page ? &page[(size_t)fd % FD_SLOTS] : NULL;
}

static struct fd_link *link_at(uint32_t number)
{
    if (number / LINKS >= sizeof links / sizeof *links)
        return NULL;
    struct fd_link *page = map_zeroes((void **)&links[number / LINKS], LINKS * sizeof *page);
    return page ? &page[number % LINKS] : NULL;
}

struct fd_link *fd_link_new(struct fd_link init)
{
    struct fd_link *l = NULL;
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

static void link_recycle(struct actor *me, struct fd_link *l)
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

bool fd_called[1 << 16];

void fd_put(struct actor *me, int fd, struct fd_link *l, int side)
{
    uintptr_t *slot = slot_of(fd);
    if (!slot)
        return;
    struct fd_end old = {l, side};
    if (process_is_ours())
        old = fd_end_of(__atomic_exchange_n(slot, (uintptr_t)l | (unsigned)side, __ATOMIC_ACQ_REL));
    if (!old.link || old.link == &fd_quiet)
        return;
    if (__atomic_sub_fetch(&old.link->refs[old.side], 1, __ATOMIC_ACQ_REL) == 0 &&
        __atomic_load_n(&old.link->refs[!old.side], __ATOMIC_ACQUIRE) == 0)
        link_recycle(me, old.link);
}

uint64_t fd_link_unique(void)
{
    return FD_KEY(FD_UNIQUE, __atomic_add_fetch(&unique, 1, __ATOMIC_RELAXED));
}

struct fd_end fd_find_out(struct actor *me, int fd, bool accepted)
{
    struct fd_end e = {NULL, 0};
    if (!slot_of(fd))
        return e;
    struct fd_names n = fd_names(fd);
    switch (n.kind) {
    case FD_NOTHING_YET:
        return e;
    case FD_QUIET:
        e.link = &fd_quiet;
        break;
    case FD_ANONYMOUS:
        e.link = fd_link_new((struct fd_link){.key = {fd_link_unique(), 0}, .refs = {1, 0}, .alone = true});
        break;
    case FD_NAMED:
        e.link =
            fd_link_new((struct fd_link){.key = {n.out, n.in}, .refs = {1, 0}, .named = true, .port = accepted ? n.here : 0});
        if (n.there && !accepted)
            fd_call(n.there);
        break;
    }
    if (e.link)
        fd_put(me, fd, e.link, 0);
    return e;
}
