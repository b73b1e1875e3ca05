/* Lesson: a channel with one place is a mutex (send locks, receive unlocks), but a channel carries data between goroutines; to
 * protect data that stays where it is, a mutex costs less, a readers-writer lock lets readers in together, and a single
 * number needs only an atomic. The times are printed; the sums prove that none of the four loses an update. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { GOROUTINES = 4, EACH = 20000 };

static chan_of(char) channel;
static goro_mutex lock;
static goro_rwmutex rwlock;
static long counter;

static void by_channel(void)
{
    chan_send(channel, 0);
    counter++;
    chan_take(channel);
}

static void by_mutex(void)
{
    goro_mutex_lock(&lock);
    counter++;
    goro_mutex_unlock(&lock);
}

static void by_rwmutex(void)
{
    goro_rwmutex_lock(&rwlock);
    counter++;
    goro_rwmutex_unlock(&rwlock);
}

static void by_atomic(void)
{
    goro_atomic_add(&counter, 1);
}

static void repeat(void (*step)(void), waitgroup *done)
{
    for (int i = 0; i < EACH; i++)
        step();
    waitgroup_done(done);
}

static bool measure(const char *name, void (*step)(void))
{
    waitgroup done = {0};
    int64_t begin = goro_now();

    counter = 0;
    waitgroup_add(&done, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        go(repeat, step, &done);
    waitgroup_wait(&done);
    printf("%-8s %7.1f ns a step\n", name, (double)(goro_now() - begin) / (GOROUTINES * EACH));
    return counter == (long)GOROUTINES * EACH;
}

static int start(void *arg)
{
    (void)arg;
    channel = chan_make(char, 1);
    bool right = measure("channel", by_channel) && measure("mutex", by_mutex) && measure("rwmutex", by_rwmutex) &&
                 measure("atomic", by_atomic);
    chan_free(channel);
    return right ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
