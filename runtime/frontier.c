/* See frontier.h. Systematic search with few interruptions first (Musuvathi, Qadeer, "Iterative Context Bounding for
 * Systematic Testing of Multithreaded Programs", PLDI 2007), only where an object is met that others use. It does not
 * try anything twice, and small programs are soon searched through; large ones never are. */
#include "frontier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_room(struct rt_frontier *f, unsigned cost)
{
    if (cost >= RT_COSTS || f->count[cost] == RT_FRONTIER)
        return false;
    if (!f->at[cost] && !(f->at[cost] = malloc(RT_FRONTIER * sizeof *f->at[cost])))
        abort();
    return true;
}

/* One who holds a lock and is about to lock, send or wait for something costs 1; another write that is held up 2; a
 * read, which may see an older value for it, 3; another order of those that can go on when one waits, 2. Twice in a row
 * the same object is likelier to be a conflict than two of them. */
static unsigned price(const struct rt_record_point *p, const struct rt_candidate *parent)
{
    unsigned price = p->kind == RT_POINT_HOLDS ? 1 : p->kind == RT_POINT_READ ? 3 : 2;
    return price - (parent->list[0] && p->object && p->object == parent->object);
}

static bool is_mine(const struct rt_frontier *f, const char *list)
{
    return f->shares == 0 || rt_hash_text(list) % f->shares == f->share;
}

void rt_frontier_add(struct rt_frontier *f, const struct rt_record *r, const struct rt_candidate *parent, unsigned cost)
{
    char from[400], to[400];
    if (rt_list_is_directed(parent->list))
        return;
    for (uint32_t i = 0; i < r->point_count; i++) {
        const struct rt_record_point *p = &r->points[i];
        if (parent->list[0] && p->step <= parent->step)
            continue;
        for (uint32_t j = 0; j < p->other_count; j++) {
            struct rt_candidate c = {.step = p->step, .object = p->object};
            unsigned all = cost + price(p, parent) + (j > 0);
            if (!has_room(f, all))
                continue;
            rt_path_print(r, p->from, from, sizeof from);
            rt_path_print(r, p->others[j], to, sizeof to);
            if (asprintf(&c.list, "%s%s%s@%u-%s", parent->list, parent->list[0] ? "," : "", from, p->at, to) < 0)
                abort();
            if (is_mine(f, c.list))
                f->at[all][f->count[all]++] = c;
            else
                free(c.list);
        }
    }
}

static void suspect(void *host, enum rt_suspicion how, const char *strategy)
{
    struct rt_frontier *f = host;
    struct rt_suspects *s = &f->suspects[how];
    if (s->count == RT_SUSPECTS || !rt_seen_add(&f->suspected, rt_hash_text(strategy)) || !is_mine(f, strategy))
        return;
    s->lists[s->count] = strdup(strategy);
    if (!s->lists[s->count++])
        abort();
}

/* Of what each goroutine did, whatever the others did meanwhile. */
static uint64_t program_of(const struct rt_record *r)
{
    static uint64_t did[RT_RECORD_TASKS];
    uint64_t program = 0;
    for (uint32_t i = 0; i < r->operation_count; i++)
        did[r->operations[i].task % RT_RECORD_TASKS] = 0;
    for (uint32_t i = 0; i < r->operation_count; i++) {
        const struct rt_record_operation *o = &r->operations[i];
        uint64_t *mine = &did[o->task % RT_RECORD_TASKS], before = *mine;
        *mine = rt_hash_mix(before ^ ((uint64_t)o->object << 32 | o->op << 24 | o->task));
        program += rt_hash_mix(*mine) - (before ? rt_hash_mix(before) : 0);
    }
    return program;
}

void rt_frontier_suspect(struct rt_frontier *f, const struct rt_record *r)
{
    if (f->most_programs > 0 && f->programs.used >= f->most_programs)
        return;
    if (rt_seen_add(&f->programs, program_of(r)))
        rt_predict(r, suspect, f);
}

static char *take_suspect(struct rt_frontier *f, unsigned first, unsigned last)
{
    for (unsigned how = first; how <= last; how++) {
        struct rt_suspects *s = &f->suspects[how];
        if (s->taken < s->count)
            return s->lists[s->taken++];
    }
    return NULL;
}

static struct rt_candidate take_cheapest(struct rt_frontier *f, uint64_t number, unsigned *cost)
{
    for (unsigned i = 0; i < RT_COSTS; i++) {
        if (f->count[i] == 0)
            continue;
        uint32_t chosen = (uint32_t)(rt_hash_mix(rt_hash_mix(number + 1)) % f->count[i]);
        struct rt_candidate c = f->at[i][chosen];
        f->at[i][chosen] = f->at[i][--f->count[i]];
        *cost = i;
        return c;
    }
    return (struct rt_candidate){0};
}

/* Cycles of locks at once; of four schedules two are systematic, one is the mixture's, and one directed at another
 * suspicion. */
struct rt_candidate rt_frontier_take(struct rt_frontier *f, uint64_t number, unsigned *cost)
{
    struct rt_candidate c = {.list = take_suspect(f, RT_SUSPECT_LOCKS, RT_SUSPECT_LOCKS)};
    if (!c.list && number % 4 == 1)
        c.list = take_suspect(f, RT_SUSPECT_WAITS, RT_SUSPECT_ONE);
    if (!c.list && number % 2 == 0)
        c = take_cheapest(f, number, cost);
    return c;
}

void rt_frontier_free(struct rt_frontier *f)
{
    for (unsigned i = 0; i < RT_COSTS; i++) {
        while (f->count[i] > 0)
            free(f->at[i][--f->count[i]].list);
        free(f->at[i]);
        f->at[i] = NULL;
    }
    for (unsigned how = 0; how < RT_SUSPICIONS; how++)
        for (struct rt_suspects *s = &f->suspects[how]; s->taken < s->count; s->taken++)
            free(s->lists[s->taken]);
    rt_seen_free(&f->suspected);
    rt_seen_free(&f->programs);
}
