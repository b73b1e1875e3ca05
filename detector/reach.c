/* See reach.h. A mark remembers from where it came, so that a path can be shown. */
#include "reach.h"

#include "actor.h"
#include "heap.h"
#include "left.h"
#include "sort.h"

#define ROOTS ((size_t)1 << 17)
#define HOLES ((size_t)1 << 14)
#define WORDS ((size_t)1 << 16)
#define BUFFER ((size_t)64 << 10)
#define AT_ONCE 4096 /* pieces looked into between two questions of the caller */
#define NOWHERE UINT32_MAX

struct piece {
    uintptr_t lo;
    size_t size;
    const struct actor *whose; /* stack; NULL: a block */
    uintptr_t word;            /* the pointer by which it was reached first ... */
    uint32_t from;             /* ... in this piece, or NOWHERE: in ... */
    uint32_t root;             /* ... this root, or NOWHERE: the caller has marked it */
    bool marked;
};

struct root {
    uintptr_t lo, hi;
    const struct actor *whose;
    enum object_kind kind;
};

struct area {
    uintptr_t lo, hi;
};

struct kept {
    uint64_t word;
    int fd;
};

static struct {
    struct root *roots;
    struct area *holes;
    struct kept *words;
    struct piece *pieces;
    uint32_t *queue; /* pieces that are marked and not yet looked into */
    char *buffer;
    size_t nroots, nholes, nwords, npieces, room, nqueue, nextra;
    size_t next_root; /* to be looked into */
    size_t pages, most;
    uintptr_t lowest, highest; /* of all pieces */
    uint32_t from, root;       /* what is being looked into */
    bool lost;
} reach;

static void *table(size_t n, size_t size)
{
    return os_reserve(n * size);
}

static void drop(void *p, size_t n, size_t size)
{
    if (p)
        os_unmap(p, n * size);
}

bool reach_begin(size_t pages)
{
    uintptr_t probe = 1, read = 0;
    zero_bytes(&reach, sizeof reach);
    reach.most = pages;
    reach.roots = table(ROOTS, sizeof *reach.roots);
    reach.holes = table(HOLES, sizeof *reach.holes);
    reach.words = table(WORDS, sizeof *reach.words);
    reach.buffer = table(BUFFER, 1);
    /* A sandbox may forbid it: then nothing would be found to lead anywhere. */
    bool reads = os_peek(&read, (uintptr_t)&probe, sizeof read) && read == 1;
    if (reads && reach.roots && reach.holes && reach.words && reach.buffer)
        return true;
    reach_end();
    return false;
}

void reach_end(void)
{
    drop(reach.roots, ROOTS, sizeof *reach.roots);
    drop(reach.holes, HOLES, sizeof *reach.holes);
    drop(reach.words, WORDS, sizeof *reach.words);
    drop(reach.buffer, BUFFER, 1);
    drop(reach.pieces, reach.room, sizeof *reach.pieces);
    drop(reach.queue, reach.room, sizeof *reach.queue);
    zero_bytes(&reach, sizeof reach);
}

void reach_lose(void)
{
    reach.lost = true;
}

bool reach_lost(void)
{
    return reach.lost;
}

void reach_root(enum object_kind kind, uintptr_t lo, uintptr_t hi, const struct actor *whose)
{
    if (reach.nroots == ROOTS)
        reach.lost = true;
    else if (lo < hi)
        reach.roots[reach.nroots++] = (struct root){lo, hi, whose, kind};
}

void reach_hole(uintptr_t lo, uintptr_t hi)
{
    if (reach.nholes == HOLES)
        reach.lost = true;
    else if (lo < hi)
        reach.holes[reach.nholes++] = (struct area){lo, hi};
}

void reach_word(uint64_t word, int fd)
{
    if (reach.nwords == WORDS)
        reach.lost = true;
    else
        reach.words[reach.nwords++] = (struct kept){word, fd};
}

/* ---- pieces ------------------------------------------------------------------------------------------------------------ */

/* Kept with the roots until all are known: they are few beside the blocks. */
void reach_piece(uintptr_t lo, uintptr_t hi, const struct actor *whose)
{
    if (reach.nextra + reach.nroots >= ROOTS)
        reach.lost = true;
    else if (lo < hi)
        reach.roots[ROOTS - ++reach.nextra] = (struct root){lo, hi, whose, OBJECT_STACK};
}

static void count_piece(void *ctx, uintptr_t addr, size_t size)
{
    (void)addr;
    (void)size;
    ++*(size_t *)ctx;
}

