/* Descriptors as the runtime knows them: who uses them, who waits for them, what the poller has said. Essay: fd.c. */
#ifndef RT_FD_H
#define RT_FD_H

#include <stdbool.h>
#include <stdint.h>

#include "lock.h"
#include "waitq.h"

struct rt_g;
struct rt_glist;

enum rt_fd_kind {
    RT_FD_NEW,    /* not looked at yet */
    RT_FD_FILE,   /* waits in the hand-off: the poller does not take it, or it is a standard stream that blocks */
    RT_FD_OTHER,  /* pipe, terminal, eventfd ...: whatever epoll takes */
    RT_FD_SOCKET, /* any socket but */
    RT_FD_TCP,    /* where a short read says that there is no more */
};

enum rt_fd_side { RT_FD_READ, RT_FD_WRITE };

struct rt_fd_waits {   /* one direction */
    struct rt_waitq q; /* fd's lock */
    /* Atomic: how often the poller said "ready". Read before the system call, and again under the lock by who is about to wait. */
    uint32_t edges;
    uint32_t drained; /* atomic: edges + 1 when a call left nothing behind; 0: unknown */
    int64_t deadline; /* atomic: of all calls; 0: none */
};

struct rt_fd {
    struct rt_lock lock;
    uint32_t users;      /* atomic: calls in progress, and RT_FD_CLOSING */
    uint32_t generation; /* of the number: events of an earlier one are dropped. lock */
    uint8_t kind;        /* enum rt_fd_kind; atomic, written under the lock */
    uint8_t suspicious;  /* atomic: end, error or urgent data were seen, so that `drained` is not believed any more */
    uint8_t inside;      /* both ends are this process's: made as a pair. lock */
    uint8_t last_closes; /* the close is left to the last user. lock */
    uint16_t home;       /* 1 + the poller that watches it; 0: none yet. lock */
    struct rt_g *closer; /* waits until users are gone. lock */
    struct rt_fd_waits side[2];
} __attribute__((aligned(64)));

enum { RT_FD_CLOSING = 1u << 31 };

/* The descriptor for a call, until rt_fd_put. NULL: *error. rt_fd_ref does not look what it is. */
struct rt_fd *rt_fd_get(int fd, int *error);
struct rt_fd *rt_fd_ref(int fd, int *error);
void rt_fd_put(int fd, struct rt_fd *d);
/* A number that the kernel has just given to us: whatever was known is old. Takes fd over: closed on -ENOMEM, -EMFILE. */
int rt_fd_adopt(int fd, enum rt_fd_kind kind);
/* The kernel says that fd is not open: it was closed behind our back. Its waiters get -EBADF. */
void rt_fd_lost(struct rt_fd *d);
/* Waits until the poller has said "ready" more than `edges` times: 0 (try again), -ETIMEDOUT, -ECANCELED ... */
int rt_fd_wait(int fd, struct rt_fd *d, enum rt_fd_side side, uint32_t edges, int64_t deadline);
/* Wakes the next waiter: the caller was woken, or took less than there is. */
void rt_fd_pass_on(struct rt_fd *d, enum rt_fd_side side);
void rt_fd_set_deadline(struct rt_fd *d, enum rt_fd_side side, int64_t deadline);
int rt_fd_close(int fd);

/* Made as a pair here. */
void rt_fd_both_inside(int fd);
/* Whether g, which waits, waits for a descriptor with another end than ours; *fd: which. */
bool rt_fd_waits_outside(const struct rt_g *g, int *fd);

/* For the poller. rt_fd_event: what epoll reported for (fd, generation); who can go on is put into *ready. Returns how many. */
uint32_t rt_fd_event(int fd, uint32_t generation, uint32_t events, struct rt_glist *ready);
void rt_fds_each(void (*visit)(int fd, struct rt_fd *d)); /* those that were ever used; nothing else runs */
void rt_fds_free(void);

static inline uint32_t rt_fd_edges(const struct rt_fd *d, enum rt_fd_side side)
{
    return __atomic_load_n(&d->side[side].edges, __ATOMIC_ACQUIRE);
}

static inline bool rt_fd_is_drained(const struct rt_fd *d, enum rt_fd_side side, uint32_t edges)
{
    return __atomic_load_n(&d->side[side].drained, __ATOMIC_RELAXED) == edges + 1 &&
           !__atomic_load_n(&d->suspicious, __ATOMIC_ACQUIRE);
}

static inline void rt_fd_drained(struct rt_fd *d, enum rt_fd_side side, uint32_t edges)
{
    __atomic_store_n(&d->side[side].drained, edges + 1, __ATOMIC_RELAXED);
}

#endif
