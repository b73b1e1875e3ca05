/* See atomic.h.
 *
 * The clock of a location is the join of what the release sequences that its value belongs to have put in:
 *   release store     clock = C(a); a heads a new sequence
 *   release RMW       clock = clock join C(a); goes on with all sequences
 *   relaxed RMW       clock stays
 *   relaxed store     clock = what a itself has put in since the last store that ended a's sequences; else nothing
 * and, in each case, what a had at its last release fence is joined (C11 7.17.4: fences). A relaxed load remembers the
 * clock for a later acquire fence. */
#include "atomic.h"

#include "access.h"
#include "order.h"
#include "record.h"
#include "sync.h"

static bool acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* What there is in struct learnt: all that a relaxed load takes of the clock; all that an acquiring one takes; that there is no
 * object. */
enum { LEARNT_RELAXED = 1, LEARNT_ACQUIRED = 2, LEARNT_NOTHING = 4 };

static struct learnt *learnt_of(const struct actor *a, uintptr_t addr)
{
    return &a->stocks->learnt[(addr ^ addr >> 9) / sizeof(uint32_t) % LEARNT];
}

static bool knows_still(const struct actor *a, uintptr_t addr, uint32_t what)
{
    const struct learnt *l = learnt_of(a, addr);
    return l->key == addr && l->by == a->number && l->what & what && sync_is_still(addr, l->version);
}

/* Before the object is let go; changed: its chain is about to get the next version. */
static void learn(struct actor *a, uintptr_t addr, uint32_t what, bool changed)
{
    if (!a->forgetful)
        *learnt_of(a, addr) = (struct learnt){addr, sync_version(addr) + changed, a->number, what};
}

bool atomic_begin(struct atomic_op *op, struct actor *a, uintptr_t addr, enum atomic_kind kind, int order)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->stocks->seen.solo++;
        return false;
    }
    if (!actor_enter(a))
        return false;
    op->a = a;
    op->addr = addr;
    a->reports_held++;
    op->s = sync_hold(a, addr, kind != ATOMIC_LOAD && (releases(order) || a->release_fenced));
    return true;
}

static void note_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (unlikely(a->pause & PAUSE_RECORD))
        record_atomic(a, addr, size, kind == ACCESS_ATOMIC_WRITE, pc);
    if (unlikely(a->pause & PAUSE_IGNORE)) {
        a->stocks->seen.ignored++;
        return;
    }
    union granule *g = granule_at(addr);
    const unsigned at = addr & (GRANULE - 1);
    if (unlikely(!g || at + size > GRANULE)) {
        access_steps(a, addr, size, kind, pc);
        return;
    }
    a->accesses++;
    const unsigned log2size = (unsigned)__builtin_ctzl(size);
    if (!any_cell_covers(a, granule_fours(g), access_need[kind][log2size][at]))
        race_step(a, g, addr - at, WHAT(((1u << size) - 1) << at, kind, log2size), pc, NULL);
}

static void load_part(struct actor *a, const struct sync *s, int order)
{
    if (acquires(order))
        sync_join_into(a, s);
    else
        vclock_join(&a->acquire_fence, &s->clock, &a->stocks->nodes);
}

/* The sequence that `a` heads, made when there is none; NULL without memory. It comes first then. */
static struct head *own_head(struct actor *a, struct sync *s)
{
    uint32_t n = 0;
    struct head **at = &s->heads, *h;
    for (; *at && (*at)->by != a->number; at = &(*at)->next)
        n++;
    h = *at;
    if (h) {
        *at = h->next;
    } else {
        if (s->heads && !s->heads->next && !s->heads->clock.root)
            vclock_copy(&s->heads->clock, &s->clock, &a->stocks->nodes); /* no longer the only one */
        if (n == HEADS_MAX) { /* the oldest goes */
            for (at = &s->heads; (*at)->next; at = &(*at)->next)
                ;
            h = *at;
            *at = NULL;
            vclock_clear(&h->clock, &a->stocks->nodes);
            s->heads_lost = true;
        } else if (!(h = arena_alloc(sizeof *h))) {
            s->heads_lost = true;
            return NULL;
        }
        *h = (struct head){.by = a->number};
    }
    h->next = s->heads;
    s->heads = h;
    return h;
}

/* Notes `c`, which is about to be joined into the object's clock, as a contribution of `a`. */
static void contribute(struct actor *a, struct sync *s, const struct vclock *c)
{
    struct head *h = own_head(a, s);
    if (h && (h->next || h->clock.root || s->heads_lost))
        vclock_join(&h->clock, c, &a->stocks->nodes);
}

/* All of the object's clock is what `a` has put in as the head of its only sequence. */
static bool heads_alone(const struct actor *a, const struct sync *s)
{
    const struct head *h = s->heads;
    return h && h->by == a->number && !h->next && !h->clock.root;
}

