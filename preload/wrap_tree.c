/* <search.h>. A tree's nodes are libc's own; its root, a variable of the program, stands for the whole of it. Whoever looks for a key with
 * tsearch or tdelete changes colours on the way, whether it finds it or not. twalk is given the root's node instead: behind the key, which
 * the program reads, lie its links.
 *
 * hcreate's table is libc's own, too, and one for all: `hsearch_table` stands for it, so that threads that use it at once are reported as the
 * race that they are. */
#include "touch.h"

static char hsearch_table;

struct node {
    const void *key;
    uintptr_t links;
};

typedef int compares(const void *, const void *);

static void changing(struct actor *me, void **root, uintptr_t pc)
{
    if (!root)
        return;
    mem_write(me, root, sizeof *root, pc);
    const struct node *top = *root;
    if (top)
        mem_write(me, &top->links, sizeof top->links, pc);
}

INTERPOSE(void *, tsearch, (const void *key, void **root, compares *compare))
{
    struct actor *me = current();
    if (me)
        changing(me, root, CALLER);
    return REAL(tsearch)(key, root, compare);
}

INTERPOSE(void *, tfind, (const void *key, void *const *root, compares *compare))
{
    struct actor *me = current();
    if (me)
        read_if(me, root, root ? sizeof *root : 0, CALLER);
    return REAL(tfind)(key, root, compare);
}

INTERPOSE(void *, tdelete, (const void *restrict key, void **restrict root, compares *compare))
{
    struct actor *me = current();
    if (me)
        changing(me, root, CALLER);
    return REAL(tdelete)(key, root, compare);
}

static void walking(struct actor *me, const struct node *root, uintptr_t pc)
{
    if (me && root)
        mem_read(me, &root->links, sizeof root->links, pc);
}

INTERPOSE(void, twalk, (const void *root, void (*visit)(const void *, VISIT, int)))
{
    walking(current(), root, CALLER);
    REAL(twalk)(root, visit);
}

INTERPOSE(void, twalk_r, (const void *root, void (*visit)(const void *, VISIT, void *), void *argument))
{
    walking(current(), root, CALLER);
    if (REAL(twalk_r))
        REAL(twalk_r)(root, visit, argument);
}

/* Up to what was found, or all. */
static void read_table(struct actor *me, const void *table, const size_t *n, size_t count, size_t size, const void *found,
                       uintptr_t pc)
{
    const size_t all = count * size;
    mem_read(me, n, sizeof *n, pc);
    read_if(me, table, found ? (size_t)((const char *)found - (const char *)table) + size : all, pc);
}

INTERPOSE(void *, lfind, (const void *key, const void *table, size_t *n, size_t size, compares *compare))
{
    struct actor *me = current();
    void *found = REAL(lfind)(key, table, n, size, compare);
    if (me)
        read_table(me, table, n, *n, size, found, CALLER);
    return found;
}

INTERPOSE(void *, lsearch, (const void *key, void *table, size_t *n, size_t size, compares *compare))
{
    struct actor *me = current();
    const size_t before = *n;
    void *found = REAL(lsearch)(key, table, n, size, compare);
    if (!me)
        return found;
    if (*n == before) {
        read_table(me, table, n, before, size, found, CALLER);
    } else {
        read_table(me, table, n, before, size, NULL, CALLER);
        mem_write(me, n, sizeof *n, CALLER);
        write_if(me, found, size, CALLER);
        read_if(me, key, size, CALLER);
    }
    return found;
}

INTERPOSE(int, hsearch_r, (ENTRY item, ACTION action, ENTRY **found, struct hsearch_data *table))
{
    struct actor *me = current();
    int result = REAL(hsearch_r)(item, action, found, table);
    if (me) {
        if (action == ENTER)
            mem_write(me, table, sizeof *table, CALLER);
        else
            mem_read(me, table, sizeof *table, CALLER);
        mem_write(me, found, sizeof *found, CALLER);
    }
    return result;
}

INTERPOSE(int, hcreate_r, (size_t n, struct hsearch_data *table))
{
    struct actor *me = current();
    if (me)
        write_if(me, table, sizeof *table, CALLER);
    return REAL(hcreate_r)(n, table);
}

INTERPOSE(void, hdestroy_r, (struct hsearch_data * table))
{
    struct actor *me = current();
    if (me)
        write_if(me, table, sizeof *table, CALLER);
    REAL(hdestroy_r)(table);
}

INTERPOSE(ENTRY *, hsearch, (ENTRY item, ACTION action))
{
    struct actor *me = current();
    if (me && action == ENTER)
        mem_write(me, &hsearch_table, sizeof hsearch_table, CALLER);
    else if (me)
        mem_read(me, &hsearch_table, sizeof hsearch_table, CALLER);
    return REAL(hsearch)(item, action);
}

INTERPOSE(int, hcreate, (size_t n))
{
    struct actor *me = current();
    if (me)
        mem_write(me, &hsearch_table, sizeof hsearch_table, CALLER);
    return REAL(hcreate)(n);
}

INTERPOSE(void, hdestroy, (void))
{
    struct actor *me = current();
    if (me)
        mem_write(me, &hsearch_table, sizeof hsearch_table, CALLER);
    REAL(hdestroy)();
}

struct link {
    struct link *next, *before;
};

INTERPOSE(void, insque, (void *element, void *before))
{
    struct actor *me = current();
    struct link *new = element, *first = before;
    if (me) {
        mem_write(me, new, sizeof *new, CALLER);
        if (first) {
            mem_write(me, &first->next, sizeof first->next, CALLER);
            if (first->next)
                mem_write(me, &first->next->before, sizeof first->next->before, CALLER);
        }
    }
    REAL(insque)(element, before);
}

INTERPOSE(void, remque, (void *element))
{
    struct actor *me = current();
    const struct link *old = element;
    if (me) {
        mem_read(me, old, sizeof *old, CALLER);
        if (old->next)
            mem_write(me, &old->next->before, sizeof old->next->before, CALLER);
        if (old->before)
            mem_write(me, &old->before->next, sizeof old->before->next, CALLER);
    }
    REAL(remque)(element);
}
