/* Arrays: elements are variables of their own; a copy is an access of all of them. */
#include "cases.h"

#include <stdlib.h>

SHARED int a[5], b[5];

GO(norace_array_ww)
{
    a[0] = 1;
}
MAIN(norace_array_ww)
{
    a[1] = 2;
}

GO(race_array_ww)
{
    a[1] = 1; // RACE
}
MAIN(race_array_ww)
{
    a[1] = 2; // RACE
}

GO(norace_blank)
{
    use(a[0] + a[1]);
}
MAIN(norace_blank)
{
    use(a[2] + a[3]);
}

SHARED struct five {
    int v[5];
} five;

GO(race_array_copy)
{
    five.v[3] = 1; // RACE
}
MAIN(race_array_copy)
{
    five = (struct five){{1, 2, 3, 4, 5}}; // RACE
}

struct cube {
    int v[16][16][16][16];
};
SHARED struct cube cube, zero;

/* 256 KiB in one assignment, beside one element. */
GO(race_nested_array_copy)
{
    cube.v[1][0][1][15] = 1; // RACE
}
MAIN(race_nested_array_copy)
{
    cube = zero; // RACE
}

GO(race_array_init)
{
    y = 42; // RACE
}
MAIN(race_array_init)
{
    int v[] = {0, y, 42}; // RACE
    use(v[1]);
    use(v);
}

/* ---- the memory of one block used again for another ---- */

static void allocate_and_free(int many)
{
    for (int i = 0; i < many; i++) {
        char *byte = malloc(1);
        use(*byte = 42);
        free(byte);
    }
    finish();
}

CASE(norace_heap_reallocation)
{
    for (int i = 0; i < 2; i++)
        go(allocate_and_free, 1);
    join(2);
}

CASE(norace_tiny_alloc)
{
    for (int i = 0; i < 4; i++)
        go(allocate_and_free, 20000);
    join(4);
}
