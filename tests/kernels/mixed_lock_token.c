/* Channel as a token, and lock, crossed: one takes the lock and then the token, the other the token and then the lock.
 * Fixed: the lock first, always. */
#include "kernel.h"

static mutex lock;
static chan_of(int) token;
static int uses;

static void lock_first(void)
{
    mutex_lock(&lock);
    int t = chan_take(token);
    uses++;
    chan_send(token, t);
    mutex_unlock(&lock);
}

static void token_first(void)
{
#ifdef FIXED
    lock_first();
#else
    int t = chan_take(token);
    mutex_lock(&lock);
    uses++;
    mutex_unlock(&lock);
    chan_send(token, t);
#endif
}

static void kernel(void)
{
    token = chan_make(int, 1);
    chan_send(token, 1);
    TOGETHER(lock_first, token_first);
}
