/* Contexts of <ucontext.h>: each keeps its own calling context, so that a coroutine's reports show the coroutine's stack.
 * To the core they are all the thread that runs them, and a switch orders nothing.
 *
 * Only swapcontext and setcontext are wrapped. getcontext cannot be: it would remember a frame that has gone. makecontext
 * need not be: a context that was saved by our swapcontext has its pc in libgorace.so, and one that has not is new, or
 * a place on this very stack as of setjmp. Nor is the end of a coroutine seen, from where libc goes on to uc_link by
 * itself; but whoever comes back from the real swapcontext and finds his calling context still put by knows of it.
 *
 * A calling context that is put by belongs to the record of its ucontext_t. Records are found by its address and are
 * never given back; a program has as many as it has had ucontext_t at different places. */
#include "../detector/access.h"
#include "../detector/arena.h"
#include "interpose.h"
#include "modules.h"
#include "threads.h"

#define BUCKETS 256
#define SLAB ((size_t)16 << 10)
#define FIRST_FRAMES 64

struct calls {
    struct frame *top, *frames, *frames_end; /* frames NULL: nothing is put by */
    uint32_t context;
};

struct record {
    const ucontext_t *of;
    struct calls calls;
    struct record *next; /* bucket or free list */
};

static struct record *buckets[BUCKETS]; /* both: tables_lock */
static struct record *unused;

static struct record *record_of(const ucontext_t *u)
{
    struct thread *self = tables_lock();
    struct record **bucket = &buckets[((uintptr_t)u >> 4) * 0x9e3779b97f4a7c15u >> 56], *r = *bucket;
    while (r && r->of != u)
        r = r->next;
    if (!r && !unused) {
        struct record *slab = os_reserve(SLAB);
        for (size_t i = slab ? SLAB / sizeof *slab : 0; i-- > 0;) {
            slab[i].next = unused;
            unused = &slab[i];
        }
    }
    if (!r && unused) {
        r = unused;
        unused = r->next;
        *r = (struct record){.of = u, .next = *bucket};
        *bucket = r;
    }
    tables_unlock(self);
    return r;
}

static void put_by(struct actor *a, struct calls *c)
{
    *c = (struct calls){a->top, a->frames, a->frames_end, a->context};
}

static void take_up(struct actor *a, struct calls *c)
{
    a->top = c->top;
    a->frames = c->frames;
    a->frames_end = c->frames_end;
    a->context = c->context;
    c->frames = NULL;
}

static void drop(struct calls *c)
{
    if (c->frames)
        arena_free(c->frames, (size_t)(c->frames_end - c->frames) * sizeof *c->frames);
    c->frames = NULL;
}

static bool make(struct calls *c)
{
    c->frames = c->top = arena_alloc(FIRST_FRAMES * sizeof *c->frames);
    c->frames_end = c->frames + FIRST_FRAMES;
    c->context = 0;
    return c->frames != NULL;
}

enum target { SAVED_BY_US, ON_THIS_STACK, NEW };

static enum target target_of(const ucontext_t *to)
{
    uintptr_t lo, hi, pc = (uintptr_t)to->uc_mcontext.gregs[REG_RIP], sp = (uintptr_t)to->uc_mcontext.gregs[REG_RSP];
    const struct thread *t = thread_self();
    modules_self(&lo, &hi);
    if (pc - lo < hi - lo)
        return SAVED_BY_US;
    return t && sp - t->stack_lo < t->stack_size ? ON_THIS_STACK : NEW;
}

/* The actor's calling context becomes that of `to`; the present one goes to `mine`, or is dropped. */
static void switch_calls(struct actor *a, struct calls *mine, const ucontext_t *to)
{
    struct record *r = record_of(to);
    enum target target = target_of(to);
    if (target == ON_THIS_STACK) {
        context_unwound(a, (uintptr_t)to->uc_mcontext.gregs[REG_RSP]);
        return;
    }
    if (!r || (target == SAVED_BY_US && !r->calls.frames))
        return;
    struct thread *self = busy_begin();
    struct calls now, other;
    put_by(a, &now);
    if (target == SAVED_BY_US) {
        take_up(a, &r->calls);
        mine ? (void)(*mine = now) : drop(&now);
    } else if (make(&other)) {
        drop(&r->calls); /* of a context that was here and never came to its end */
        take_up(a, &other);
        mine ? (void)(*mine = now) : drop(&now);
    }
    busy_end(self);
}

INTERPOSE(int, swapcontext, (ucontext_t * from, const ucontext_t *to))
{
    struct actor *me = current();
    struct record *mine = me ? record_of(from) : NULL;
    if (!mine)
        return REAL(swapcontext)(from, to);
    switch_calls(me, &mine->calls, to);
    int result = REAL(swapcontext)(from, to);
    me = current(); /* another thread may have taken the context up */
    if (me && mine->calls.frames) {
        struct thread *self = busy_begin();
        struct calls ended;
        put_by(me, &ended);
        take_up(me, &mine->calls);
        drop(&ended);
        busy_end(self);
    }
    return result;
}

INTERPOSE(int, setcontext, (const ucontext_t *to))
{
    struct actor *me = current();
    if (me)
        switch_calls(me, NULL, to);
    return REAL(setcontext)(to);
}
