/* Condition, a barrier without generations: who comes to the second meeting counts up before the other has left the
 * first, and sees the counter at zero no more. Fixed: a meeting has a number. */
#include "kernel.h"

enum { PARTIES = 2 };

static mutex lock;
static goro_cond changed;
static int arrived, meeting;

static void meet(void)
{
    mutex_lock(&lock);
    int mine = meeting;
    if (++arrived == PARTIES) {
        arrived = 0;
        meeting++;
        goro_cond_broadcast(&changed);
    } else {
#ifdef FIXED
        while (mine == meeting)
#else
        (void)mine;
        while (arrived)
#endif
            goro_cond_wait(&changed, &lock);
    }
    mutex_unlock(&lock);
}

static void party(void)
{
    meet();
    yield();
    meet();
}

static void kernel(void)
{
    TOGETHER(party, party);
}
