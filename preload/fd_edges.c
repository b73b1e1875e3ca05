/* Happens-before edges through file descriptors; see fd_edges.h, for the keys fd_link.h, for epoll fd_epoll.c.
 *
 * What is an edge: data, or the end of it, that was sent before it was received; a connect before the accept that takes
 * it; a listen before a connect that succeeds; a wake-up by epoll after what made the descriptor ready; close before
 * the call that returns the same number again, since programs keep tables by number (another schedule may have returned another
 * one, so for the order of locks this is as much as what a lock says). Where one cannot tell which
 * bytes a reader got, every earlier sender counts: too many edges may hide a race, one too few would report a correct
 * program. */
#include "fd_edges.h"

#include "fd_link.h"

static __attribute__((noinline)) void release_end(struct actor *me, struct fd_end e)
{
    if (!e.link || fd_silent(e.link))
        return;
    int receiver = e.link->alone ? e.side : !e.side;
    if (e.link->key[e.side])
        sync_release_merge(me, e.link->key[e.side]);
    if (e.link->alone)
        fd_count_told(e.link);
    if (e.link->watch[receiver])
        sync_release_merge(me, e.link->watch[receiver]);
    if (e.link->crowded[receiver])
        sync_release_merge(me, FD_CROWD_KEY);
    const uint32_t event = __atomic_load_n(&e.link->event, __ATOMIC_RELAXED);
    if (event) {
        const struct fd_end rung = fd_end(me, (int)event - 1);
        if (rung.link && !rung.link->event) /* the number may be another ring's by now */
            release_end(me, rung);
    }
}

/* As most descriptors of a server are. */
static inline bool known_silent(int fd)
{
    const struct fd_link *l = fd_end_of(fd_slot(fd)).link;
    return __builtin_expect(l && fd_silent(l), 1);
}

HOT void fd_release(struct actor *me, int fd)
{
    if (!known_silent(fd))
        release_end(me, fd_end(me, fd));
}

static __attribute__((noinline)) void acquire(struct actor *me, int fd)
{
    struct fd_end e = fd_end(me, fd);
    if (!e.link || fd_silent(e.link))
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
    fd_number_taken(me, fd);
    fd_put(me, fd, NULL, 0);
}

void fd_opened_alone(struct actor *me, int fd)
{
    fd_number_taken(me, fd);
    fd_put(me, fd, fd_link_new((struct fd_link){.key = {fd_link_unique(), 0}, .refs = {1, 0}, .alone = true}), 0);
}

/* All of them share a key, as nobody knows what each will tell of. */
static const uint64_t inotify_key = FD_KEY(FD_INOTIFY, 0);
static bool inotify_used; /* atomic */

void fd_opened_inotify(struct actor *me, int fd)
{
    __atomic_store_n(&inotify_used, true, __ATOMIC_RELEASE);
    fd_number_taken(me, fd);
    fd_put(me, fd, fd_link_new((struct fd_link){.key = {inotify_key, 0}, .refs = {1, 0}, .alone = true, .named = true}), 0);
}

void fd_tell_inotify(struct actor *me)
{
    if (__atomic_load_n(&inotify_used, __ATOMIC_ACQUIRE))
        sync_release_chance(me, inotify_key);
}

void fd_opened_ring(struct actor *me, int fd)
{
    fd_number_taken(me, fd);
    fd_put(me, fd, fd_link_new((struct fd_link){.key = {fd_link_unique(), 0}, .refs = {1, 0}, .alone = true, .ring = true}), 0);
}

bool fd_is_ring(int fd)
{
    const struct fd_link *l = fd_end_of(fd_slot(fd)).link;
    return l && l->ring;
}

void fd_ring_tail(struct actor *me, int fd, uintptr_t tail)
{
    struct fd_link *l = fd_end(me, fd).link;
    if (!l || !l->alone || l->key[0] == tail)
        return;
    l->named = true;
    l->key[0] = tail;
}

void fd_ring_event(struct actor *me, int fd, int event)
{
    struct fd_link *l = fd_end(me, fd).link;
    if (l && l->alone && event >= 0)
        __atomic_store_n(&l->event, (uint32_t)event + 1, __ATOMIC_RELAXED);
}

static void opened_both(struct actor *me, int a, int b, struct fd_link init)
{
    struct fd_link *l = fd_link_new(init);
    fd_number_taken(me, a);
    fd_number_taken(me, b);
    fd_put(me, a, l, 0);
    fd_put(me, b, l, l ? 1 : 0);
}

void fd_opened_pipe(struct actor *me, int reader, int writer)
{
    opened_both(me, reader, writer, (struct fd_link){.key = {0, fd_link_unique()}, .refs = {1, 1}});
}

void fd_opened_pair(struct actor *me, int a, int b)
{
    opened_both(me, a, b, (struct fd_link){.key = {fd_link_unique(), fd_link_unique()}, .refs = {1, 1}});
}

void fd_copied(struct actor *me, int from, int to)
{
    struct fd_end e = fd_end(me, from);
    if (from == to)
        return;
    fd_number_taken(me, to);
    if (e.link && e.link != &fd_quiet)
        __atomic_add_fetch(&e.link->refs[e.side], 1, __ATOMIC_RELAXED);
    fd_put(me, to, e.link, e.side);
}

void fd_closing(struct actor *me, int fd)
{
    const uintptr_t value = fd_slot(fd);
    if (value)
        release_end(me, fd_end_of(value));
    if (fd >= 0)
        sync_release_chance(me, fd_number_key(fd));
    fd_put(me, fd, NULL, 0);
}

void fd_closing_range(struct actor *me, unsigned first, unsigned last)
{
    for (size_t fd = first; fd <= last && fd < (size_t)1 << 31; fd++) {
        uintptr_t *page = __atomic_load_n(&fd_slots[fd / FD_SLOTS], __ATOMIC_ACQUIRE);
        if (!page)
            fd |= FD_SLOTS - 1;
        else if (__atomic_load_n(&page[fd % FD_SLOTS], __ATOMIC_ACQUIRE))
            fd_closing(me, (int)fd);
    }
}

void fd_connecting(struct actor *me, int fd, const struct sockaddr *to, socklen_t size)
{
    fd_put(me, fd, NULL, 0);
    const uint32_t name = fd_name(to, size);
    fd_call(name);
    sync_release_merge(me, FD_KEY(FD_CONNECT, name));
}

void fd_connected(struct actor *me, int fd, const struct sockaddr *to, socklen_t size)
{
    fd_put(me, fd, NULL, 0);
    sync_acquire(me, FD_KEY(FD_LISTEN, fd_name(to, size)));
}

void fd_listening(struct actor *me, int fd)
{
    sync_release_merge(me, FD_KEY(FD_LISTEN, fd_local_name(fd)));
    fd_put(me, fd, &fd_quiet, 0); /* no data ever passes; accept asks for the name */
}

void fd_accepted(struct actor *me, int listener, int fd)
{
    fd_number_taken(me, fd);
    fd_put(me, fd, NULL, 0);
    fd_find_out(me, fd, true);
    sync_acquire(me, FD_KEY(FD_CONNECT, fd_local_name(listener)));
}

void fd_release_to(struct actor *me, int fd, const struct sockaddr *to, socklen_t size)
{
    const uint32_t name = to ? fd_name(to, size) : 0;
    if (to && fd_is_datagram(fd)) {
        sync_release_merge(me, FD_KEY(FD_DATAGRAM, name));
    } else {
        fd_call(name); /* TCP fast open */
        fd_release(me, fd);
    }
}
