/* Nodes of synchronisation objects. They are never anything else, nor unmapped: who looks for an object without a lock may come
 * to one that is free or another object by now, and sees it by the key; and versions of a node (turn.h) go on from one object
 * to the next. They are made by the page, and so found by collections without the chains, most of which are empty.
 *
 * Guards: `lock` for what is here; a stock is a thread's. */
#include "sync.h"

#define NODES (OS_PAGE / SYNC_LINE) /* of a page; the first one's place is the page's own */
#define STOCK_MOST 64u

union node {
    struct sync sync;
    union node *older; /* pages */
    char line[SYNC_LINE];
};

static struct oslock lock;
static union node *pages;    /* the newest */
static struct sync *returned; /* by threads that had too many */

static bool more(struct sync_stock *stock)
{
    union node *page = arena_alloc(OS_PAGE);
    if (!page)
        return false;
    for (size_t i = 1; i < NODES; i++) {
        page[i].sync = (struct sync){.key = SYNC_FREE, .next = stock->first};
        stock->first = &page[i].sync;
    }
    stock->n += NODES - 1;
    os_lock(&lock);
    page->older = pages;
    pages = page;
    os_unlock(&lock);
    return true;
}

static void give_back(struct sync *s)
{
    os_lock(&lock);
    __atomic_store_n(&s->next, returned, __ATOMIC_RELEASE);
    returned = s;
    os_unlock(&lock);
}

/* Some of what others have given back. */
static void take_returned(struct sync_stock *stock)
{
    if (!__atomic_load_n(&returned, __ATOMIC_RELAXED))
        return;
    os_lock(&lock);
    for (struct sync *s; (s = returned) && stock->n < STOCK_MOST / 2; stock->n++) {
        returned = s->next;
        __atomic_store_n(&s->next, stock->first, __ATOMIC_RELEASE);
        stock->first = s;
    }
    os_unlock(&lock);
}

struct sync *sync_node_new(struct sync_stock *stock)
{
    if (!stock->first)
        take_returned(stock);
    if (!stock->first && !more(stock))
        return NULL;
    struct sync *s = stock->first;
    stock->first = s->next;
    stock->n--;
    turn_take(&s->turn);
    return s;
}

void sync_node_end(struct sync_stock *stock, struct sync *s)
{
    __atomic_store_n(&s->key, SYNC_FREE, __ATOMIC_RELEASE);
    turn_give(&s->turn, true);
    if (stock->n >= STOCK_MOST) {
        give_back(s);
        return;
    }
    __atomic_store_n(&s->next, stock->first, __ATOMIC_RELEASE);
    stock->first = s;
    stock->n++;
}

void sync_stock_drain(struct sync_stock *stock)
{
    for (struct sync *s; (s = stock->first);) {
        stock->first = s->next;
        give_back(s);
    }
    stock->n = 0;
}

void sync_each(void (*visit)(const struct sync *s, void *ctx), void *ctx)
{
    for (const union node *page = pages; page; page = page->older)
        for (size_t i = 1; i < NODES; i++)
            if (page[i].sync.key != SYNC_FREE)
                visit(&page[i].sync, ctx);
}
