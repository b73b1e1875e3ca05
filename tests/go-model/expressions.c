/* Expressions: what they read, and what they do not. */
#include "cases.h"

#include <complex.h>

SHARED int32_t narrow, narrow2;
SHARED uint32_t u, u2, u3;
SHARED double real;
SHARED double complex both;
SHARED uint32_t letter;

/* ---- plain variables ---- */

static void copy_x_to_y(void)
{
    y = x; // RACE
    finish();
}

static void set_x(void)
{
    x = 1; // RACE
    finish();
}

/* By functions that are called nowhere else. */
CASE(race_int_rw_global_funcs)
{
    go(copy_x_to_y);
    go(set_x);
    join(2);
}

GO(race_int_rw_closures)
{
    y = x; // RACE
}
MAIN(race_int_rw_closures)
{
    x = 1; // RACE
}

static void copy_first(void)
{
    y = x;
    finish();
}

static void set_later(void)
{
    x = 1;
    finish();
}

CASE(norace_int_rw_closures)
{
    go(copy_first);
    join(1);
    go(set_later);
    join(1);
}

GO(race_int32_rw_closures)
{
    narrow2 = narrow; // RACE
}
MAIN(race_int32_rw_closures)
{
    narrow = 1; // RACE
}

GO(race_float64_ww)
{
    real = 1.0; // RACE
}
MAIN(race_float64_ww)
{
    real = 2.0; // RACE
}

GO(race_complex128_ww)
{
    both = 2 + 2 * I; // RACE
}
MAIN(race_complex128_ww)
{
    both = 4 + 4 * I; // RACE
}

GO(race_rune)
{
    letter = 'a'; // RACE
}
MAIN(race_rune)
{
    use(letter); // RACE
}

/* ---- operators ---- */

GO(race_plus)
{
    y = x + z; // RACE
}
MAIN(race_plus)
{
    y = x + z + z; // RACE
}

GO(race_plus2)
{
    x = 1; // RACE
}
MAIN(race_plus2)
{
    y = +x + z; // RACE
}

SHARED int f;

GO(norace_plus)
{
    y = x + z;
}
MAIN(norace_plus)
{
    f = z + x;
}

GO(race_complement)
{
    x = ~y; // RACE
}
MAIN(race_complement)
{
    y = ~z; // RACE
}

GO(race_div)
{
    x = y / (z + 1); // RACE
}
MAIN(race_div)
{
    y = z; // RACE
}

/* By a constant: a multiplication. */
GO(race_div_const)
{
    u = u2 / 3; // RACE
}
MAIN(race_div_const)
{
    u2 = u3; // RACE
}

GO(race_mod)
{
    x = y % (z + 1); // RACE
}
MAIN(race_mod)
{
    y = z; // RACE
}

GO(race_mod_const)
{
    x = y % 3; // RACE
}
MAIN(race_mod_const)
{
    y = z; // RACE
}

GO(race_rotate)
{
    u = u2 << 12 | u2 >> 20; // RACE
}
MAIN(race_rotate)
{
    u2 = u3; // RACE
}

/* A long chain of floating-point operations, all in registers. */
CASE(norace_enough_registers)
{
    double t = 3.1415 + x;
    double sum = 1 + t * (1 + t * (2 + t * (3 + t * (4 + t * (5 + t * (6 + t * (7 + t * 8)))))));
    real = sum;
    use(real);
}

/* ---- && and ||: the right side is read only if the left side does not decide ---- */

GO(race_and)
{
    x = 1; // RACE
}
MAIN(race_and)
{
    use(x == 1 && y == 1); // RACE
}

GO(race_and2)
{
    x = 1; // RACE
}
MAIN(race_and2)
{
    use(y == 0 && x == 1); // RACE
}

GO(norace_and)
{
    x = 1;
}
MAIN(norace_and)
{
    use(y == 1 && x == 1);
}

GO(race_or)
{
    x = 1; // RACE
}
MAIN(race_or)
{
    use(x == 1 || y == 1); // RACE
}

GO(race_or2)
{
    x = 1; // RACE
}
MAIN(race_or2)
{
    use(y == 1 || x == 1); // RACE
}

GO(norace_or)
{
    x = 1;
}
MAIN(norace_or)
{
    use(y == 0 || x == 1);
}

GO(norace_short_calc)
{
    y = 1;
}
MAIN(norace_short_calc)
{
    use(x == 0 || y == 0);
}

GO(norace_short_calc2)
{
    y = 1;
}
MAIN(norace_short_calc2)
{
    use(x == 1 && y == 0);
}

/* ---- assignments of more than one ---- */

#define SWAP(a, b) \
    do { \
        int old = (a); \
        (a) = (b); \
        (b) = old; \
    } while (0)

GO(race_block_as)
{
    x = 42; // RACE
}
MAIN(race_block_as)
{
    SWAP(x, y); // RACE
}

struct two {
    int first, second;
};
struct mixed {
    int *pointer;
    int number;
};

static __attribute__((noinline)) struct two two_numbers(void)
{
    return (struct two){42, 43};
}

static __attribute__((noinline)) struct mixed pointer_and_number(void)
{
    static int number = 42;
    return (struct mixed){&number, 43};
}

SHARED int *pointer;

/* Both results of a call are assigned: the first ... */
GO(race_block_call1)
{
    struct two result = two_numbers();
    x = result.first, y = result.second; // RACE
}
MAIN(race_block_call1)
{
    use(x); // RACE
}

/* ... and the second, */
GO(race_block_call2)
{
    struct two result = two_numbers();
    x = result.first, y = result.second; // RACE
}
MAIN(race_block_call2)
{
    use(y); // RACE
}

/* the first a pointer, the second a number, and the other way round. */
GO(race_block_call3)
{
    struct mixed result = pointer_and_number();
    pointer = result.pointer, y = result.number; // RACE
}
MAIN(race_block_call3)
{
    use(pointer); // RACE
}

GO(race_block_call4)
{
    struct mixed result = pointer_and_number();
    x = result.number, pointer = result.pointer; // RACE
}
MAIN(race_block_call4)
{
    use(pointer); // RACE
}

GO(race_block_call5)
{
    struct mixed result = pointer_and_number();
    pointer = result.pointer, y = result.number; // RACE
}
MAIN(race_block_call5)
{
    use(y); // RACE
}

GO(race_block_call6)
{
    struct mixed result = pointer_and_number();
    x = result.number, pointer = result.pointer; // RACE
}
MAIN(race_block_call6)
{
    use(x); // RACE
}
