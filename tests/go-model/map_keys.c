/* Maps, as a hash table: keys and values that are passed are read and written as a whole. */
#include "cases.h"
#include "table.h"

#include <stdlib.h>

struct big {
    int x[17];
};
struct huge {
    int *x[100];
};
struct huge_value {
    int x;
    int *y[100];
};

SHARED struct table *m;
SHARED struct big *big;
SHARED struct huge huge;
SHARED struct huge_value huge_value;

static const int one = 1;

static void make_big_keys(void)
{
    big = calloc(1, sizeof *big);
    m = table_new(sizeof(struct big), sizeof(int));
}

GO(race_map_lookup_part_key)
{
    big->x[8] = 1; // RACE
}
MAIN_AFTER(race_map_lookup_part_key, make_big_keys)
{
    int value;
    table_get(m, big, &value); // RACE
    use(value);
}

GO(race_map_lookup_part_key2)
{
    big->x[8] = 1; // RACE
}
MAIN_AFTER(race_map_lookup_part_key2, make_big_keys)
{
    use(table_at(m, big)); // RACE
}

GO(race_map_delete_part_key)
{
    big->x[8] = 1; // RACE
}
MAIN_AFTER(race_map_delete_part_key, make_big_keys)
{
    table_delete(m, big); // RACE
}

GO(race_map_insert_part_key)
{
    big->x[8] = 1; // RACE
}
MAIN_AFTER(race_map_insert_part_key, make_big_keys)
{
    table_put(m, big, &one); // RACE
}

static void make_big_values(void)
{
    big = calloc(1, sizeof *big);
    m = table_new(sizeof(int), sizeof(struct big));
}

GO(race_map_insert_part_val)
{
    big->x[8] = 1; // RACE
}
MAIN_AFTER(race_map_insert_part_val, make_big_values)
{
    table_put(m, &one, big); // RACE
}

static void make_huge_keys(void)
{
    m = table_new(sizeof huge, sizeof(int));
}

GO(race_map_big_key_access1)
{
    int value;
    table_get(m, &huge, &value); // RACE
    use(value);
}
MAIN_AFTER(race_map_big_key_access1, make_huge_keys)
{
    huge.x[30] = &x; // RACE
}

GO(race_map_big_key_access2)
{
    use(table_at(m, &huge)); // RACE
}
MAIN_AFTER(race_map_big_key_access2, make_huge_keys)
{
    huge.x[30] = &x; // RACE
}

GO(race_map_big_key_insert)
{
    table_put(m, &huge, &one); // RACE
}
MAIN_AFTER(race_map_big_key_insert, make_huge_keys)
{
    huge.x[30] = &x; // RACE
}

GO(race_map_big_key_delete)
{
    table_delete(m, &huge); // RACE
}
MAIN_AFTER(race_map_big_key_delete, make_huge_keys)
{
    huge.x[30] = &x; // RACE
}

static void make_huge_values(void)
{
    m = table_new(sizeof(int), sizeof huge_value);
}

GO(race_map_big_val_insert)
{
    table_put(m, &one, &huge_value); // RACE
}
MAIN_AFTER(race_map_big_val_insert, make_huge_values)
{
    huge_value.y[30] = &x; // RACE
}

GO(race_map_big_val_access1)
{
    table_get(m, &one, &huge_value); // RACE
}
MAIN_AFTER(race_map_big_val_access1, make_huge_values)
{
    huge_value.y[30] = &x; // RACE
}

/* The key is there. */
GO(race_map_big_val_access2)
{
    use(table_get(m, &one, &huge_value)); // RACE
}
static void make_huge_value_there(void)
{
    make_huge_values();
    table_put(m, &one, NULL);
}
MAIN_AFTER(race_map_big_val_access2, make_huge_value_there)
{
    huge_value.y[30] = &x; // RACE
}
