/* Slices: the slice itself is a variable of three words, its elements are others. */
#include "cases.h"
#include "slice.h"

SHARED struct ints s, s2;
SHARED struct doubles d;
SHARED struct bytes bs;
SHARED int v;

static void make(void)
{
    s = ints_make(10, 10);
    s2 = ints_make(10, 10);
    d = doubles_make(10, 10);
    bs = bytes_make(10, 10);
}

/* ---- elements ---- */

GO(race_slice_rw)
{
    s.at[1] = 1; // RACE
}
MAIN_AFTER(race_slice_rw, make)
{
    use(s.at[1]); // RACE
}

GO(norace_slice_rw)
{
    s.at[0] = 1;
}
MAIN_AFTER(norace_slice_rw, make)
{
    use(s.at[1]);
}

GO(race_slice_ww)
{
    s.at[1] = 1; // RACE
}
MAIN_AFTER(race_slice_ww, make)
{
    s.at[1] = 2; // RACE
}

static void make_alias(void)
{
    make();
    s2 = s;
}

GO(race_slice_different)
{
    s.at[3] = 3; // RACE
}
MAIN_AFTER(race_slice_different, make_alias)
{
    s2.at[3] = 3; // RACE
}

/* ---- length and capacity are the slice's, not the array's ---- */

GO(norace_slice_write_len)
{
    s.at[0] = 1;
}
MAIN_AFTER(norace_slice_write_len, make)
{
    use(s.len);
}

GO(norace_slice_write_cap)
{
    s.at[5] = 123;
}
MAIN_AFTER(norace_slice_write_cap, make)
{
    use(s.cap);
}

GO(norace_slice_len_cap)
{
    use(s.len);
}
MAIN_AFTER(norace_slice_len_cap, make)
{
    use(s.cap);
}

/* ---- parts ---- */

GO(norace_slice_write_slice2)
{
    d.at[2] = 1.0;
}
MAIN_AFTER(norace_slice_write_slice2, make)
{
    use(doubles_part(d, 0, 5).at);
}

GO(norace_slice_write_slice)
{
    d.at[2] = 1.0;
}
MAIN_AFTER(norace_slice_write_slice, make)
{
    use(doubles_part(d, 5, 10).at);
}

GO(race_slice_write_slice)
{
    d.at[2] = 1.0; // RACE
}
MAIN_AFTER(race_slice_write_slice, make)
{
    d = doubles_part(d, 5, 10); // RACE
}

GO(race_slice_slice)
{
    s = ints_make(20, 20); // RACE
}
MAIN_AFTER(race_slice_slice, make)
{
    use(ints_part(s, 2, 3).at); // RACE
}

GO(race_slice_slice2)
{
    v = 3; // RACE
}
MAIN_AFTER(race_slice_slice2, make)
{
    use(ints_part(s, v, 4).at); // RACE
}

GO(race_slice3)
{
    v = 3; // RACE
}
MAIN_AFTER(race_slice3, make)
{
    struct ints part = {s.at, 1, v}; // RACE
    use(part.at);
    use(part.cap);
}

/* ---- copies ---- */

GO(race_slice_copy_read)
{
    use(s.at[5]); // RACE
}
MAIN_AFTER(race_slice_copy_read, make)
{
    ints_copy(s, s2); // RACE
}

GO(norace_slice_write_copy)
{
    s.at[5] = 1;
}
MAIN_AFTER(norace_slice_write_copy, make)
{
    ints_copy(ints_part(s, 0, 5), ints_part(s2, 0, 5));
}

GO(race_slice_copy_write2)
{
    s2.at[5] = 1; // RACE
}
MAIN_AFTER(race_slice_copy_write2, make)
{
    ints_copy(s, s2); // RACE
}

GO(race_slice_copy_write3)
{
    bs.at[7] = 1; // RACE
}
MAIN_AFTER(race_slice_copy_write3, make)
{
    memcpy(bs.at, "qwertyqwerty", bs.len); // RACE
}

