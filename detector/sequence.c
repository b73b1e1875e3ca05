/* See sequence.h. */
#include "sequence.h"

/* The object's sequences as a list, which is not empty; NULL: no memory. */
static struct head *listed(struct sync *s)
{
    struct head *h = sync_heads(s);
    if (h || !(h = arena_alloc(sizeof *h)))
        return h;
    *h = (struct head){.by = s->heads >> 1, .all = true, .released = WHO_NOBODY};
    s->heads = (uintptr_t)h;
    return h;
}

/* That of `a`, out of the list, which is not empty, or a new one; NULL: no memory. */
static struct head *take_head(struct actor *a, struct sync *s)
{
    uint32_t n = 0;
    struct head *list = sync_heads(s), **at = &list, *h;
    for (; *at && (*at)->by != a->number; at = &(*at)->next)
        n++;
    h = *at;
    if (h) {
        *at = h->next;
    } else if (n == HEADS_MAX) { /* the oldest goes */
        for (at = &list; (*at)->next; at = &(*at)->next)
            ;
        h = *at;
        *at = NULL;
        vclock_clear(&h->clock, &a->stocks->nodes);
        h->released = WHO_NOBODY;
        s->heads_lost = true;
    } else if ((h = arena_alloc(sizeof *h))) {
        h->clock.root = NULL;
        h->released = WHO_NOBODY;
    }
    if (!h)
        return NULL;
    h->by = a->number;
    h->next = list;
    h->all = false;
    s->heads = (uintptr_t)list;
    return h;
}

/* The clocks of the two that change places are not copied. */
void sequence_lead_listed(struct actor *a, struct sync *s)
{
    if (!s->heads && !s->heads_lost) {
        s->heads = sync_only(a);
        return;
    }
    struct head *first = s->heads ? listed(s) : NULL;
    if (first && first->by == a->number && first->all)
        return;
    const bool was_all = first && first->all;
    struct head *h = first ? take_head(a, s) : NULL;
    if (!h) {
        s->heads_lost = true;
        return;
    }
    if (was_all) { /* another one's, which is behind this one now */
        first->clock = s->clock;
        first->released = s->released;
        first->all = false;
        s->clock = h->clock;
        s->released = WHO_NOBODY;
    } else {
        vclock_clear(&h->clock, &a->stocks->nodes);
    }
    h->clock.root = NULL;
    h->released = WHO_NOBODY;
    h->all = true;
    s->heads = (uintptr_t)h;
}

void sequence_add(struct actor *a, struct sync *s, const struct vclock *c)
{
    if (!s->heads && !s->heads_lost)
        s->heads = sync_only(a);
    if (s->heads == sync_only(a))
        return;
    struct vclock_stock *nodes = &a->stocks->nodes;
    struct head *first = s->heads ? listed(s) : NULL;
    if (first && first->all) {
        if (first->by == a->number)
            return;
        vclock_share(&first->clock, &s->clock, nodes);
        first->released = s->released;
        first->all = false;
    }
    struct head *h = first || !s->heads ? take_head(a, s) : NULL;
    if (!h) {
        s->heads_lost = true;
        return;
    }
    s->heads = (uintptr_t)h;
    sync_settle(&h->clock, h->released, nodes);
    h->released = WHO_NOBODY;
    vclock_join(&h->clock, c, nodes);
}

void sequence_end_others(struct actor *a, struct sync *s)
{
    if (s->heads == sync_only(a))
        return;
    struct head *first = sync_heads(s), *h = first;
    while (h && h->by != a->number)
        h = h->next;
    if (!h && s->heads_lost)
        return; /* it may have headed one: an edge too many rather than a false alarm */
    if (!h || !h->all) {
        struct vclock mine = {NULL};
        if (h)
            vclock_copy(&mine, &h->clock, &a->stocks->nodes);
        s->released = h ? h->released : WHO_NOBODY;
        vclock_clear(&s->clock, &a->stocks->nodes);
        s->clock = mine;
    }
    sync_drop_heads(a, s);
    if (h)
        s->heads = sync_only(a);
}
