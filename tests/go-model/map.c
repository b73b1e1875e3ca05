/* Maps, as a hash table: the map is one variable, and so is what holds it. */
#include "cases.h"
#include "table.h"

#include <stdlib.h>

SHARED struct table *m;

static const int one = 1, two = 2;

static void make(void)
{
    m = table_new(sizeof(int), sizeof(int));
}

static void get(int key)
{
    int value;
    use(table_get(m, &key, &value));
    use(value);
}

/* ---- the map ---- */

GO(race_map_rw)
{
    int value;
    table_get(m, &one, &value); // RACE
    use(value);
}
MAIN_AFTER(race_map_rw, make)
{
    table_put(m, &one, &one); // RACE
}

GO(race_map_rw2)
{
    int value;
    use(table_get(m, &one, &value)); // RACE
}
MAIN_AFTER(race_map_rw2, make)
{
    table_put(m, &one, &one); // RACE
}

static void make_arrays(void)
{
    m = table_new(sizeof(int), sizeof(int[2]));
}

/* Another key. */
GO(race_map_rw_array)
{
    int value[2];
    table_get(m, &one, value); // RACE
    use(value[1]);
}
MAIN_AFTER(race_map_rw_array, make_arrays)
{
    int value[2] = {1, 2};
    table_put(m, &two, value); // RACE
}

GO(norace_map_rr)
{
    get(1);
}
MAIN_AFTER(norace_map_rr, make)
{
    get(1);
}

GO(race_map_range)
{
    for (size_t i = 0; table_next(m, &i);) // RACE
        use(i);
}
MAIN_AFTER(race_map_range, make)
{
    table_put(m, &one, &one); // RACE
}

GO(race_map_range2)
{
    size_t i = 0;
    for (int *value; (value = table_next(m, &i));) // RACE
        use(value);
}
static void make_with_zero(void)
{
    make();
    table_put(m, &(int){0}, &one);
}
MAIN_AFTER(race_map_range2, make_with_zero)
{
    table_put(m, &one, &one); // RACE
}

static void walk(void)
{
    size_t i = 0;
    for (int *value; (value = table_next(m, &i));)
        use(*value);
}

GO(norace_map_range_range)
{
    walk();
}
MAIN_AFTER(norace_map_range_range, make_with_zero)
{
    walk();
}

GO(race_map_len)
{
    use(table_len(m)); // RACE
}
MAIN_AFTER(race_map_len, make)
{
    table_put(m, &one, &one); // RACE
}

GO(race_map_delete)
{
    table_delete(m, &one); // RACE
}
MAIN_AFTER(race_map_delete, make)
{
    table_put(m, &one, &one); // RACE
}

/* Although there is nothing to delete. */
GO(race_map_len_delete)
{
    table_delete(m, &two); // RACE
}
MAIN_AFTER(race_map_len_delete, make)
{
    use(table_len(m)); // RACE
}

/* ---- the variable that holds the map ---- */

GO(race_map_variable)
{
    m = table_new(4, 4); // RACE
}
MAIN_AFTER(race_map_variable, make)
{
    m = table_new(4, 4); // RACE
}

GO(race_map_variable2)
{
    table_put(m, &one, &one); // RACE
}
MAIN_AFTER(race_map_variable2, make)
{
    m = table_new(4, 4); // RACE
}

GO(race_map_variable3)
{
    int value;
    table_get(m, &one, &value); // RACE
    use(value);
}
MAIN_AFTER(race_map_variable3, make)
{
    m = table_new(4, 4); // RACE
}

/* ---- maps of maps and of arrays ---- */

static int *inner_at(int key)
{
    return *(int **)table_at(m, &key);
}

static void make_inner(void)
{
    int *inner = calloc(4, sizeof *inner);
    m = table_new(sizeof(int), sizeof inner);
    table_put(m, &one, &inner);
}

static int two_results(int *second)
{
    *second = 0;
    return 42;
}

GO(race_map_assign_multiple_return)
{
    int error;
    inner_at(1)[0] = two_results(&error); // RACE
    use(error);
}
MAIN_AFTER(race_map_assign_multiple_return, make_inner)
{
    use(inner_at(1)[0]); // RACE
}

static struct table *map_at(int key)
{
    return *(struct table **)table_at(m, &key);
}

static void make_map_of_maps(void)
{
    struct table *inner = table_new(sizeof(int), sizeof(int));
    m = table_new(sizeof(int), sizeof inner);
    table_put(m, &one, &inner);
    table_put(inner, &one, &one);
}

GO(race_unaddressable_map_len)
{
    use(table_len(map_at(1))); // RACE
}
MAIN_AFTER(race_unaddressable_map_len, make_map_of_maps)
{
    table_put(map_at(1), &two, &one); // RACE
}

GO(race_case_issue6418)
{
    table_put(map_at(1), &two, &one); // RACE
}
MAIN_AFTER(race_case_issue6418, make_map_of_maps)
{
    switch (*(int *)table_at(map_at(1), &one)) { // RACE
    case 1:
        break;
    }
}

struct interface {
    int type;
    void *value;
};

static void make_map_of_interfaces(void)
{
    struct table *inner = table_new(sizeof(int), sizeof(struct interface));
    m = table_new(sizeof(int), sizeof inner);
    table_put(m, &one, &inner);
}

/* Which type an element has, beside the insertion of the element. */
GO(race_case_type_issue5890)
{
    struct interface i;
    table_get(map_at(1), &one, &i); // RACE
    if (i.type == 1)
        *(int *)i.value = x;
}
MAIN_AFTER(race_case_type_issue5890, make_map_of_interfaces)
{
    table_put(map_at(1), &one, &(struct interface){2, &y}); // RACE
}

/* ---- a variable as key or value of a new map ---- */

GO(race_map_init)
{
    y = 42; // RACE
}
MAIN(race_map_init)
{
    int key = y; // RACE
    make();
    table_put(m, &key, &one);
}

GO(race_map_init2)
{
    y = 42; // RACE
}
MAIN_AFTER(race_map_init2, make)
{
    table_put(m, &one, &y); // RACE
}
