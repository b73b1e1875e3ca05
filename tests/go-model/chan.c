/* Channels: what a send, a receive and the room in a buffer order. */
#include "cases.h"

#include <stdlib.h>

SHARED chan_of(int) c;

/* ---- a write before the send, a write after the receive, and the other way round ---- */

static void write_and_send(void)
{
    x = 1;
    chan_send(c, 0);
}

CASE(norace_chan_sync)
{
    c = chan_make(int, 0);
    go(write_and_send);
    chan_take(c);
    x = 2;
}

CASE(norace_chan_async)
{
    c = chan_make(int, 10);
    go(write_and_send);
    chan_take(c);
    x = 2;
}

static void send_and_write(void)
{
    chan_send(c, 0);
    x = 2;
}

/* A receive happens before the send on an unbuffered channel is complete. */
CASE(norace_chan_sync_rev)
{
    c = chan_make(int, 0);
    go(send_and_write);
    x = 1;
    chan_take(c);
}

/* With room in the buffer, the send does not wait for the receive. */
static void send_at_once(void)
{
    chan_send(c, 0);
    x = 1; // RACE
    finish();
}

CASE(race_chan_async_rev)
{
    c = chan_make(int, 10);
    go(send_at_once);
    x = 2; // RACE
    chan_take(c);
    join(1);
}

/* ---- the length of a buffer says nothing about order ---- */

static void write_and_fill(void)
{
    x = 1; // RACE
    chan_send(c, 1);
}

CASE(race_chan_send_len)
{
    c = chan_make(int, 10);
    go(write_and_fill);
    while (chan_len(c) == 0)
        yield();
    x = 2; // RACE
}

static void write_and_drain(void)
{
    x = 1; // RACE
    chan_take(c);
}

CASE(race_chan_recv_len)
{
    c = chan_make(int, 10);
    chan_send(c, 1);
    go(write_and_drain);
    while (chan_len(c) != 0)
        yield();
    x = 2; // RACE
}

/* ---- which send, which receive ---- */

/* A send that finds no room learns nothing from the one that took it. */
static void fill_first(void)
{
    x = 1; // RACE
    if (!chan_try_send(c, 1))
        y = 2;
    step(&steps, 1);
    finish();
}

static void find_full(void)
{
    await_step(1);
    y = 1;
    if (!chan_try_send(c, 1))
        x = 2; // RACE
    finish();
}

CASE(race_chan_send_send)
{
    c = chan_make(int, 1);
    go(fill_first);
    go(find_full);
    join(2);
}

/* The value received was sent by the first; the second's send orders nothing. */
static void send_first(void)
{
    x = 1;
    chan_send(c, 1);
    step(&steps, 1);
}

static void send_second(void)
{
    await_step(1);
    y = 2; // RACE
    chan_send(c, 2);
    step(&steps, 2);
}

CASE(race_chan_wrong_send)
{
    c = chan_make(int, 2);
    go(send_first);
    go(send_second);
    await_step(2);
    if (chan_take(c) == 1)
        y = 3; // RACE
}

/* A value that is still there says nothing about the close after it, which races with the send as well. */
static void send_before_close(void)
{
    x = 1;
    chan_send(c, 1); // RACE 2
    step(&steps, 1);
    finish();
}

static void close_after_send(void)
{
    await_step(1);
    y = 2; // RACE 1
    chan_close(c); // RACE 2
    step(&steps, 2);
    finish();
}

CASE(race_chan_wrong_close)
{
    int value;
    c = chan_make(int, 1);
    go(send_before_close);
    go(close_after_send);
    await_step(2);
    if (chan_recv(c, &value))
        y = 2; // RACE 1
    join(2);
}

/* ---- pointers as values ---- */

SHARED chan_of(int *) pointers;

static void send_block(void)
{
    int *block = malloc(sizeof *block);
    *block = 1;
    chan_send(pointers, block);
}

CASE(norace_chan_ptr)
{
    pointers = chan_make(int *, 0);
    go(send_block);
    int *block = chan_take(pointers);
    *block = 2;
    free(block);
}

static void send_when_there_is_room(void)
{
    int *block = malloc(sizeof *block);
    *block = 42;
    step(&steps, 1);
    chan_send(pointers, block);
}

/* A sender that waited for room is ordered before its receiver all the same. */
CASE(norace_blocked_send_sync)
{
    pointers = chan_make(int *, 1);
    chan_send(pointers, NULL);
    go(send_when_there_is_room);
    await_step(1);
    yield();
    chan_take(pointers);
    int *block = chan_take(pointers);
    use(*block);
    free(block);
}

CASE(norace_blocked_select_send_sync)
{
    int *block = NULL;
    pointers = chan_make(int *, 1);
    chan_send(pointers, NULL);
    go(send_when_there_is_room);
    await_step(1);
    yield();
    chan_take(pointers);
    chan_select {
        recv_case(pointers, &block) {}
        recv_case(other, NULL) {}
    }
    use(*block);
    free(block);
}

/* ---- a channel of functions ---- */

struct task {
    void (*run)(void);
    chan_of(bool) done;
};
SHARED chan_of(struct task) tasks;

static void run_one(void)
{
    struct task task = chan_take(tasks);
    task.run();
    chan_send(task.done, true);
}

static void set_x(void)
{
    x = 1;
}

CASE(norace_producer_consumer_unbuffered)
{
    chan_of(bool) finished = chan_make(bool, 1);
    tasks = chan_make(struct task, 0);
    go(run_one);
    chan_send(tasks, (struct task){set_x, finished});
    chan_take(finished);
    use(x);
}

/* ---- a buffer as a lock and as a counter ---- */

struct none {};
SHARED chan_of(struct none) lock;

static void make_lock(void)
{
    lock = chan_make(struct none, 1);
}

static void write_inside(void)
{
    chan_send(lock, (struct none){});
    x = 42;
    chan_recv(lock, NULL);
}

GO(norace_chan_mutex)
{
    write_inside();
}
MAIN_AFTER(norace_chan_mutex, make_lock)
{
    write_inside();
}

/* A buffer for two lets two inside. */
SHARED chan_of(bool) two;

static void make_two(void)
{
    two = chan_make(bool, 2);
}

GO(race_chan_sem)
{
    chan_send(two, true);
    x = 42; // RACE
    chan_take(two);
}
MAIN_AFTER(race_chan_sem, make_two)
{
    chan_send(two, true);
    x = 43; // RACE
    chan_take(two);
}

enum { WORKERS = 10 };
SHARED int results[WORKERS];

static void work(int i)
{
    results[i] = 42;
    chan_take(c);
}

/* The k-th receive is before the (k + capacity)-th send: who fills the buffer has waited for all. */
CASE(norace_chan_wait_group)
{
    c = chan_make(int, WORKERS / 2);
    for (int i = 0; i < WORKERS; i++) {
        chan_send(c, 1);
        go(work, i);
    }
    for (size_t i = 0; i < chan_cap(c); i++)
        chan_send(c, 1);
    for (int i = 0; i < WORKERS; i++)
        use(results[i]);
}

static void take_after_x(void)
{
    x += 1;
    chan_recv(lock, NULL);
}

static void take_after_y(void)
{
    y += 1;
    chan_recv(lock, NULL);
}

/* The same with elements of no size. */
CASE(norace_elemet_size0)
{
    lock = chan_make(struct none, 2);
    chan_send(lock, (struct none){});
    chan_send(lock, (struct none){});
    go(take_after_x);
    go(take_after_y);
    chan_send(lock, (struct none){});
    chan_send(lock, (struct none){});
    x += 1;
    y += 1;
}
