/* Playing a script: every step is done to the core and told to the oracle. */
#include "model.h"

#include "../../detector/access.h"
#include "../../detector/atomic.h"
#include "../../detector/finding.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define KEYS 9

uint64_t model_steps, model_collections;

static struct actor *main_actor;
static char *arena;
static uintptr_t next_pc = 0x100000;
static uint64_t actors_born = 1; /* main is number 0 */

static uint64_t key_of(const struct run *run, unsigned key)
{
    switch (key) {
    case 0: /* inside of the raw part: goes when the bytes become fresh */
        return (uintptr_t)run->base + 8;
    case 1: /* inside of a heap block */
        return (uintptr_t)run->base + script_blocks[0].offset + 16;
    case 2: /* no address */
        return (uint64_t)1 << 63 | (uintptr_t)run->base;
    default: /* neighbours, as the two clocks of a rwlock are */
        return (uintptr_t)run->base + ORACLE_ARENA + key;
    }
}

static void access_core(struct actor *a, uintptr_t addr, unsigned size, enum access_kind kind, uintptr_t pc, bool fast)
{
    switch (fast ? size : 0) {
    case 1:
        access_fast(a, addr, 1, kind, pc);
        return;
    case 2:
        access_fast(a, addr, 2, kind, pc);
        return;
    case 4:
        access_fast(a, addr, 4, kind, pc);
        return;
    case 8:
        access_fast(a, addr, 8, kind, pc);
        return;
    default:
        if (fast)
            access_range(a, addr, size, kind, pc);
        else
            mem_access(a, addr, size, kind, pc);
    }
}

static void do_access(struct run *run, int step, struct place *me, const struct step *s)
{
    bool read = s->access == ACCESS_READ, write = s->access == ACCESS_WRITE;
    /* What the ignore-reads and ignore-writes of the annotations mean for an atomic access is nowhere defined. */
    if (s->offset + s->size > ORACLE_ARENA || (!read && !write && (me->ignore_reads || me->ignore_writes)))
        return;
    bool ignored = me->ignore_all || (read && me->ignore_reads) || (write && me->ignore_writes);
    judge_begin();
    access_core(me->actor, (uintptr_t)run->base + s->offset, s->size, s->access, pc_of(run, step), s->fast);
    if (!ignored)
        judge_access(run, step, me, s->offset, s->size, s->access);
    else
        judge_ignored(step);
}

static void do_atomic(struct run *run, int step, struct place *me, const struct step *s)
{
    const uintptr_t addr = (uintptr_t)run->base + script_atomics[s->other];
    const uintptr_t pc = pc_of(run, step);
    const bool rmw = s->atomic == ATOMIC_STEP_RMW;
    const bool writes = rmw || s->atomic == ATOMIC_STEP_STORE;
    struct atomic_op op;
    judge_begin();
    if (s->fast && rmw && atomic_light_begin(me->actor, addr, s->order)) {
        atomic_light_end(me->actor, addr, 4, ATOMIC_RMW, pc);
    } else if (s->atomic != ATOMIC_STEP_LOAD || !s->fast || !atomic_light_load(me->actor, addr, 4, s->order, pc)) {
        /* What a failing compare-exchange announces is the stronger of what it may become. */
        enum atomic_kind announced = s->atomic == ATOMIC_STEP_LOAD    ? ATOMIC_LOAD
                                     : s->atomic == ATOMIC_STEP_STORE ? ATOMIC_STORE
                                                                      : ATOMIC_RMW;
        int announced_order = s->atomic == ATOMIC_STEP_FAILED_RMW ? __ATOMIC_SEQ_CST : s->order;
        if (atomic_begin(&op, me->actor, addr, announced, announced_order))
            atomic_end(&op, 4, writes ? announced : ATOMIC_LOAD, s->order, pc);
    }
    if (s->atomic != ATOMIC_STEP_STORE)
        oracle_load(&oracle, me->number, s->other, s->order);
    judge_access(run, step, me, script_atomics[s->other], 4, writes ? ACCESS_ATOMIC_WRITE : ACCESS_ATOMIC_READ);
    if (writes)
        oracle_store(&oracle, me->number, s->other, rmw, s->order);
}

/* The sync objects and atomic objects in a range have gone. */
static void forget_range(unsigned offset, unsigned size)
{
    if (offset <= 8 && offset + size > 8)
        oracle_forget(&oracle, 0);
    if (offset <= script_blocks[0].offset + 16 && offset + size > script_blocks[0].offset + 16)
        oracle_forget(&oracle, 1);
    for (int i = 0; i < ORACLE_LOCATIONS; i++)
        if (script_atomics[i] >= offset && script_atomics[i] < offset + size)
            oracle_new_location(&oracle, i);
}

