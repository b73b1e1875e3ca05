/* Names that the program gives to goroutines and to what they wait for stand in the report. A goroutine is called by what it
 * runs, else. */
#define GORO_SHORT_NAMES
#include "waiting.h"
#include <gorace/annotate.h>
#include <goro/goro.h>

static mutex table;

static void work(chan_of(int) result)
{
    GORACE_NAME_GOROUTINE("request 7");
    mutex_lock(&table);    // HELD
    chan_send(result, 42); // WAITS
    mutex_unlock(&table);
}

static __attribute__((noinline)) void request(void)
{
    chan_of(int) result = chan_make(int, 0);
    GORACE_NAME_LOCK(result, "the answer");
    go(work, result);
}

static int start(void *arg)
{
    (void)arg;
    GORACE_NAME_LOCK(&table, "the table");
    request();
    await_waiting("chan send", 1); /* the worker gets as far as it can */
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
