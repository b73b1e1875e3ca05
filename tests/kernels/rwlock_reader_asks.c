/* RWMutex, writer priority, through a channel: a reader waits for the answer of a server which reads under the same
 * lock. A writer that comes to wait in between holds up the server, and with it all three. Fixed: the question is
 * asked without the lock. */
#include "kernel.h"

static rwmutex lock;
static int table = 7;

static void serve(chan_of(int) questions, chan_of(int) answers)
{
    int question = chan_take(questions);
    goro_rwmutex_rlock(&lock);
    int answer = table + question;
    goro_rwmutex_runlock(&lock);
    chan_send(answers, answer);
}

static void ask(void)
{
    chan_of(int) questions = chan_make(int, 1), answers = chan_make(int, 1);
    go(serve, questions, answers);
    goro_rwmutex_rlock(&lock);
    int base = table;
#ifdef FIXED
    goro_rwmutex_runlock(&lock);
    chan_send(questions, base);
    chan_take(answers);
#else
    chan_send(questions, base);
    chan_take(answers);
    goro_rwmutex_runlock(&lock);
#endif
}

static void change(void)
{
    goro_rwmutex_lock(&lock);
    table = 8;
    goro_rwmutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(change, ask);
}
