/* Findings of misuse: what is known of a lock is put beside what was done to it. Facts that only the library of the locks
 * has (is it locked, by which thread) are the host's to know; see preload/wrap_mutex.c.
 *
 * A destroyed lock stays in the table, marked, until its memory ends or it is made anew: a use in between is found. */
#include "lock.h"
#include "wait.h"

static void add_actor_step(struct finding_step *s, enum step_role role, const struct finding_actor *by, uint32_t stack,
                           const struct lock *l, uintptr_t addr)
{
    finding_step(s, role, stack, l ? (enum thing)l->thing : THING_MUTEX, addr);
    s->actor = *by;
    s->exclusive = true;
}

static void hand_over(struct actor *a, enum misuse what, const struct finding_step *steps, int n, const char *text)
{
    struct finding f;
    finding_of_steps(&f, FINDING_MISUSE, TIER_HAPPENED, steps, n);
    f.misuse = what;
    f.text = text;
    finding_hand_over(a, &f);
}

/* Who holds the lock and where it was taken; how many steps were added. Of readers only `a` itself is known. */
static int add_holder(struct actor *a, struct finding_step *s, const struct lock *l, uintptr_t addr)
{
    int n = 0;
    uint32_t stack = 0;
    os_lock(&actors_lock);
    const struct actor *owner = l ? held_by(l, &stack) : NULL;
    const struct held *h = owner ? NULL : held_find(a, addr);
    if (h) {
        owner = a;
        stack = h->stack;
    }
    if (owner && stack) {
        struct finding_actor by;
        actor_describe_live(owner, &by);
        add_actor_step(&s[n++], STEP_TOOK, &by, stack, l, addr);
    }
    os_unlock(&actors_lock);
    return n;
}

#define STEPS 5

void misuse(struct actor *a, enum misuse what, enum thing thing, uintptr_t addr, const char *text, uintptr_t pc)
{
    struct finding_step steps[STEPS];
    struct finding_actor me;
    int n = 0;
    uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    const struct lock *l = lock_find(addr);
    if (l && l->inherited && what == MISUSE_DESTROY_LOCKED) { /* what handlers of fork do in the child */
        actor_leave(a);
        return;
    }
    actor_describe_live(a, &me);
    add_actor_step(&steps[n], STEP_MISUSES, &me, stack, l, addr);
    steps[n++].thing = thing;
    n += add_holder(a, &steps[n], l, addr);
    if (l && l->destroyed && l->destroyer)
        add_actor_step(&steps[n++], STEP_DESTROYED, l->destroyer, l->destroyed, l, addr);
    if (l && l->made)
        add_actor_step(&steps[n++], STEP_MADE, &me, l->made, l, addr);
    if (l && l->copied)
        add_actor_step(&steps[n++], STEP_COPIED, &me, l->copied, l, addr);
    actor_leave(a);
    hand_over(a, what, steps, n, text);
}

bool lock_used(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc)
{
    if (!actor_enter(a))
        return false;
    struct lock *l = lock_find(addr);
    bool destroyed = l && l->destroyed, copied = false;
    if (l && l->copied_id) {
        const struct lock *original = lock_find(l->copied_from);
        copied = original && lock_is(original, l->copied_id) && !original->destroyed;
        l->copied_id = 0;
    }
    actor_leave(a);
    if (unlikely(destroyed))
        misuse(a, MISUSE_USE_DESTROYED, thing, addr, NULL, pc);
    else if (unlikely(copied))
        misuse(a, MISUSE_COPIED, thing, addr, NULL, pc);
    return destroyed || copied;
}

bool lock_unseen_copy(struct actor *a, uintptr_t addr)
{
    if (!a->nheld || !actor_enter(a))
        return false;
    bool unseen = !lock_find(addr);
    actor_leave(a);
    return unseen;
}

enum holder lock_holder(struct actor *a, uintptr_t addr)
{
    enum holder h = HOLDER_NOBODY;
    if (!actor_enter(a))
        return h;
    const struct lock *l = lock_find(addr);
    const struct actor *owner = l ? __atomic_load_n(&l->owner, __ATOMIC_RELAXED) : NULL;
    if (owner)
        h = owner == a ? HOLDER_SELF : HOLDER_OTHER;
    else if (held_find(a, addr))
        h = HOLDER_SELF;
    actor_leave(a);
    return h;
}

