/* <search.h>. */
#include "engage.h"

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void *root;
static int one = 1, two = 2;

CASE(tsearch)
{
    void *node = CALL(tsearch)(&one, &root, compare);
    CHECK(node && *(int **)node == &one);
    WRITES(&root, sizeof root);
}

CASE(tfind)
{
    tsearch(&one, &root, compare);
    from_here();
    CHECK(CALL(tfind)(&one, &root, compare) != NULL && CALL(tfind)(&two, &root, compare) == NULL);
    READS(&root, sizeof root);
}

CASE(tdelete)
{
    tsearch(&one, &root, compare);
    from_here();
    CHECK(CALL(tdelete)(&one, &root, compare) != NULL && root == NULL);
    WRITES(&root, sizeof root);
}

static int table[4] = {1, 2, 3};

CASE(lfind)
{
    size_t n = 3;
    CHECK(CALL(lfind)(&two, table, &n, sizeof table[0], compare) == &table[1]);
    READS(table, 2 * sizeof table[0]);
    READS(&n, sizeof n);
    int none = 7;
    CHECK(CALL(lfind)(&none, table, &n, sizeof table[0], compare) == NULL);
    READS(table, 3 * sizeof table[0]);
}

CASE(lsearch)
{
    size_t n = 3;
    CHECK(CALL(lsearch)(&two, table, &n, sizeof table[0], compare) == &table[1]);
    READS(table, 2 * sizeof table[0]);
    static int four = 4;
    CHECK(CALL(lsearch)(&four, table, &n, sizeof table[0], compare) == &table[3] && n == 4 && table[3] == 4);
    READS(table, 3 * sizeof table[0]);
    READS(&four, sizeof four);
    WRITES(&n, sizeof n);
    WRITES(&table[3], sizeof table[3]);
}

CASE(hsearch_r)
{
    static char name[] = "name";
    static struct hsearch_data names;
    ENTRY *found = NULL;
    CHECK(hcreate_r(8, &names) != 0 && CALL(hsearch_r)((ENTRY){name, &one}, ENTER, &found, &names) != 0 && found != NULL);
    WRITES(&names, sizeof names);
    WRITES(&found, sizeof found);
    from_here();
    CHECK(CALL(hsearch_r)((ENTRY){.key = name}, FIND, &found, &names) != 0 && found->data == &one);
    READS(&names, sizeof names);
    hdestroy_r(&names);
}

struct chain {
    struct chain *next, *before;
};

CASE(insque)
{
    struct chain a = {NULL, NULL}, b = {NULL, NULL}, c = {NULL, NULL};
    CALL(insque)(&a, NULL);
    CALL(insque)(&c, &a);
    CALL(insque)(&b, &a);
    CHECK(a.next == &b && b.next == &c && c.before == &b && b.before == &a);
    WRITES(&b, sizeof b);
    WRITES(&a.next, sizeof a.next);
    WRITES(&c.before, sizeof c.before);
}

CASE(remque)
{
    struct chain a = {NULL, NULL}, b = {NULL, NULL}, c = {NULL, NULL};
    a.next = &b, b.before = &a, b.next = &c, c.before = &b;
    CALL(remque)(&b);
    CHECK(a.next == &c && c.before == &a);
    READS(&b, sizeof b);
    WRITES(&a.next, sizeof a.next);
    WRITES(&c.before, sizeof c.before);
}

static void visit(const void *node, VISIT when, int depth)
{
    CHECK(when == leaf && depth == 0 && **(int *const *)node == 1);
}

static void visit_with(const void *node, VISIT when, void *argument)
{
    CHECK(when == leaf && argument == &two && **(int *const *)node == 1);
}

CASE(twalk)
{
    tsearch(&one, &root, compare);
    from_here();
    CALL(twalk)(root, visit);
    READS((char *)root + sizeof(void *), sizeof(void *));
    tsearch(&two, &root, compare);
    WRITES((char *)root + sizeof(void *), sizeof(void *));
}

CASE(twalk_r)
{
    tsearch(&one, &root, compare);
    from_here();
    CALL(twalk_r)(root, visit_with, &two);
    READS((char *)root + sizeof(void *), sizeof(void *));
}

static char name[] = "name";

CASE(hcreate_r)
{
    static struct hsearch_data names;
    CHECK(CALL(hcreate_r)(8, &names) != 0);
    WRITES(&names, sizeof names);
}

CASE(hdestroy_r)
{
    static struct hsearch_data names;
    CHECK(hcreate_r(8, &names) != 0);
    from_here();
    CALL(hdestroy_r)(&names);
    WRITES(&names, sizeof names);
}

/* The table is libc's own: what is told of it is seen where two threads use it (cases_libc.c). */
CASE(hcreate)
{
    CHECK(CALL(hcreate)(8) != 0);
    CHECK(hcreate(8) == 0);
}

CASE(hdestroy)
{
    CHECK(hcreate(8) != 0);
    CALL(hdestroy)();
    CHECK(hcreate(8) != 0);
}

CASE(hsearch)
{
    CHECK(hcreate(8) != 0);
    CHECK(CALL(hsearch)((ENTRY){name, &one}, ENTER) != NULL);
    ENTRY *found = CALL(hsearch)((ENTRY){.key = name}, FIND);
    CHECK(found && found->data == &one);
}
