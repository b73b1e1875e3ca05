/* Channels: what a close orders, and what races with it. */
#include "cases.h"

SHARED chan_of(int) c;

/* ---- a close is before a receive that returns because of it ---- */

static void write_and_close(void)
{
    x = 1;
    chan_close(c);
}

static void drop_then_write(size_t capacity)
{
    c = chan_make(int, capacity);
    go(write_and_close);
    chan_recv(c, NULL);
    x = 2;
}

static void receive_then_write(size_t capacity)
{
    int value;
    c = chan_make(int, capacity);
    go(write_and_close);
    bool ok = chan_recv(c, &value);
    x = 2 + ok;
}

static void range_then_write(size_t capacity)
{
    c = chan_make(int, capacity);
    go(write_and_close);
    chan_range(c, value)
        use(value);
    x = 2;
}

CASE(norace_chan_async_close_recv)
{
    drop_then_write(10);
}

CASE(norace_chan_async_close_recv2)
{
    receive_then_write(10);
}

CASE(norace_chan_async_close_recv3)
{
    range_then_write(10);
}

CASE(norace_chan_sync_close_recv)
{
    drop_then_write(0);
}

CASE(norace_chan_sync_close_recv2)
{
    receive_then_write(0);
}

CASE(norace_chan_sync_close_recv3)
{
    range_then_write(0);
}

SHARED chan_of(char) written, seen;

static void look_when_written(void)
{
    chan_select {
        recv_case(written, NULL) { use(x); }
        default_case {}
    }
    chan_close(seen);
}

static void write_and_tell(chan_of(char) tell)
{
    x = 1;
    chan_close(tell);
    finish();
}

/* Whether or not a select with a default meets the close. */
CASE(norace_close_happens_before_read)
{
    for (int i = 0; i < 100; i++) {
        written = chan_make(char, 0);
        seen = chan_make(char, 0);
        go(look_when_written);
        go(write_and_tell, written);
        chan_recv(seen, NULL);
        join(1);
    }
}

/* ---- a close beside other operations: length and capacity may, a send may not, whichever comes first ---- */

static void make_c(void)
{
    c = chan_make(int, 10);
}

GO(norace_chan_close_len)
{
    use(chan_len(c));
}
MAIN_AFTER(norace_chan_close_len, make_c)
{
    chan_close(c);
}

GO(norace_chan_close_cap)
{
    use(chan_cap(c));
}
MAIN_AFTER(norace_chan_close_cap, make_c)
{
    chan_close(c);
}

static void send_one(void)
{
    chan_send(c, 1); // RACE
    step(&steps, 1);
    finish();
}

CASE(race_chan_send_close)
{
    c = chan_make(int, 1);
    go(send_one);
    await_step(1);
    chan_close(c); // RACE
    join(1);
}

static void select_send(void)
{
    chan_select { // RACE
        send_case(c, 1) {}
        recv_case(other, NULL) {}
    }
    step(&steps, 1);
    finish();
}

CASE(race_chan_send_select_close)
{
    c = chan_make(int, 1);
    go(select_send);
    await_step(1);
    chan_close(c); // RACE
    join(1);
}

static void close_after_send(void)
{
    await_step(1);
    chan_close(c); // RACE
    finish();
}

CASE(race_chan_close_send)
{
    c = chan_make(int, 10);
    go(close_after_send);
    chan_send(c, 0); // RACE
    step(&steps, 1);
    join(1);
}
