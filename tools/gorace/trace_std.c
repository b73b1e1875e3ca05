/* A trace in the STD format of the RAPID tools (github.com/umangm/rapid): a line an event, `T1|acq(L5)|12`: who, what, and
 * a number for the place.
 *
 * The format knows locks that one thread holds, reads and writes, fork and join. So:
 *   - a lock that was taken for writing is held until it is given up, or its holder ends. If somebody else gives it up, the holder does,
 *     and the other one takes and gives up after him;
 *   - who takes a lock for reading takes and gives it up at once, and again when he gives it up: so a writer before comes before him, and
 *     a writer after behind him;
 *   - what is no lock orders: what acquires or releases a key takes and gives up a lock of that key at once, which makes the
 *     edges of the run, and some more in the same direction of time;
 *   - what a process has from another one that was forked stands without its beginning.
 * Several processes: their threads have different numbers, their objects too. */
#include <inttypes.h>
#include <stdlib.h>

#include "command.h"
#include "locks.h"
#include "trace.h"

/* Small numbers in the place of 64-bit ones, given in order of appearance. Open addressing. */
struct numbers {
    uint64_t *keys;
    size_t *values; /* 0: free */
    size_t n, room;
};

static size_t slot_of(const struct numbers *m, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15)) & (m->room - 1);
    while (m->values[at] && m->keys[at] != key)
        at = (at + 1) & (m->room - 1);
    return at;
}

static size_t number_of_key(struct numbers *m, uint64_t key)
{
    if (2 * m->n >= m->room) {
        struct numbers bigger = {.n = m->n, .room = m->room ? 2 * m->room : 256};
        bigger.keys = must_grow(NULL, bigger.room * sizeof *bigger.keys);
        bigger.values = must_grow(NULL, bigger.room * sizeof *bigger.values);
        for (size_t i = 0; i < bigger.room; i++)
            bigger.values[i] = 0;
        for (size_t i = 0; i < m->room; i++) {
            if (!m->values[i])
                continue;
            size_t at = slot_of(&bigger, m->keys[i]);
            bigger.keys[at] = m->keys[i];
            bigger.values[at] = m->values[i];
        }
        free(m->keys);
        free(m->values);
        *m = bigger;
    }
    size_t at = slot_of(m, key);
    if (!m->values[at]) {
        m->keys[at] = key;
        m->values[at] = ++m->n;
    }
    return m->values[at];
}

static void numbers_free(struct numbers *m)
{
    free(m->keys);
    free(m->values);
}

struct writing {
    FILE *to;
    struct numbers actors, locks, orders, variables, places;
    uint64_t *held_by; /* by number of lock: the salted actor + 1, or 0 */
    size_t held_room, held;
    uint64_t salt; /* keeps the numbers of processes apart */
};

static void line(struct writing *w, const struct trace_event *e, const char *what, char kind, size_t number)
{
    fprintf(w->to, "T%zu|%s(%c%zu)|%zu\n", number_of_key(&w->actors, e->actor ^ w->salt), what, kind, number,
            number_of_key(&w->places, e->pc));
}

static void ordered(struct writing *w, const struct trace_event *e, uint64_t key)
{
    size_t number = number_of_key(&w->orders, key ^ w->salt);
    line(w, e, "acq", 'S', number);
    line(w, e, "rel", 'S', number);
}

static uint64_t *holder_of(struct writing *w, size_t lock)
{
    if (lock >= w->held_room) {
        size_t room = 2 * lock + 64;
        w->held_by = must_grow(w->held_by, room * sizeof *w->held_by);
        for (size_t i = w->held_room; i < room; i++)
            w->held_by[i] = 0;
        w->held_room = room;
    }
    return &w->held_by[lock];
}

static void release(struct writing *w, const struct trace_event *e, size_t lock)
{
    uint64_t *holder = holder_of(w, lock);
    struct trace_event by = *e;
    if (!*holder)
        return;
    by.actor = (*holder - 1) ^ w->salt;
    *holder = 0;
    w->held--;
    line(w, &by, "rel", 'L', lock);
}

/* Whoever holds it, and it was not seen how he gave it up (the process was stopped in it), does so before. */
static void acquire(struct writing *w, const struct trace_event *e, size_t lock)
{
    release(w, e, lock);
    *holder_of(w, lock) = (e->actor ^ w->salt) + 1;
    w->held++;
    line(w, e, "acq", 'L', lock);
}

static void taken(struct writing *w, const struct trace_event *e)
{
    size_t lock = number_of_key(&w->locks, e->object ^ w->salt);
    acquire(w, e, lock);
    if (!(e->value & HOW_EXCLUSIVE))
        release(w, e, lock);
}

static void given_up(struct writing *w, const struct trace_event *e)
{
    size_t lock = number_of_key(&w->locks, e->object ^ w->salt);
    if (*holder_of(w, lock) != (e->actor ^ w->salt) + 1)
        acquire(w, e, lock);
    release(w, e, lock);
}

/* What it holds is nobody's. */
static void ended(struct writing *w, const struct trace_event *e)
{
    for (size_t lock = 0; w->held > 0 && lock < w->held_room; lock++)
        if (w->held_by[lock] == (e->actor ^ w->salt) + 1)
            release(w, e, lock);
}

/* A variable for each 8 bytes: two accesses with common bytes have a common variable. */
static void accessed(struct writing *w, const struct trace_event *e, const char *what)
{
    for (uint64_t at = e->object & ~UINT64_C(7); at < e->object + e->value; at += 8)
        line(w, e, what, 'V', number_of_key(&w->variables, at ^ w->salt));
}

static void write_event(struct writing *w, const struct trace_event *e)
{
    number_of_key(&w->actors, e->actor ^ w->salt); /* who creates comes before who is created */
    switch (e->kind) {
    case TRACE_BORN:
    case TRACE_JOIN:
        line(w, e, e->kind == TRACE_BORN ? "fork" : "join", 'T', number_of_key(&w->actors, e->object ^ w->salt));
        break;
    case TRACE_GOT:
        taken(w, e);
        break;
    case TRACE_GONE:
        given_up(w, e);
        break;
    case TRACE_END:
        ended(w, e);
        break;
    case TRACE_ACQUIRE:
    case TRACE_RELEASE:
    case TRACE_MERGE:
    case TRACE_HANDOFF:
    case TRACE_ATOMIC_READ:
    case TRACE_ATOMIC_WRITE:
        ordered(w, e, e->object);
        break;
    case TRACE_MEET: {
        struct trace_event other = *e;
        other.actor = e->object;
        uint64_t key = e->sequence | UINT64_C(1) << 62;
        ordered(w, e, key);
        ordered(w, &other, key);
        ordered(w, e, key);
        break;
    }
    case TRACE_READ:
        accessed(w, e, "r");
        break;
    case TRACE_WRITE:
    case TRACE_FREE:
        accessed(w, e, "w");
        break;
    }
}

void trace_write_std(FILE *to, const struct trace *t)
{
    struct writing w = {.to = to};
    for (size_t i = 0; i < t->n; i++) {
        w.salt = (uint64_t)i << 48;
        for (size_t k = 0; k < t->processes[i].n; k++)
            write_event(&w, &t->processes[i].events[k]);
    }
    struct numbers *all[] = {&w.actors, &w.locks, &w.orders, &w.variables, &w.places};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        numbers_free(all[i]);
    free(w.held_by);
}
