/* Channels: variables whose values are sent, that receive them, or that hold the channel itself. */
#include "cases.h"

SHARED chan_of(int) c, c1, c2, c3;

/* ---- the value is read by the sender, the variable written by the receiver ---- */

static void send_x_or(void)
{
    chan_select {
        send_case(c1, x) {} // RACE
        send_case(c3, 1) {}
    }
    finish();
}

CASE(race_select_read_write_async)
{
    c1 = chan_make(int, 10);
    c2 = chan_make(int, 10);
    c3 = chan_make(int, 0);
    chan_send(c2, 1);
    go(send_x_or);
    chan_select { // RACE
        recv_case(c2, &x) {}
        send_case(c3, 1) {}
    }
    join(1);
}

static void take_c1(void)
{
    chan_take(c1);
}

static void send_c2(void)
{
    chan_send(c2, 1);
}

static void send_x_or_sync(void)
{
    chan_select {
        send_case(c1, x) {} // RACE
        send_case(c3, 1) {}
    }
    finish();
}

CASE(race_select_read_write_sync)
{
    c1 = chan_make(int, 0);
    c2 = chan_make(int, 0);
    c3 = chan_make(int, 0);
    go(take_c1);
    go(send_c2);
    go(send_x_or_sync);
    chan_select { // RACE
        recv_case(c2, &x) {}
        send_case(c3, 1) {}
    }
    join(1);
}

static void send_x_or_c2(void)
{
    chan_select {
        send_case(c1, x) {}
        send_case(c2, 1) {}
    }
    finish();
}

CASE(norace_select_read_write_async)
{
    c1 = chan_make(int, 0);
    c2 = chan_make(int, 0);
    go(send_x_or_c2);
    chan_select {
        recv_case(c1, &x) {}
        send_case(c2, 1) {}
    }
    join(1);
}

static void send_x(void)
{
    chan_send(c1, x); // RACE
    finish();
}

CASE(race_chan_read_write_async)
{
    c1 = chan_make(int, 10);
    c2 = chan_make(int, 10);
    chan_send(c2, 10);
    go(send_x);
    chan_recv(c2, &x); // RACE
    join(1);
}

static void send_x_sync(void)
{
    chan_send(c1, x); // RACE
    finish();
}

CASE(race_chan_read_write_sync)
{
    c1 = chan_make(int, 0);
    c2 = chan_make(int, 0);
    go(take_c1);
    go(send_c2);
    go(send_x_sync);
    x = chan_take(c2); // RACE
    join(1);
}

static void send_own_x(void)
{
    chan_send(c1, x);
    finish();
}

CASE(norace_chan_read_write_async)
{
    c1 = chan_make(int, 10);
    go(send_own_x);
    chan_recv(c1, &x);
    join(1);
}

/* ---- the variable that holds the channel ---- */

static void make_c(void)
{
    c = chan_make(int, 10);
}

GO(race_chan_itself_send)
{
    chan_send(c, 0); // RACE
}
MAIN_AFTER(race_chan_itself_send, make_c)
{
    c = chan_make(int, 20); // RACE
}

static void take_from_c(void)
{
    chan_take(c); // RACE
    step(&steps, 1);
    finish();
}

CASE(race_chan_itself_recv)
{
    c = chan_make(int, 10);
    chan_send(c, 1);
    go(take_from_c);
    await_step(1);
    c = chan_make(int, 20); // RACE
    join(1);
}

static void send_to_c(void)
{
    chan_send(c, 0); // RACE
    step(&steps, 1);
}

CASE(race_chan_itself_nil)
{
    c = chan_make(int, 10);
    go(send_to_c);
    await_step(1);
    c = NULL; // RACE
}

GO(race_chan_itself_close)
{
    chan_close(c); // RACE
}
MAIN_AFTER(race_chan_itself_close, make_c)
{
    c = chan_make(int, 0); // RACE
}

GO(race_chan_itself_len)
{
    use(chan_len(c)); // RACE
}
MAIN_AFTER(race_chan_itself_len, make_c)
{
    c = chan_make(int, 0); // RACE
}

GO(race_chan_itself_cap)
{
    use(chan_cap(c)); // RACE
}
MAIN_AFTER(race_chan_itself_cap, make_c)
{
    c = chan_make(int, 0); // RACE
}
