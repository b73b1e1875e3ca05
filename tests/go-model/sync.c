/* Condition variables, timers, creation of goroutines, and a pool of things that are used again. */
#include "cases.h"

#include <stdlib.h>

SHARED goro_mutex m;
SHARED goro_cond cond;
SHARED bool condition;

static void tell(void)
{
    mutex_lock(&m);
    condition = true;
    goro_cond_signal(&cond);
    mutex_unlock(&m);
}

static void await_condition(void)
{
    mutex_lock(&m);
    while (!condition)
        goro_cond_wait(&cond, &m);
    mutex_unlock(&m);
}

static void write_then_tell(void)
{
    x = 1;
    tell();
}

CASE(norace_cond)
{
    go(write_then_tell);
    await_condition();
    x = 2;
}

static void write_again(void)
{
    x = 1;
    tell();
    await_step(1);
    mutex_lock(&m);
    x = 3; // RACE
    mutex_unlock(&m);
    finish();
}

CASE(race_cond)
{
    go(write_again);
    await_condition();
    step(&steps, 1);
    x = 2; // RACE
    join(1);
}

/* ---- creation ---- */

static void leaf(void)
{
    x = 1; // RACE 1,2
    finish();
}

static void two_leaves(void)
{
    await_step(1);
    for (int i = 0; i < 2; i++)
        go(leaf);
    finish();
}

static void middle(void)
{
    x = 1;
    go(two_leaves);
    x = 2; // RACE 2
    step(&steps, 1);
    finish();
}

static void root(void)
{
    x = 1;
    x = 2;
    go(middle);
    finish();
}

/* What was done before `go` is ordered, what comes after is not, however deep. */
CASE(race_announce_threads)
{
    go(root);
    join(5);
}

static void write_x(void)
{
    x = 1; // RACE
    finish();
}

static void start1(void)
{
    go(write_x);
}

static void start2(void)
{
    go(start1);
}

static void start3(void)
{
    go(start2);
}

CASE(race_goroutine_creation_stack)
{
    go(start3);
    x = 2; // RACE
    join(1);
}

/* ---- functions that a timer runs ---- */

SHARED int left = 2;

static void again(void *arg)
{
    left--;
    if (left >= 0)
        goro_after_func(0, again, arg);
    else
        finish();
}

/* What sets a timer is before what it runs. */
CASE(norace_after_func1)
{
    goro_after_func(0, again, NULL);
    join(1);
}

static void set_x(void *arg)
{
    (void)arg;
    x = 1;
}

CASE(norace_after_func2)
{
    struct goro_timer *timer = goro_after_func(10, set_x, NULL);
    goro_timer_stop(timer);
}

static void set_x_and_finish(void *arg)
{
    (void)arg;
    x = 1;
    finish();
}

CASE(norace_after_func3)
{
    goro_after_func(GORO_MILLISECOND, set_x_and_finish, NULL);
    join(1);
    use(x);
}

static void write_once(void *arg)
{
    (void)arg;
    x = 1; // RACE
    finish();
}

static void write_twice(void *arg)
{
    (void)arg;
    x = 2; // RACE
    finish();
}

CASE(race_after_func3)
{
    goro_after_func(GORO_MILLISECOND, write_once, NULL);
    goro_after_func(2 * GORO_MILLISECOND, write_twice, NULL);
    join(2);
}

/* ---- a pool: what is put back may be got by anybody ---- */

SHARED char *pool;

static char *pool_get(void)
{
    mutex_lock(&m);
    char *block = pool;
    pool = NULL;
    mutex_unlock(&m);
    return block ? block : calloc(10, 1);
}

static void pool_put(char *block)
{
    mutex_lock(&m);
    if (!pool) {
        pool = block;
        block = NULL;
    }
    mutex_unlock(&m);
    free(block);
}

static void get_and_write(void)
{
    char *block = pool_get();
    block[0] = 2; // RACE
    finish();
}

/* Written after it was put back. */
CASE(race_pool)
{
    char *block = pool_get();
    block[0] = 1;
    pool_put(block);
    go(get_and_write);
    block[0] = 3; // RACE
    join(1);
}

static void get_and_put(void)
{
    char *block = pool_get();
    block[0] = 2;
    pool_put(block);
    arrive();
}

CASE(norace_pool)
{
    for (int i = 1; i <= 10; i++) {
        char *block = pool_get();
        block[0] = 1;
        pool_put(block);
        go(get_and_put);
        await_step(i);
        block = pool_get();
        block[0] = 3;
        pool_put(block);
    }
}