/* A plain relaxed store ends all sequences but those that its own thread heads. */
static void end_sequences(struct actor *a, struct sync *s)
{
    if (heads_alone(a, s))
        return;
    struct head *h = s->heads;
    while (h && h->by != a->number)
        h = h->next;
    if (!h && s->heads_lost)
        return; /* it may have headed one: an edge too many rather than a false alarm */
    struct vclock mine = {NULL};
    if (h)
        vclock_copy(&mine, &h->clock, &a->stocks->nodes);
    sync_drop_heads(a, s);
    vclock_copy(&s->clock, &mine, &a->stocks->nodes);
    if (h)
        own_head(a, s);
    vclock_clear(&mine, &a->stocks->nodes);
    s->released = WHO_NOBODY;
}

static void store_part(struct actor *a, struct sync *s, bool rmw, int order)
{
    if (releases(order) && !rmw) {
        const bool alone = heads_alone(a, s) && !s->heads_lost;
        if (!alone)
            sync_drop_heads(a, s);
        sync_set(a, s);
        if (!alone)
            own_head(a, s);
        return;
    }
    if (!rmw)
        end_sequences(a, s);
    if (releases(order)) {
        contribute(a, s, actor_publish(a));
        sync_merge(a, s);
    } else if (a->release_fenced) {
        contribute(a, s, &a->release_fence);
        vclock_join(&s->clock, &a->release_fence, &a->stocks->nodes);
        s->released = WHO_NOBODY;
    }
}

void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc)
{
    struct actor *a = op->a;
    if (op->s && kind != ATOMIC_STORE)
        load_part(a, op->s, order);
    if (op->s && kind != ATOMIC_STORE && acquires(order))
        order_into(a, op->s);
    /* After the acquiring part, before the releasing one: the access is ordered after what it read from, and whoever
     * reads from it is ordered after the access. */
    note_access(a, op->addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc);
    if (op->s && kind != ATOMIC_LOAD)
        store_part(a, op->s, kind == ATOMIC_RMW, order);
    if (op->s && kind != ATOMIC_LOAD && (releases(order) || a->release_fenced))
        order_out(a, op->s);
    const bool changed = kind == ATOMIC_STORE ? op->s != NULL : kind == ATOMIC_RMW && (releases(order) || a->release_fenced);
    if (!op->s && !changed)
        learn(a, op->addr, LEARNT_RELAXED | LEARNT_ACQUIRED | LEARNT_NOTHING, changed);
    else if (kind != ATOMIC_STORE)
        learn(a, op->addr, acquires(order) ? LEARNT_RELAXED | LEARNT_ACQUIRED : LEARNT_RELAXED, changed);
    if (changed)
        sync_let(op->addr);
    else
        sync_let_same(op->addr);
    a->reports_held--;
    races_hand_over(a);
    actor_leave(a);
}

/* Outside, with nothing held. */
static void access_alone(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (likely(size <= GRANULE && !a->pause) && access_covered(a, addr, (unsigned)__builtin_ctzl(size), kind))
        a->accesses++;
    else
        access_slow(a, addr, size, kind, pc);
}

bool atomic_light_load(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->stocks->seen.solo++;
        return true;
    }
    /* An object is counted before the value that it belongs to is stored. */
    if (sync_maybe(addr) && !knows_still(a, addr, acquires(order) ? LEARNT_ACQUIRED : LEARNT_RELAXED))
        return false;
    access_alone(a, addr, size, ACCESS_ATOMIC_READ, pc);
    return true;
}

bool atomic_light_begin(struct actor *a, uintptr_t addr, int order)
{
    return order == __ATOMIC_RELAXED && !a->pause && !a->release_fenced && knows_still(a, addr, LEARNT_NOTHING);
}

void atomic_light_end(struct actor *a, uintptr_t addr, size_t size, enum atomic_kind kind, uintptr_t pc)
{
    /* Somebody was there meanwhile, and may have made a clock before the value was read or after it. An edge too many, once in
     * the life of an object, rather than a false alarm. */
    if (unlikely(!knows_still(a, addr, LEARNT_NOTHING)) && actor_enter(a)) {
        struct sync *s = sync_hold(a, addr, false);
        if (s)
            vclock_join(&a->acquire_fence, &s->clock, &a->stocks->nodes);
        sync_let_same(addr);
        actor_leave(a);
    }
    access_alone(a, addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc);
}

void atomic_fence(struct actor *a, int order)
{
    if (a->pause & PAUSE_SOLO || !actor_enter(a))
        return;
    if (acquires(order)) {
        actor_learn(a, &a->acquire_fence);
        vclock_clear(&a->acquire_fence, &a->stocks->nodes);
    }
    if (releases(order)) {
        vclock_copy(&a->release_fence, actor_publish(a), &a->stocks->nodes);
        a->release_fenced = true;
    }
    actor_leave(a);
}
