/* Lesson: a buffered channel limits how many do something at once. To send is to take one of its N places, to receive is to give
 * it back; the values mean nothing. goro_sem does the same with less work, and can take several places at once. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { CALLS = 200, LIMIT = 5 };

static waitgroup done;
static int inside, most;

static void note_entry(void)
{
    int now = goro_atomic_add(&inside, 1), seen = goro_atomic_load(&most);
    while (now > seen && !goro_atomic_cas(&most, seen, now))
        seen = goro_atomic_load(&most);
    goro_yield();
    goro_atomic_add(&inside, -1);
}

static void with_channel(chan_of(char) places)
{
    chan_send(places, 0);
    note_entry();
    chan_take(places);
    waitgroup_done(&done);
}

static void with_semaphore(goro_sem *places)
{
    goro_sem_acquire(places, 1);
    note_entry();
    goro_sem_release(places, 1);
    waitgroup_done(&done);
}

static int start(void *arg)
{
    chan_of(char) channel = chan_make(char, LIMIT);
    goro_sem semaphore = GORO_SEM_INIT(LIMIT);
    (void)arg;

    waitgroup_add(&done, CALLS);
    for (int i = 0; i < CALLS; i++)
        go(with_channel, channel);
    waitgroup_wait(&done);
    int by_channel = goro_atomic_swap(&most, 0);

    waitgroup_add(&done, CALLS);
    for (int i = 0; i < CALLS; i++)
        go(with_semaphore, &semaphore);
    waitgroup_wait(&done);

    printf("of %d calls at most %d (channel), %d (semaphore) at a time\n", CALLS, by_channel, most);
    chan_free(channel);
    return by_channel <= LIMIT && most <= LIMIT ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
