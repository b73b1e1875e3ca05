/* malloc and its family.
 *
 * A block is told to the core after the real allocation and before the real free, because in between another thread
 * may get the same addresses. Bytes are fresh after malloc and calloc alike: calloc's zeros are not told as a write,
 * since large blocks come zeroed from the kernel, and what matters to the program is how it passes the pointer on.
 *
 * realloc is free + malloc + a write of the bytes that are kept, also when the block stays where it is: the standard
 * ends the old object's life, so an access that is not ordered with the realloc is a race in either case. When it
 * fails, the block is remembered as a new one with its old bytes (the earlier history is then gone: a race may be
 * missed, none is invented).
 *
 * Where memory comes from:
 *  - the private heap (early.h) while the table is not resolved yet, i.e. for the resolver's own dlsym, and while the
 *    detector itself is at work in this thread (current_inside): the symboliser must never wait for the program's
 *    malloc lock, which the reporting thread may hold;
 *  - else the next malloc in the loader's search order, be it libc's or one that the program brings along. */
#include "alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <limits.h>

#include "early.h"
#include "interpose.h"
#include "raw.h"

__thread uintptr_t alloc_pc TLS_IE;
__thread const void *alloc_ending TLS_IE;

/* How many of the `current_inside` of this thread are calls into a foreign allocator. */
static __thread int in_allocator TLS_IE;

static enum { NOT_ASKED, LIBC, FOREIGN } allocator;

/* The program asks for usable sizes and may write past the requested one: fresh bytes then go up to the usable size. */
static bool slack_used;

static __attribute__((noinline)) void ask_allocator(void)
{
    struct inside in = inside_begin();
    Dl_info ours, libc;
    bool same = dladdr((void *)real_malloc, &ours) && dladdr((void *)gnu_get_libc_version, &libc) &&
                ours.dli_fbase == libc.dli_fbase;
    allocator = same ? LIBC : FOREIGN;
    inside_end(in);
}

static inline __attribute__((always_inline)) struct alloc_call call_begin(void)
{
    struct alloc_call c = {.marked = false};
    if (__builtin_expect(allocator == LIBC, 1))
        return c;
    if (allocator == NOT_ASKED)
        ask_allocator();
    c.marked = allocator == FOREIGN;
    if (c.marked) {
        c.in = inside_begin();
        in_allocator++;
    }
    return c;
}

static inline __attribute__((always_inline)) void call_end(struct alloc_call c)
{
    if (__builtin_expect(c.marked, 0)) {
        in_allocator--;
        inside_end(c.in);
    }
}

struct alloc_call alloc_call_begin(void)
{
    return call_begin();
}

void alloc_call_end(struct alloc_call c)
{
    call_end(c);
}

static bool private_heap(void)
{
    if (__builtin_expect(real_malloc == NULL, 0)) {
        interpose_resolve();
        if (!real_malloc)
            return true;
    }
    return __builtin_expect(current_inside > in_allocator, 0);
}

static void *from_private(void *p)
{
    if (!p)
        errno = ENOMEM;
    return p;
}

static void begin_block(struct actor *me, void *p, size_t size, uintptr_t pc)
{
    if (alloc_pc) {
        pc = alloc_pc;
        alloc_pc = 0;
    }
    if (!me || !p)
        return;
    heap_alloc(me, (uintptr_t)p, size, pc);
    if (__builtin_expect(__atomic_load_n(&slack_used, __ATOMIC_RELAXED), 0)) {
        size_t usable = REAL(malloc_usable_size)(p);
        if (usable > size)
            mem_fresh(me, (uintptr_t)p + size, usable - size);
    }
}

static void end_block(struct actor *me, void *p, uintptr_t pc)
{
    if (p == alloc_ending)
        alloc_ending = NULL;
    else if (me)
        heap_free(me, (uintptr_t)p, pc);
}

static void *allocate(size_t size, uintptr_t pc)
{
    if (private_heap())
        return from_private(early_alloc(size, 16));
    struct actor *me = current();
    struct alloc_call c = call_begin();
    void *p = REAL(malloc)(size);
    call_end(c);
    begin_block(me, p, size, pc);
    return p;
}

static void release(void *p, uintptr_t pc)
{
    if (!p) /* also what dlsym frees while the table is being resolved */
        return;
    if (early_owns(p)) {
        early_free(p);
        return;
    }
    if (__builtin_expect(real_free == NULL, 0))
        interpose_resolve();
    struct actor *me = current();
    if (me)
        end_block(me, p, pc);
    struct alloc_call c = call_begin();
    REAL(free)(p);
    call_end(c);
}

/* A block of the private heap moves out of it unless the detector is still at work. */
static void *leave_private(void *p, size_t size, uintptr_t pc)
{
    if (private_heap())
        return from_private(early_realloc(p, size));
    void *moved = allocate(size, pc);
    if (moved) {
        size_t kept = early_size(p);
        raw_copy(moved, p, kept < size ? kept : size);
        early_free(p);
    }
    return moved;
}

