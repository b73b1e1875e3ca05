/* Wait groups: every done is before a wait that returns because of it. */
#include "cases.h"

SHARED goro_waitgroup wg;

static void write_and_done(int value)
{
    x = value;
    waitgroup_done(&wg);
}

CASE(norace_wait_group)
{
    waitgroup_add(&wg, 1);
    go(write_and_done, 0);
    waitgroup_wait(&wg);
}

CASE(norace_wait_group2)
{
    waitgroup_add(&wg, 1);
    go(write_and_done, 1);
    waitgroup_wait(&wg);
    x = 2;
}

static void write_as_well(int value)
{
    x = value; // RACE
    waitgroup_done(&wg);
}

CASE(race_wait_group)
{
    for (int i = 0; i < 2; i++) {
        waitgroup_add(&wg, 1);
        go(write_as_well, i);
    }
    waitgroup_wait(&wg);
}

static void write_one(void)
{
    x = 1; // RACE
    waitgroup_done(&wg);
}

static void write_two(void)
{
    x = 2; // RACE
    waitgroup_done(&wg);
}

/* The group is used as it should be, and says nothing about the two. */
CASE(race_wait_group2)
{
    waitgroup_add(&wg, 2);
    go(write_one);
    go(write_two);
    waitgroup_wait(&wg);
}

/* A wait group is no lock: both find it free. */
static void lock_by_group(void)
{
    waitgroup_wait(&wg);
    arrive();
    await_step(2);
    waitgroup_add(&wg, 1);
    x = 1; // RACE
    waitgroup_add(&wg, -1);
    finish();
}

CASE(race_wait_group_as_mutex)
{
    go(lock_by_group);
    go(lock_by_group);
    join(2);
}

/* Added by the goroutines themselves, too late for the wait. */
static void add_late(int value)
{
    await_step(1);
    waitgroup_add(&wg, 1);
    yield();
    x = value; // RACE
    waitgroup_done(&wg);
    finish();
}

CASE(race_wait_group_wrong_wait)
{
    go(add_late, 1);
    go(add_late, 2);
    waitgroup_wait(&wg);
    step(&steps, 1);
    join(2);
}

/* Returns when somebody waits for the group. */
INVISIBLE void await_waiter(void)
{
    while ((uint32_t)__atomic_load_n(&wg.state, __ATOMIC_ACQUIRE) == 0) /* runtime/waitgroup.c */
        goro_yield();
}

/* The wait finds the additions by luck: nothing orders them before it. */
static void add_by_luck(void)
{
    waitgroup_add(&wg, 1); // RACE
    arrive();
    await_waiter();
    await_step(2);
    waitgroup_done(&wg);
    finish();
}

CASE(race_wait_group_wrong_add)
{
    go(add_by_luck);
    go(add_by_luck);
    await_step(2);
    waitgroup_wait(&wg); // RACE
    join(2);
}

static void wait_too(void)
{
    waitgroup_wait(&wg);
    finish();
}

CASE(norace_wait_group_multiple_wait)
{
    go(wait_too);
    go(wait_too);
    waitgroup_wait(&wg);
    join(2);
}

static void done_and_wait(void)
{
    waitgroup_done(&wg);
    waitgroup_wait(&wg);
    finish();
}

CASE(norace_wait_group_multiple_wait2)
{
    waitgroup_add(&wg, 2);
    go(done_and_wait);
    go(done_and_wait);
    waitgroup_wait(&wg);
    join(2);
}

enum { WORKERS = 3 };
SHARED int data[WORKERS];

static void set(int i)
{
    data[i] = 42;
    waitgroup_done(&wg);
}

static void wait_and_read(void)
{
    waitgroup_wait(&wg);
    for (int i = 0; i < WORKERS; i++)
        use(data[i]);
    finish();
}

CASE(norace_wait_group_multiple_wait3)
{
    waitgroup_add(&wg, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        go(set, i);
    for (int i = 0; i < WORKERS; i++)
        go(wait_and_read);
    join(WORKERS);
}

static void write_x_as_step(void)
{
    x = 42;
    waitgroup_done(&wg);
    step(&steps, 1);
}

static void write_y_after(void)
{
    await_step(1);
    y = 42;
    waitgroup_done(&wg);
}

/* The first done counts, too, not only the last. */
CASE(norace_wait_group_transitive)
{
    waitgroup_add(&wg, 2);
    go(write_x_as_step);
    go(write_y_after);
    waitgroup_wait(&wg);
    use(x);
    use(y);
}

static void increment(int i)
{
    data[i]++;
    waitgroup_done(&wg);
}

static void start_workers(void)
{
    waitgroup_add(&wg, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        go(increment, i);
}

static void increment_all(void)
{
    for (int i = 0; i < WORKERS; i++)
        data[i]++;
}

CASE(norace_wait_group_reuse)
{
    for (int round = 0; round < 3; round++) {
        start_workers();
        waitgroup_wait(&wg);
        increment_all();
    }
}

static void wait_and_increment(void)
{
    waitgroup_wait(&wg);
    increment_all();
    finish();
}

CASE(norace_wait_group_reuse2)
{
    for (int round = 0; round < 3; round++) {
        start_workers();
        go(wait_and_increment);
        waitgroup_wait(&wg);
        join(1);
        increment_all();
    }
}

/* Used again before a wait of the round before is known to have returned. */
static void wait_unseen(void)
{
    waitgroup_wait(&wg); // RACE
    finish();
}

CASE(race_wait_group_reuse)
{
    waitgroup_add(&wg, 1);
    go(wait_unseen);
    await_waiter();
    waitgroup_done(&wg);
    waitgroup_add(&wg, 1); // RACE
    waitgroup_done(&wg);
    join(1);
}

static void add_tell_done(void)
{
    waitgroup_add(&wg, 1);
    finish();
    waitgroup_done(&wg);
}

/* Additions in any order among each other, all before the wait. */
CASE(norace_wait_group_concurrent_add)
{
    for (int i = 0; i < 4; i++)
        go(add_tell_done);
    join(4);
    waitgroup_wait(&wg);
}
