/* Calls: arguments are read by the caller, when and where the call is; results are written after it. */
#include "cases.h"

#include <stdlib.h>
#include <string.h>

SHARED char byte;
SHARED goro_mutex m;

static __attribute__((noinline)) void take_int(int value)
{
    __asm__ volatile("" : : "r"(value));
}

static __attribute__((noinline)) void take_two(int first, int second)
{
    __asm__ volatile("" : : "r"(first), "r"(second));
}

/* ---- arguments ---- */

GO(race_func_argument)
{
    take_int(x); // RACE
}
MAIN(race_func_argument)
{
    x = 1; // RACE
}

static void set_x(void)
{
    x = 42; // RACE
    finish();
}

static void ignore(int value)
{
    use(value);
    finish();
}

/* Of a go statement: read by the one who starts the goroutine. */
CASE(race_func_argument2)
{
    go(set_x);
    go(ignore, x); // RACE
    join(2);
}

CASE(norace_func_args_rw)
{
    go(ignore, byte);
    byte = 1;
    join(1);
}

static void read_through(const char *at)
{
    use(*at); // RACE
    finish();
}

CASE(race_func_args_rw)
{
    go(read_through, &byte);
    byte = 1; // RACE
    join(1);
}

GO(race_func_call)
{
    y = 42; // RACE
}
MAIN(race_func_call)
{
    take_two(x, y); // RACE
}

GO(race_as_func2)
{
    take_int(x); // RACE
}
MAIN(race_as_func2)
{
    x = 42; // RACE
}

static __attribute__((noinline)) void lock_after(int value)
{
    use(value);
    mutex_lock(&m);
}

static void read_then_lock(void)
{
    await_step(1);
    lock_after(x); // RACE
    mutex_unlock(&m);
    finish();
}

/* Read before the call that locks, so after a section of the other it is not ordered. */
CASE(race_as_func3)
{
    go(read_then_lock);
    mutex_lock(&m);
    x = 42; // RACE
    mutex_unlock(&m);
    step(&steps, 1);
    join(1);
}

/* ---- results ---- */

static __attribute__((noinline)) int lock_and_return(int value)
{
    mutex_lock(&m);
    return value;
}

/* Written after the call that locks, ... */
GO(norace_as_func4)
{
    x = lock_and_return(42);
    mutex_unlock(&m);
}
MAIN(norace_as_func4)
{
    mutex_lock(&m);
    x = 42;
    mutex_unlock(&m);
}

/* ... also while the other has a whole section. */
GO(norace_func_unlock)
{
    mutex_lock(&m);
    x = 42;
    mutex_unlock(&m);
}
MAIN(norace_func_unlock)
{
    x = lock_and_return(43);
    mutex_unlock(&m);
}

struct text {
    const char *at;
    size_t len;
};
SHARED struct text text = {"", 0};

static struct text make_text(int *error)
{
    *error = 0;
    return (struct text){"hello world", 11};
}

GO(race_as_func1)
{
    int error;
    text = make_text(&error); // RACE
    use(error);
}
MAIN(race_as_func1)
{
    char *copy = strndup(text.at, text.len); // RACE
    use(copy);
}

static void write_result(int *result)
{
    *result = 42; // RACE
    finish();
}

/* A result that a goroutine still has the address of. */
static __attribute__((noinline)) int *result_in_heap(void)
{
    int *result = calloc(1, sizeof *result);
    go(write_result, result);
    return result;
}

CASE(race_heap_param)
{
    use(*result_in_heap()); // RACE
    join(1);
}

static void read_result(const int *result)
{
    use(*result);
    finish();
}

static __attribute__((noinline)) int return_what_is_read(int *second)
{
    static int result;
    result = 42;
    go(read_result, &result);
    *second = 10;
    return result;
}

/* Returning a variable does not write it. */
CASE(norace_return)
{
    int second;
    use(return_what_is_read(&second));
    join(1);
}

static int calls;

static __attribute__((noinline)) chan_of(bool) make_answered(void)
{
    chan_of(bool) c = chan_make(bool, 1);
    calls++;
    chan_send(c, true);
    return c;
}

/* The call in a receive is made once. */
CASE(norace_rpc_chan)
{
    use(chan_take(make_answered()));
    if (calls != 1)
        abort();
}

/* ---- what runs when a scope is left has its argument from when the scope was entered ---- */

static void leave(int *value)
{
    use(*value);
}

GO(race_defer_arg)
{
    x = 42; // RACE
}
MAIN(race_defer_arg)
{
    int later __attribute__((cleanup(leave), unused)) = x; // RACE
}

struct deferred {
    int value;
};
SHARED struct deferred object;

static void leave_object(struct deferred *d)
{
    use(d->value);
}

GO(race_defer_arg2)
{
    object = (struct deferred){0}; // RACE
}
MAIN(race_defer_arg2)
{
    struct deferred later __attribute__((cleanup(leave_object), unused)) = object; // RACE
}

/* ---- a stack of numbers whose address another goroutine has, but does not use ---- */

struct numbers {
    int at[8];
    int count;
};

static void look_at(struct numbers *s)
{
    use(s);
    finish();
}

static void push(struct numbers *s, int value)
{
    s->at[s->count++] = value;
}

static int pop(struct numbers *s)
{
    return s->at[--s->count];
}

CASE(norace_stack_push_pop)
{
    struct numbers s = {0};
    go(look_at, &s);
    push(&s, 1);
    use(pop(&s));
    join(1);
}
