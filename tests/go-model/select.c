/* Select: the case that was carried out orders as the operation alone would; the others order nothing. */
#include "cases.h"

SHARED chan_of(bool) c, c1;

static void make_channels(size_t capacity)
{
    c = chan_make(bool, capacity);
    c1 = chan_make(bool, 0);
}

static void make_unbuffered(void)
{
    make_channels(0);
}

static void write_then_offer_two(void)
{
    x = 1;
    chan_select {
        send_case(c, true) {}
        send_case(c1, true) {}
    }
    finish();
}

CASE(norace_select1)
{
    make_channels(0);
    go(write_then_offer_two);
    chan_select {
        recv_case(c, NULL) {}
        send_case(c1, true) {}
    }
    x = 2;
    join(1);
}

static void write_after_close(void)
{
    chan_select {
        recv_case(c, NULL) {}
        recv_case(c1, NULL) {}
    }
    x = 1;
    finish();
}

CASE(norace_select2)
{
    make_channels(0);
    go(write_after_close);
    x = 2;
    chan_close(c);
    yield();
    join(1);
}

static void write_then_fill(void)
{
    x = 1;
    chan_select {
        send_case(c, true) {}
        recv_case(c1, NULL) {}
    }
    finish();
}

CASE(norace_select3)
{
    make_channels(10);
    go(write_then_fill);
    chan_take(c);
    x = 2;
    join(1);
}

struct task {
    void (*run)(void);
    chan_of(bool) done;
};
SHARED chan_of(struct task) tasks;

static void run_tasks(void)
{
    for (struct task task = {0};;) {
        bool ok = false;
        chan_select {
            recv_case_ok(tasks, &task, &ok) {}
        }
        if (!ok)
            break;
        task.run();
        chan_send(task.done, true);
    }
    finish();
}

static void set_x(void)
{
    x = 1;
}

CASE(norace_select4)
{
    chan_of(bool) finished = chan_make(bool, 1);
    tasks = chan_make(struct task, 0);
    go(run_tasks);
    chan_select {
        send_case(tasks, ((struct task){set_x, finished})) {}
        recv_case(other, NULL) {}
    }
    chan_select {
        recv_case(finished, NULL) {}
        recv_case(other, NULL) {}
    }
    use(x);
    chan_close(tasks);
    join(1);
}

static void write_then_send(bool selects, bool yields)
{
    if (yields)
        yield();
    x = 1;
    if (selects) {
        chan_select {
            send_case(c, true) {}
            recv_case(c1, NULL) {}
        }
    } else {
        chan_send(c, true);
    }
    finish();
}

static void receive_then_write(bool selects)
{
    if (selects) {
        chan_select {
            recv_case(c, NULL) {}
            recv_case(c1, NULL) {}
        }
    } else {
        chan_take(c);
    }
    x = 1;
    finish();
}

/* With and without select, whoever comes first. */
CASE(norace_select5)
{
    for (int i = 0; i < 4; i++) {
        make_channels(0);
        go(write_then_send, i < 2, i % 2 == 0);
        go(receive_then_write, i < 2);
        join(2);
    }
}

static void take_two(void)
{
    chan_take(c);
    chan_take(c);
}

static void offer_then_write(void)
{
    chan_select {
        send_case(c, true) {}
        send_case(c1, true) {}
    }
    x = 1; // RACE
    finish();
}

/* Two senders to one receiver are not ordered after their sends. */
CASE(race_select1)
{
    make_channels(0);
    go(take_two);
    go(offer_then_write);
    go(offer_then_write);
    join(2);
}

/* The write is before the receive, which learns of the close, not the other way round. */
GO(race_select2)
{
    x = 1; // RACE
    chan_select {
        recv_case(c, NULL) {}
        recv_case(c1, NULL) {}
    }
}

static void make_closed(void)
{
    make_unbuffered();
    chan_close(c);
}

MAIN_AFTER(race_select2, make_closed)
{
    x = 2; // RACE
}

static void write_then_offer(void)
{
    x = 1; // RACE
    chan_select {
        send_case(c, true) {}
        send_case(c1, true) {}
    }
    finish();
}

CASE(race_select3)
{
    make_channels(0);
    go(write_then_offer);
    x = 2; // RACE
    chan_select {
        recv_case(c, NULL) {}
    }
    join(1);
}

GO(race_select4)
{
    chan_select {
        default_case { x = 2; } // RACE
    }
}
MAIN(race_select4)
{
    use(x); // RACE
}

/* Only one case can be carried out. */
GO(race_select5)
{
    chan_select {
        send_case(c, true) { x = 1; } // RACE
        send_case(c1, true) { y = 1; }
    }
}

static void make_one_ready(void)
{
    make_channels(1);
}

MAIN_AFTER(race_select5, make_one_ready)
{
    use(x); // RACE
    use(y);
}

struct none {};
SHARED chan_of(struct none) gate, aux;

static void make_gate(void)
{
    gate = chan_make(struct none, 1);
    aux = chan_make(struct none, 0);
}

static void write_inside(int value)
{
    chan_select {
        send_case(gate, (struct none){}) {}
        recv_case(aux, NULL) {}
    }
    x = value;
    chan_select {
        recv_case(gate, NULL) {}
        recv_case(aux, NULL) {}
    }
}

/* A buffer for one as a lock, by select. */
GO(norace_select_mutex)
{
    write_inside(42);
}
MAIN_AFTER(norace_select_mutex, make_gate)
{
    write_inside(43);
}
