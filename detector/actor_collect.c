/* What a collection asks of the actors, and what it has them forget. The world is stopped. */
#include "actor_table.h"

bool actors_crowded(void)
{
    return actor_table.incarnations > actor_table.incarnations_crowd || actor_table.ndead > actor_table.dead_crowd;
}

uint32_t actors_afford(void)
{
    return actor_table.nactors < UINT32_MAX / 8 ? 8 * actor_table.nactors : UINT32_MAX;
}

uint32_t actor_slots(void)
{
    return actor_table.nslots;
}

/* Of so many that one by one would take too long. An actor's current epoch counts as not known even to itself, for its tree
 * is looked at together with those who share it. */
static void floor_of_many(uint64_t *floor)
{
    struct vclock_floor f;
    vclock_floor_begin(&f, floor, actor_table.nslots);
    for (struct actor *a = actors_newest; a; a = a->older)
        if (!a->ended && !a->rests)
            vclock_floor_add(&f, &a->clock);
    vclock_floor_end(&f);
}

#define MANY 256

void actor_floor(uint64_t *floor)
{
    /* Before anybody asks which epochs can be told apart: who has no stocks has caught up (actor_suspend). */
    for (struct actor *a = actors_newest; a; a = a->older)
        if (a->behind && a->stocks)
            actor_catch_up(a);
    for (uint32_t s = 0; s < actor_table.nslots; s++)
        floor[s] = EPOCH_MAX;
    if (actor_table.nactors > MANY) {
        floor_of_many(floor);
        return;
    }
    for (struct actor *a = actors_newest; a; a = a->older) {
        if (a->ended || a->rests)
            continue;
        uint64_t own = floor[who_slot(a->who)];
        vclock_lower(&a->clock, floor, actor_table.nslots);
        floor[who_slot(a->who)] = own; /* it knows all of itself */
    }
}

void actor_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx)
{
    for (struct actor *a = actors_newest; a; a = a->older) {
        visit(&a->clock, ctx);
        visit(&a->acquire_fence, ctx);
        visit(&a->release_fence, ctx);
    }
}

uint64_t actor_last_epoch(who_t who)
{
    const struct slot *s = &actor_table.slots[who_slot(who)];
    uint64_t last = slot_epoch(s);
    for (const struct incarnation *i = s->incarnation; i && i->first > who_epoch(who); i = i->older)
        last = i->first - 1;
    return last;
}

void actor_mark_begin(void)
{
    for (uint32_t s = 0; s < actor_table.nslots; s++) {
        actor_table.slots[s].remembered = 0;
        for (struct incarnation *i = actor_table.slots[s].incarnation; i; i = i->older)
            i->marked = false;
    }
    for (struct actor *a = actors_newest; a; a = a->older)
        a->self->marked = true;
}

void actor_mark(who_t who)
{
    struct slot *s = &actor_table.slots[who_slot(who)];
    if (s->remembered < who_epoch(who))
        s->remembered = who_epoch(who);
    actor_mark_name(who);
}

void actor_mark_name(who_t who)
{
    struct incarnation *i = incarnation_of(who);
    if (i)
        i->marked = true;
}

void actor_keep_together(void)
{
    uint32_t n = 0;
    for (struct actor *a = actors_newest; a; a = a->older) {
        stamp_own_nothing(&a->stamps); /* granule_covered, which nobody stops, sees this before any cell of the new numbers */
        n += stocks_owned(a) && !a->ended;
    }
    for (struct actor *a = actors_newest; a; a = a->older)
        if (stocks_owned(a) && !a->ended)
            stamp_renew_together(&a->stocks->reserve, who_slot(a->who), n);
}

/* They mean something else now. The rest of the entries is as true as before (number.h). */
static void forget_numbers(struct stocks *s)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        s->numbers[i] &= ~NUMBER_MASK;
}

void actor_sweep(void)
{
    for (uint32_t s = 0; s < actor_table.nslots; s++) {
        for (struct incarnation **at = &actor_table.slots[s].incarnation; *at;) {
            struct incarnation *i = *at;
            if (i->marked) {
                at = &i->older;
                continue;
            }
            *at = i->older;
            incarnation_free(i);
            actor_table.incarnations--;
        }
    }
    actor_table_swept();
    for (struct actor *a = actors_newest; a; a = a->older) {
        if (a->ended || !a->stocks)
            continue;
        if (stocks_owned(a)) {
            stamp_reserve_renew(&a->stocks->reserve, who_slot(a->who), a->stocks->reserve.own != &a->stamps);
            forget_numbers(a->stocks);
        }
        zero_bytes(a->stocks->known, sizeof a->stocks->known);
        zero_bytes(a->stocks->standings.at, sizeof a->stocks->standings.at);
        for (size_t c = 0; c < sizeof a->stocks->spills.n / sizeof *a->stocks->spills.n; c++)
            a->stocks->spills.n[c] = 0;
    }
}
