/* The condition is set under the mutex, but looked at without it. */
#include "goro_await.h"

static struct schedule s;
static goro_mutex lock;
static goro_cond changed;
static bool ready;

static void tell(void)
{
    goro_mutex_lock(&lock);
    ready = true; // RACE tell
    goro_cond_signal(&changed);
    goro_mutex_unlock(&lock);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(tell);
    goro_await(&s, 1);
    if (!ready) { // RACE start
        goro_mutex_lock(&lock);
        while (!ready)
            goro_cond_wait(&changed, &lock);
        goro_mutex_unlock(&lock);
    }
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