static void do_free(struct run *run, int step, struct place *me, unsigned block)
{
    const struct block_place *b = &script_blocks[block];
    judge_begin();
    heap_free(me->actor, (uintptr_t)run->base + b->offset, pc_of(run, step));
    run->block_alive[block] = false;
    judge_access(run, step, me, b->offset, b->size, ACCESS_FREE);
    forget_range(b->offset, b->size);
}

static void do_alloc(struct run *run, int step, struct place *me, unsigned block)
{
    const struct block_place *b = &script_blocks[block];
    heap_alloc(me->actor, (uintptr_t)run->base + b->offset, b->size, pc_of(run, step));
    run->block_alive[block] = true;
    oracle_fresh(&oracle, b->offset, (b->size + GRANULE - 1) & ~(GRANULE - 1));
    forget_range(b->offset, b->size);
}

static void do_fresh(struct run *run, struct place *me, unsigned offset, unsigned size)
{
    mem_fresh(me->actor, (uintptr_t)run->base + offset, size);
    oracle_fresh(&oracle, offset, size);
    forget_range(offset, size);
}

/* Fills an empty place. A stranger's past is all that those who live have done so far. */
static void do_born(struct run *run, struct place *p, struct place *parent, uintptr_t pc)
{
    const bool light = run->manner.green && parent && p != run->places && (p - run->places) % 3 != 0;
    *p = (struct place){.actor = light ? actor_born_light(parent->actor, pc, (uint64_t)(p - run->places), "green")
                                       : actor_born(parent ? parent->actor : NULL, pc),
                        .number = oracle_born(&oracle, parent ? parent->number : -1),
                        .detached = light,
                        .light = light};
    run->number[p->number] = actors_born++;
    for (struct place *o = run->places; !parent && o < run->places + SCRIPT_PLACES; o++)
        if (o != p && o->actor && !o->ended)
            oracle_learns(&oracle, p->number, o->number);
}

/* Ends what the place ignores. */
static void awaken(struct place *p)
{
    for (; p->ignore_all; p->ignore_all--)
        actor_ignore_end(p->actor);
    if (p->ignore_reads)
        actor_ignore_reads(p->actor, -1);
    if (p->ignore_writes)
        actor_ignore_writes(p->actor, -1);
    p->ignore_reads = p->ignore_writes = 0;
}

/* p is about to act. */
static void turn(struct run *run, const struct place *p)
{
    struct actor *host = run->places[0].actor;
    if ((!p->light && p->actor != host) || run->running == p->actor)
        return;
    if (run->running)
        actor_suspend(run->running);
    actor_resume(p->actor, host);
    run->running = p->actor;
}

static void end(struct run *run, struct place *p)
{
    turn(run, p);
    awaken(p);
    actor_ends(p->actor);
    if (p->light)
        run->running = NULL;
    p->ended = true;
    if (p->detached)
        p->actor = NULL;
}

static void collect(struct actor *a)
{
    collection_wanted = 1;
    pause_set(a, PAUSE_COLLECT);
    if (actor_enter(a))
        actor_leave(a);
    model_collections++;
}

