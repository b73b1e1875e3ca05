/* Double lock, a cycle of three: each of three works on a lock and the next one, round in a ring; the second and the third do so only if
 * who comes before them is at work for long, and have nothing to do otherwise. They come one after another; only when the first
 * two are held up at the same time, each with one lock in hand, does nobody go on. Fixed: the last takes its two in the order
 * of the others. */
#include "kernel.h"

static mutex locks[3];
static int value[3];

static void work(int first, int second)
{
    mutex_lock(&locks[first]);
    mutex_lock(&locks[second]);
    value[first]++;
    value[second]++;
    mutex_unlock(&locks[second]);
    mutex_unlock(&locks[first]);
}

/* Takes much longer than work: by nature each has done its work before the next one begins, and no wake-up of the kernel's
 * comes between two locks. */
static void prepare(int times)
{
    for (volatile int i = 0; i < 100000 * times; i++)
        continue;
}

static void one(chan_of(bool) next, waitgroup *running)
{
    chan_send(next, true);
    prepare(1);
    work(0, 1);
    waitgroup_done(running);
}

static bool is_busy(mutex *lock)
{
    if (!mutex_trylock(lock))
        return true;
    mutex_unlock(lock);
    return false;
}

/* Longer than the kernel lets anybody wait for the processor: by nature nobody is. */
static bool stays_busy(mutex *lock)
{
    if (!is_busy(lock))
        return false;
    prepare(300);
    return is_busy(lock);
}

static void two(chan_of(bool) turn, chan_of(bool) next, waitgroup *running)
{
    chan_take(turn);
    chan_send(next, true);
    prepare(3);
    if (stays_busy(&locks[0]))
        work(1, 2);
    waitgroup_done(running);
}

static void three(void)
{
    if (stays_busy(&locks[1]))
#ifdef FIXED
        work(0, 2);
#else
        work(2, 0);
#endif
}

static void kernel(void)
{
    static waitgroup running;
    /* The first use of a lock takes longer than those that count. */
    work(0, 1);
    work(1, 2);
    chan_of(bool) second = chan_make(bool, 1), third = chan_make(bool, 1);
    waitgroup_add(&running, 2);
    go(one, second, &running);
    go(two, second, third, &running);
    chan_take(third);
    prepare(6);
    three();
    waitgroup_wait(&running);
}
