/* Lesson: a condition variable lets goroutines wait for any state of shared data that one can write as a test. Wait in a loop:
 * between the signal and the return of wait somebody else may have changed the state again. Where a channel fits, it is
 * simpler; a condition is for tests over data ("at least three together") and for waking all. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { BUYERS = 6, EACH = 3, STEPS = BUYERS * EACH };

static goro_mutex lock;
static goro_cond changed;
static int stock, sold;
static bool opened;
static waitgroup done;

static void buyer(void)
{
    goro_mutex_lock(&lock);
    while (!opened || stock < EACH) /* needs three at once: no semaphore of single pieces would do */
        goro_cond_wait(&changed, &lock);
    stock -= EACH;
    sold += EACH;
    goro_mutex_unlock(&lock);
    waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    waitgroup_add(&done, BUYERS);
    for (int i = 0; i < BUYERS; i++)
        go(buyer);
    goro_mutex_lock(&lock);
    opened = true;
    goro_mutex_unlock(&lock);
    for (int i = 0; i < STEPS; i++) {
        goro_mutex_lock(&lock);
        stock++;
        goro_mutex_unlock(&lock);
        goro_cond_broadcast(&changed); /* a signal could wake only one who still finds too little; all look */
    }
    waitgroup_wait(&done);
    printf("%d sold, %d left\n", sold, stock);
    return sold == STEPS && stock == 0 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
