/* Findings of misuse: what is known of a lock is put beside what was done to it. Facts that only the library of the locks
 * has (is it locked, by which thread) are the host's to know; see preload/wrap_mutex.c.
 *
 * A destroyed lock stays in the table, marked, until its memory ends or it is made anew: a use in between is found. */
#include "lock.h"
#include "wait.h"

static void add_actor_step(struct finding_step *s, enum step_role role, const struct finding_actor *by, uint32_t stack,
                           const struct lock *l, uintptr_t addr)
{
    *s = (struct finding_step){.role = role,
                               .actor = *by,
                               .stack = stack,
                               .thing = l ? (enum thing)l->thing : THING_MUTEX,
                               .addr = addr,
                               .exclusive = true};
}

/* Who holds the lock and where it was taken; how many steps were added. */
static int add_holder(struct finding_step *s, const struct lock *l, uintptr_t addr)
{
    int n = 0;
    os_lock(&actors_lock);
    struct actor *owner = l ? __atomic_load_n(&l->owner, __ATOMIC_RELAXED) : NULL;
    const struct held *h = owner ? held_find(owner, addr) : NULL;
    if (h) {
        struct finding_actor by;
        actor_describe_live(owner, &by);
        add_actor_step(&s[n++], STEP_TOOK, &by, h->stack, l, addr);
    }
    os_unlock(&actors_lock);
    return n;
}

#define STEPS 4

void misuse(struct actor *a, enum misuse what, enum thing thing, uintptr_t addr, const char *text, uintptr_t pc)
{
    struct finding_step steps[STEPS];
    struct finding_actor me;
    int n = 0;
    uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    actor_describe_live(a, &me);
    steps[n++] = (struct finding_step){
        .role = STEP_MISUSES, .actor = me, .stack = stack, .thing = thing, .addr = addr, .exclusive = true};
    const struct lock *l = lock_find(addr);
    n += add_holder(&steps[n], l, addr);
    if (l && l->destroyed && l->destroyer)
        add_actor_step(&steps[n++], STEP_DESTROYED, l->destroyer, l->destroyed, l, addr);
    if (l && l->made)
        add_actor_step(&steps[n++], STEP_MADE, &me, l->made, l, addr);
    actor_leave(a);
    const struct finding f = {.kind = FINDING_MISUSE,
                              .tier = TIER_HAPPENED,
                              .nsteps = n,
                              .steps = steps,
                              .misuse = what,
                              .text = text};
    if (host.found)
        host.found(a, &f);
}

void lock_used(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc)
{
    if (!actor_enter(a))
        return;
    const struct lock *l = lock_find(addr);
    bool destroyed = l && l->destroyed;
    actor_leave(a);
    if (unlikely(destroyed))
        misuse(a, MISUSE_USE_DESTROYED, thing, addr, NULL, pc);
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
    actor_describe_live(a, &me);
    for (unsigned i = 0; i < a->nheld; i++) {
        const struct held *h = &a->held[i];
        struct finding_step steps[1];
        if (excused(h->addr, (enum thing)h->thing))
            continue;
        add_actor_step(&steps[0], STEP_TOOK, &me, h->stack, h->lock, h->addr);
        steps[0].thing = (enum thing)h->thing;
        steps[0].exclusive = h->exclusive;
        const struct finding f = {.kind = FINDING_MISUSE,
                                  .tier = TIER_HAPPENED,
                                  .nsteps = 1,
                                  .steps = steps,
                                  .misuse = MISUSE_ENDS_HOLDING};
        if (host.found)
            host.found(a, &f);
    }
}
