/* Each worker waits, and somebody can wake it yet: who asks, with the channel in its frame; one who sleeps and has it as an
 * argument; one who has not begun; whoever looks at a global. */
#define GORO_SHORT_NAMES
#include "waiting.h"
#include <goro/goro.h>
#include <gorace/annotate.h>

static chan_of(int) known;

static void work(chan_of(int) result)
{
    chan_send(result, 42);
}

static void sleeper(chan_of(int) result, chan_of(int) end)
{
    int got;
    chan_recv(end, &got);
    chan_recv(result, &got);
}

static void later(chan_of(int) result)
{
    int got;
    chan_recv(result, &got);
}

static __attribute__((noinline)) chan_of(int) begin(void)
{
    chan_of(int) result = chan_make(int, 0);
    go(work, result);
    return result;
}

static __attribute__((noinline)) void request(chan_of(int) end)
{
    go(sleeper, begin(), end);
    known = begin();
}

static int start(void *arg)
{
    (void)arg;
    chan_of(int) end = chan_make(int, 0), mine = begin(), its = begin();
    int got, stuck = 0;
    request(end);
    await_waiting("chan send", 4);
    go(later, its);
    stuck += (int)gorace_check_stuck();
    chan_recv(mine, &got);
    chan_recv(known, &got);
    chan_send(end, 0);
    return stuck;
}

int main(void)
{
    return goro_run(start, NULL);
}
