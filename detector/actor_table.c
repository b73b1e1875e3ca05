/* See actor_table.h. */
#include "actor_table.h"

#include "finding.h"

#define NAMES_CROWD 16384u /* so many names of the dead cost less than a collection: 2 MB */
#define DEAD_CROWD 1024u

struct actor_table actor_table = {.incarnations_crowd = NAMES_CROWD, .dead_crowd = DEAD_CROWD};

/* Dead slots tried for reuse; fewer after each birth that found none, until a collection or one that did: among thousands that come
 * and go unknown to each other all would be tried in vain each time. actors_lock. */
#define LOOK_BACK 16u
#define LOOK_BACK_LEAST 2u
static uint32_t look_back = LOOK_BACK;

bool actor_table_start(void)
{
    if (!actor_table.slots)
        actor_table.slots = os_reserve(((size_t)SLOT_MAX + 1) * sizeof *actor_table.slots);
    if (!actor_table.dead)
        actor_table.dead = os_reserve(((size_t)SLOT_MAX + 1) * sizeof *actor_table.dead);
    return actor_table.slots && actor_table.dead;
}

/* Everything that can still matter of slot s is known to the holder of `c`. */
static bool reusable(uint32_t s, const struct vclock *c)
{
    return vclock_get(c, s) >= actor_table.slots[s].remembered && slot_epoch(&actor_table.slots[s]) < EPOCH_MAX / 2;
}

bool actor_table_take(const struct vclock *past, uint32_t *slot)
{
    for (uint32_t i = actor_table.ndead; i > 0 && i + look_back > actor_table.ndead; i--) {
        if (!reusable(actor_table.dead[i - 1], past))
            continue;
        *slot = actor_table.dead[i - 1];
        actor_table.dead[i - 1] = actor_table.dead[--actor_table.ndead];
        look_back = LOOK_BACK;
        return true;
    }
    if (actor_table.ndead >= look_back && look_back > LOOK_BACK_LEAST)
        look_back /= 2;
    if (actor_table.nslots > SLOT_MAX)
        return false;
    slot_bury(&actor_table.slots[actor_table.nslots], 0);
    *slot = actor_table.nslots++;
    return true;
}

struct actor *actor_of_slot(uint32_t slot)
{
    return slot < actor_table.nslots && slot_alive(&actor_table.slots[slot]) ? actor_table.slots[slot].owner : NULL;
}

void actor_table_swept(void)
{
    actor_table.incarnations_crowd = 2 * actor_table.incarnations + NAMES_CROWD;
    actor_table.dead_crowd = 2 * actor_table.ndead + DEAD_CROWD;
    look_back = LOOK_BACK;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

#define NAME_LEAST 5u /* ends with a word of the arena */
#define NAME_MOST 32u

static size_t incarnation_size(const struct incarnation *i)
{
    return offsetof(struct incarnation, name) + i->room;
}

static uint32_t room_for(const char *name)
{
    uint32_t n = 0;
    while (name[n] && n + 1 < NAME_MOST)
        n++;
    return n + 1 < NAME_LEAST ? NAME_LEAST : n + 1;
}

static void put_name(struct incarnation *i, const char *name)
{
    uint32_t n = 0;
    for (; name[n] && n + 1 < i->room; n++)
        i->name[n] = name[n];
    i->name[n] = 0;
}

struct incarnation *incarnation_new(const char *name)
{
    const uint32_t room = room_for(name);
    struct incarnation *i = arena_alloc(offsetof(struct incarnation, name) + room);
    if (i) { /* not by zero_bytes: so few bytes at an odd end cost more than all else here */
        *i = (struct incarnation){.room = (uint8_t)room};
        put_name(i, name);
    }
    return i;
}

void incarnation_free(struct incarnation *i)
{
    arena_free(i, incarnation_size(i));
}

/* One that is too short stays behind, as if it had been the slot's former owner: others may be looking at it. */
void actor_set_name(struct actor *a, const char *name)
{
    struct incarnation *longer = room_for(name) > a->self->room ? incarnation_new(name) : NULL;
    os_lock(&actors_lock);
    if (longer) {
        const struct incarnation *self = a->self;
        longer->older = a->self;
        longer->first = self->first;
        longer->number = self->number;
        longer->parent = self->parent;
        longer->goroutine = self->goroutine;
        longer->parent_goroutine = self->parent_goroutine;
        longer->birth_stack = self->birth_stack;
        longer->tid = self->tid;
        longer->ended = self->ended;
        a->self = actor_table.slots[who_slot(a->who)].incarnation = longer;
        actor_table.incarnations++;
    } else {
        put_name(a->self, name);
    }
    os_unlock(&actors_lock);
}

/* ---- description ----------------------------------------------------------------------------------------------- */

static void describe(const struct incarnation *i, struct finding_actor *out)
{
    *out = (struct finding_actor){.number = i->number,
                                  .goroutine = i->goroutine,
                                  .tid = i->tid,
                                  .ended = i->ended,
                                  .is_main = i->number == 0,
                                  .birth_stack = i->birth_stack,
                                  .parent = i->parent,
                                  .parent_goroutine = i->parent_goroutine};
    for (size_t c = 0; c + 1 < sizeof out->name && i->name[c]; c++)
        out->name[c] = i->name[c];
}

struct incarnation *incarnation_of(who_t who)
{
    struct incarnation *i = actor_table.slots[who_slot(who)].incarnation;
    while (i && i->first > who_epoch(who))
        i = i->older;
    return i;
}

void actor_describe(who_t who, struct finding_actor *out)
{
    os_lock(&actors_lock);
    struct incarnation *i = incarnation_of(who);
    if (i)
        describe(i, out);
    else
        zero_bytes(out, sizeof *out);
    os_unlock(&actors_lock);
}

void actor_describe_live(const struct actor *a, struct finding_actor *out)
{
    describe(a->self, out);
}

struct actor *actor_of_stack(uintptr_t addr)
{
    for (struct actor *a = actors_newest; a; a = a->older)
        if (addr - a->stack_lo < a->stack_size)
            return a;
    return NULL;
}

struct actor *actor_of_locals(uintptr_t addr)
{
    for (struct actor *a = actors_newest; a; a = a->older)
        if (!a->light && addr - a->locals_lo < a->locals_size)
            return a;
    return NULL;
}
