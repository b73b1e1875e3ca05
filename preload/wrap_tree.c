/* <search.h>. A tree's nodes are libc's own; its root, a variable of the program, stands for the whole of it. Whoever looks for a key with
 * tsearch or tdelete changes colours on the way, whether it finds it or not. */
#include "touch.h"

typedef int compares(const void *, const void *);

INTERPOSE(void *, tsearch, (const void *key, void **root, compares *compare))
{
    struct actor *me = current();
    if (me)
        write_if(me, root, root ? sizeof *root : 0, CALLER);
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
        write_if(me, root, root ? sizeof *root : 0, CALLER);
    return REAL(tdelete)(key, root, compare);
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
