/* open_memstream and its wide twin. See memstream.h. */
#include "memstream.h"

#include "../detector/os.h"
#include "threads.h"
#include "touch.h"

#define SLAB ((size_t)16 << 10)

struct memstream {
    FILE *f;
    void **to;
    size_t *size;
    size_t unit; /* bytes of a character */
    struct memstream *next;
};

unsigned memstreams;
static struct memstream *open_ones; /* these two: tables_lock */
static struct memstream *unused;

static struct memstream *take(void)
{
    if (!unused) {
        struct memstream *slab = os_reserve(SLAB);
        for (size_t i = slab ? SLAB / sizeof *slab : 0; i-- > 0;) {
            slab[i].next = unused;
            unused = &slab[i];
        }
    }
    struct memstream *m = unused;
    if (m)
        unused = m->next;
    return m;
}

static void opened(FILE *f, void **to, size_t *size, size_t unit)
{
    struct thread *self = tables_lock();
    struct memstream *m = take();
    if (m) {
        *m = (struct memstream){f, to, size, unit, open_ones};
        open_ones = m;
        __atomic_fetch_add(&memstreams, 1, __ATOMIC_RELAXED);
    }
    tables_unlock(self);
}

static void told(struct actor *me, const struct memstream *m, uintptr_t pc)
{
    mem_write(me, m->to, sizeof *m->to, pc);
    mem_write(me, m->size, sizeof *m->size, pc);
    write_if(me, *m->to, (*m->size + 1) * m->unit, pc);
}

/* Each is told of when the lock is given up, because a report may be made of it. */
void memstream_flushed(struct actor *me, FILE *f, uintptr_t pc)
{
    for (unsigned i = 0; me; i++) {
        struct memstream found = {0};
        unsigned n = 0;
        struct thread *self = tables_lock();
        for (const struct memstream *m = open_ones; m; m = m->next) {
            if ((!f || m->f == f) && n++ == i)
                found = *m;
        }
        tables_unlock(self);
        if (!found.f)
            return;
        told(me, &found, pc);
    }
}

struct memstream *memstream_closing(FILE *f)
{
    struct thread *self = tables_lock();
    struct memstream **link = &open_ones;
    while (*link && (*link)->f != f)
        link = &(*link)->next;
    struct memstream *m = *link;
    if (m) {
        *link = m->next;
        __atomic_fetch_sub(&memstreams, 1, __ATOMIC_RELAXED);
    }
    tables_unlock(self);
    return m;
}

void memstream_closed(struct actor *me, struct memstream *m, uintptr_t pc)
{
    if (me)
        told(me, m, pc);
    struct thread *self = tables_lock();
    m->next = unused;
    unused = m;
    tables_unlock(self);
}

INTERPOSE(FILE *, open_memstream, (char **to, size_t *size))
{
    struct actor *me = current();
    FILE *f = REAL(open_memstream)(to, size);
    if (me && f) {
        mem_write(me, to, sizeof *to, CALLER);
        mem_write(me, size, sizeof *size, CALLER);
        opened(f, (void **)to, size, sizeof **to);
    }
    return f;
}

INTERPOSE(FILE *, open_wmemstream, (wchar_t * *to, size_t *size))
{
    struct actor *me = current();
    FILE *f = REAL(open_wmemstream)(to, size);
    if (me && f) {
        mem_write(me, to, sizeof *to, CALLER);
        mem_write(me, size, sizeof *size, CALLER);
        opened(f, (void **)to, size, sizeof **to);
    }
    return f;
}