#define COPIES 16 /* locks looked at in one copy */

void locks_copied(struct actor *a, uintptr_t to, uintptr_t from, size_t size, uintptr_t pc)
{
    uintptr_t found[COPIES];
    if (!locks_maybe(from, size) || !actor_enter(a))
        return;
    const int n = locks_in(from, size, found, COPIES);
    actor_leave(a);
    if (!n)
        return; /* before the price of a stack */
    const uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    for (int i = 0; i < n; i++) {
        const struct lock *l = lock_find(found[i]);
        if (!l || l->thing > THING_SPIN || l->destroyed)
            continue;
        uintptr_t addr = found[i] - from + to, original = l->copied_id ? l->copied_from : found[i];
        uint64_t id = l->copied_id ? l->copied_id : l->id;
        const struct lock *there = lock_find(addr);
        if (there && lock_is(there, id))
            continue; /* put back to where it was taken from */
        const enum thing thing = (enum thing)l->thing;
        locks_forget(a, addr, 1);
        struct lock *copy = lock_at(addr, thing);
        if (!copy)
            continue;
        copy->copied_from = original;
        copy->copied_id = id;
        copy->odd = true;
        copy->copied = stack;
    }
    actor_leave(a);
}

void lock_destroyed(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc)
{
    uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    locks_forget(a, addr, 1);
    struct lock *l = lock_at(addr, thing);
    if (l && (l->destroyer = arena_alloc(sizeof *l->destroyer))) {
        actor_describe_live(a, l->destroyer);
        l->destroyed = stack;
        l->odd = true;
    }
    actor_leave(a);
}

void locks_freed(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    if (!actor_enter(a))
        return;
    uintptr_t held = locks_held_in(addr, size);
    const struct lock *l = held ? lock_find(held) : NULL;
    enum thing thing = l ? (enum thing)l->thing : THING_MUTEX;
    actor_leave(a);
    if (held)
        misuse(a, MISUSE_FREE_LOCKED, thing, held, NULL, pc);
    if (!actor_enter(a))
        return;
    locks_forget(a, addr, size);
    actor_leave(a);
}

void locks_at_end(struct actor *a, bool (*excused)(uintptr_t addr, enum thing thing))
{
    struct finding_actor me;
    if (!a->nheld || a->wait.active) /* that one does not end: it is left in its wait */
        return;
    actor_describe_live(a, &me);
    for (unsigned i = 0; i < a->nheld; i++) {
        const struct held *h = &a->held[i];
        struct finding_step steps[1];
        if ((h->lock && !lock_is(h->lock, h->id)) || excused(h->addr, (enum thing)h->thing))
            continue;
        add_actor_step(&steps[0], STEP_TOOK, &me, h->stack, h->lock, h->addr);
        steps[0].thing = (enum thing)h->thing;
        steps[0].exclusive = h->exclusive;
        hand_over(a, MISUSE_ENDS_HOLDING, steps, 1, NULL);
    }
}

/* ---- signal handlers ------------------------------------------------------------------------------------------------- */

void lock_taken_in_handler(struct actor *a, uintptr_t addr, int sig, uintptr_t pc)
{
    uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    struct lock *l = lock_find(addr);
    if (l) {
        l->in_handlers |= (uint64_t)1 << (sig - 1);
        l->odd = true;
        l->in_handler = stack;
    }
    actor_leave(a);
}

void misuse_of_handler(struct actor *a, struct lock *l, uint32_t stack)
{
    struct finding_step steps[2];
    struct finding_actor me;
    actor_describe_live(a, &me);
    add_actor_step(&steps[0], STEP_MISUSES, &me, l->in_handler, l, l->addr);
    add_actor_step(&steps[1], STEP_TOOK, &me, stack, l, l->addr);
    l->in_handlers = 0;
    hand_over(a, MISUSE_IN_HANDLER, steps, 2, NULL);
}