/* Place 0 is the script's own main: it does not end before the others. */
static void play_step(struct run *run, int i)
{
    const struct step *s = &run->steps[i];
    struct place *me = &run->places[s->actor];
    bool awake = me->actor && !me->ended;
    bool ignoring = me->ignore_all || me->ignore_reads || me->ignore_writes;
    uintptr_t pc = pc_of(run, i);

    if (awake)
        turn(run, me);
    switch (s->kind) {
    case STEP_BORN: {
        struct place *p = &run->places[s->other];
        if (awake && !ignoring && !p->actor && oracle.actors < ORACLE_ACTORS)
            do_born(run, p, me, pc);
        return;
    }
    case STEP_STRANGER:
        if (!me->actor && oracle.actors < ORACLE_ACTORS)
            do_born(run, me, NULL, pc);
        return;
    case STEP_COLLECT:
        if (awake)
            collect(me->actor);
        return;
    case STEP_END:
        if (awake && s->actor != 0)
            end(run, me);
        return;
    case STEP_JOIN: {
        struct place *p = &run->places[s->other];
        if (!awake || ignoring || !p->actor || !p->ended)
            return;
        actor_joins(me->actor, p->actor);
        oracle_joins(&oracle, me->number, p->number);
        p->actor = NULL;
        return;
    }
    case STEP_DETACH: {
        struct place *p = &run->places[s->other];
        if (!awake || !p->actor || p->detached || s->other == 0)
            return;
        actor_detached(p->actor);
        p->detached = true;
        if (p->ended)
            p->actor = NULL;
        return;
    }
    case STEP_ACQUIRE:
        if (!awake || ignoring)
            return;
        sync_acquire(me->actor, key_of(run, s->other));
        oracle_acquire(&oracle, me->number, s->other);
        return;
    case STEP_RELEASE:
    case STEP_MERGE:
        if (!awake || ignoring)
            return;
        if (s->kind == STEP_MERGE)
            sync_release_merge(me->actor, key_of(run, s->other));
        else
            sync_release(me->actor, key_of(run, s->other));
        oracle_release(&oracle, me->number, s->other, s->kind == STEP_MERGE);
        return;
    case STEP_FORGET:
        if (!awake || ignoring)
            return;
        sync_forget(me->actor, key_of(run, s->other));
        oracle_forget(&oracle, s->other);
        return;
    case STEP_ACCESS:
        if (awake)
            do_access(run, i, me, s);
        return;
    case STEP_ATOMIC:
        if (awake && !ignoring)
            do_atomic(run, i, me, s);
        return;
    case STEP_FENCE:
        if (!awake || ignoring)
            return;
        atomic_fence(me->actor, s->order);
        oracle_fence(&oracle, me->number, s->order);
        return;
    case STEP_FRESH:
        if (awake && !ignoring && s->offset + s->size <= SCRIPT_RAW)
            do_fresh(run, me, s->offset, s->size);
        return;
    case STEP_ALLOC:
        if (awake && !ignoring && !run->block_alive[s->other])
            do_alloc(run, i, me, s->other);
        return;
    case STEP_FREE:
        if (awake && !ignoring && run->block_alive[s->other])
            do_free(run, i, me, s->other);
        return;
    case STEP_IGNORE:
        if (!awake)
            return;
        if (s->access == ACCESS_READ) {
            actor_ignore_reads(me->actor, me->ignore_reads ? -1 : 1);
            me->ignore_reads = !me->ignore_reads;
        } else if (s->access == ACCESS_WRITE) {
            actor_ignore_writes(me->actor, me->ignore_writes ? -1 : 1);
            me->ignore_writes = !me->ignore_writes;
        } else if (me->ignore_all == 2) {
            for (; me->ignore_all; me->ignore_all--)
                actor_ignore_end(me->actor);
        } else {
            actor_ignore_begin(me->actor);
            me->ignore_all++;
        }
        return;
    case STEP_KINDS:
        return;
    }
}

bool model_play(const struct step *steps, int n, struct script_manner manner)
{
    static struct run run;
    memset(&run, 0, sizeof run);
    run.steps = steps;
    run.manner = manner;
    run.base = arena;
    run.pc = next_pc;
    next_pc += MODEL_STEPS * 16;
    oracle_reset(&oracle);
    model_failure[0] = 0;
    for (unsigned key = 0; key < KEYS; key++)
        sync_forget(main_actor, key_of(&run, key));

    struct place *first = &run.places[0], outside = {.actor = main_actor};
    if (manner.from_main)
        *first = (struct place){.actor = main_actor, .number = oracle_born(&oracle, -1)};
    else
        do_born(&run, first, &outside, run.pc);
    run.running = first->actor;
    for (int i = 0; i < n && !model_failure[0]; i++) {
        play_step(&run, i);
        model_steps++;
    }
    /* Nobody's accesses are remembered any more, so that main can find itself alone again. */
    turn(&run, first);
    awaken(first);
    mem_fresh(main_actor, (uintptr_t)arena, MODEL_ARENA);
    if (manner.from_main)
        collect(main_actor);
    for (int p = SCRIPT_PLACES - 1; p >= 0; p--) {
        struct place *me = &run.places[p];
        if (!me->actor)
            continue;
        awaken(me);
        if (me->actor == main_actor)
            continue;
        if (!me->ended)
            end(&run, me);
        turn(&run, first);
        if (me->actor)
            actor_joins(main_actor, me->actor);
    }
    return !model_failure[0];
}

static void say(const char *line)
{
    printf("%s\n", line);
}

bool model_start(void)
{
    static const struct detector_host host = {.found = judge_found, .say = say};
    arena = mmap(NULL, MODEL_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || !detector_start(&host))
        return false;
    main_actor = actor_born(NULL, 0);
    return main_actor != NULL;
}