GO(norace_slice_copy_read)
{
    use(s2.at[5]);
}
MAIN_AFTER(norace_slice_copy_read, make)
{
    ints_copy(s, s2);
}

/* Moved within itself, beside a copy of all of it. */
GO(race_slice4)
{
    char text[64];
    memcpy(text, bs.at, bs.len); // RACE
    use(text);
}
MAIN_AFTER(race_slice4, make)
{
    memmove(bs.at, bs.at + 2, bs.len - 2); // RACE
}

/* ---- loops over them ---- */

SHARED struct two_slices {
    struct ints a, b;
} two;

static void make_two(void)
{
    two.a = ints_make(10, 10);
    two.b = ints_make(10, 10);
}

GO(norace_struct_slices_range_write)
{
    for (size_t i = 0; i < two.a.len; i++)
        use(i);
}
MAIN_AFTER(norace_struct_slices_range_write, make_two)
{
    two.b.at[5] = 5;
}

GO(race_slice_range_write)
{
    s.at[3] = 3; // RACE
}
MAIN_AFTER(race_slice_range_write, make)
{
    for (size_t i = 0; i < s.len; i++)
        use(s.at[i]); // RACE
}

GO(norace_slice_range_write)
{
    s.at[3] = 3;
}
MAIN_AFTER(norace_slice_range_write, make)
{
    for (size_t i = 0; i < s.len; i++)
        use(i);
}

GO(race_slice_range_append)
{
    s = ints_append(s, 3); // RACE
}
MAIN_AFTER(race_slice_range_append, make)
{
    for (size_t i = 0, n = s.len; i < n; i++) // RACE
        use(i);
}

GO(norace_slice_range_append)
{
    use(ints_append(s, 3).at);
}
MAIN_AFTER(norace_slice_range_append, make)
{
    for (size_t i = 0; i < s.len; i++)
        use(i);
}

/* ---- the variable that holds the slice ---- */

GO(race_slice_var_write)
{
    s.at[3] = 3; // RACE
}
MAIN_AFTER(race_slice_var_write, make)
{
    s = ints_make(20, 20); // RACE
}

GO(race_slice_var_read)
{
    use(s.at[3]); // RACE
}
MAIN_AFTER(race_slice_var_read, make)
{
    s = ints_make(20, 20); // RACE
}

GO(race_slice_var_range)
{
    for (size_t i = 0, n = s.len; i < n; i++) // RACE
        use(i);
}
MAIN_AFTER(race_slice_var_range, make)
{
    s = ints_make(20, 20); // RACE
}

GO(race_slice_var_append)
{
    use(ints_append(s, 10).at); // RACE
}
MAIN_AFTER(race_slice_var_append, make)
{
    s = ints_make(20, 20); // RACE
}

GO(race_slice_var_copy)
{
    ints_copy(s, s2); // RACE
}
MAIN_AFTER(race_slice_var_copy, make)
{
    s = ints_make(20, 20); // RACE
}

GO(race_slice_var_copy2)
{
    ints_copy(s2, s); // RACE
}
MAIN_AFTER(race_slice_var_copy2, make)
{
    s = ints_make(20, 20); // RACE
}

/* ---- an index ---- */

GO(norace_slice_index_access)
{
    use(v);
}
MAIN_AFTER(norace_slice_index_access, make)
{
    s.at[v] = 1;
}

GO(norace_slice_index_access2)
{
    use(v);
}
MAIN_AFTER(norace_slice_index_access2, make)
{
    use(s.at[v]);
}

GO(race_slice_index_access)
{
    v = 1; // RACE
}
MAIN_AFTER(race_slice_index_access, make)
{
    s.at[v] = 1; // RACE
}

GO(race_slice_index_access2)
{
    v = 1; // RACE
}
MAIN_AFTER(race_slice_index_access2, make)
{
    use(s.at[v]); // RACE
}
