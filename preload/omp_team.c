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

bool omp_task_depends(struct omp_task *task, unsigned n)
{
    task->depend = arena_alloc(n * sizeof *task->depend);
    task->ndepend = task->depend ? n : 0;
    return task->depend;
}

void omp_task_independent(struct omp_task *task)
{
    if (task->depend)
        arena_free(task->depend, task->ndepend * sizeof *task->depend);
    task->depend = NULL;
    task->ndepend = 0;
}

static void leave(struct actor *me, struct omp_task *task)
{
    if (__atomic_sub_fetch(&task->users, 1, __ATOMIC_ACQ_REL))
        return;
    sync_forget(me, key_of(&task->at));
    sync_forget(me, key_of(&task->children));
    omp_task_independent(task);
    arena_free(task, sizeof *task);
}

static uint64_t depend_key(uintptr_t addr, bool out)
{
    return sync_key(out ? SYNC_DEPEND_OUT : SYNC_DEPEND_IN, addr);
}

void omp_depends_met(struct actor *me, const struct omp_task *waits)
{
    for (unsigned i = 0; i < waits->ndepend; i++) {
        sync_acquire(me, depend_key(waits->depend[i].addr, true));
        if (waits->depend[i].out)
            sync_acquire(me, depend_key(waits->depend[i].addr, false));
    }
}

void omp_task_starts(struct actor *me, struct omp_task *task)
{
    sync_acquire(me, key_of(&task->at));
    omp_depends_met(me, task);
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
    for (unsigned i = 0; i < task->ndepend; i++)
        sync_release_merge(me, depend_key(task->depend[i].addr, task->depend[i].out));
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
    if (task)
        sync_acquire(me, key_of(&task->children));
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
