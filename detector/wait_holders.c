/* Who could end a wait for something that has holders. */
#include "lock.h"
#include "wait.h"

bool wait_cancelled(const struct actor *a)
{
    return __atomic_load_n(&a->cancelled, __ATOMIC_SEQ_CST);
}

bool wait_has_holders(const struct actor *w)
{
    return wait_for_holders(&w->wait.f);
}

static bool visit_owner(uintptr_t addr, wait_visit *visit, void *ctx)
{
    struct lock *l = lock_find(addr);
    struct actor *owner = l ? __atomic_load_n(&l->owner, __ATOMIC_RELAXED) : NULL;
    return owner && visit(owner, ctx);
}

/* A recursive mutex that is held once more than the wait gives up is got back at once, and who signals need not have it. */
static bool visit_other_owner(struct actor *w, uintptr_t mutex, wait_visit *visit, void *ctx)
{
    struct lock *l = lock_find(mutex);
    return !(l && __atomic_load_n(&l->owner, __ATOMIC_RELAXED) == w) && visit_owner(mutex, visit, ctx);
}

/* Readers, and for a read lock that lets writers pass, writers that wait. */
static bool visit_others(struct actor *w, wait_visit *visit, void *ctx)
{
    const struct wait_for *f = &w->wait.f;
    bool found = false;
    for (struct actor *o = actors_newest; o && !found; o = o->older) {
        if (o->ended || !(o == w || wait_active(o)))
            continue;
        const struct held *h = held_find(o, f->key);
        if (f->how & HOW_EXCLUSIVE)
            found = h && visit(o, ctx);
        else if (!(f->how & HOW_READERS_FIRST) && o != w)
            found = o->wait.f.thing == THING_RWLOCK && o->wait.f.key == f->key && o->wait.f.how & HOW_EXCLUSIVE &&
                    visit(o, ctx);
    }
    return found;
}

bool wait_each_holder(struct actor *w, wait_visit *visit, void *ctx)
{
    const struct wait_for *f = &w->wait.f;
    switch (f->thing) {
    case THING_MUTEX:
    case THING_SPIN:
    case THING_ONCE:
        return !wait_timed(w) && visit_owner(f->key, visit, ctx);
    case THING_RWLOCK:
        return !wait_timed(w) && (visit_owner(f->key, visit, ctx) || visit_others(w, visit, ctx));
    case THING_THREAD:
        return !wait_timed(w) && !wait_cancelled(w) && f->target && visit(f->target, ctx);
    case THING_COND:
        return f->mutex && visit_other_owner(w, f->mutex, visit, ctx); /* also after a time limit */
    default:
        return false;
    }
}
