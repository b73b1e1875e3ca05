/* See omp_team.h. */
#include "omp_team.h"

#include "../detector/arena.h"
#include "sync_keys.h"

static uint64_t key_of(const char *object)
{
    return (uintptr_t)object;
}

struct omp_group {
    struct omp_group *outer;
    char done; /* sync object: what its tasks have done */
};

static void depends_over(struct actor *me, struct omp_task *parent);

/* ---- teams ---------------------------------------------------------------------------------------------------------- */

struct omp_team *omp_team_begins(struct actor *me)
{
    struct omp_team *team = arena_alloc(sizeof *team);
    if (team)
        sync_release(me, key_of(&team->begin));
    return team;
}

void omp_team_ends(struct actor *me, struct omp_team *team)
{
    if (!team)
        return;
    sync_acquire(me, key_of(&team->end));
    for (unsigned i = 0; i < 2; i++)
        sync_acquire(me, key_of(&team->tasks[i]));
    for (const char *object = (const char *)team; object < (const char *)(team + 1); object++)
        sync_forget(me, key_of(object));
    arena_free(team, sizeof *team);
}

struct omp_task *omp_member_begins(struct actor *me, struct omp_team *team)
{
    struct omp_task *here = arena_alloc(sizeof *here);
    if (here)
        *here = (struct omp_task){.team = team, .users = 1};
    if (team)
        sync_acquire(me, key_of(&team->begin));
    return here;
}

void omp_member_ends(struct actor *me, struct omp_task *here)
{
    if (here && here->team)
        sync_release_merge(me, key_of(&here->team->end));
}

void omp_barrier_arrives(struct actor *me, struct omp_task *here)
{
    if (here && here->team)
        sync_release_merge(me, key_of(&here->team->arrived[here->round % 2]));
}

void omp_barrier_leaves(struct actor *me, struct omp_task *here)
{
    if (!here || !here->team)
        return;
    const unsigned round = here->round++ % 2;
    sync_acquire(me, key_of(&here->team->arrived[round]));
    sync_acquire(me, key_of(&here->team->tasks[round]));
    depends_over(me, here);
}

void omp_turn_begins(struct actor *me, struct omp_task *here)
{
    if (here && here->team)
        sync_acquire(me, key_of(&here->team->ordered));
}

void omp_turn_ends(struct actor *me, struct omp_task *here)
{
    if (here && here->team)
        sync_release_merge(me, key_of(&here->team->ordered));
}

/* ---- tasks ---------------------------------------------------------------------------------------------------------- */

struct omp_task *omp_task_new(struct actor *me, struct omp_task *parent)
{
    struct omp_task *task = arena_alloc(sizeof *task);
    if (!task)
        return NULL;
    *task = (struct omp_task){.parent = parent, .users = 1};
    if (parent) {
        __atomic_fetch_add(&parent->users, 1, __ATOMIC_RELAXED);
        task->team = parent->team;
        task->group = parent->group;
    }
    sync_release(me, key_of(&task->at));
    return task;
}

/* ---- dependences ---------------------------------------------------------------------------------------------------- */

static size_t depends_size(unsigned n)
{
    return sizeof(struct omp_depends) + n * sizeof(struct omp_depend);
}

struct omp_depends *omp_depends_new(unsigned n)
{
    struct omp_depends *depends = arena_alloc(depends_size(n));
    if (depends)
        depends->n = n;
    return depends;
}

void omp_depends_drop(struct omp_depends *depends)
{
    if (depends)
        arena_free(depends, depends_size(depends->n));
}

/* Of the children of `parent`. Two that have the same key are one object, which is an edge too many. */
static uint64_t depend_key(const struct omp_task *parent, const struct omp_depend *on, bool out)
{
    const uint64_t mixed = (on->addr ^ (uintptr_t)parent * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    return sync_key(out ? SYNC_DEPEND_OUT : SYNC_DEPEND_IN, mixed >> 8);
}

void omp_depends_met(struct actor *me, const struct omp_task *parent, const struct omp_depends *depends)
{
    for (unsigned i = 0; depends && i < depends->n; i++) {
        sync_acquire(me, depend_key(parent, &depends->on[i], true));
        if (depends->on[i].out)
            sync_acquire(me, depend_key(parent, &depends->on[i], false));
    }
}

/* Of a child that has ended: what it is waited for by is told, and stays until `parent` has waited for all. */
static void depends_end(struct actor *me, struct omp_task *parent, struct omp_depends *depends)
{
    for (unsigned i = 0; i < depends->n; i++)
        sync_release_merge(me, depend_key(parent, &depends->on[i], depends->on[i].out));
    if (!parent) {
        omp_depends_drop(depends);
        return;
    }
    depends->next = __atomic_load_n(&parent->ended, __ATOMIC_RELAXED);
    while (
        !__atomic_compare_exchange_n(&parent->ended, &depends->next, depends, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

/* All children have ended. */
static void depends_over(struct actor *me, struct omp_task *parent)
{
    struct omp_depends *next = __atomic_exchange_n(&parent->ended, NULL, __ATOMIC_ACQUIRE);
    while (next) {
        struct omp_depends *depends = next;
        next = depends->next;
        for (unsigned i = 0; i < depends->n; i++) {
            sync_forget(me, depend_key(parent, &depends->on[i], true));
            sync_forget(me, depend_key(parent, &depends->on[i], false));
        }
        omp_depends_drop(depends);
    }
}

/* ---- the life of a task --------------------------------------------------------------------------------------------- */

static void leave(struct actor *me, struct omp_task *task)
{
    if (__atomic_sub_fetch(&task->users, 1, __ATOMIC_ACQ_REL))
        return;
    sync_forget(me, key_of(&task->at));
    sync_forget(me, key_of(&task->children));
    depends_over(me, task);
    arena_free(task, sizeof *task);
}

void omp_task_starts(struct actor *me, struct omp_task *task)
{
    sync_acquire(me, key_of(&task->at));
    omp_depends_met(me, task->parent, task->depends);
}

void omp_task_stops(struct actor *me, struct omp_task *task)
{
    sync_release_merge(me, key_of(&task->at));
}

void omp_member_gone(struct actor *me, struct omp_task *here)
{
    if (here)
        leave(me, here);
}

void omp_task_ends(struct actor *me, struct omp_task *task)
{
    struct omp_task *parent = task->parent;
    const struct omp_task *member = task;
    while (member->parent)
        member = member->parent;
    if (task->depends)
        depends_end(me, parent, task->depends);
    if (task->group)
        sync_release_merge(me, key_of(&task->group->done));
    if (task->team)
        sync_release_merge(me, key_of(&task->team->tasks[member->round % 2]));
    if (parent)
        sync_release_merge(me, key_of(&parent->children));
    leave(me, task);
    if (parent)
        leave(me, parent);
}

void omp_tasks_waited(struct actor *me, struct omp_task *task)
{
    if (!task)
        return;
    sync_acquire(me, key_of(&task->children));
    depends_over(me, task);
}

void omp_group_begins(struct omp_task *task)
{
    struct omp_group *group = task ? arena_alloc(sizeof *group) : NULL;
    if (!group)
        return;
    group->outer = task->group;
    task->group = group;
}

void omp_group_ends(struct actor *me, struct omp_task *task)
{
    struct omp_group *group = task ? task->group : NULL;
    if (!group)
        return;
    sync_acquire(me, key_of(&group->done));
    sync_forget(me, key_of(&group->done));
    task->group = group->outer;
    arena_free(group, sizeof *group);
}
