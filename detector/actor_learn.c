/* What an actor learns of all others at once: where nobody has told what orders it. The world is stopped meanwhile, so that they
 * can be made to tell. */
#include "actor_table.h"
#include "order.h"

/* `a` is suspended; the world is stopped. */
static void learn_suspended(struct actor *child, struct actor *a)
{
    a->stocks = child->stocks;
    vclock_join(&child->clock, actor_publish(a), &child->stocks->nodes);
    order_born(child, a, &child->stocks->nodes);
    a->stocks = NULL;
}

void actor_knows_everything(struct actor *child)
{
    for (struct actor *a = actors_newest; a; a = a->older) {
        if (a == child || a->ended || a->rests)
            continue;
        if (!a->stocks) { /* nothing happened since it was suspended */
            learn_suspended(child, a);
            continue;
        }
        actor_touch(a); /* an epoch may have begun unseen while alone */
        vclock_join(&child->clock, actor_publish(a), &child->stocks->nodes);
        order_born(child, a, &child->stocks->nodes);
        pause_clear(a, PAUSE_SOLO);
    }
}

/* The world is stopped. */
static const struct vclock *turn_epoch(struct actor *x)
{
    if (x->stocks && !x->ended) {
        actor_touch(x);
        actor_publish(x);
    }
    return &x->clock;
}

/* What is in `c`, but of the actor of `who` nothing later than that. */
static void learn_up_to(struct actor *a, const struct vclock *c, who_t who)
{
    struct vclock past = {NULL};
    vclock_copy(&past, c, &a->stocks->nodes);
    vclock_cut(&past, who_slot(who), who_epoch(who), &a->stocks->nodes);
    actor_learn(a, &past);
    vclock_clear(&past, &a->stocks->nodes);
}

void actor_turns_epoch(struct actor *a, who_t who, bool learns)
{
    world_stop(a);
    os_lock(&actors_lock);
    struct actor *x = actor_of_slot(who_slot(who));
    const struct vclock *known = x && x != a ? turn_epoch(x) : NULL;
    if (known && learns)
        learn_up_to(a, known, who);
    os_unlock(&actors_lock);
    world_start(a);
    if (!known && learns)
        actor_learns_all(a);
}

void actor_learns_all(struct actor *a)
{
    world_stop(a);
    os_lock(&actors_lock);
    for (struct actor *x = actors_newest; x; x = x->older)
        if (x != a)
            actor_learn(a, turn_epoch(x));
    for (uint32_t i = 0; i < actor_table.ndead; i++) { /* whom nobody joins is not in the list when it has ended */
        const uint64_t last = actor_table.slots[actor_table.dead[i]].remembered;
        if (vclock_get(&a->clock, actor_table.dead[i]) < last) {
            vclock_set(&a->clock, actor_table.dead[i], last, &a->stocks->nodes);
            actor_touch(a);
        }
    }
    os_unlock(&actors_lock);
    world_start(a);
}
