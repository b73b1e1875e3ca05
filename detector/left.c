/* Who waits for ever: nobody who could go on can reach what it waits for.
 *
 * The way is that of garbage collectors that look for leaked goroutines (Saioc et al., ASPLOS 2025), conservatively, as
 * LeakSanitizer does for memory (reach.c). One who waits is no root; when what it waits for is reached, it may be woken, and its
 * stack is followed as well, until nothing changes. Who is not reached then never will be. What only its holder can give up, as a
 * mutex of threads, or the end of a thread, is another matter: who waits for that goes on only if the holder does, whoever
 * else can reach it.
 *
 * Where pointers may hide nothing is claimed. Stale words only keep something reachable.
 *
 * Guards: one caller, while nobody else acts. Its tables live for the call. */
#include "left.h"

#include "heap.h"
#include "lock.h"
#include "reach.h"
#include "wait.h"

#define PAGES 262144 /* looked at, at the end of the runtime */
#define MOST 100000  /* goroutines: with more nothing is claimed there */

static struct waiting *waiting;
static size_t nwaiting, most;

bool left_open(size_t n)
{
    waiting = os_reserve((n + 1) * sizeof *waiting);
    nwaiting = 0;
    most = n;
    return waiting != NULL;
}

void left_close(void)
{
    if (waiting)
        os_unmap(waiting, (most + 1) * sizeof *waiting);
    waiting = NULL;
    nwaiting = 0;
}

struct waiting *left_add(struct actor *a, uintptr_t lo, uintptr_t hi)
{
    if (nwaiting == most) {
        reach_lose();
        return &waiting[most]; /* room for one that is not looked at */
    }
    struct waiting *w = &waiting[nwaiting++];
    *w = (struct waiting){.a = a, .lo = lo, .hi = hi};
    reach_piece(lo, hi, a);
    return w;
}

size_t left_count(void)
{
    return nwaiting;
}

struct waiting *left_at(size_t i)
{
    return &waiting[i];
}

/* ---- who is reached ------------------------------------------------------------------------------------------------------ */

static void is_reached(struct waiting *w)
{
    w->reached = true;
    w->a->wait.stuck = false;
    reach_mark(w->lo);
    if (w->locals)
        reach_mark(w->locals);
    reach_root(OBJECT_TLS, w->block, w->block ? w->block + LEFT_BLOCK : 0, w->a);
}

struct holders {
    bool known, stuck;
};

static bool look_at_holder(struct actor *holder, void *ctx)
{
    struct holders *h = ctx;
    h->known = true;
    h->stuck |= !holder->ended && holder->wait.stuck;
    return h->stuck;
}

/* Threads give up what they hold themselves; a goroutine's mutex can be unlocked by anybody. */
static bool can_go_on(const struct waiting *w)
{
    if (wait_has_holders(w->a) && !actor_green(w->a)) {
        struct holders h = {false, false};
        os_lock(&actors_lock);
        wait_each_holder(w->a, look_at_holder, &h);
        os_unlock(&actors_lock);
        return !h.stuck;
    }
    if (w->by_stack)
        return reach_leads_to_marked(w->lo, w->hi);
    return w->key && reach_is_marked((uintptr_t)w->key);
}

/* True: all are reached. */
static bool settle(void)
{
    size_t stuck = 0;
    for (bool more = true; more;) {
        more = false;
        stuck = 0;
        for (size_t i = 0; i < nwaiting; i++) {
            if (!waiting[i].reached && can_go_on(&waiting[i])) {
                is_reached(&waiting[i]);
                more = true;
            }
            stuck += !waiting[i].reached;
        }
    }
    return stuck == 0;
}

void left_solve(void)
{
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a; a = a->older) {
        a->wait.stuck = false;
        held_own_up(a);
    }
    os_unlock(&actors_lock);
    for (size_t i = 0; i < nwaiting; i++)
        waiting[i].a->wait.stuck = !waiting[i].reached;
    for (size_t i = 0; i < nwaiting; i++)
        if (waiting[i].reached)
            is_reached(&waiting[i]);
    while (!settle() && reach_go_on())
        ;
}

/* ---- the end of the runtime ---------------------------------------------------------------------------------------------- */

bool left_begin(void)
{
    if (host.no_waits || !left_open(MOST))
        return false;
    if (reach_begin(PAGES))
        return true;
    left_close();
    return false;
}

void left_root(uintptr_t lo, size_t size)
{
    reach_root(OBJECT_GLOBAL, lo, lo + size, NULL);
}

void left_hole(uintptr_t lo, size_t size)
{
    reach_hole(lo, lo + size);
}

void left_pointers(uintptr_t lo, size_t size)
{
    reach_root(OBJECT_UNKNOWN, lo, lo + size, NULL);
}

void left_word(uint64_t word, int fd)
{
    reach_word(word, fd);
}

void left_lost(void)
{
    reach_lose();
}

void left_waiting(struct actor *a, uint64_t key, bool by_stack, uintptr_t lo, size_t size)
{
    struct waiting *w = left_add(a, lo, lo + size);
    w->key = key;
    w->by_stack = by_stack;
    w->reached = !a->wait.active;
}

/* Threads that the host has not named could know anything. */
static bool only(const struct actor *by)
{
    bool alone = true;
    os_lock(&actors_lock);
    for (const struct actor *a = actors_newest; a && alone; a = a->older)
        alone = a->ended || a == by || actor_green(a);
    os_unlock(&actors_lock);
    return alone;
}

void left_registers(const uintptr_t *registers)
{
    for (int i = 0; i < PARKED_REGISTER_COUNT; i++)
        reach_word(registers[i], -1);
}

void left_end(struct actor *by, uintptr_t sp, const uintptr_t *registers, bool all_roots)
{
    struct left_report *reports = NULL;
    left_registers(registers);
    if (sp - by->stack_lo < by->stack_size)
        reach_root(OBJECT_STACK, sp, by->stack_lo + by->stack_size, by);
    else
        reach_lose();
    if (!all_roots || !by->locals_size || heap_lost())
        reach_lose();
    reach_root(OBJECT_TLS, by->locals_lo, by->locals_lo + by->locals_size + LEFT_BLOCK, by);
    if (only(by) && reach_ready()) {
        left_solve();
        for (size_t i = 0; i < nwaiting && !reach_lost(); i++)
            if (!waiting[i].reached && !waiting[i].told)
                reports = left_report(reports, i);
    }
    reach_end();
    left_close();
    left_hand_over(by, reports);
}
