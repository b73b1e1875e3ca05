/* Producers and a consumer share a small box; all look at it and change it under its mutex. */
#include <goro/goro.h>

static goro_mutex lock;
static goro_cond changed;
static int box, sum; /* 0: empty */

static void produce(int first)
{
    for (int i = first; i < first + 10; i++) {
        goro_mutex_lock(&lock);
        while (box != 0)
            goro_cond_wait(&changed, &lock);
        box = i;
        goro_cond_broadcast(&changed);
        goro_mutex_unlock(&lock);
    }
}

static int start(void *arg)
{
    (void)arg;
    goro_go(produce, 1);
    goro_go(produce, 11);
    for (int i = 0; i < 20; i++) {
        goro_mutex_lock(&lock);
        while (box == 0)
            goro_cond_wait(&changed, &lock);
        sum += box;
        box = 0;
        goro_cond_broadcast(&changed);
        goro_mutex_unlock(&lock);
    }
    return sum != 210;
}

int main(void)
{
    return goro_run(start, NULL);
}
