/* OpenMP: the order that teams and tasks have (OpenMP 5.2, chapters 10, 12 and 15), told by whoever stands between the program and
 * its OpenMP runtime: ompt.c (LLVM's, Intel's), gomp.c (gcc's). The runtimes order threads by atomic operations and futexes inside
 * of libraries that nobody compiled with the hooks; what they do for the program by that is told here.
 *
 * A task runs as the thread that runs it: tasks that one thread runs one after the other are ordered for us, although
 * another schedule may run them on two. One that is not deferred runs in its parent's thread, and needs no edges. All verbs belong to the calling thread, `me`. */
#ifndef GORACE_OMP_TEAM_H
#define GORACE_OMP_TEAM_H

#include "../detector/detector.h"

struct omp_group;

/* The threads of a parallel region. A sync object is named by the address of its member. */
struct omp_team {
    char begin, end, ordered;
    /* Of the rounds of its barrier, odd and even ones: nobody arrives at a round before all have left the last but one. tasks: what
     * explicit tasks have done that were made in the round, which ends after them. */
    char arrived[2], tasks[2];
};

/* An implicit task (a thread's part of the region), or an explicit one. */
struct omp_task {
    struct omp_team *team;   /* NULL: no region */
    struct omp_task *parent; /* of an explicit one */
    struct omp_group *group; /* the innermost taskgroup that it is in */
    unsigned round;          /* of the team's barrier; implicit tasks only */
    unsigned users;          /* atomic: the task itself, and its children */
    char at, children;       /* sync objects: where it is; what its children have done */
    struct omp_depends *depends;
    struct omp_depends *ended; /* atomic: of children that have ended, which later ones may depend on */
};

/* What a task depends on: order among the children of one parent. */
struct omp_depends {
    struct omp_depends *next;
    unsigned n;
    struct omp_depend {
        uintptr_t addr;
        bool out; /* or inout, or any other that in has to wait for */
    } on[];
};

/* Round a region: the thread that meets it. NULL: no memory, and the region goes unseen. */
struct omp_team *omp_team_begins(struct actor *me);
void omp_team_ends(struct actor *me, struct omp_team *team);
/* In a thread of it; its implicit task, NULL: no memory. */
struct omp_task *omp_member_begins(struct actor *me, struct omp_team *team);
/* It does nothing more; explicit tasks of it may still run. */
void omp_member_ends(struct actor *me, struct omp_task *here);
/* `here` is gone after this call, or with the last of its children. */
void omp_member_gone(struct actor *me, struct omp_task *here);
/* Round a barrier, in this order. */
void omp_barrier_arrives(struct actor *me, struct omp_task *here);
void omp_barrier_leaves(struct actor *me, struct omp_task *here);

/* Ordered iterations: after the turn has come, before it is handed on. */
void omp_turn_begins(struct actor *me, struct omp_task *here);
void omp_turn_ends(struct actor *me, struct omp_task *here);

/* A new explicit task of `parent`; NULL: no memory. */
struct omp_task *omp_task_new(struct actor *me, struct omp_task *parent);
/* Room for so many dependences of a child of `parent`, to be filled in, and given to the child before it runs, or back. NULL: no
 * memory. */
struct omp_depends *omp_depends_new(unsigned n);
void omp_depends_drop(struct omp_depends *depends);
/* It runs here from now on, for the first time or again. */
void omp_task_starts(struct actor *me, struct omp_task *task);
/* It stops running here, but will go on, here or elsewhere. */
void omp_task_stops(struct actor *me, struct omp_task *task);
/* It is over, and gone after this call or with the last of its children. */
void omp_task_ends(struct actor *me, struct omp_task *task);
/* After taskwait in `task`; after those of its children that `depends` names (may be NULL). */
void omp_tasks_waited(struct actor *me, struct omp_task *task);
void omp_depends_met(struct actor *me, const struct omp_task *task, const struct omp_depends *depends);

void omp_group_begins(struct omp_task *task);
void omp_group_ends(struct actor *me, struct omp_task *task);

#endif
