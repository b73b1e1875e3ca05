/* Channel as a bucket of tokens, nested: each of two jobs takes a token, then a second one for its part; with two
 * tokens in all, each may hold one. Fixed: a semaphore, two at once. */
#include "kernel.h"

#ifdef FIXED
static goro_sem tokens = GORO_SEM_INIT(2);
#else
static chan_of(bool) tokens;
#endif

static void job(void)
{
#ifdef FIXED
    goro_sem_acquire(&tokens, 2);
    goro_sem_release(&tokens, 2);
#else
    chan_send(tokens, true);
    chan_send(tokens, true);
    chan_take(tokens);
    chan_take(tokens);
#endif
}

static void kernel(void)
{
#ifndef FIXED
    tokens = chan_make(bool, 2);
#endif
    TOGETHER(job, job);
}
