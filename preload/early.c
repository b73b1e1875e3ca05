/* The private heap; see early.h.
 *
 * One range of address space is reserved at the first use and made accessible step by step from its low end, so that
 * "is this block ours?" is one comparison on every free of the program. Blocks come in size classes, four to a power
 * of two; a freed block goes to the free list of its class and never changes its class.
 *
 * Everything is lock-free, because a lock would be found held in the child of a fork, or by a signal handler that
 * interrupted its owner: the frontier is a fetch-and-add, a free list is a Treiber stack whose head carries a count of
 * pops beside the pointer (the ABA problem; Treiber, IBM RJ 5118). Popping reads the link of a block that another
 * thread may have taken meanwhile; that is harmless, since the range is never unmapped and the count has changed.
 *
 * The word before a block says its class and how far before it the chunk begins. Large blocks give their pages back to
 * the kernel when freed; the first page, with the link, stays. */
#include "early.h"

#include <sys/mman.h>

#include "raw.h"

#define CLASSES 160
#define UNIT 16                       /* smallest chunk, and alignment of all */
#define STEP ((size_t)4 << 20)        /* how much becomes accessible at a time */
#define GIVE_BACK ((size_t)256 << 10) /* chunks of at least this size lose their pages when freed */
#define PAGE ((size_t)4096)

/* Stands right before a block. */
struct label {
    uint64_t chunk_class;
    uint64_t offset; /* from the chunk's start to the block */
};

struct chunk {
    uint64_t next; /* address of the next free one of the class, 0 at the end */
};

uintptr_t early_base;
size_t early_span;
static uintptr_t frontier;         /* next chunk that was never used */
static uintptr_t accessible;       /* up to here; grows in STEPs */
static uint64_t free_top[CLASSES]; /* pops << POINTER_BITS | address / UNIT */

#define POINTER_BITS 43 /* 47-bit user addresses in units of 16 */

size_t early_used(void)
{
    uintptr_t used = __atomic_load_n(&frontier, __ATOMIC_RELAXED);
    return used ? used - early_base : 0;
}

static size_t class_size(unsigned c)
{
    if (c < 4)
        return (c + 1) * (size_t)UNIT;
    return (size_t)(4 + c % 4 + 1) * UNIT << (c / 4 - 1);
}

static unsigned class_of(size_t size)
{
    unsigned c = 0;
    size_t units = (size + UNIT - 1) / UNIT;
    if (units > 4)
        c = 4 * (unsigned)(63 - __builtin_clzl(units - 1) - 2);
    while (c < CLASSES && class_size(c) < size)
        c++;
    return c;
}

