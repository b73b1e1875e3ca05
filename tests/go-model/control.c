/* Control flow: conditions, cases and loops. */
#include "cases.h"

#include <string.h>

#include "table.h"

/* ---- switch ---- */

CASE(norace_case)
{
    for (int i = -1; i <= 1; i++) {
        switch ((i > 0) - (i < 0)) {
        case -1:
            y = -1;
            break;
        case 0:
            y = 0;
            break;
        case 1:
            y = 1;
            break;
        }
    }
    y++;
}

static void set_x(void)
{
    x = 2; // RACE 1,2
    step(&steps, 1);
    finish();
}

/* The condition is read, ... */
CASE(race_case_condition)
{
    go(set_x);
    await_step(1);
    switch (x < 2 ? 1 : 0) { // RACE 1
    case 1:
        y = 1;
        break;
    case 0:
        x = 5; // RACE 2
    }
    join(1);
}

static void set_x_to_2(void)
{
    x = 2; // RACE
    step(&steps, 1);
    finish();
}

/* ... also if no case is taken. */
CASE(race_case_condition2)
{
    go(set_x_to_2);
    await_step(1);
    switch (x < 2 ? 1 : 0) { // RACE
    case 1:
        x = 1;
    }
    join(1);
}

GO(race_case_body)
{
    y = x; // RACE
}
MAIN(race_case_body)
{
    switch (z) {
    case 100:
        use(-x);
        break;
    default:
        x = 1; // RACE
    }
}

static void z_is_one(void)
{
    z = 1;
}

GO(norace_case_fallthrough)
{
    y = x;
}
MAIN_AFTER(norace_case_fallthrough, z_is_one)
{
    switch (z) {
    case 1:
        break;
    case 2:
        x = 2;
    }
}

GO(race_case_fallthrough)
{
    y = x; // RACE
}
MAIN_AFTER(race_case_fallthrough, z_is_one)
{
    switch (z) {
    case 1:
        __attribute__((fallthrough));
    case 2:
        x = 2; // RACE
    }
}

/* ---- loops ---- */

static chan_of(int) c;
static chan_of(bool) turns;

CASE(norace_range)
{
    int a[] = {1, 2, 3};
    c = chan_make(int, 3);
    for (int i = 0; i < 3; i++)
        chan_send(c, a[i]);
    chan_close(c);
}

/* The loop's variables are an element and its index. */
CASE(norace_range_issue5446)
{
    int a[] = {1, 2, 3}, b[] = {4}, i = 1;
    c = chan_make(int, 3);
    for (int k = 0; k < 1; k++) {
        i = k;
        a[i] = b[k];
        chan_send(c, a[i]);
    }
    chan_close(c);
}

static void copy_from(const int *loop_variable, int *to, int is_first)
{
    *to = *loop_variable; // RACE
    if (is_first)
        step(&steps, 1);
    finish();
}

/* The goroutine is given the address of the loop's variable. */
CASE(race_range)
{
    static const int a[2];
    int value;
    for (int i = 0; i < 2; i++) {
        if (i == 1)
            await_step(1);
        value = a[i]; // RACE
        go(copy_from, &value, i ? &y : &x, i == 0);
    }
    join(2);
}

GO(race_for_init)
{
    use(x); // RACE
}
MAIN(race_for_init)
{
    for (x = 42; z;) // RACE
        use(z);
}

static void increment_by_turns(void)
{
    chan_range(turns, turn) {
        use(turn);
        x++;
    }
    finish();
}

CASE(norace_for_init)
{
    int i = 0;
    turns = chan_make(bool, 0);
    go(increment_by_turns);
    for (x = 42; i < 10; i++)
        chan_send(turns, true);
    chan_close(turns);
    join(1);
}

SHARED bool stop;

static void stop_by_turn(void)
{
    chan_range(turns, turn)
        stop = turn; // RACE
    finish();
}

CASE(race_for_test)
{
    turns = chan_make(bool, 0);
    go(stop_by_turn);
    while (!stop) // RACE
        chan_send(turns, true);
    chan_close(turns);
    join(1);
}

static void increment_too(void)
{
    chan_range(turns, turn)
        x += turn; // RACE
    finish();
}

CASE(race_for_incr)
{
    turns = chan_make(bool, 0);
    go(increment_too);
    for (int i = 0; i < 10; x++) { // RACE
        i++;
        chan_send(turns, true);
    }
    chan_close(turns);
    join(1);
}

GO(norace_for_incr)
{
    x++;
}
MAIN(norace_for_incr)
{
    for (int i = 0; i < z; x++)
        i++;
}

/* ---- a crawler whose goroutines share what they have seen ---- */

SHARED struct table *seen;
static goro_waitgroup crawlers;

static void crawl(char page, int depth)
{
    table_put(seen, &page, &page); // RACE 1,2
    for (char next = 'a'; depth > 0 && next <= 'c'; next++) {
        if (!table_at(seen, &next)) { // RACE 2
            waitgroup_add(&crawlers, 1);
            go(crawl, next, depth - 1);
        }
    }
    waitgroup_done(&crawlers);
}

CASE(race_crawl)
{
    seen = table_new(1, 1);
    waitgroup_add(&crawlers, 1);
    go(crawl, 'x', 3);
    waitgroup_wait(&crawlers);
}
