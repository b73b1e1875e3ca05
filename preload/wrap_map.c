/* Mappings: the bytes begin a new life.
 *
 * An unmapping is told before the real call, because another thread may be given the range at once; a mapping after it.
 * It is not a write of the whole range: a mapping may be terabytes of address space that nobody ever touched.
 * mremap is told after the real call, when it is known whether the range moved: the history of one that stays is kept.
 * Should another thread be given the old range in between, the first few of its accesses are forgotten. */
#include <dlfcn.h>
#include <stdarg.h>
#include <unistd.h>

#include "interpose.h"
#include "mappings.h"
#include "threads.h"
#include "uring.h"

static bool whole_pages(const void *p, size_t size)
{
    return size && ((uintptr_t)p & 4095) == 0 && (uintptr_t)p + size > (uintptr_t)p;
}

/* What the program has mapped: written under tables_lock; read while nobody is in a wrapper here. */
#define MAPPINGS 4096
static struct mapping {
    uintptr_t lo, hi; /* both 0: free */
    const struct thread
        *signals_of; /* its stack for signals lies here; NULL: nobody's. Known as long as the mapping is whole */
    uintptr_t signals_lo, signals_hi;
} mappings[MAPPINGS];
static unsigned nmappings; /* used ever */
static bool lost;

static bool runs_handler(const struct thread *t, const struct thread *in_handler)
{
    return __atomic_load_n(&t->handling, __ATOMIC_SEQ_CST) > (t == in_handler);
}

bool mappings_each(void (*visit)(uintptr_t lo, size_t size), const struct thread *in_handler)
{
    for (unsigned i = 0; i < nmappings; i++) {
        const struct mapping *m = &mappings[i];
        if (m->hi && m->signals_of && !runs_handler(m->signals_of, in_handler)) {
            visit(m->lo, m->signals_lo - m->lo);
            visit(m->signals_hi, m->hi - m->signals_hi);
        } else if (m->hi) {
            visit(m->lo, m->hi - m->lo);
        }
    }
    return !lost;
}

/* Requires the lock. */
static void add(uintptr_t lo, uintptr_t hi)
{
    unsigned i = 0;
    while (i < nmappings && mappings[i].hi)
        i++;
    if (i == MAPPINGS) {
        lost = true;
        return;
    }
    mappings[i] = (struct mapping){.lo = lo, .hi = hi};
    nmappings += i == nmappings;
}

/* Requires the lock. What of a mapping lies before or behind the range stays. */
static void take_out(uintptr_t lo, uintptr_t hi)
{
    for (unsigned i = 0; i < nmappings; i++) {
        const struct mapping m = mappings[i];
        if (m.hi <= lo || hi <= m.lo)
            continue;
        mappings[i] = m.lo < lo ? (struct mapping){.lo = m.lo, .hi = lo} : (struct mapping){0};
        if (hi < m.hi)
            add(hi, m.hi);
    }
}

static uintptr_t whole(uintptr_t p)
{
    return (p + 4095) & ~(uintptr_t)4095;
}

static void remember(const void *p, size_t size)
{
    struct thread *self = tables_lock();
    take_out((uintptr_t)p, whole((uintptr_t)p + size));
    add((uintptr_t)p, whole((uintptr_t)p + size));
    tables_unlock(self);
}

static void forget(const void *p, size_t size)
{
    struct thread *self = tables_lock();
    take_out((uintptr_t)p, whole((uintptr_t)p + size));
    tables_unlock(self);
}

void mappings_signal_stack(const struct thread *of, uintptr_t lo, size_t size)
{
    struct thread *self = tables_lock();
    for (unsigned i = 0; i < nmappings; i++) {
        struct mapping *m = &mappings[i];
        if (m->signals_of == of)
            m->signals_of = NULL;
        if (size && m->lo <= lo && lo + size <= m->hi) {
            m->signals_lo = lo;
            m->signals_hi = lo + size;
            m->signals_of = of;
        }
    }
    tables_unlock(self);
}

static bool code_made; /* atomic */

bool mappings_have_code(void)
{
    return __atomic_load_n(&code_made, __ATOMIC_RELAXED);
}

