/* A handler of a signal knows the channel, and nobody else does: it came in a thread that runs goroutines, between two of them. It
 * could still give the channel to somebody who sends, so nobody is stuck. */
#define GORO_SHORT_NAMES
#include "barrier.h"
#include "waiting.h"
#include <gorace/annotate.h>
#include <goro/goro.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static struct schedule s;
static chan_of(int) volatile known;
static chan_of(int) never;
static _Atomic(pthread_t) host;

static void handler(int sig)
{
    chan_of(int) volatile here = known; /* in the handler's frame */
    (void)sig;
    known = NULL;
    step(&s, 2);
    await(&s, 3);
    known = here;
}

static void work(chan_of(int) from)
{
    int got;
    chan_recv(from, &got);
}

/* A thread: outside of goro_run, so nothing of it leads to the channel. */
static void *asks(void *arg)
{
    unsigned long stuck;
    await(&s, 1);
    pthread_kill(host, SIGUSR1);
    await(&s, 2);
    stuck = gorace_check_stuck();
    step(&s, 3);
    _exit((int)stuck);
    return arg;
}

static __attribute__((noinline)) void request(void)
{
    known = chan_make(int, 0);
    go(work, known);
}

static int start(void *arg)
{
    int got;
    (void)arg;
    request();
    await_waiting("chan receive", 1);
    host = pthread_self();
    step(&s, 1);
    chan_recv(never, &got); /* its thread is left without a goroutine, sooner or later than the signal */
    return got;
}

int main(void)
{
    pthread_t thread;
    never = chan_make(int, 0);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK}, NULL);
    pthread_create(&thread, NULL, asks, NULL);
    return goro_run(start, NULL);
}
