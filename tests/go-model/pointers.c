/* Slices of pointers, pointers to variables, to functions and to text. */
#include "cases.h"
#include "slice.h"

SHARED struct refs r, r2;

static void make(void)
{
    r = refs_make(10, 10);
    r2 = refs_make(10, 10);
}

static void make_with_room(void)
{
    r = refs_make(10, 20);
}

GO(race_pointer_slice_copy_read)
{
    use(r.at[5]); // RACE
}
MAIN_AFTER(race_pointer_slice_copy_read, make)
{
    refs_copy(r, r2); // RACE
}

GO(norace_pointer_slice_write_copy)
{
    r.at[5] = &x;
}
MAIN_AFTER(norace_pointer_slice_write_copy, make)
{
    refs_copy(refs_part(r, 0, 5), refs_part(r2, 0, 5));
}

GO(race_pointer_slice_copy_write2)
{
    r2.at[5] = &x; // RACE
}
MAIN_AFTER(race_pointer_slice_copy_write2, make)
{
    refs_copy(r, r2); // RACE
}

GO(norace_pointer_slice_copy_read)
{
    use(r2.at[5]);
}
MAIN_AFTER(norace_pointer_slice_copy_read, make)
{
    refs_copy(r, r2);
}

GO(race_pointer_slice_append)
{
    use(refs_append(r, &x).at); // RACE
}
MAIN_AFTER(race_pointer_slice_append, make_with_room)
{
    use(refs_append(r, &y).at); // RACE
}

GO(race_pointer_slice_append_write)
{
    use(refs_append(r, &x).at); // RACE
}
MAIN_AFTER(race_pointer_slice_append_write, make)
{
    r.at[0] = &y; // RACE
}

GO(race_pointer_slice_append_slice)
{
    struct refs more = refs_make(10, 10);
    use(refs_append_all(r, more.at, more.len).at); // RACE
}
MAIN_AFTER(race_pointer_slice_append_slice, make)
{
    r.at[0] = &y; // RACE
}

GO(race_pointer_slice_append_slice2)
{
    use(refs_append_all(r, r2.at, r2.len).at); // RACE
}
MAIN_AFTER(race_pointer_slice_append_slice2, make)
{
    r2.at[5] = NULL; // RACE
}

/* ---- what a pointer points to, and the pointer ---- */

SHARED int *p = &x;

GO(race_intptr_rw)
{
    *p = 5; // RACE
}
MAIN(race_intptr_rw)
{
    y = *p; // RACE
}

GO(race_indirection)
{
    *p = 1; // RACE
}
MAIN(race_indirection)
{
    *p = 2; // RACE
}

SHARED void *untyped = &x;

GO(race_unsafe_ptr_rw)
{
    untyped = &z; // RACE
}
MAIN(race_unsafe_ptr_rw)
{
    y = *(int *)untyped; // RACE
}

static int square(int value)
{
    return value * value;
}

static int same(int value)
{
    return value;
}

SHARED int (*function)(int) = square;

GO(race_func_variable_rw)
{
    function = same; // RACE
}
MAIN(race_func_variable_rw)
{
    y = function(1); // RACE
}

GO(race_func_variable_ww)
{
    function = same; // RACE
}
MAIN(race_func_variable_ww)
{
    function = square; // RACE
}

GO(race_func_itself)
{
    use(function(2)); // RACE
}
MAIN(race_func_itself)
{
    function = same; // RACE
}

/* A local variable whose address went to another goroutine is not its own any more. */
static chan_of(int *) addresses;

static void lend_local(void)
{
    int local;
    chan_send(addresses, &local);
    local = 1; // RACE
    local = *chan_take(addresses);
    use(local);
    finish();
}

static void write_borrowed(void)
{
    int *borrowed = chan_take(addresses);
    *borrowed = 2; // RACE
    chan_send(addresses, borrowed);
    finish();
}

CASE(race_tls)
{
    addresses = chan_make(int *, 0);
    go(lend_local);
    go(write_borrowed);
    join(2);
}
