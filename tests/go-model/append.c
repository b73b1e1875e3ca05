/* Slices: what an append reads and writes. */
#include "cases.h"
#include "slice.h"

SHARED struct ints a, a2;
SHARED struct bytes text;
SHARED struct pairs ps;

static void make(void)
{
    a = ints_make(10, 10);
    a2 = ints_make(10, 10);
    text = bytes_make(10, 10);
    ps = pairs_make(10, 10);
}

static void make_with_room(void)
{
    a = ints_make(10, 20);
}

static void make_empty(void)
{
    a = ints_make(0, 0);
}

/* Both write the first element behind the end. */
GO(race_slice_append)
{
    use(ints_append(a, 1).at); // RACE
}
MAIN_AFTER(race_slice_append, make_with_room)
{
    use(ints_append(a, 2).at); // RACE
}

/* Without room the array is read. */
GO(race_slice_append_write)
{
    use(ints_append(a, 1).at); // RACE
}
MAIN_AFTER(race_slice_append_write, make)
{
    a.at[0] = 42; // RACE
}

GO(race_append_rw)
{
    use(ints_append(a, 1).at); // RACE
}
MAIN_AFTER(race_append_rw, make)
{
    a.at[0] = 1; // RACE
}

GO(race_slice_append_slice)
{
    struct ints more = ints_make(10, 10);
    use(ints_append_all(a, more.at, more.len).at); // RACE
}
MAIN_AFTER(race_slice_append_slice, make)
{
    a.at[0] = 42; // RACE
}

GO(race_slice_append_slice2)
{
    use(ints_append_all(a, a2.at, a2.len).at); // RACE
}
MAIN_AFTER(race_slice_append_slice2, make)
{
    a2.at[5] = 42; // RACE
}

GO(race_slice_append_string)
{
    use(bytes_append_all(text, "qwerty", 6).at); // RACE
}
MAIN_AFTER(race_slice_append_string, make)
{
    text.at[0] = 42; // RACE
}

/* The slice is assigned, its length or capacity read. */
GO(race_append_len_rw)
{
    a = ints_append(a, 1); // RACE
}
MAIN_AFTER(race_append_len_rw, make_empty)
{
    use(a.len); // RACE
}

GO(race_append_cap_rw)
{
    a = ints_append(a, 1); // RACE
}
MAIN_AFTER(race_append_cap_rw, make_empty)
{
    use(a.cap); // RACE
}

/* ---- structs as elements ---- */

GO(race_slice_struct)
{
    struct pairs copy = pairs_make(10, 10);
    pairs_copy(copy, ps); // RACE
    use(copy.at);
}
MAIN_AFTER(race_slice_struct, make)
{
    ps.at[1].y = 42; // RACE
}

GO(race_append_slice_struct)
{
    struct pairs all = pairs_make(0, 10);
    all = pairs_append_all(all, ps.at, ps.len); // RACE
    use(all.at);
}
MAIN_AFTER(race_append_slice_struct, make)
{
    ps.at[1].y = 42; // RACE
}
