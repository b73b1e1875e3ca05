/* Who is left when the goroutines' runtime ends, and can be proved to wait for ever: nobody who could go on can reach what it
 * waits for (verbs in locks.h).
 *
 * The way is that of garbage collectors that look for leaked goroutines (Saioc et al., ASPLOS 2025), conservatively, as
 * LeakSanitizer does for memory: every aligned word that could point into a block does. Roots are what the host names: the
 * data of modules, the stack and thread-local variables of the one thread that runs, mappings. From there blocks of the heap
 * are followed. A goroutine that waits is no root; when what it waits for is reached, it may be woken, and its stack is
 * followed as well, until nothing changes. Who is not reached then never will be.
 *
 * Where pointers may hide nothing is claimed: the host does not ask while other threads live, goroutines can run, or timers are
 * armed. Stale words only keep something reachable. Memory is read by a system call that fails where there is none.
 *
 * Guards: one caller, while nobody else acts. Its tables live for the call. */
#include "left.h"

#include "actor.h"
#include "finding.h"
#include "heap.h"

#define KEYS 16       /* objects of one wait; with more the goroutine counts as reached */
#define MOST 10000    /* goroutines: with more nothing is claimed */
#define AREAS 4096    /* roots, holes */
#define BUFFER 4096
#define PAGES 262144  /* looked at; with more nothing is claimed */
#define SHOWN 16      /* goroutines of one finding */

struct piece { /* of memory: a block, or the stack of one who waits */
    uintptr_t lo;
    size_t size;
    bool marked;
};

struct waiting {
    struct actor *a;
    uint64_t keys[KEYS];
    int n; /* -1: whatever its stack leads to */
    uintptr_t lo;
    size_t size;
    bool reached, told;
};

struct area {
    uintptr_t lo, hi;
};

static struct {
    struct waiting *waiting;
    struct area *roots, *holes;
    struct piece *pieces;
    uint32_t *queue; /* pieces that are marked and not yet looked into */
    size_t nwaiting, nroots, nholes, npieces, room, nqueue, npages;
    bool lost; /* something did not fit */
} left;

bool left_begin(void)
{
    zero_bytes(&left, sizeof left);
    left.waiting = os_reserve(MOST * sizeof *left.waiting);
    left.roots = os_reserve(AREAS * sizeof *left.roots);
    left.holes = os_reserve(AREAS * sizeof *left.holes);
    return !host.no_waits && left.waiting && left.roots && left.holes;
}

static void add_area(struct area *areas, size_t *n, uintptr_t lo, size_t size)
{
    if (*n == AREAS)
        left.lost = true;
    else if (size)
        areas[(*n)++] = (struct area){lo, lo + size};
}

void left_root(uintptr_t lo, size_t size)
{
    add_area(left.roots, &left.nroots, lo, size);
}

void left_hole(uintptr_t lo, size_t size)
{
    add_area(left.holes, &left.nholes, lo, size);
}

void left_waiting(struct actor *a, const uint64_t *keys, int n, uintptr_t lo, size_t size)
{
    if (left.nwaiting == MOST) {
        left.lost = true;
        return;
    }
    struct waiting *w = &left.waiting[left.nwaiting++];
    w->a = a;
    w->n = n;
    w->lo = lo;
    w->size = size;
    w->reached = n > KEYS || !a->wait.active;
    for (int i = 0; i < n && i < KEYS; i++)
        w->keys[i] = keys[i];
}

/* ---- pieces ------------------------------------------------------------------------------------------------------------ */

static void count_piece(void *ctx, uintptr_t addr, size_t size)
{
    (void)addr;
    (void)size;
    ++*(size_t *)ctx;
}

static void add_piece(void *ctx, uintptr_t addr, size_t size)
{
    (void)ctx;
    if (left.npieces == left.room)
        left.lost = true;
    else if (size)
        left.pieces[left.npieces++] = (struct piece){addr, size, false};
}

static void sift(struct piece *p, size_t at, size_t n)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && p[child + 1].lo > p[child].lo;
        if (p[at].lo >= p[child].lo)
            return;
        struct piece saved = p[at];
        p[at] = p[child];
        p[child] = saved;
    }
}

static void sort(struct piece *p, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(p, i, n);
    for (size_t i = n; i-- > 1;) {
        struct piece saved = p[0];
        p[0] = p[i];
        p[i] = saved;
        sift(p, 0, i);
    }
}

static bool take_pieces(void)
{
    size_t blocks = 0;
    heap_each(count_piece, &blocks);
    left.room = blocks + left.nwaiting;
    left.pieces = os_reserve((left.room + 1) * sizeof *left.pieces);
    left.queue = os_reserve((left.room + 1) * sizeof *left.queue);
    if (!left.pieces || !left.queue)
        return false;
    heap_each(add_piece, NULL);
    for (size_t i = 0; i < left.nwaiting; i++)
        add_piece(NULL, left.waiting[i].lo, left.waiting[i].size);
    sort(left.pieces, left.npieces);
    return !left.lost;
}

