/* What ends with a goroutine: its local values, and whatever has asked to be told.
 *
 * Keys are numbers that are never given back; a goroutine's values are an array that it gets with its first set. At the end
 * each value goes to its key's `destroy`, again and again while those set new values, but not for ever (as POSIX has it).
 *
 * rt_at_end: goro_exit leaves in the middle of callers that have something to finish (once, groups, pools). They link a hook,
 * which lies in their frame, around the call of foreign code; last in, first out. */
#include <errno.h>

#include "rt.h"

enum { KEYS = 128, ROUNDS = 4 };

static struct {
    uint32_t count; /* atomic */
    void (*destroy[KEYS])(void *value);
} keys;

int goro_key_create(goro_key *key, void (*destroy)(void *value))
{
    uint32_t next = __atomic_load_n(&keys.count, __ATOMIC_RELAXED);
    do {
        if (next >= KEYS)
            return -EAGAIN;
    } while (!__atomic_compare_exchange_n(&keys.count, &next, next + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    keys.destroy[next] = destroy; /* nobody uses the key before we return */
    *key = next;
    return 0;
}

int goro_key_set(goro_key key, void *value)
{
    struct rt_g *g = rt_goroutine("goro_key_set");
    if (key >= __atomic_load_n(&keys.count, __ATOMIC_RELAXED))
        return -EINVAL;
    if (!g->locals && !value)
        return 0;
    if (!g->locals && !(g->locals = rt_alloc(KEYS * sizeof *g->locals)))
        return -ENOMEM;
    g->locals[key] = value;
    return 0;
}

void *goro_key_get(goro_key key)
{
    struct rt_g *g = rt_goroutine("goro_key_get");
    return g->locals && key < KEYS ? g->locals[key] : NULL;
}

static bool destroy_values(struct rt_g *g)
{
    bool any = false;
    for (uint32_t key = 0; key < KEYS; key++) {
        void *value = g->locals[key];
        if (!value || !keys.destroy[key])
            continue;
        g->locals[key] = NULL;
        keys.destroy[key](value);
        any = true;
    }
    return any;
}

void rt_locals_free(struct rt_g *g)
{
    while (g->at_end) {
        struct rt_at_end *hook = g->at_end;
        g->at_end = hook->next;
        hook->fn(hook->arg);
    }
    if (!g->locals)
        return;
    for (int round = 0; round < ROUNDS && destroy_values(g); round++)
        ;
    rt_locals_drop(g);
}

void rt_locals_drop(struct rt_g *g)
{
    g->at_end = NULL;
    rt_free(g->locals, KEYS * sizeof *g->locals);
    g->locals = NULL;
}

void rt_at_end_push(struct rt_at_end *hook, void (*fn)(void *arg), void *arg)
{
    struct rt_g *g = rt_goroutine("goro_exit hook");
    hook->fn = fn;
    hook->arg = arg;
    hook->next = g->at_end;
    g->at_end = hook;
}

void rt_at_end_pop(struct rt_at_end *hook)
{
    rt_self()->at_end = hook->next;
}