/* The smaller reservations are for a process under ulimit -v. */
static bool reserve(void)
{
    for (size_t size = (size_t)64 << 30; size >= (size_t)16 << 20; size /= 4) {
        long at = raw_syscall(SYS_mmap, 0, (long)size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at < 0)
            continue;
        uintptr_t none = 0;
        if (__atomic_compare_exchange_n(&early_base, &none, (uintptr_t)at, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            __atomic_store_n(&accessible, (uintptr_t)at, __ATOMIC_RELEASE);
            __atomic_store_n(&frontier, (uintptr_t)at, __ATOMIC_RELEASE);
            __atomic_store_n(&early_span, size, __ATOMIC_RELEASE);
        } else {
            raw_syscall(SYS_munmap, at, (long)size, 0, 0, 0, 0);
        }
        return true;
    }
    return false;
}

/* The end of the range; 0 when there is no memory. */
static uintptr_t limit(void)
{
    size_t span = __atomic_load_n(&early_span, __ATOMIC_ACQUIRE);
    if (!span && !reserve())
        return 0;
    /* another thread may be between its stores */
    while (!(span = __atomic_load_n(&early_span, __ATOMIC_ACQUIRE)))
        __builtin_ia32_pause();
    return __atomic_load_n(&early_base, __ATOMIC_RELAXED) + span;
}

/* mprotect on what another thread has already opened changes nothing, so two threads may open one step. */
static bool open_up_to(uintptr_t end, uintptr_t last)
{
    uintptr_t have = __atomic_load_n(&accessible, __ATOMIC_ACQUIRE);
    while (have < end) {
        uintptr_t want = (end + STEP - 1) & ~(uintptr_t)(STEP - 1);
        if (want > last)
            want = last;
        if (raw_syscall(SYS_mprotect, (long)have, (long)(want - have), PROT_READ | PROT_WRITE, 0, 0, 0) < 0)
            return false;
        if (__atomic_compare_exchange_n(&accessible, &have, want, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return true;
    }
    return true;
}

static struct chunk *pop(unsigned c)
{
    uint64_t top = __atomic_load_n(&free_top[c], __ATOMIC_ACQUIRE);
    for (;;) {
        struct chunk *first = (struct chunk *)((top & (((uint64_t)1 << POINTER_BITS) - 1)) * UNIT);
        if (!first)
            return NULL;
        uint64_t next = __atomic_load_n(&first->next, __ATOMIC_RELAXED) / UNIT & (((uint64_t)1 << POINTER_BITS) - 1);
        uint64_t changed = ((top >> POINTER_BITS) + 1) << POINTER_BITS | next;
        if (__atomic_compare_exchange_n(&free_top[c], &top, changed, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return first;
    }
}

static void push(unsigned c, struct chunk *b)
{
    uint64_t top = __atomic_load_n(&free_top[c], __ATOMIC_RELAXED), changed;
    do {
        __atomic_store_n(&b->next, (top & (((uint64_t)1 << POINTER_BITS) - 1)) * UNIT, __ATOMIC_RELAXED);
        changed = (top >> POINTER_BITS) << POINTER_BITS | (uintptr_t)b / UNIT;
    } while (!__atomic_compare_exchange_n(&free_top[c], &top, changed, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

static struct chunk *grow(size_t size)
{
    uintptr_t end = limit();
    if (!end || size > end - __atomic_load_n(&early_base, __ATOMIC_RELAXED))
        return NULL;
    uintptr_t at = __atomic_load_n(&frontier, __ATOMIC_RELAXED);
    do {
        if (size > end - at)
            return NULL;
    } while (!__atomic_compare_exchange_n(&frontier, &at, at + size, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return open_up_to(at + size, end) ? (struct chunk *)at : NULL;
}

static struct label *label_of(const void *p)
{
    return (struct label *)(uintptr_t)p - 1;
}

void *early_alloc(size_t size, size_t align)
{
    if (align < UNIT)
        align = UNIT;
    size_t need = size + sizeof(struct label) + (align - UNIT);
    unsigned c = need < size ? CLASSES : class_of(need);
    if (c == CLASSES)
        return NULL;
    struct chunk *b = pop(c);
    if (!b && !(b = grow(class_size(c))))
        return NULL;
    uintptr_t at = ((uintptr_t)b + sizeof(struct label) + align - 1) & ~(uintptr_t)(align - 1);
    *label_of((void *)at) = (struct label){c, at - (uintptr_t)b};
    return (void *)at;
}

size_t early_size(const void *p)
{
    const struct label *l = label_of(p);
    return class_size((unsigned)l->chunk_class) - l->offset;
}

void *early_zalloc(size_t size)
{
    char *p = early_alloc(size, UNIT);
    if (p)
        raw_fill(p, 0, size);
    return p;
}

void early_free(void *p)
{
    if (!p)
        return;
    const struct label *l = label_of(p);
    unsigned c = (unsigned)l->chunk_class;
    uintptr_t b = (uintptr_t)p - l->offset;
    if (class_size(c) >= GIVE_BACK) {
        uintptr_t from = (b + sizeof(struct chunk) + PAGE - 1) & ~(PAGE - 1);
        uintptr_t to = (b + class_size(c)) & ~(PAGE - 1);
        raw_syscall(SYS_madvise, (long)from, (long)(to - from), MADV_DONTNEED, 0, 0, 0);
    }
    push(c, (struct chunk *)b);
}

void *early_realloc(void *p, size_t size)
{
    if (p && size <= early_size(p))
        return p;
    char *moved = early_alloc(size, UNIT);
    if (!moved || !p)
        return moved;
    raw_copy(moved, p, early_size(p));
    early_free(p);
    return moved;
}