/* The first that ends behind addr; npieces: none does. */
static size_t piece_from(uintptr_t addr)
{
    size_t lo = 0, hi = left.npieces;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (left.pieces[mid].lo + left.pieces[mid].size <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct piece *piece_of(uintptr_t addr)
{
    size_t i = piece_from(addr);
    return i < left.npieces && left.pieces[i].lo <= addr ? &left.pieces[i] : NULL;
}

static void mark(uintptr_t addr)
{
    struct piece *p = piece_of(addr);
    if (p && !p->marked) {
        p->marked = true;
        left.queue[left.nqueue++] = (uint32_t)(p - left.pieces);
    }
}

/* ---- looking ------------------------------------------------------------------------------------------------------------ */

static void each_word(uintptr_t lo, uintptr_t hi, void (*visit)(uintptr_t word))
{
    static uintptr_t buffer[BUFFER / sizeof(uintptr_t)];
    for (uintptr_t at = (lo + 7) & ~(uintptr_t)7; at + 8 <= hi;) {
        uintptr_t page_end = (at & ~(OS_PAGE - 1)) + OS_PAGE, end = page_end < hi ? page_end : hi;
        size_t n = (size_t)(end - at) & ~(size_t)7;
        if (++left.npages > PAGES) {
            left.lost = true;
            return;
        }
        if (os_peek(buffer, at, n))
            for (size_t i = 0; i < n / 8; i++)
                visit(buffer[i]);
        at = end == page_end ? page_end : hi;
    }
}

/* A root without the pieces in it, which have to be reached themselves. */
static void look_between(uintptr_t lo, uintptr_t hi)
{
    for (size_t i = piece_from(lo); lo < hi; i++) {
        const struct piece *p = i < left.npieces && left.pieces[i].lo < hi ? &left.pieces[i] : NULL;
        if (!p || p->lo > lo)
            each_word(lo, p ? p->lo : hi, mark);
        lo = p ? p->lo + p->size : hi;
    }
}

static void look_into_root(uintptr_t lo, uintptr_t hi, size_t hole)
{
    for (; hole < left.nholes; hole++) {
        const struct area *h = &left.holes[hole];
        if (h->hi <= lo || h->lo >= hi)
            continue;
        if (h->lo > lo)
            look_into_root(lo, h->lo, hole + 1);
        if (h->hi >= hi)
            return;
        lo = h->hi;
    }
    look_between(lo, hi);
}

static void follow(void)
{
    while (left.nqueue) {
        const struct piece *p = &left.pieces[left.queue[--left.nqueue]];
        each_word(p->lo, p->lo + p->size, mark);
    }
}

/* What lies in no piece is in a global variable, or nobody knows where. */
static bool key_reached(uint64_t key)
{
    const struct piece *p = piece_of((uintptr_t)key);
    return !p || p->marked;
}

static bool stack_leads_to_marked;

static void note_marked(uintptr_t word)
{
    const struct piece *p = piece_of(word);
    stack_leads_to_marked |= p && p->marked;
}

static bool is_reached(const struct waiting *w)
{
    if (w->n < 0) {
        stack_leads_to_marked = false;
        each_word(w->lo, w->lo + w->size, note_marked);
        return stack_leads_to_marked;
    }
    for (int i = 0; i < w->n; i++)
        if (key_reached(w->keys[i]))
            return true;
    return false;
}

static void reach(void)
{
    for (size_t i = 0; i < left.nroots; i++)
        look_into_root(left.roots[i].lo, left.roots[i].hi, 0);
    for (size_t i = 0; i < left.nwaiting; i++)
        if (left.waiting[i].reached)
            mark(left.waiting[i].lo);
    for (bool more = true; more;) {
        more = false;
        follow();
        for (size_t i = 0; i < left.nwaiting; i++) {
            struct waiting *w = &left.waiting[i];
            if (!w->reached && is_reached(w)) {
                w->reached = more = true;
                mark(w->lo);
            }
        }
    }
}

/* ---- report -------------------------------------------------------------------------------------------------------------- */

/* All that wait at the place where `first` does. */
static void report_place(struct actor *by, size_t first)
{
    struct finding_step steps[SHOWN];
    int n = 0;
    for (size_t i = first; i < left.nwaiting; i++) {
        struct waiting *w = &left.waiting[i];
        if (w->reached || w->told || w->a->wait.stack != left.waiting[first].a->wait.stack)
            continue;
        w->told = true;
        if (n == SHOWN)
            continue;
        struct finding_step *s = &steps[n++];
        finding_step(s, STEP_WAITS, w->a->wait.stack, w->a->wait.f.thing, w->a->wait.f.key);
        actor_describe_live(w->a, &s->actor);
    }
    struct finding f;
    finding_of_steps(&f, FINDING_STUCK, TIER_HAPPENED, steps, n);
    finding_hand_over(by, &f);
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

void left_end(struct actor *by, bool all_roots)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (here - by->stack_lo < by->stack_size)
        left_root(here, by->stack_lo + by->stack_size - here);
    else
        left.lost = true;
    left.lost |= !all_roots || !by->locals_size || heap_lost();
    left_root(by->locals_lo, by->locals_size);
    if (!left.lost && only(by) && take_pieces()) {
        reach();
        for (size_t i = 0; i < left.nwaiting && !left.lost; i++)
            if (!left.waiting[i].reached && !left.waiting[i].told)
                report_place(by, i);
    }
    os_unmap(left.waiting, MOST * sizeof *left.waiting);
    os_unmap(left.roots, AREAS * sizeof *left.roots);
    os_unmap(left.holes, AREAS * sizeof *left.holes);
    if (left.pieces)
        os_unmap(left.pieces, (left.room + 1) * sizeof *left.pieces);
    if (left.queue)
        os_unmap(left.queue, (left.room + 1) * sizeof *left.queue);
}