static void *resize(void *p, size_t size, uintptr_t pc)
{
    if (!p)
        return allocate(size, pc);
    if (early_owns(p))
        return leave_private(p, size, pc);
    struct actor *me = current();
    size_t had = 0;
    if (me) {
        had = REAL(malloc_usable_size)(p);
        const size_t asked = heap_free(me, (uintptr_t)p, pc);
        if (asked < had && !__atomic_load_n(&slack_used, __ATOMIC_RELAXED))
            had = asked;
    }
    struct alloc_call c = call_begin();
    void *moved = REAL(realloc)(p, size);
    call_end(c);
    if (!me)
        return moved;
    if (moved) {
        begin_block(me, moved, size, pc);
        mem_write(me, moved, had < size ? had : size, pc);
    } else if (size) {
        begin_block(me, p, had, pc);
    }
    return moved;
}

/* For all that allocate with an alignment; `real` has failed or not when this is called. */
static void *aligned_done(struct actor *me, struct alloc_call c, void *p, size_t size, uintptr_t pc)
{
    call_end(c);
    begin_block(me, p, size, pc);
    return p;
}

INTERPOSE(void *, malloc, (size_t size))
{
    return allocate(size, CALLER);
}

INTERPOSE(void *, calloc, (size_t n, size_t size))
{
    size_t bytes;
    if (private_heap())
        return from_private(__builtin_mul_overflow(n, size, &bytes) ? NULL : early_zalloc(bytes));
    struct actor *me = current();
    struct alloc_call c = call_begin();
    void *p = REAL(calloc)(n, size);
    call_end(c);
    begin_block(me, p, n * size, CALLER);
    return p;
}

INTERPOSE(void *, realloc, (void *p, size_t size))
{
    return resize(p, size, CALLER);
}

/* The realloc that the program finds, when it is not ours: an allocator in the executable, or in a library that was
 * preloaded before us. Our malloc and free are then called by nobody, or by it; but not every allocator has all of
 * the family, and a function of ours that it lacks must go to it, as libc's would. */
static void *(*outer_realloc(void))(void *, size_t)
{
    static void *(*outer)(void *, size_t);
    static bool asked;
    if (!__atomic_load_n(&asked, __ATOMIC_ACQUIRE)) {
        struct inside in = inside_begin();
        Dl_info ours, found;
        void *f = dlsym(RTLD_DEFAULT, "realloc");
        if (f && f != (void *)real_realloc && dladdr((void *)outer_realloc, &ours) && dladdr(f, &found) &&
            ours.dli_fbase != found.dli_fbase)
            outer = (void *(*)(void *, size_t))f;
        inside_end(in);
        __atomic_store_n(&asked, true, __ATOMIC_RELEASE);
    }
    return outer;
}

INTERPOSE(void *, reallocarray, (void *p, size_t n, size_t size))
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *(*outer)(void *, size_t) = outer_realloc();
    return outer ? outer(p, bytes) : resize(p, bytes, CALLER);
}

INTERPOSE(void, free, (void *p))
{
    release(p, CALLER);
}

INTERPOSE(void, cfree, (void *p))
{
    release(p, CALLER);
}

INTERPOSE(int, posix_memalign, (void **out, size_t align, size_t size))
{
    if (private_heap()) {
        void *p = early_alloc(size, align);
        if (p)
            *out = p;
        return p ? 0 : ENOMEM;
    }
    struct actor *me = current();
    struct alloc_call c = call_begin();
    int error = REAL(posix_memalign)(out, align, size);
    void *p = aligned_done(me, c, error ? NULL : *out, size, CALLER);
    if (me && p)
        mem_write(me, out, sizeof *out, CALLER);
    return error;
}

INTERPOSE(void *, aligned_alloc, (size_t align, size_t size))
{
    if (private_heap())
        return from_private(early_alloc(size, align));
    struct actor *me = current();
    struct alloc_call c = call_begin();
    return aligned_done(me, c, REAL(aligned_alloc)(align, size), size, CALLER);
}

INTERPOSE(void *, memalign, (size_t align, size_t size))
{
    if (private_heap())
        return from_private(early_alloc(size, align));
    struct actor *me = current();
    struct alloc_call c = call_begin();
    return aligned_done(me, c, REAL(memalign)(align, size), size, CALLER);
}

INTERPOSE(void *, valloc, (size_t size))
{
    if (private_heap())
        return from_private(early_alloc(size, 4096));
    struct actor *me = current();
    struct alloc_call c = call_begin();
    return aligned_done(me, c, REAL(valloc)(size), size, CALLER);
}

INTERPOSE(void *, pvalloc, (size_t size))
{
    size_t bytes = size > SIZE_MAX - 4095 ? size : (size + 4095) & ~(size_t)4095;
    if (private_heap())
        return from_private(early_alloc(bytes, 4096));
    struct actor *me = current();
    struct alloc_call c = call_begin();
    return aligned_done(me, c, REAL(pvalloc)(size), bytes, CALLER);
}

INTERPOSE(size_t, malloc_usable_size, (void *p))
{
    if (p && early_owns(p))
        return early_size(p);
    if (current() && !__atomic_load_n(&slack_used, __ATOMIC_RELAXED))
        __atomic_store_n(&slack_used, true, __ATOMIC_RELAXED);
    return REAL(malloc_usable_size)(p);
}