/* A module's own code is mapped by the loader, whose calls do not come here. What the program maps by itself may be of a file and
 * code made at run time all the same: Erlang's is written through a second mapping of a memory file. */
static void may_be_code(int prot, bool of_no_module)
{
    if (prot & PROT_EXEC && of_no_module)
        __atomic_store_n(&code_made, true, __ATOMIC_RELAXED);
}

static void *mapped(struct actor *me, void *p, size_t size, int fd, off_t offset)
{
    if (p == MAP_FAILED)
        return p;
    remember(p, size);
    if (me) {
        mem_fresh(me, (uintptr_t)p, size);
        uring_mapped(me, fd, offset, p);
    }
    return p;
}

INTERPOSE(void *, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t offset))
{
    struct actor *me = current();
    may_be_code(prot, true);
    return mapped(me, REAL(mmap)(at, size, prot, flags, fd, offset), size, fd, offset);
}

INTERPOSE(void *, mmap64, (void *at, size_t size, int prot, int flags, int fd, off64_t offset))
{
    struct actor *me = current();
    may_be_code(prot, true);
    return mapped(me, REAL(mmap64)(at, size, prot, flags, fd, offset), size, fd, offset);
}

INTERPOSE(int, mprotect, (void *p, size_t size, int prot))
{
    struct dl_find_object module;
    current();
    may_be_code(prot, _dl_find_object(p, &module) != 0);
    return REAL(mprotect)(p, size, prot);
}

INTERPOSE(int, munmap, (void *p, size_t size))
{
    struct actor *me = current();
    if (me && whole_pages(p, size))
        mem_fresh(me, (uintptr_t)p, size);
    forget(p, size); /* before the kernel may give it to others */
    int result = REAL(munmap)(p, size);
    if (result != 0)
        remember(p, size);
    return result;
}

INTERPOSE(void *, mremap, (void *old, size_t old_size, size_t size, int flags, ...))
{
    va_list rest;
    va_start(rest, flags);
    void *wanted = flags & MREMAP_FIXED ? va_arg(rest, void *) : NULL;
    va_end(rest);
    struct actor *me = current();
    forget(old, old_size);
    void *p = REAL(mremap)(old, old_size, size, flags, wanted);
    if (p != MAP_FAILED)
        remember(p, size);
    else
        remember(old, old_size);
    if (!me || p == MAP_FAILED)
        return p;
    if (p != old) {
        mem_fresh(me, (uintptr_t)old, old_size);
        mem_fresh(me, (uintptr_t)p, size);
    } else if (size > old_size) {
        mem_fresh(me, (uintptr_t)p + old_size, size - old_size);
    } else if (size < old_size) {
        mem_fresh(me, (uintptr_t)p + size, old_size - size);
    }
    return p;
}

INTERPOSE(void *, sbrk, (intptr_t increment))
{
    struct actor *me = current();
    if (me && increment < 0)
        mem_fresh(me, (uintptr_t)REAL(sbrk)(0) + (uintptr_t)increment, (size_t)-increment);
    void *old = REAL(sbrk)(increment);
    if (increment > 0 && old != (void *)-1)
        remember(old, (size_t)increment);
    if (me && increment > 0 && old != (void *)-1)
        mem_fresh(me, (uintptr_t)old, (size_t)increment);
    return old;
}

INTERPOSE(int, brk, (void *end))
{
    struct actor *me = current();
    uintptr_t old = me ? (uintptr_t)REAL(sbrk)(0) : 0, now = (uintptr_t)end;
    if (me && now < old)
        mem_fresh(me, now, old - now);
    int result = REAL(brk)(end);
    if (me && result == 0 && now > old)
        mem_fresh(me, old, now - old);
    return result;
}

INTERPOSE(void *, shmat, (int id, const void *at, int flags))
{
    struct actor *me = current();
    void *p = REAL(shmat)(id, at, flags);
    struct shmid_ds segment;
    if (me && p != (void *)-1 && shmctl(id, IPC_STAT, &segment) == 0) {
        remember(p, segment.shm_segsz);
        mem_fresh(me, (uintptr_t)p, segment.shm_segsz);
    }
    return p;
}