static void add(uintptr_t lo, size_t size, const struct actor *whose)
{
    if (reach.npieces == reach.room)
        reach.lost = true;
    else if (size)
        reach.pieces[reach.npieces++] =
            (struct piece){.lo = lo, .size = size, .whose = whose, .from = NOWHERE, .root = NOWHERE};
}

static void add_block(void *ctx, uintptr_t addr, size_t size)
{
    (void)ctx;
    add(addr, size, NULL);
}

#define BELOW(x, y) ((x).lo < (y).lo)
HEAPSORT(sort, struct piece, BELOW)

/* The first that ends behind addr; npieces: none does. */
static size_t piece_from(uintptr_t addr)
{
    size_t lo = 0, hi = reach.npieces;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (reach.pieces[mid].lo + reach.pieces[mid].size <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct piece *piece_of(uintptr_t addr)
{
    size_t i = piece_from(addr);
    return i < reach.npieces && reach.pieces[i].lo <= addr ? &reach.pieces[i] : NULL;
}

static void mark(uintptr_t to, uintptr_t word)
{
    struct piece *p = piece_of(to);
    if (!p || p->marked)
        return;
    p->marked = true;
    p->from = reach.from;
    p->root = reach.root;
    p->word = word;
    reach.queue[reach.nqueue++] = (uint32_t)(p - reach.pieces);
}

void reach_mark(uintptr_t addr)
{
    reach.from = reach.root = NOWHERE;
    mark(addr, 0);
}

static void mark_words(void)
{
    for (size_t i = 0; i < reach.nwords; i++) {
        reach.from = NOWHERE;
        reach.root = (uint32_t)(ROOTS + i);
        mark(reach.words[i].word, 0);
    }
}

bool reach_ready(void)
{
    size_t blocks = 0;
    heap_each(count_piece, &blocks);
    reach.room = blocks + reach.nextra + 1;
    reach.pieces = table(reach.room, sizeof *reach.pieces);
    reach.queue = table(reach.room, sizeof *reach.queue);
    if (!reach.pieces || !reach.queue || reach.room >= NOWHERE)
        return false;
    heap_each(add_block, NULL);
    for (size_t i = 1; i <= reach.nextra; i++)
        add(reach.roots[ROOTS - i].lo, reach.roots[ROOTS - i].hi - reach.roots[ROOTS - i].lo,
            reach.roots[ROOTS - i].whose);
    sort(reach.pieces, reach.npieces);
    /* A stack may lie in a block that the program has allocated for it. */
    for (size_t i = 0; i + 1 < reach.npieces; i++)
        if (reach.pieces[i].lo + reach.pieces[i].size > reach.pieces[i + 1].lo)
            reach.pieces[i].size = reach.pieces[i + 1].lo - reach.pieces[i].lo;
    if (reach.npieces) {
        const struct piece *last = &reach.pieces[reach.npieces - 1];
        reach.lowest = reach.pieces[0].lo;
        reach.highest = last->lo + last->size;
    }
    mark_words();
    return !reach.lost;
}

bool reach_is_marked(uintptr_t addr)
{
    const struct piece *p = piece_of(addr);
    return !p || p->marked;
}

/* ---- looking ------------------------------------------------------------------------------------------------------------ */

typedef void visit_word(uintptr_t value, uintptr_t at);

/* As much as can be read of [at, end), which is at most a buffer: whole, or page by page. Returns where it ended. */
static uintptr_t read_some(uintptr_t at, uintptr_t end, size_t *n)
{
    *n = end - at;
    if (os_peek(reach.buffer, at, *n))
        return end;
    uintptr_t page_end = (at & ~(OS_PAGE - 1)) + OS_PAGE;
    end = page_end < end ? page_end : end;
    *n = os_peek(reach.buffer, at, end - at) ? end - at : 0;
    return end;
}

static void each_word(uintptr_t lo, uintptr_t hi, visit_word *visit)
{
    uintptr_t at = (lo + 7) & ~(uintptr_t)7;
    hi &= ~(uintptr_t)7;
    while (at < hi) {
        size_t n;
        uintptr_t end = read_some(at, hi - at < BUFFER ? hi : at + BUFFER, &n);
        reach.pages += (end - at + OS_PAGE - 1) / OS_PAGE;
        if (reach.pages > reach.most) {
            reach.lost = true;
            return;
        }
        const uintptr_t *words = (const uintptr_t *)reach.buffer;
        for (size_t i = 0; i < n / 8; i++)
            if (words[i] - reach.lowest < reach.highest - reach.lowest)
                visit(words[i], at + i * 8);
        at = end;
    }
}

/* Data without the pieces in it, which have to be reached themselves. */
static void look_between(uintptr_t lo, uintptr_t hi)
{
    for (size_t i = piece_from(lo); lo < hi; i++) {
        const struct piece *p = i < reach.npieces && reach.pieces[i].lo < hi ? &reach.pieces[i] : NULL;
        if (!p || p->lo > lo)
            each_word(lo, p ? p->lo : hi, mark);
        lo = p ? p->lo + p->size : hi;
    }
}

static void look_into_data(uintptr_t lo, uintptr_t hi, size_t hole)
{
    for (; hole < reach.nholes; hole++) {
        const struct area *h = &reach.holes[hole];
        if (h->hi <= lo || h->lo >= hi)
            continue;
        if (h->lo > lo)
            look_into_data(lo, h->lo, hole + 1);
        if (h->hi >= hi)
            return;
        lo = h->hi;
    }
    look_between(lo, hi);
}

static void look_into_root(uint32_t i)
{
    const struct root *r = &reach.roots[i];
    reach.from = NOWHERE;
    reach.root = i;
    if (r->kind == OBJECT_GLOBAL)
        look_into_data(r->lo, r->hi, 0);
    else
        each_word(r->lo, r->hi, mark);
}

bool reach_go_on(void)
{
    if (reach.lost)
        return false;
    if (!reach.nqueue && reach.next_root == reach.nroots)
        return false;
    if (!reach.nqueue && reach.next_root < reach.nroots)
        look_into_root((uint32_t)reach.next_root++);
    for (int i = 0; i < AT_ONCE && reach.nqueue && !reach.lost; i++) {
        reach.from = reach.queue[--reach.nqueue];
        reach.root = NOWHERE;
        const struct piece *p = &reach.pieces[reach.from];
        each_word(p->lo, p->lo + p->size, mark);
    }
    return !reach.lost;
}

static bool met_marked;

static void note_marked(uintptr_t to, uintptr_t word)
{
    (void)word;
    const struct piece *p = piece_of(to);
    met_marked |= p && p->marked;
}

bool reach_leads_to_marked(uintptr_t lo, uintptr_t hi)
{
    met_marked = false;
    each_word(lo, hi, note_marked);
    return met_marked;
}

/* ---- paths -------------------------------------------------------------------------------------------------------------- */

static void describe_root(uint32_t i, uintptr_t word, struct finding_object *o)
{
    if (i >= ROOTS) {
        o->kind = OBJECT_FD;
        o->base = (uintptr_t)reach.words[i - ROOTS].fd;
        return;
    }
    const struct root *r = &reach.roots[i];
    o->kind = r->kind;
    o->base = word;
    if (r->whose)
        actor_describe_live(r->whose, &o->actor);
}

static void describe_piece(const struct piece *p, struct finding_object *o)
{
    struct block b;
    o->kind = p->whose ? OBJECT_STACK : OBJECT_HEAP;
    o->base = p->lo;
    o->size = p->size;
    if (p->whose) {
        actor_describe_live(p->whose, &o->actor);
    } else if (heap_find(p->lo, &b)) {
        o->stack = b.stack;
        actor_describe(b.by, &o->actor);
    }
}

static uint32_t root_with(uintptr_t addr)
{
    for (uint32_t i = 0; i < reach.nroots; i++)
        if (addr - reach.roots[i].lo < reach.roots[i].hi - reach.roots[i].lo)
            return i;
    return NOWHERE;
}

int reach_path(uintptr_t addr, struct finding_object *path, int max)
{
    const struct piece *chain[32];
    int n = 0, pieces = 0;
    uint32_t root = NOWHERE;
    uintptr_t word = addr;
    const struct piece *p = piece_of(addr);
    while (p && pieces < (int)(sizeof chain / sizeof *chain)) {
        chain[pieces++] = p;
        root = p->root;
        word = p->word;
        p = p->from == NOWHERE ? NULL : &reach.pieces[p->from];
    }
    if (!pieces)
        root = root_with(addr);
    zero_bytes(path, (size_t)max * sizeof *path);
    if (root != NOWHERE && n < max)
        describe_root(root, word, &path[n++]);
    while (pieces > 0 && n < max)
        describe_piece(chain[--pieces], &path[n++]);
    return n;
}
